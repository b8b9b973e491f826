"""What a camera is asked for: the size of its pictures and how many a second."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from PyQt6.QtWidgets import QComboBox, QHBoxLayout, QWidget

from sdpose_track.capture import CaptureSettings
from ui.dialogs.fields import GAP

SIZES = ((640, 480), (1280, 720), (1920, 1080), (3840, 2160))
RATES = (15, 25, 30, 50, 60)
_TIP = "What the camera is asked for; it gives the nearest"


class Asked(QWidget):
    """Two lists beside each other, which offer to leave it to the camera first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.size_box = QComboBox()
        self.rate_box = QComboBox()
        self._boxes = {"size": self.size_box, "rate": self.rate_box}
        """By the names under which they are remembered."""
        self.setFocusProxy(self.size_box)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP // 2)
        names = ("Size of the picture", "Pictures a second")
        for box, name in zip(self._boxes.values(), names, strict=True):
            box.setAccessibleName(name)
            box.setToolTip(_TIP)
            row.addWidget(box, 1)
        self.size_box.addItem("Any size", None)
        for size in SIZES:
            self.size_box.addItem(_size_text(size), size)
        self.rate_box.addItem("Any rate", None)
        for rate in RATES:
            self.rate_box.addItem(_rate_text(rate), Fraction(rate))

    @property
    def capture(self) -> CaptureSettings:
        """What is asked for."""
        return CaptureSettings(size=self.size_box.currentData(), rate=self.rate_box.currentData())

    def show_capture(self, capture: CaptureSettings) -> None:
        """Show what is asked for elsewhere, also what is not offered here."""
        size, rate = capture.size, capture.rate
        _choose(self.size_box, None if size is None else _size_text(size), size)
        _choose(self.rate_box, None if rate is None else _rate_text(rate), rate)

    @property
    def remembered(self) -> dict[str, Any]:
        """What is chosen, as JSON values."""
        return {name: box.currentText() for name, box in self._boxes.items()}

    def restore(self, before: dict[str, str]) -> None:
        """Choose as was chosen last, if that is offered."""
        for name, box in self._boxes.items():
            box.setCurrentIndex(max(0, box.findText(before.get(name, ""))))


def _size_text(size: tuple[int, int]) -> str:
    return "{} × {}".format(*size)


def _rate_text(rate: Fraction | int) -> str:
    return f"{float(rate):.5g} / s"


def _choose(box: QComboBox, text: str | None, value: object) -> None:
    """Choose what is called `text`, which is offered if it was not; None: the first."""
    if text is not None and box.findText(text) < 0:
        box.addItem(text, value)
    box.setCurrentIndex(0 if text is None else box.findText(text))
