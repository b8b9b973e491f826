"""The sum of a session's edits, and what an edit makes of it.

A state is never changed: `Repairs.after` returns the next one, so going back is keeping the one
before. An edit that makes no sense is refused with a sentence, and then there is no next state.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Protocol, TypeAlias

import numpy as np

from sdpose_track.errors import SettingsError
from sdpose_track.records import Int32
from sdpose_track.repair.edits import (
    LAST_FRAME,
    LONGEST_NAME,
    MOST_BLEND_S,
    Delete,
    Edit,
    Lock,
    Merge,
    Place,
    Rename,
    Split,
    Swap,
)
from sdpose_track.repair.identities import NOBODY, Identities

ASIDE = 1_000_000
"""Ids from here on are free while a run may still give out new ones of its own."""
FARTHEST = 1e6
"""Pixels from the origin within which a keypoint may be put."""


class Facts(Protocol):
    """What is known of the raw recording that edits are checked against."""

    @property
    def tracked_ids(self) -> tuple[int, ...]:
        """Every id that tracking gave, ascending."""

    @property
    def is_complete(self) -> bool:
        """No new ids will be given."""

    @property
    def keypoint_names(self) -> tuple[str, ...]:
        """Of the skeleton."""

    def presence(self, tracked: int) -> Int32:
        """Return the (F,) frames in which a tracked id was seen, ascending."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a person put a keypoint."""

    keypoint: str
    x: float
    """Pixels."""
    y: float
    blend_s: float


Places: TypeAlias = Mapping[tuple[int, str], Placed]
"""By frame and keypoint."""


@dataclass(frozen=True, slots=True)
class Repairs:
    """What a session's edits come to."""

    identities: Identities = field(default_factory=Identities)
    names: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    """Of the shown ids that have one."""
    locked: frozenset[int] = frozenset()
    """Shown ids."""
    placed: Mapping[int, Places] = field(default_factory=lambda: MappingProxyType({}))
    """By tracked id: keypoints stay with the picture they were put on, whoever that is shown as."""
    given: frozenset[int] = frozenset()
    """Ids that splits made."""
    count: int = 0
    """How many edits this is the sum of."""

    def after(self, edit: Edit, facts: Facts) -> Repairs:
        """Return the state after `edit`. Raises SettingsError, a sentence, if it makes no sense."""
        return replace(_APPLY[type(edit)](self, edit, facts), count=self.count + 1)

    def people(self, facts: Facts) -> tuple[int, ...]:
        """Return the shown ids of everyone who is in some frame, ascending."""
        shown: set[int] = set()
        for tracked in set(facts.tracked_ids) - self.identities.changed():
            shown.add(tracked)
        for tracked in self.identities.changed() & set(facts.tracked_ids):
            shown |= {
                who
                for who in self.identities.shown_for(tracked)
                if who in shown or self.presence(who, facts).size
            }
        return tuple(sorted(shown))

    def presence(self, shown: int, facts: Facts) -> Int32:
        """Return the (F,) frames in which `shown` is there, ascending."""
        known = set(facts.tracked_ids)
        parts = [
            _within(facts.presence(tracked), first, last)
            for tracked, first, last in self.identities.pieces(shown)
            if tracked in known
        ]
        joined = np.concatenate([np.empty(0, np.int32), *parts])
        joined.sort()
        return joined

    def called(self, shown: int) -> str:
        """Return how to speak of `shown`: `person 3` or `person 3 (Anna)`."""
        name = self.names.get(shown)
        return f"person {shown}" if name is None else f"person {shown} ({name})"

    def new_id(self, facts: Facts, used: Iterable[int] = ()) -> int:
        """Return an id that nobody has or had, `used` ones that were undone included."""
        given = self.given.union(used)
        if facts.is_complete:
            return 1 + max(given.union(facts.tracked_ids), default=0)
        return 1 + max(given | {ASIDE})


def fold(edits: Iterable[Edit], facts: Facts) -> Repairs:
    """Return the state after all `edits`. Raises SettingsError where one makes no sense."""
    state = Repairs()
    for edit in edits:
        state = state.after(edit, facts)
    return state


# -- checks --------------------------------------------------------------------------------------


def _known(state: Repairs, shown: int, facts: Facts) -> Int32:
    """Return the frames of `shown`. Raises SettingsError if there is no such person."""
    frames = state.presence(shown, facts)
    if not frames.size:
        there = ", ".join(str(i) for i in state.people(facts)) or "nobody"
        raise SettingsError(f"there is no person {shown}; this session has {there}")
    return frames


def _free(state: Repairs, shown: int, facts: Facts) -> Int32:
    """Return the frames of `shown`, who may be changed."""
    frames = _known(state, shown, facts)
    if shown in state.locked:
        raise SettingsError(f"{state.called(shown)} is locked; unlock {shown} first")
    return frames


def _range(first: int, last: int) -> str:
    return f"from frame {first} on" if last == LAST_FRAME else f"in frames {first} to {last}"


def _within(frames: Int32, first: int, last: int) -> Int32:
    ends = np.array([first, min(last, LAST_FRAME - 1) + 1], np.int32)  # int64 would copy frames
    low, high = np.searchsorted(frames, ends)
    return frames[low:high]


# -- what each edit does -------------------------------------------------------------------------


def _swap(state: Repairs, edit: Swap, facts: Facts) -> Repairs:
    if edit.first == edit.second:
        raise SettingsError(f"swap {edit.first} {edit.second}: choose two different people")
    both = [_free(state, shown, facts) for shown in (edit.first, edit.second)]
    if all(frames[-1] < edit.frame for frames in both):
        raise SettingsError(
            f"neither {state.called(edit.first)} nor {state.called(edit.second)} is seen from"
            f" frame {edit.frame} on; choose a frame up to {max(f[-1] for f in both)}"
        )
    names = {edit.first: edit.second, edit.second: edit.first}
    return replace(state, identities=state.identities.renamed(names, edit.frame))


