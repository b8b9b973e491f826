"""How one entry of the worth-a-look list is painted: when, who, how bad, and a sentence."""

from __future__ import annotations

from PyQt6.QtCore import QModelIndex, QObject, QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QPalette,
    QPen,
    QTextLayout,
)
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from sdpose_track.review.doubts import Doubt
from ui.document.people import People
from ui.look.colours import person_pen
from ui.look.icons import paint_icon
from ui.look.texts import timecode
from ui.look.theme import steady_digits, tokens
from ui.people.cells import GAP, paint_bar, paint_swatch
from ui.people.doubts import DOUBT, SEEN, TITLES, badness

MOST_LINES = 3
"""Of a sentence; the tooltip has all of it."""


class DoubtCard(QStyledItemDelegate):
    """Paints a doubt. What was seen is dimmed and ticked."""

    def __init__(self, people: People, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._people = people
        self._broken: dict[str, tuple[str, ...]] = {}
        """Sentences in lines of the width that the list has now."""
        self._width = 0.0

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:  # noqa: N802
        view = option.widget
        viewport = view.viewport() if isinstance(view, QAbstractItemView) else None
        width = 80 * GAP if viewport is None else viewport.width()  # the rectangle is not known
        text = index.data(Qt.ItemDataRole.DisplayRole)
        lines = len(self._lines(text, option.font, float(width - 4 * GAP)))
        return QSize(40 * GAP, (1 + lines) * option.fontMetrics.lineSpacing() + 5 * GAP)

    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        if painter is None:
            return
        own = QStyleOptionViewItem(option)
        self.initStyleOption(own, index)
        text, own.text = own.text or "", ""
        style = QApplication.style()
        if style is not None:
            style.drawControl(QStyle.ControlElement.CE_ItemViewItem, own, painter, own.widget)
        room = QRectF(own.rect).adjusted(2 * GAP, 2 * GAP, -2 * GAP, -2 * GAP)
        is_selected = bool(own.state & QStyle.StateFlag.State_Selected)
        white = own.palette.color(QPalette.ColorRole.HighlightedText)
        muted = white if is_selected else QColor(tokens().muted)
        ink = white if is_selected else QColor(tokens().text)
        painter.save()
        head = QRectF(room.left(), room.top(), room.width(), own.fontMetrics.lineSpacing())
        self._paint_head(painter, head, own.font, index, (ink, muted))
        painter.setFont(own.font)
        painter.setPen(muted if index.data(SEEN) else ink)
        base = QPointF(room.left(), head.bottom() + GAP + own.fontMetrics.ascent())
        for line in self._lines(text, own.font, room.width()):
            painter.drawText(base, line)
            base += QPointF(0, own.fontMetrics.lineSpacing())
        painter.setPen(QPen(QColor(tokens().line), 1))
        painter.drawLine(own.rect.bottomLeft(), own.rect.bottomRight())
        painter.restore()

    def _lines(self, text: str, font: QFont, width: float) -> tuple[str, ...]:
        if width != self._width:
            self._width, self._broken = width, {}
        if text not in self._broken:
            self._broken[text] = lines_of(text, font, width)
        return self._broken[text]

    def _paint_head(
        self,
        painter: QPainter,
        head: QRectF,
        font: QFont,
        index: QModelIndex,
        inks: tuple[QColor, QColor],
    ) -> None:
        doubt: Doubt = index.data(DOUBT)
        ink, muted = inks
        bold = steady_digits(font)
        bold.setWeight(QFont.Weight.DemiBold)
        painter.setFont(bold)
        painter.setPen(muted if index.data(SEEN) else ink)
        left = _write(painter, head, timecode(doubt.time_s)) + 2 * GAP
        for track_id in doubt.track_ids:
            swatch = QRectF(left, head.center().y() - 5, 10, 10)
            pen = person_pen(track_id, 2.5, self._people.colour_of(track_id))
            paint_swatch(painter, swatch, pen, muted)
            left += 10 + GAP
        painter.setFont(font)
        painter.setPen(muted)
        title = QRectF(left + GAP, head.top(), head.right() - 18 * GAP - left, head.height())
        _write(painter, title, TITLES[doubt.reason])
        bar = QRectF(head.right() - 12 * GAP, head.center().y() - 2, 12 * GAP, GAP)
        paint_bar(painter, bar, badness(doubt), muted if index.data(SEEN) else ink)
        if index.data(SEEN):
            tick = QRectF(head.right() - 17 * GAP, head.top(), 4 * GAP, head.height())
            paint_icon(painter, "check", tick, muted)


def lines_of(text: str, font: QFont, width: float) -> tuple[str, ...]:
    """Return `text` in lines of a width, at most `MOST_LINES`; an ellipsis stands for the rest."""
    layout = QTextLayout(text, font)
    layout.beginLayout()
    starts: list[int] = []
    while (line := layout.createLine()).isValid() and len(starts) < MOST_LINES:
        line.setLineWidth(width)
        starts.append(line.textStart())
    layout.endLayout()
    units = text.encode("utf-16-le")  # Qt counts those, of which a rare sign has two
    ends = [*starts[1:], len(units) // 2]
    lines = (units[2 * start : 2 * end] for start, end in zip(starts, ends, strict=True))
    parts = [line.decode("utf-16-le").strip() for line in lines]
    metrics = QFontMetricsF(font)
    return tuple(metrics.elidedText(part, Qt.TextElideMode.ElideRight, width) for part in parts)


def _write(painter: QPainter, room: QRectF, text: str) -> float:
    """Write at the left of `room`, no farther than it goes, and return where the text ends."""
    metrics = QFontMetricsF(painter.font())
    text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room.width())
    painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
    return room.left() + metrics.horizontalAdvance(text)
