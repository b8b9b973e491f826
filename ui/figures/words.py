"""Words upon a picture: readable whatever is behind them."""

from __future__ import annotations

from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QColor, QPainter

from ui.look.theme import DARK

MARGIN = 12.0
"""Points between words and the edge of the picture."""


def paint_ground(painter: QPainter, place: QRectF) -> None:
    """Paint a dark ground for words, and leave the pen in the colour that is read on it."""
    ground = QColor(DARK.window)
    ground.setAlphaF(0.85)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(place, 4, 4)
    painter.setPen(QColor(DARK.text))