def _merge(state: Repairs, edit: Merge, facts: Facts) -> Repairs:
    if edit.into == edit.other:
        raise SettingsError(f"merge {edit.into} {edit.other}: choose two different people")
    here, there = (_free(state, shown, facts) for shown in (edit.into, edit.other))
    both = np.intersect1d(here, there, assume_unique=True)
    if both.size:
        frames = f"frame {both[0]}" if both.size == 1 else f"frames {both[0]} to {both[-1]}"
        raise SettingsError(
            f"{state.called(edit.into)} and {state.called(edit.other)} are both there in {frames}"
            f" ({both.size} in all), so they cannot be one; split or delete one of them there first"
        )
    names = dict(state.names)
    other = names.pop(edit.other, None)
    if other is not None:
        names.setdefault(edit.into, other)
    identities = state.identities.renamed({edit.other: edit.into}, 0)
    return replace(state, identities=identities, names=MappingProxyType(names))


def _split(state: Repairs, edit: Split, facts: Facts) -> Repairs:
    frames = _free(state, edit.track_id, facts)
    if not frames[0] < edit.frame <= frames[-1]:
        raise SettingsError(
            f"{state.called(edit.track_id)} is seen in frames {frames[0]} to {frames[-1]}: frame"
            f" {edit.frame} does not divide them; choose one after {frames[0]}, up to {frames[-1]}"
        )
    if edit.new_id == NOBODY or edit.new_id in state.given.union(facts.tracked_ids):
        raise SettingsError(f"the id {edit.new_id} is taken; choose {state.new_id(facts)}")
    identities = state.identities.renamed({edit.track_id: edit.new_id}, edit.frame)
    return replace(state, identities=identities, given=state.given | {edit.new_id})


def _delete(state: Repairs, edit: Delete, facts: Facts) -> Repairs:
    frames = _free(state, edit.track_id, facts)
    if edit.last < edit.first:
        raise SettingsError(
            f"frames {edit.first} to {edit.last} are none; give the first, then the last"
        )
    gone = _within(frames, edit.first, edit.last)
    if not gone.size:
        raise SettingsError(
            f"{state.called(edit.track_id)} is seen in frames {frames[0]} to {frames[-1]}, never"
            f" {_range(edit.first, edit.last)}; choose frames with them"
        )
    names = {edit.track_id: NOBODY}
    state = replace(state, identities=state.identities.renamed(names, edit.first, edit.last))
    if gone.size < frames.size:
        return state
    left = {shown: name for shown, name in state.names.items() if shown != edit.track_id}
    return replace(state, names=MappingProxyType(left))


def _rename(state: Repairs, edit: Rename, facts: Facts) -> Repairs:
    _known(state, edit.track_id, facts)
    name = edit.name.strip()
    if len(name) > LONGEST_NAME or any(unicodedata.category(c).startswith("C") for c in name):
        raise SettingsError(
            f"{name!r:.60} is no name; use up to {LONGEST_NAME} printable characters"
        )
    holder = {other: shown for shown, other in state.names.items()}.get(name, edit.track_id)
    if holder != edit.track_id:
        raise SettingsError(f"person {holder} is called {name} already; choose another name")
    names = {**state.names, edit.track_id: name}
    if not name:
        del names[edit.track_id]
    return replace(state, names=MappingProxyType(names))


def _lock(state: Repairs, edit: Lock, facts: Facts) -> Repairs:
    _known(state, edit.track_id, facts)
    if (edit.track_id in state.locked) == edit.locked:
        word = "locked already" if edit.locked else "not locked"
        raise SettingsError(f"{state.called(edit.track_id)} is {word}; there is nothing to do")
    return replace(state, locked=state.locked ^ {edit.track_id})


def _place(state: Repairs, edit: Place, facts: Facts) -> Repairs:
    frames = _free(state, edit.track_id, facts)
    if edit.frame not in frames:
        raise SettingsError(
            f"{state.called(edit.track_id)} is not seen in frame {edit.frame}; choose one of the"
            f" {frames.size} from {frames[0]} to {frames[-1]} with them"
        )
    if edit.keypoint not in facts.keypoint_names:
        raise SettingsError(
            f"there is no keypoint {edit.keypoint!r:.60}; choose a name such as"
            f" {facts.keypoint_names[-1]}"
        )
    if not (math.hypot(edit.x, edit.y) <= FARTHEST and 0 <= edit.blend_s <= MOST_BLEND_S):
        raise SettingsError(
            f"{edit.keypoint} at ({edit.x:g}, {edit.y:g}), blended over {edit.blend_s:g} s, is out"
            f" of range; choose pixels of the picture and 0 to {MOST_BLEND_S:g} s"
        )
    (tracked,) = {
        piece.tracked
        for piece in state.identities.pieces(edit.track_id)
        if piece.first <= edit.frame <= piece.last
        and piece.tracked in facts.tracked_ids
        and edit.frame in facts.presence(piece.tracked)
    }
    spot = Placed(edit.keypoint, edit.x, edit.y, edit.blend_s)
    places = {**state.placed.get(tracked, {}), (edit.frame, edit.keypoint): spot}
    return replace(state, placed=MappingProxyType({**state.placed, tracked: places}))


_APPLY: dict[type[Edit], Callable[..., Repairs]] = {
    Swap: _swap,
    Merge: _merge,
    Split: _split,
    Delete: _delete,
    Rename: _rename,
    Lock: _lock,
    Place: _place,
}
