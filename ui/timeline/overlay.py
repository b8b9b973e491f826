"""Paints what moves over the timeline: in and out, the frame under the pointer, the playhead."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from ui.document.player import Player
from ui.look.colours import ink_on
from ui.look.texts import timecode
from ui.timeline.places import GAP
from ui.timeline.view import View, colour

_SHADE = 150
"""How opaque the shade over what is outside of in and out is, 0..255."""
_HANDLE = 6.0
"""Width of the foot of a handle, in pixels."""


def mark_places(view: View) -> dict[str, float]:
    """Return where the `in` and `out` handles are that there are, in pixels of the widget."""
    player, scale, left = view.document.player, view.scale, view.places.track_left
    found = {}
    if player.mark_in is not None:
        found["in"] = left + scale.x_of(player.mark_in)
    if player.mark_out is not None:
        found["out"] = left + scale.end_x_of(player.mark_out)
    return found


def paint_marks(painter: QPainter, view: View) -> None:
    """Shade what is outside of in and out, and draw their handles."""
    places, found = view.places, mark_places(view)
    full = QRectF(places.left, 0, places.width - places.left, places.height)
    painter.save()
    painter.setClipRect(full, Qt.ClipOperation.IntersectClip)
    shade = colour("window")
    shade.setAlpha(_SHADE)
    for name, x in found.items():
        outside = QRectF(full)
        if name == "in":
            outside.setRight(max(full.left(), x))
        else:
            outside.setLeft(min(full.right(), x))
        painter.fillRect(outside, shade)
        _paint_handle(painter, places.ruler, x, 1 if name == "in" else -1)
    painter.restore()


def hover_text(view: View, frame: int) -> str:
    """Return what is told of the frame under the pointer."""
    return f"frame {frame}  ·  {timecode(view.scale.clock.time_of(frame))}"


def hover_rect(view: View, x: float, frame: int) -> QRectF:
    """Return what `paint_hover` covers, in pixels of the widget."""
    text = _flag(view, x, hover_text(view, frame), line=1)
    return text.united(QRectF(x - 1, 0, 2, view.places.height))


def paint_hover(painter: QPainter, view: View, x: float, frame: int) -> None:
    """Draw a line under the pointer, and tell the frame and its time."""
    painter.setPen(QPen(colour("edge"), 1))
    painter.drawLine(QPointF(x, view.places.ruler_height), QPointF(x, view.places.height))
    flag = _flag(view, x, hover_text(view, frame), line=1)
    _paint_flag(painter, view, flag, hover_text(view, frame), colour("raised"))


def playhead_x(view: View) -> float:
    """Return where the playhead is, in pixels of the widget."""
    return view.places.track_left + view.scale.x_of(view.document.player.frame)


def playhead_rect(view: View) -> QRectF:
    """Return what `paint_playhead` covers, in pixels of the widget."""
    x, places = playhead_x(view), view.places
    return _flag(view, x, _now(view.document.player), line=0).united(
        QRectF(x - _HANDLE, 0, 2 * _HANDLE, places.height)
    )


def paint_playhead(painter: QPainter, view: View) -> None:
    """Draw the playhead with its time on top of everything."""
    x, places = playhead_x(view), view.places
    player, ground = view.document.player, colour("playhead")
    painter.save()
    painter.setClipRect(
        QRectF(places.left, 0, places.width - places.left, places.height),
        Qt.ClipOperation.IntersectClip,
    )
    if view.scale.shows(player.frame):
        middle = places.ruler_height / 2
        painter.fillRect(QRectF(x - 0.75, 0, 1.5, places.height), ground)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        corners = ((-_HANDLE, middle), (_HANDLE, middle), (0, middle + _HANDLE))
        painter.drawPolygon(QPolygonF([QPointF(x + dx, y) for dx, y in corners]))
        _paint_flag(painter, view, _flag(view, x, _now(player), line=0), _now(player), ground)
    painter.restore()


def _now(player: Player) -> str:
    return timecode(player.clock.time_of(player.frame))


def _flag(view: View, x: float, text: str, line: int) -> QRectF:
    """Return the place of a text at `x` in a line of the ruler, inside the time axis."""
    places = view.places
    width = QFontMetricsF(view.figures).horizontalAdvance(text) + 2 * GAP
    left = max(places.left + 1, min(x - width / 2, places.width - width))
    height = places.ruler_height / 2
    return QRectF(left, line * height, width, height)


def _paint_flag(painter: QPainter, view: View, where: QRectF, text: str, ground: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(where.adjusted(0, 1, 0, 0), GAP / 4, GAP / 4)
    painter.setPen(ink_on(ground))
    painter.setFont(view.figures)
    painter.drawText(where, Qt.AlignmentFlag.AlignCenter, text)


def _paint_handle(painter: QPainter, ruler: QRectF, x: float, way: int) -> None:
    """Draw a bracket that opens to the right (1) or to the left (-1)."""
    painter.setPen(QPen(colour("accent"), 2))
    top, bottom = ruler.height() / 2 + 1, ruler.bottom() - 1
    foot = x + way * _HANDLE
    points = [QPointF(foot, top), QPointF(x, top), QPointF(x, bottom), QPointF(foot, bottom)]
    painter.drawPolyline(QPolygonF(points))
