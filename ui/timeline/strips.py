"""What a lane shows in each column of pixels. No Qt may enter.

Sums are made once for a person; then a column costs the same however many frames it covers.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sdpose_track.records import Int32, UInt8
from ui.document.lanes import LaneData, Presence


class Shown(IntEnum):
    """What a column shows. Of what its frames have, the highest: it must not be missed."""

    NOTHING = 0
    """Before the first or after the last frame with the person."""
    GAP = 1
    MEASURED = 2
    FILLED = 3
    PREDICTED = 4
    EDITED = 5
    SPAN = 6
    """Somewhere between first and last frame: more is not known yet."""


_SHOWN = {
    Presence.ABSENT: Shown.GAP,
    Presence.MEASURED: Shown.MEASURED,
    Presence.FILLED: Shown.FILLED,
    Presence.PREDICTED: Shown.PREDICTED,
    Presence.EDITED: Shown.EDITED,
}
"""By ascending `Shown`."""


class Columns(NamedTuple):
    """W columns of pixels of a lane."""

    shown: UInt8
    """(W,) of `Shown`."""
    confidence: UInt8
    """(W,) mean over the frames with the person, 0..1 as 0..255; 0 where there are none."""
    edited: Int32
    """Places, 0..W-1, of the columns in which an edited frame begins, ascending."""


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """A person's lane, ready to be looked at from any distance."""

    lane: LaneData
    sums: Int32
    """(F + 1, 6) over the frames before each: how many have each of `_SHOWN`; their confidences."""

    @classmethod
    def of(cls, lane: LaneData) -> Strip:
        """Return the strip of a lane of F frames."""
        sums = np.zeros((len(lane.presence) + 1, len(_SHOWN) + 1), np.int32)
        for column, presence in enumerate(_SHOWN):
            np.cumsum(lane.presence == presence, out=sums[1:, column])
        np.cumsum(lane.confidence, out=sums[1:, -1])
        return cls(lane, sums)

    def columns(self, edges: Int32) -> Columns:
        """Return W columns; (W + 1,) `edges` tell their frames, as in `Scale.edges`."""
        starts, stops = self._rows(edges[:-1]), self._rows(np.maximum(edges[1:], edges[:-1] + 1))
        there = (np.take(self.sums, stops, axis=0) - np.take(self.sums, starts, axis=0)).T
        shown = np.zeros(len(starts), np.uint8)
        for row, what in zip(there[:-1], _SHOWN.values(), strict=True):
            shown[row > 0] = what
        frames = stops - starts - there[0]
        mean = there[-1] // np.maximum(frames, 1)
        begun = _begun(edges)
        edited = np.flatnonzero((shown == Shown.EDITED) & begun)
        return Columns(shown, np.asarray(mean, np.uint8), np.asarray(edited, np.int32))

    def _rows(self, indices: Int32) -> Int32:
        return np.asarray(np.clip(indices - self.lane.first, 0, len(self.lane.presence)))


def span_columns(first: int, last: int, edges: Int32) -> Columns:
    """Return the columns of somebody of whom no more is known than the first and last frame."""
    starts, stops = edges[:-1], np.maximum(edges[1:], edges[:-1] + 1)
    shown = np.where((starts <= last) & (stops > first), Shown.SPAN, Shown.NOTHING)
    return Columns(shown.astype(np.uint8), np.zeros(len(shown), np.uint8), np.empty(0, np.int32))


def _begun(edges: Int32) -> NDArray[np.bool_]:
    """Tell for each column whether its first frame is not also that of the column before."""
    return np.concatenate([[True], np.diff(edges[:-1]) > 0])
