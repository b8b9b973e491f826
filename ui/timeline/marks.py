"""Small signs: what is worth a look, a form for each reason, and the diamond of edited frames."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF

from sdpose_track.review.doubts import Doubt
from ui.axis.scale import Scale

_POINTS = {
    "switch": ((-1, -1), (1, -1), (1, 1), (-1, 1)),
    "crossing": ((-1, -1), (1, 1), (1, -1), (-1, 1)),
    "birth": ((-0.8, -1), (1, 0), (-0.8, 1)),
    "death": ((0.8, -1), (-1, 0), (0.8, 1)),
    "weak": ((-1, -0.8), (1, -0.8), (0, 1)),
    "speed": ((0, -1), (1, 0.8), (-1, 0.8)),
    "bones": ((-0.5, -1), (0.5, -1), (1, 0), (0.5, 1), (-0.5, 1), (-1, 0)),
}
"""By reason: corners, 1 is half the size. What is not here is round."""
_DIAMOND = ((0, -1), (1, 0), (0, 1), (-1, 0))
_LEVELS = 3
"""How many degrees of severity are told apart: empty, half, full."""


class Mark(NamedTuple):
    """A doubt that is shown, and how many less severe ones it hides."""

    x: float
    """Pixels from the left of the time axis."""
    doubt: Doubt
    hidden: int


def marks(doubts: Sequence[Doubt], scale: Scale, size: float) -> list[Mark]:
    """Return the doubts in view from left to right; of those nearer than `size` the worst.

    They come by ascending frame.
    """
    frames = np.array([doubt.frame for doubt in doubts], np.int32)
    middles = scale.middles(frames)
    inside = np.flatnonzero((middles > -size) & (middles < scale.width + size))
    found: list[Mark] = []
    for place in inside.tolist():
        doubt, x = doubts[place], float(middles[place])
        if not found or x - found[-1].x >= size:
            found.append(Mark(x, doubt, 0))
            continue
        before = found.pop()
        worst = max(before.doubt, doubt, key=lambda doubt: doubt.severity)
        found.append(Mark(before.x, worst, before.hidden + 1))
    return found


def paint_marks(
    painter: QPainter, at: Sequence[tuple[QPointF, Doubt]], size: float, ink: QColor
) -> None:
    """Draw doubts about points: the form tells the reason, the filling how severe it is."""
    painter.setPen(QPen(ink, 1.5))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for middle, doubt in at:
        level = min(int((doubt.severity - 0.5) * 2 * _LEVELS), _LEVELS - 1)
        outline, filled = _form(doubt.reason, level, size)
        painter.translate(middle)
        painter.drawPath(outline)
        painter.fillPath(filled, ink)
        painter.translate(-middle)


def paint_diamond(
    painter: QPainter, middles: Sequence[QPointF], radius: float, colours: tuple[QColor, QColor]
) -> None:
    """Draw diamonds of a filling and a rim."""
    fill, rim = colours
    painter.setBrush(fill)
    painter.setPen(QPen(rim, 1))
    for middle in middles:
        painter.drawPolygon(QPolygonF([middle + radius * QPointF(x, y) for x, y in _DIAMOND]))


@cache
def _form(reason: str, level: int, size: float) -> tuple[QPainterPath, QPainterPath]:
    """Return the outline of a sign about (0, 0), and what of it is filled from below."""
    half, outline, below = size / 2, QPainterPath(), QPainterPath()
    corners = _POINTS.get(reason)
    if corners is None:
        outline.addEllipse(QPointF(), half, half)
    else:
        outline.addPolygon(QPolygonF([QPointF(x * half, y * half) for x, y in corners]))
        outline.closeSubpath()
    height = size * level / (_LEVELS - 1)
    below.addRect(-half, half - height, size, height)
    return outline, outline.intersected(below)
