"""Who is shown for whom: the ids that tracking gave, and in their place those that a person chose.

For each tracked id the shown one is a step function of the frame. Nothing is stored for an id that
is shown as it was tracked, and a change makes a new value that shares the rest with the old one,
so keeping every state of a long history costs little, and looking up a frame costs a bisection in
the few steps of its id, however long the recording is.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from sdpose_track.repair.edits import LAST_FRAME

NOBODY = 0
"""Shown for what was deleted."""


class Piece(NamedTuple):
    """Frames in which a tracked id is shown as somebody."""

    tracked: int
    first: int
    last: int
    """Included."""


_Steps = tuple[tuple[int, int], ...]
"""(frame from which it holds, shown id), ascending; the first begins at frame 0."""


@dataclass(frozen=True, slots=True)
class Identities:
    """The shown id of every tracked id in every frame."""

    _steps: Mapping[int, _Steps] = field(default_factory=lambda: MappingProxyType({}))

    def stretches(self, tracked: int) -> tuple[tuple[int, int, int], ...]:
        """Return (first frame, last frame, shown id) of `tracked`, without gaps, from frame 0."""
        steps = self._steps.get(tracked, ((0, tracked),))
        ends = (*(frame - 1 for frame, _ in steps[1:]), LAST_FRAME)
        return tuple((first, last, who) for (first, who), last in zip(steps, ends, strict=True))

    def pieces(self, shown: int) -> tuple[Piece, ...]:
        """Return what `shown` is made of, by ascending first frame."""
        found = [
            Piece(tracked, first, last)
            for tracked in {shown, *self._steps}
            for first, last, who in self.stretches(tracked)
            if who == shown
        ]
        return tuple(sorted(found, key=lambda piece: (piece.first, piece.tracked)))

    def all_pieces(self, tracked_ids: Iterable[int]) -> dict[int, list[Piece]]:
        """Return, by shown id, what everybody is made of, in no order; `NOBODY` left out."""
        found: dict[int, list[Piece]] = {}
        for tracked in tracked_ids:
            for first, last, who in self.stretches(tracked):
                found.setdefault(who, []).append(Piece(tracked, first, last))
        found.pop(NOBODY, None)
        return found

    def changed(self) -> frozenset[int]:
        """Return the tracked ids that are not shown as themselves throughout."""
        return frozenset(self._steps)

    def renamed(self, names: Mapping[int, int], first: int, last: int = LAST_FRAME) -> Identities:
        """Return identities in which, from frame `first` to `last`, ids are shown as in `names`."""
        touched = {piece.tracked for old in names for piece in self.pieces(old)}
        fresh = {
            tracked: _between(
                self._steps.get(tracked, ((0, tracked),)), first, last, lambda i: names.get(i, i)
            )
            for tracked in touched
        }
        steps = {**self._steps, **fresh}
        plain = [tracked for tracked in fresh if steps[tracked] == ((0, tracked),)]
        for tracked in plain:
            del steps[tracked]
        return Identities(MappingProxyType(steps))


def _between(steps: _Steps, first: int, last: int, change: Callable[[int], int]) -> _Steps:
    """Return `steps` with each id inside the frames `first` to `last` changed."""
    marks = {frame for frame, _ in steps} | {first}
    if last < LAST_FRAME:
        marks.add(last + 1)
    out: list[tuple[int, int]] = []
    for frame in sorted(marks):
        who = steps[bisect_right(steps, (frame, LAST_FRAME)) - 1][1]
        shown = change(who) if first <= frame <= last else who
        if not out or out[-1][1] != shown:
            out.append((frame, shown))
    return tuple(out)
