"""The row above the curves: whose they are, which quantity, and of what."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QPainter, QPixmap
from PyQt6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from ui.look.icons import icon
from ui.look.theme import tokens
from ui.plots.curves import Choice, Quantity, spoken

_FIRST = {
    Quantity.POSITION: "right_wrist",
    Quantity.SPEED: "right_wrist",
    Quantity.CONFIDENCE: "right_wrist",
    Quantity.ANGLE: "knee_left_deg",
    Quantity.COLUMN: "body_height_px",
}
"""Of what each quantity is shown until something else is chosen."""


class Choosers(QWidget):
    """Remembers of what each quantity was chosen, as long as the window is there."""

    chosen = pyqtSignal()
    """`choice` is another one."""

    def __init__(self, readout: QWidget, parent: QWidget | None = None) -> None:
        """`readout` tells the values at the playhead; it has the room that is left."""
        super().__init__(parent)
        self._remembered = dict(_FIRST)
        self._sign = QLabel()
        self._who = QLabel()
        self._quantity = _combo("Quantity", "What is plotted")
        for quantity in Quantity:
            self._quantity.addItem(quantity.value, quantity)
        self._of = _combo("Of what", "The keypoint, angle or measurement that is plotted")
        self._quantity.currentIndexChanged.connect(lambda _row: self.chosen.emit())
        self._of.activated.connect(self._remember)
        self.follow = tool("go-to", "Follow the playhead: turn the page where it leaves the view")
        self.follow.setCheckable(True)
        self.follow.setChecked(True)
        self.fit = tool("zoom-fit", "Show all frames")
        self.more = tool("export", "Copy values, save a picture")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(8)
        row.addWidget(self._sign)
        row.addWidget(self._who)
        row.addWidget(self._quantity)
        row.addWidget(self._of)
        row.addWidget(readout, 1)
        for button in (self.follow, self.fit, self.more):
            row.addWidget(button)

    @property
    def quantity(self) -> Quantity:
        """The quantity that is chosen."""
        found: Quantity = self._quantity.currentData()
        return found

    @property
    def choice(self) -> Choice:
        """What is chosen."""
        return Choice(self.quantity, self._remembered[self.quantity])

    def show_person(self, called: str, colour: QColor) -> None:
        """Say whose curves they are."""
        self._who.setText(called)
        self._sign.setPixmap(_swatch(colour, self.fontMetrics().height(), self.devicePixelRatioF()))

    def offer(self, names: Sequence[str]) -> None:
        """Offer of what the quantity can be shown; what is not among it is chosen no longer."""
        if names and self._remembered[self.quantity] not in names:
            self._remembered[self.quantity] = names[0]
        if tuple(self._of.itemData(i) for i in range(self._of.count())) != tuple(names):
            self._of.clear()
            for name in names:
                self._of.addItem(spoken(name), name)
        self._of.setCurrentIndex(self._of.findData(self.choice.name))

    def choose(self, choice: Choice) -> None:
        """Choose something else, as the two lists do."""
        self._remembered[choice.quantity] = choice.name
        row = self._quantity.findData(choice.quantity)
        if row == self._quantity.currentIndex():
            self.chosen.emit()
        else:
            self._quantity.setCurrentIndex(row)

    def _remember(self, row: int) -> None:
        self._remembered[self.quantity] = self._of.itemData(row)
        self.chosen.emit()


def tool(sign: str, does: str) -> QToolButton:
    """Return a small button with an icon, whose name is what it does."""
    button = QToolButton()
    button.setIcon(icon(sign))
    button.setToolTip(does)
    button.setAccessibleName(does)
    return button


def _combo(name: str, tip: str) -> QComboBox:
    combo = QComboBox()
    combo.setAccessibleName(name)
    combo.setToolTip(tip)
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    combo.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
    combo.setMinimumContentsLength(8)
    combo.setMaxVisibleItems(24)
    return combo


def _swatch(colour: QColor, size: int, scale: float) -> QPixmap:
    """Return a round sample of a colour, `size` pixels high."""
    picture = QPixmap(QSize(size, size) * scale)
    picture.setDevicePixelRatio(scale)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(tokens().edge))
    painter.setBrush(colour)
    painter.drawEllipse(QRectF(2.5, 2.5, size - 5, size - 5))
    painter.end()
    return picture
