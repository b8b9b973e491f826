"""Sentences in the window: what went wrong or is worth knowing, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from PyQt6.QtCore import QEvent, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPixmap
from PyQt6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ui.look.icons import icon, paint_icon
from ui.look.theme import tokens

MOST = 3
"""Sentences at once; the oldest goes."""
Remedy = tuple[str, Callable[[], None]]
"""What a button says, and what it does."""


class Tone(Enum):
    """How serious a sentence is."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


_SIGNS = {
    Tone.NOTE: ("about", "accent"),
    Tone.WARNING: ("warning", "warning"),
    Tone.ERROR: ("warning", "error"),
}
"""The icon of a tone, and the name of its colour."""


class Banners(QWidget):
    """A column of sentences above the picture; empty, it takes no room."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(1)

    @property
    def sentences(self) -> list[str]:
        """What is said now, the newest last."""
        return [banner.sentence for banner in self._banners()]

    def say(self, sentence: str, tone: Tone = Tone.ERROR, *remedies: Remedy) -> None:
        """Say a sentence; one that stands there already is not repeated."""
        for old in self._banners():
            if old.sentence == sentence:
                self._remove(old)
        banner = _Banner(sentence, tone, remedies)
        banner.closed.clicked.connect(lambda: self._remove(banner))
        for button in banner.remedies:
            button.clicked.connect(lambda: self._remove(banner))
        self._rows.addWidget(banner)
        for old in self._banners()[:-MOST]:
            self._remove(old)

    def clear(self) -> None:
        """Take every sentence away."""
        for banner in self._banners():
            self._remove(banner)

    def _banners(self) -> list[_Banner]:
        items = (self._rows.itemAt(i) for i in range(self._rows.count()))
        widgets = (item.widget() for item in items if item is not None)
        return [widget for widget in widgets if isinstance(widget, _Banner)]

    def _remove(self, banner: _Banner) -> None:
        self._rows.removeWidget(banner)
        banner.hide()
        banner.deleteLater()


class _Banner(QFrame):
    """One sentence with its buttons."""

    def __init__(self, sentence: str, tone: Tone, remedies: tuple[Remedy, ...]) -> None:
        super().__init__()
        self.sentence = sentence
        self._tone = tone
        self._sign = QLabel()
        self.setObjectName("banner")
        self.setProperty("tone", tone.value)
        self.setAccessibleName(f"{tone.value}: {sentence}")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 6, 6)
        row.setSpacing(8)
        text = QLabel(sentence)
        text.setWordWrap(True)
        text.setTextFormat(Qt.TextFormat.PlainText)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        row.addWidget(self._sign)
        row.addWidget(text, 1)
        self.remedies = [self._button(row, *remedy) for remedy in remedies]
        self.closed = QToolButton()
        self.closed.setIcon(icon("close"))
        self.closed.setAutoRaise(True)
        self.closed.setAccessibleName("Close this message")
        self.closed.setToolTip("Close this message")
        row.addWidget(self.closed)
        self._dress()

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._dress()

    def _dress(self) -> None:
        """Draw the sign in the colour that the tone has in the theme in force."""
        size, scale = self.fontMetrics().height() + 2, self.devicePixelRatioF()
        picture = QPixmap(round(size * scale), round(size * scale))
        picture.setDevicePixelRatio(scale)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        name, colour = _SIGNS[self._tone]
        paint_icon(painter, name, QRectF(0, 0, size, size), QColor(getattr(tokens(), colour)))
        painter.end()
        self._sign.setPixmap(picture)

    @staticmethod
    def _button(row: QHBoxLayout, label: str, does: Callable[[], None]) -> QPushButton:
        button = QPushButton(label)
        button.clicked.connect(lambda _checked: does())
        row.addWidget(button)
        return button
