"""Paints the ruler: times above, and below them frames as soon as there is room for numbers."""

from __future__ import annotations

from PyQt6.QtCore import QLineF, QPointF, QRectF, Qt
from PyQt6.QtGui import QFontMetricsF, QPainter, QPen

from ui.timeline.places import GAP
from ui.timeline.view import View, colour

_FINE, _COARSE = 4.0, 8.0
"""Lengths of ticks, in pixels."""


def paint_ruler(painter: QPainter, view: View) -> None:
    """Draw the ruler over the lanes."""
    ruler, left = view.places.ruler, view.places.track_left
    painter.fillRect(ruler.adjusted(-view.places.left, 0, 0, 0), colour("surface"))
    painter.save()
    painter.setClipRect(ruler)
    painter.setFont(view.figures)
    middle = ruler.height() / 2
    lines: list[QLineF] = []
    metrics = QFontMetricsF(view.figures)
    painter.setPen(colour("muted"))
    for tick in view.ticks():
        x = left + tick.x
        lines.append(_upright(x, ruler.bottom(), _COARSE if tick.label else _FINE))
        where = QRectF(x + 1, 0, metrics.horizontalAdvance(tick.label), middle)
        if tick.label and where.right() <= ruler.right():
            painter.drawText(where, Qt.AlignmentFlag.AlignVCenter, tick.label)
    painter.setPen(QPen(colour("edge"), 1))
    for line in lines:
        painter.drawLine(line)
    _paint_numbers(painter, view, QRectF(left, middle, ruler.width(), middle - _FINE))
    painter.restore()


def _paint_numbers(painter: QPainter, view: View, row: QRectF) -> None:
    """Draw the number of each frame in the middle of it, where there is room."""
    scale, frames = view.scale, view.scale.frames_in_view()
    metrics = QFontMetricsF(view.figures)
    if not frames or scale.frame_width < metrics.horizontalAdvance(str(frames[-1])) + GAP:
        return
    painter.setPen(colour("muted"))
    for index in frames:
        x = row.left() + scale.x_of(index)
        width = row.left() + scale.end_x_of(index) - x
        if width >= metrics.horizontalAdvance(str(index)):
            cell = QRectF(x, row.top(), width, row.height())
            painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, str(index))


def _upright(x: float, bottom: float, length: float) -> QLineF:
    return QLineF(QPointF(x, bottom - length), QPointF(x, bottom))
