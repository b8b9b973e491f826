"""What an edit makes of a session's repairs, and when it makes no sense.

An edit that makes no sense is refused with a sentence, and then there is no next state.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from sdpose_track.errors import TURNING, SettingsError
from sdpose_track.records import FARTHEST
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
from sdpose_track.repair.identities import NOBODY
from sdpose_track.repair.repairs import Facts, Placed, Repairs, extent, within


def after(state: Repairs, edit: Edit, facts: Facts) -> Repairs:
    """Return the state after `edit`. Raises SettingsError, a sentence, if it makes no sense."""
    return replace(_APPLY[type(edit)](state, edit, facts), count=state.count + 1)


def states(edits: Iterable[Edit], facts: Facts) -> Iterator[Repairs]:
    """Yield the state before all `edits` and after each of them.

    One that makes no sense is left out, and told in `Repairs.misfits`.
    """
    state = Repairs()
    yield state
    for number, edit in enumerate(edits, start=1):
        try:
            state = after(state, edit, facts)
        except SettingsError as error:
            misfits = (*state.misfits, (number, str(error)))
            state = replace(state, count=number, misfits=misfits)
        yield state


def fold(edits: Iterable[Edit], facts: Facts) -> Repairs:
    """Return the state after all `edits`."""
    *_, last = states(edits, facts)
    return last


# -- checks --------------------------------------------------------------------------------------


def _known(state: Repairs, shown: int, facts: Facts) -> tuple[int, int]:
    """Return the first and the last frame of `shown`. Raises SettingsError if there is nobody."""
    ends = extent(state.pieces(shown, facts), facts)
    if ends is None:
        there = ", ".join(str(i) for i in state.people(facts)) or "nobody"
        raise SettingsError(f"there is no person {shown}; this session has {there}")
    return ends


def _free(state: Repairs, shown: int, facts: Facts) -> tuple[int, int]:
    """Return the first and the last frame of `shown`, who may be changed."""
    ends = _known(state, shown, facts)
    if shown in state.locked:
        raise SettingsError(f"{state.called(shown)} is locked; unlock {shown} first")
    return ends


def _range(first: int, last: int) -> str:
    return f"from frame {first} on" if last == LAST_FRAME else f"in frames {first} to {last}"


# -- what each edit does -------------------------------------------------------------------------


def _swap(state: Repairs, edit: Swap, facts: Facts) -> Repairs:
    if edit.first == edit.second:
        raise SettingsError(f"swap {edit.first} {edit.second}: choose two different people")
    both = [_free(state, shown, facts) for shown in (edit.first, edit.second)]
    if all(last < edit.frame for _, last in both):
        raise SettingsError(
            f"neither {state.called(edit.first)} nor {state.called(edit.second)} is seen from"
            f" frame {edit.frame} on; choose a frame up to {max(last for _, last in both)}"
        )
    names = {edit.first: edit.second, edit.second: edit.first}
    return replace(state, identities=state.identities.renamed(names, edit.frame))


def _merge(state: Repairs, edit: Merge, facts: Facts) -> Repairs:
    if edit.into == edit.other:
        raise SettingsError(f"merge {edit.into} {edit.other}: choose two different people")
    for shown in (edit.into, edit.other):
        _free(state, shown, facts)
    here, there = (state.presence(shown, facts) for shown in (edit.into, edit.other))
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
    first, last = _free(state, edit.track_id, facts)
    if not first < edit.frame <= last:
        raise SettingsError(
            f"{state.called(edit.track_id)} is seen in frames {first} to {last}: frame"
            f" {edit.frame} does not divide them; choose one after {first}, up to {last}"
        )
    if edit.new_id == NOBODY or edit.new_id in state.given.union(facts.tracked_ids):
        raise SettingsError(f"the id {edit.new_id} is taken; choose {state.new_id(facts)}")
    identities = state.identities.renamed({edit.track_id: edit.new_id}, edit.frame)
    return replace(state, identities=identities, given=state.given | {edit.new_id})


def _delete(state: Repairs, edit: Delete, facts: Facts) -> Repairs:
    _free(state, edit.track_id, facts)
    frames = state.presence(edit.track_id, facts)
    if edit.last < edit.first:
        raise SettingsError(
            f"frames {edit.first} to {edit.last} are none; give the first, then the last"
        )
    gone = within(frames, edit.first, edit.last)
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


def _may_be_in_a_name(character: str) -> bool:
    """Refuse what breaks a line or turns the writing of what follows; joiners belong to words."""
    breaks = unicodedata.category(character) in ("Cc", "Cn", "Co", "Cs", "Zl", "Zp")
    turns = unicodedata.bidirectional(character) in TURNING
    return not (breaks or turns)


def _rename(state: Repairs, edit: Rename, facts: Facts) -> Repairs:
    _known(state, edit.track_id, facts)
    name = edit.name.strip()
    if len(name) > LONGEST_NAME or not all(map(_may_be_in_a_name, name)):
        raise SettingsError(
            f"{name!r:.60} is no name; use up to {LONGEST_NAME} printable characters"
        )
    if name == state.names.get(edit.track_id, ""):
        raise SettingsError(
            f"{state.called(edit.track_id)} {'is called so' if name else 'has no name'} already;"
            " there is nothing to do"
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
    first, last = _free(state, edit.track_id, facts)
    tracked = _tracked_at(state, edit.track_id, edit.frame, facts)
    if tracked is None:
        raise SettingsError(
            f"{state.called(edit.track_id)} is not seen in frame {edit.frame}; choose a frame from"
            f" {first} to {last} with them"
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
    spot = Placed(edit.keypoint, edit.x, edit.y, edit.blend_s)
    places = {**state.placed.get(tracked, {}), (edit.frame, edit.keypoint): spot}
    return replace(state, placed=MappingProxyType({**state.placed, tracked: places}))


def _tracked_at(state: Repairs, shown: int, frame: int, facts: Facts) -> int | None:
    """Return who was tracked where `shown` is shown in `frame`; None if they are not there."""
    for piece in state.pieces(shown, facts):
        here = piece.first <= frame <= piece.last
        if here and within(facts.presence(piece.tracked), frame, frame).size:
            return piece.tracked
    return None


_APPLY: dict[type[Edit], Callable[..., Repairs]] = {
    Swap: _swap,
    Merge: _merge,
    Split: _split,
    Delete: _delete,
    Rename: _rename,
    Lock: _lock,
    Place: _place,
}
