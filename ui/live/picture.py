"""Where the live picture is seen with the people on it, or what to do to see one."""

from __future__ import annotations

import time
from collections import deque

from PyQt6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
)
from PyQt6.QtWidgets import QSizePolicy, QWidget

from sdpose_track.live.records import LiveResult
from sdpose_track.render.overlay import Style
from sdpose_track.render.trails import Trails
from sdpose_track.skeletons import Skeleton
from ui.figures.geometry import Lens, Pane
from ui.figures.look import Look
from ui.figures.overlay import Cast, Guise, Site, draw_people
from ui.figures.words import MARGIN, paint_ground
from ui.live.sight import Sight
from ui.look.icons import paint_icon
from ui.look.theme import DARK, tokens

EMPTY = "Choose a camera, an address or a file, then press Start"
KEPT_TIMES = 1000
"""Paints whose times are kept."""


class PictureArea(QWidget):
    """Shows the newest frame as large as it fits, with its own people."""

    painted = pyqtSignal(object)
    """LiveResult: it is on the screen now. Once for each that got there."""
    double_clicked = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.paint_times: deque[float] = deque(maxlen=KEPT_TIMES)
        """Seconds that the last paints of frames took."""
        self._sight: Sight | None = None
        self._cast: Cast | None = None
        self._trails: Trails | None = None
        self._is_new = False
        self._look = Look()
        self._is_mirrored = False
        self._message = EMPTY
        self._told = ""
        self._recorded = ""
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(160, 120))
        self.setAccessibleName("Live picture")
        self._describe()

    @property
    def result(self) -> LiveResult | None:
        """What is shown."""
        return None if self._sight is None else self._sight.result

    @property
    def told(self) -> str:
        """The sentence that stands on the picture; empty: none."""
        return self._told

    def show_sight(self, sight: Sight, skeleton: Skeleton) -> None:
        """Show a frame; Qt paints the newest one only."""
        people = sight.result.shown
        guises = {pose.track_id: Guise(str(pose.track_id)) for pose in people}
        trails = self._trails or Trails(skeleton, Style(threshold=self._look.threshold))
        trails.add(float(sight.result.frame.time), people)
        shown = trails.track_ids if self._look.trails else ()
        self._cast = Cast(
            skeleton, people, guises, trails={i: list(trails.steps(i)) for i in shown}
        )
        self._sight, self._trails, self._is_new = sight, trails, True
        self.update()

    def say(self, message: str) -> None:
        """Show no picture but a sentence."""
        self._sight = self._cast = self._trails = None
        self._message, self._told, self._recorded = message, "", ""
        self._describe()
        self.update()

    def tell(self, sentence: str) -> None:
        """Say a sentence upon the picture; an empty one takes it away."""
        if sentence != self._told:
            self._told = sentence
            self._describe()
            self.update()

    def show_recorded(self, text: str) -> None:
        """Show that, and how much, is recorded; empty: nothing is."""
        if text != self._recorded:
            self._recorded = text
            self.update()

    def set_look(self, look: Look) -> None:
        """Show other things of the people."""
        self._look = look
        self.update()

    def set_mirrored(self, on: bool) -> None:
        """Show it as a mirror does."""
        self._is_mirrored = on
        self.update()

    def _describe(self) -> None:
        self.setAccessibleDescription(self._told or ("" if self._sight else self._message))

    # -- painting ----------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent | None) -> None:  # noqa: N802
        began = time.perf_counter()
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(tokens().canvas))
        sight = self._sight
        if sight is None:
            self._paint_message(painter)
            self._paint_words(painter, self.rect().toRectF())
        else:
            self._paint_frame(painter, sight.image)
        painter.end()
        if sight is not None and self._is_new:
            self._is_new = False
            self.paint_times.append(time.perf_counter() - began)
            self.painted.emit(sight.result)

    def _paint_frame(self, painter: QPainter, image: QImage) -> None:
        size = (float(self.width()), float(self.height()))
        lens = Lens((image.width(), image.height()), size, self.devicePixelRatioF())
        site = Site(lens, Pane(0, 0, *size), self._tag_font(), is_mirrored=self._is_mirrored)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if self._is_mirrored:
            painter.translate(2 * site.picture.center().x(), 0)
            painter.scale(-1, 1)
        painter.drawImage(site.picture, image)
        painter.restore()
        if self._cast is not None:
            draw_people(painter, self._cast, site, self._look)
        self._paint_words(painter, site.picture & site.area)

    def _tag_font(self) -> QFont:
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold)
        return font

    def _paint_words(self, painter: QPainter, area: QRectF) -> None:
        """Paint what is recorded at the top left, and what is told at the bottom."""
        area = area.adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
        line = QFontMetricsF(self.font()).height()
        if self._recorded:
            wide = QFontMetricsF(self.font()).horizontalAdvance(self._recorded)
            place = QRectF(area.left(), area.top(), wide + 2.5 * line, line + 8)
            paint_ground(painter, place)
            dot = QRectF(place.left() + 0.6 * line, place.center().y() - line / 3, line / 1.5, 0)
            dot.setHeight(dot.width())
            painter.setBrush(QColor(DARK.error))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawEllipse(dot)
            painter.setPen(QColor(DARK.text))
            words = place.adjusted(1.7 * line, 0, 0, 0)
            flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
            painter.drawText(words, flags, self._recorded)
        if self._told:
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            room = area.adjusted(line, 0, -line, 0)
            words = painter.boundingRect(room, flags, self._told)
            words.moveBottom(area.bottom() - 4)
            paint_ground(painter, words.adjusted(-line / 2, -4, line / 2, 4))
            painter.drawText(words, flags, self._told)

    def _paint_message(self, painter: QPainter) -> None:
        ink, size = QColor(tokens().muted), 3.0 * self.fontMetrics().height()
        area = self.rect().toRectF().adjusted(16, 16, -16, -16)
        sign = QRectF(0, 0, size, size)
        sign.moveCenter(area.center() - QPointF(0, size / 2))
        paint_icon(painter, "live", sign, ink)
        painter.setPen(ink)
        area.setTop(sign.bottom() + 8)
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        painter.drawText(area, int(flags | Qt.TextFlag.TextWordWrap), self._message)

    # -- the window --------------------------------------------------------------------------------

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            self.double_clicked.emit()

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self.update()
