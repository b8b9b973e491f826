"""The playhead as a slider over the whole video: for keyboards and screen readers, and for reach.

The painted timeline cannot tell a screen reader what it shows (PyQt6 has no QAccessible); this is
the equal path.
"""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QMouseEvent
from PyQt6.QtWidgets import QSlider, QStyle, QStyleOptionSlider, QWidget

from ui.document.player import Player
from ui.look.texts import timecode
from ui.timeline.scrub import Scrub


class PlayheadSlider(QSlider):
    """Its value is the index of the current frame."""

    def __init__(self, player: Player, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._player = player
        self._scrub = Scrub(player)
        self.setAccessibleName("Playhead")
        self.setToolTip("Where in the video we are")
        self.valueChanged.connect(self._scrub.to)
        self.sliderPressed.connect(self._scrub.begin)
        self.sliderReleased.connect(self._scrub.end)
        player.moved.connect(self._on_moved)
        player.clock_changed.connect(self._on_clock)
        self._on_clock()

    def _on_clock(self) -> None:
        clock, frame = self._player.clock, self._player.frame
        self.blockSignals(True)  # a shorter range moves the value, and nobody asked to go there
        self.setRange(clock.first, clock.last)
        self.blockSignals(False)
        self.setPageStep(max(1, round(1 / clock.usual_s)))
        self.setEnabled(len(clock.indices) > 0)
        self._on_moved(clock.clamped(frame))

    def _on_moved(self, frame: int) -> None:
        self.setValue(frame)
        time = timecode(self._player.clock.time_of(frame))
        self.setAccessibleDescription(f"Frame {frame} of {self.maximum()}, {time}")

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        """Go to where the groove is pressed, and go on as if the handle had been taken there."""
        style = self.style()
        if event is not None and style is not None and event.button() == Qt.MouseButton.LeftButton:
            option = QStyleOptionSlider()
            self.initStyleOption(option)
            part = QStyle.SubControl.SC_SliderHandle
            handle = style.subControlRect(QStyle.ComplexControl.CC_Slider, option, part, self)
            if not handle.contains(event.position().toPoint()):
                room = self.width() - handle.width()
                at = round(event.position().x() - handle.width() / 2)
                self.setValue(
                    QStyle.sliderValueFromPosition(self.minimum(), self.maximum(), at, room)
                )
        super().mousePressEvent(event)
