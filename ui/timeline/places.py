"""Where on the timeline everything is. Pure geometry.

From the top: the ruler with times and frames, the row of what is worth a look, and a lane for each
person, which may be scrolled. At the left a column with who and what it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from math import ceil

from PyQt6.QtCore import QPointF, QRectF, QSize
from PyQt6.QtGui import QFontMetricsF

GAP = 8.0
"""Between things, in pixels; half of it is the grid that all heights are on."""
_EMS = 13
"""Width of the left column, in the letter m."""


class Zone(Enum):
    """A part of the timeline."""

    CORNER = auto()
    RULER = auto()
    DOUBTS_HEADER = auto()
    DOUBTS = auto()
    HEADER = auto()
    LANE = auto()
    BELOW = auto()
    """Where there are no lanes any more."""


@dataclass(frozen=True, slots=True)
class Places:
    """The rectangles of a timeline of a size, with some lanes."""

    width: float
    height: float
    line: float
    """Height of a line of text."""
    left: float
    """Width of the left column."""
    lanes: int
    offset: float = 0.0
    """How far the lanes are scrolled."""

    @classmethod
    def of(cls, size: QSize, metrics: QFontMetricsF, lanes: int, offset: float) -> Places:
        """Return the places for a size and a font."""
        left = _on_grid(metrics.horizontalAdvance("m") * _EMS)
        room = Places(size.width(), size.height(), metrics.height(), left, lanes)
        offset = max(0.0, min(offset, room.hidden_height))
        return cls(size.width(), size.height(), metrics.height(), left, lanes, offset)

    # -- heights -----------------------------------------------------------------------------------

    @property
    def ruler_height(self) -> float:
        """Of two lines: times, frames."""
        return 2 * _on_grid(self.line + 2)

    @property
    def doubts_height(self) -> float:
        """Of the row of what is worth a look."""
        return _on_grid(self.line + GAP)

    @property
    def lane_height(self) -> float:
        """Of each lane."""
        return _on_grid(self.line + GAP + 2)

    @property
    def top(self) -> float:
        """Where the lanes begin."""
        return self.ruler_height + self.doubts_height

    @property
    def lanes_height(self) -> float:
        """Of what can be seen of the lanes."""
        return max(0.0, self.height - self.top)

    @property
    def hidden_height(self) -> float:
        """Of what of the lanes has no room."""
        return max(0.0, self.lanes * self.lane_height - self.lanes_height)

    # -- rectangles --------------------------------------------------------------------------------

    @property
    def track_left(self) -> float:
        """Where the time axis begins: handles need some room beside it."""
        return self.left + GAP

    @property
    def track_width(self) -> float:
        """Width of the time axis."""
        return max(1.0, self.width - self.left - 2 * GAP)

    @property
    def ruler(self) -> QRectF:
        """The ruler without the left column."""
        return QRectF(self.left, 0, self.width - self.left, self.ruler_height)

    @property
    def doubts(self) -> QRectF:
        """The row of what is worth a look, without the left column."""
        return QRectF(self.left, self.ruler_height, self.width - self.left, self.doubts_height)

    @property
    def tracks(self) -> QRectF:
        """All lanes, without the left column."""
        return QRectF(self.left, self.top, self.width - self.left, self.lanes_height)

    def lane(self, place: int) -> QRectF:
        """Return a lane over the whole width, the first one 0; parts of it may be out of view."""
        y = self.top + place * self.lane_height - self.offset
        return QRectF(0, y, self.width, self.lane_height)

    def visible_lanes(self) -> range:
        """Return the lanes of which a part is in view."""
        first = int(self.offset // self.lane_height)
        last = ceil((self.offset + self.lanes_height) / self.lane_height)
        return range(first, min(self.lanes, last))

    def offset_showing(self, place: int) -> float:
        """Return how far to scroll for a lane to be in view: no farther than needed."""
        y = place * self.lane_height
        return min(max(self.offset, y + self.lane_height - self.lanes_height), y)

    def at(self, where: QPointF) -> tuple[Zone, int]:
        """Return what is at a point, and which lane; -1 where there is none."""
        is_left = where.x() < self.left
        if where.y() < self.ruler_height:
            return Zone.CORNER if is_left else Zone.RULER, -1
        if where.y() < self.top:
            return Zone.DOUBTS_HEADER if is_left else Zone.DOUBTS, -1
        place = int((where.y() - self.top + self.offset) // self.lane_height)
        if place >= self.lanes:
            return Zone.BELOW, -1
        return Zone.HEADER if is_left else Zone.LANE, place


def _on_grid(length: float) -> float:
    """Return the next multiple of 4 pixels."""
    return ceil(length / (GAP / 2)) * GAP / 2
