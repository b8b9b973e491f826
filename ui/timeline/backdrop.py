"""Everything on the timeline that stands still while the playhead moves, as one kept picture."""

from __future__ import annotations

from PyQt6.QtCore import QLineF, QPointF, QRectF, QSize, QSizeF, Qt
from PyQt6.QtGui import QBrush, QFontMetricsF, QPainter, QPen, QPixmap

from ui.timeline.headers import paint_headers, paint_titles
from ui.timeline.lanes import Lanes
from ui.timeline.marks import paint_marks
from ui.timeline.places import GAP
from ui.timeline.ruler import paint_ruler
from ui.timeline.view import MARK_SIZE, View, colour

NO_SESSION = "People appear here once the video has been tracked."
NOBODY = "Nobody was found in this video."
NOT_YET = "Not computed yet"
NOT_ALL = "Not computed"


class Backdrop:
    """A picture of the timeline without playhead, marks and hover."""

    def __init__(self) -> None:
        self.made = 0
        """How often it was painted."""
        self._kept: QPixmap | None = None
        self._kept_for = (QSize(), 1.0)
        self._lanes = Lanes()

    def drop(self) -> None:
        """Paint it anew when it is needed next: something has changed."""
        self._kept = None

    def get(self, view: View, size: QSize, ratio: float) -> QPixmap:
        """Return the picture for a widget of a size, `ratio` pixels of the device in one of it."""
        if self._kept is None or self._kept_for != (size, ratio):
            self._kept, self._kept_for = self._painted(view, size, ratio), (size, ratio)
        return self._kept

    def _painted(self, view: View, size: QSize, ratio: float) -> QPixmap:
        self.made += 1
        picture = QPixmap(round(size.width() * ratio), round(size.height() * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(colour("surface"))
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        below = QRectF(0, view.places.top, size.width(), view.places.lanes_height)
        painter.setClipRect(below)
        painter.fillRect(below, colour("lane"))
        self._lanes.paint(painter, view, ratio)
        _paint_missing(painter, view)
        paint_headers(painter, view)
        _paint_words(painter, view)
        painter.setClipping(False)
        paint_ruler(painter, view)
        _paint_doubts(painter, view)
        paint_titles(painter, view)
        _paint_lines(painter, view)
        painter.end()
        return picture


def _paint_doubts(painter: QPainter, view: View) -> None:
    row = view.places.doubts
    painter.fillRect(row, colour("surface"))
    left, y = view.places.track_left, row.center().y()
    found = [(QPointF(left + mark.x, y), mark.doubt) for mark in view.marks()]
    paint_marks(painter, found, MARK_SIZE, colour("warning"))


def _paint_missing(painter: QPainter, view: View) -> None:
    """Draw over the frames of the video that the session does not have."""
    facts, scale, tracks = view.document.facts, view.scale, view.places.tracks
    if facts is None:
        return
    words = NOT_ALL if facts.is_complete else NOT_YET
    frames, stored = scale.clock.indices, facts.indices
    for missing in (range(frames.start, stored.start), range(stored.stop, frames.stop)):
        if not missing:
            continue
        left = max(0.0, scale.x_of(missing[0]))
        right = min(scale.width, scale.end_x_of(missing[-1]))
        where = QRectF(view.places.track_left + left, tracks.top(), right - left, tracks.height())
        if right > left:
            painter.fillRect(where, colour("window"))
            painter.fillRect(where, QBrush(colour("hatch"), Qt.BrushStyle.Dense7Pattern))
            _paint_text(painter, view, where, words, "window")


def _paint_words(painter: QPainter, view: View) -> None:
    """Say why there are no lanes."""
    document = view.document
    if document.people.rows or not document.is_open:
        return
    done = document.facts is not None and document.facts.is_complete
    _paint_text(painter, view, view.places.tracks, NOBODY if done else NO_SESSION, "lane")


def _paint_text(painter: QPainter, view: View, where: QRectF, words: str, ground: str) -> None:
    """Write in the middle upon the colour of a token, if there is room."""
    width = QFontMetricsF(view.font).horizontalAdvance(words) + 2 * GAP
    if width < where.width():
        size = QSizeF(width, view.places.line + GAP)
        plate = QRectF(where.center() - QPointF(size.width() / 2, size.height() / 2), size)
        painter.fillRect(plate, colour(ground))
        painter.setFont(view.font)
        painter.setPen(colour("muted"))
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, words)


def _paint_lines(painter: QPainter, view: View) -> None:
    """Draw the lines between the parts."""
    places = view.places
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
    painter.setPen(QPen(colour("line"), 1))
    for x1, y1, x2, y2 in (
        (0.0, places.ruler_height, places.width, places.ruler_height),
        (0.0, places.top, places.width, places.top),
        (places.left, 0.0, places.left, places.height),
    ):
        painter.drawLine(QLineF(x1, y1, x2, y2))
