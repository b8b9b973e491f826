"""Where the live picture is seen, or what to do to see one."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt
from PyQt6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from ui.look.icons import paint_icon
from ui.look.theme import tokens

EMPTY = "Choose a camera or an address, then press Start"


class PictureArea(QWidget):
    """Shows the newest picture as large as it fits."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image: QImage | None = None
        self._message = EMPTY
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(160, 120))
        self.setAccessibleName("Live picture")
        self.setAccessibleDescription(self._message)

    @property
    def image(self) -> QImage | None:
        """What is shown."""
        return self._image

    def show_picture(self, image: QImage) -> None:
        """Show a picture; Qt paints the newest one only."""
        self._image = image
        self.update()

    def say(self, message: str) -> None:
        """Show no picture but a sentence."""
        self._image, self._message = None, message
        self.setAccessibleDescription(message)
        self.update()

    def paintEvent(self, _event: QPaintEvent | None) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(tokens().canvas))
        if self._image is None or self._image.isNull():
            self._paint_message(painter)
            return
        size = QSizeF(self._image.size())
        size.scale(QSizeF(self.size()), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRectF(QPointF(), size)
        place.moveCenter(self.rect().toRectF().center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(place, self._image)

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
