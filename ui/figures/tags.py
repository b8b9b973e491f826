"""The tag above each person with their name or number: readable at any zoom, none upon another."""

from __future__ import annotations

from functools import lru_cache

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen

from sdpose_track.render.figure import OUTLINE
from ui.figures.bodies import inks_of, qcolor


class Tags:
    """The tags of one pane; made anew for every painting."""

    def __init__(self, font: QFont, within: QRectF, density: float) -> None:
        """Tags are put `within` this area, in points of `density` device pixels."""
        self._font = font
        self._within = within
        self._density = density
        self._taken: list[QRectF] = []

    def draw(
        self, painter: QPainter, text: str, above: tuple[float, float], look: tuple[str, bool]
    ) -> None:
        """Draw `text` over the point `above`; `look` is the colour, `#rrggbb`, and
        whether somebody is chosen.
        """
        colour, is_chosen = look
        image = tag(text, colour, self._font.key(), self._density, is_chosen=is_chosen)
        size = image.deviceIndependentSize()
        place = self._place(size.width(), size.height(), above)
        painter.drawImage(place.topLeft(), image)

    def _place(self, wide: float, high: float, above: tuple[float, float]) -> QRectF:
        """Return a place on whole device pixels where no other tag is."""
        area, (x, y) = self._within, above
        left = min(max(x - wide / 2, area.left()), max(area.right() - wide, area.left()))
        top = min(max(y - 1.3 * high, area.top()), max(area.bottom() - high, area.top()))
        corner = QPointF(*(round(at * self._density) / self._density for at in (left, top)))
        place = QRectF(corner.x(), corner.y(), wide, high)
        while any(place.intersects(other) for other in self._taken):
            place.translate(0, high)
        self._taken.append(place)
        return place


@lru_cache(maxsize=512)
def tag(text: str, colour: str, font_key: str, density: float, *, is_chosen: bool) -> QImage:
    """Return a picture of a tag, which must not be changed: letters are slow to draw."""
    inks, font = inks_of(colour), QFont()
    font.fromString(font_key)
    metrics = QFontMetricsF(font)
    high = round(metrics.height()) + 4
    wide = max(round(metrics.horizontalAdvance(text) + 0.8 * high), high)
    size = round(wide * density), round(high * density)
    image = QImage(*size, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(density)
    image.fill(Qt.GlobalColor.transparent)
    rim = QPen(QColor("white") if is_chosen else qcolor(OUTLINE), 2.0 if is_chosen else 1.0)
    place = QRectF(0, 0, wide, high).adjusted(1, 1, -1, -1)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(rim)
    painter.setBrush(inks.strong)
    painter.drawRoundedRect(place, high / 4, high / 4)
    painter.setPen(inks.text)
    painter.setFont(font)
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)
    painter.end()
    return image
