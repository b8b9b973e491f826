"""The sum of a session's edits: who is shown for whom, their names, and keypoints put in place.

A state is never changed: `rules.after` returns the next one, so going back is keeping the one
before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol, TypeAlias

import numpy as np

from sdpose_track.records import Int32
from sdpose_track.repair.edits import LAST_FRAME
from sdpose_track.repair.identities import Identities, Piece

ASIDE = 1_000_000
"""Ids from here on are free while a run may still give out new ones of its own."""


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
    misfits: tuple[tuple[int, str], ...] = ()
    """Number, from 1, of each edit that makes no sense any more, and why: it is left out. A run
    that was gone on with may have found people where a repair rests on there being none."""

    @property
    def left_out(self) -> tuple[str, ...]:
        """A sentence for each of the `misfits`."""
        return tuple(f"repair {number} is left out: {why}" for number, why in self.misfits)

    def people(self, facts: Facts) -> tuple[int, ...]:
        """Return the shown ids of everyone who is in some frame, ascending."""
        pieces = self.identities.all_pieces(facts.tracked_ids)
        changed = self.identities.changed()
        return tuple(
            sorted(
                shown
                for shown, parts in pieces.items()
                if any(p.tracked not in changed for p in parts) or extent(parts, facts)
            )
        )

    def presence(self, shown: int, facts: Facts) -> Int32:
        """Return the (F,) frames in which `shown` is there, ascending."""
        parts = [
            within(facts.presence(tracked), first, last)
            for tracked, first, last in self.pieces(shown, facts)
        ]
        joined = np.concatenate([np.empty(0, np.int32), *parts])
        joined.sort()
        return joined

    def pieces(self, shown: int, facts: Facts) -> tuple[Piece, ...]:
        """Return the tracked ids, and the frames of each, that are shown as `shown`."""
        known = set(facts.tracked_ids)
        return tuple(p for p in self.identities.pieces(shown) if p.tracked in known)

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


def extent(pieces: Iterable[Piece], facts: Facts) -> tuple[int, int] | None:
    """Return the first and the last frame of `pieces`; None if they have none."""
    parts = [within(facts.presence(p.tracked), p.first, p.last) for p in pieces]
    ends = [(int(part[0]), int(part[-1])) for part in parts if part.size]
    return (min(first for first, _ in ends), max(last for _, last in ends)) if ends else None


def within(frames: Int32, first: int, last: int) -> Int32:
    """Return those of ascending `frames` (F,) from `first` to `last`, both included."""
    ends = np.array([first, min(last, LAST_FRAME - 1) + 1], np.int32)  # int64 would copy frames
    low, high = np.searchsorted(frames, ends)
    return frames[low:high]
