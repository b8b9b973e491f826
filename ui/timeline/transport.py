"""The bar with which one plays: buttons, where we are, how fast."""

from __future__ import annotations

from collections.abc import Mapping

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QAction, QFontMetrics, QKeyEvent, QResizeEvent
from PyQt6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from ui.document.document import Document
from ui.document.entries import frame_of
from ui.document.player import FASTEST, SLOWEST
from ui.look.texts import frames_per_second, timecode
from ui.look.theme import steady_digits
from ui.timeline.slider import PlayheadSlider

GROUPS = (
    ("first", "back-second", "previous", "play", "next", "forward-second", "last"),
    ("mark-in", "mark-out", "loop"),
)
"""Names of the actions that have a button, in groups."""
SPEEDS = (SLOWEST, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, FASTEST)
"""Speeds to choose from; keys can set others."""
_SPACE = 8
"""Pixels between groups."""


class Transport(QWidget):
    """Follows the player, and tells it what the user wants."""

    def __init__(
        self, document: Document, actions: Mapping[str, QAction], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._document = document
        self.time = _Entry("Time", "Time of the frame. Type a time or a frame and press Enter.")
        self.frame = _Entry("Frame", "Number of the frame. Type a frame or a time and press Enter.")
        self.duration, self.rate, self.left_out = QLabel(), QLabel(), QLabel()
        self.slider = PlayheadSlider(document.player)
        self.speed = _speed_box()
        caption = _caption("Frame", self.frame)
        self._spare = (self.left_out, self.duration, caption, self.rate)
        """Labels that go where the bar is narrow, the last one first."""
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._lay_out(actions, caption)
        self._listen()
        self._on_opened()

    def _lay_out(self, actions: Mapping[str, QAction], caption: QLabel) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(_SPACE, _SPACE // 2, _SPACE, _SPACE // 2)
        layout.setSpacing(_SPACE)
        for names in GROUPS:
            group = QHBoxLayout()
            group.setSpacing(0)
            for name in names:
                group.addWidget(_button(actions[name]))
            layout.addLayout(group)
        layout.addWidget(self.slider, stretch=1)
        layout.addWidget(self.time)
        layout.addWidget(self.duration)
        layout.addSpacing(_SPACE)
        layout.addWidget(caption)
        layout.addWidget(self.frame)
        layout.addSpacing(_SPACE)
        layout.addWidget(self.speed)
        layout.addWidget(self.rate)
        layout.addWidget(self.left_out)
        self.duration.setAccessibleName("Duration")
        self.rate.setAccessibleName("Frame rate")
        self.left_out.setAccessibleName("Pictures left out")
        self.left_out.setToolTip("Pictures that were not ready in time since playing began")
        for label in (self.duration, self.rate, self.left_out):
            label.setFont(steady_digits(label.font()))

    def _listen(self) -> None:
        player = self._document.player
        player.moved.connect(self._on_moved)
        player.clock_changed.connect(self._on_clock)
        player.speed_changed.connect(self._show_speed)
        player.playing_changed.connect(lambda _plays: self._count_left_out())
        self._document.opened.connect(self._on_opened)
        self.speed.activated.connect(lambda place: player.set_speed(SPEEDS[place]))
        self.time.returnPressed.connect(lambda: self._go(self.time))
        self.frame.returnPressed.connect(lambda: self._go(self.frame))

    # -- how much room there is ----------------------------------------------------------------

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Return the size in which there is room for everything but labels."""
        whole = super().minimumSizeHint()
        labels = sum(_width_of(label) for label in self._spare if not label.isHidden())
        return QSize(whole.width() - labels, whole.height())

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        """Show the labels that there is room for."""
        room = self.width() - self.minimumSizeHint().width()
        for label in self._spare:
            room -= _width_of(label) if label.text() else 0
            label.setVisible(bool(label.text()) and room >= 0)

    # -- the document says -------------------------------------------------------------------------

    def _on_opened(self) -> None:
        info = self._document.info
        self.setEnabled(info is not None)
        self.rate.clear()
        if info is not None:
            rate = f"{frames_per_second(info.rate)} fps"
            self.rate.setText(f"variable, {rate}" if info.is_vfr else rate)
            tip = "Frames have uneven lengths; this is their mean rate" if info.is_vfr else rate
            self.rate.setToolTip(tip)
        self._on_clock()
        self._show_speed(self._document.player.speed)

    def _on_clock(self) -> None:
        clock = self._document.player.clock
        longest = timecode(clock.duration)
        self.duration.setText(f"/ {longest}")
        self.time.make_room(longest)
        self.frame.make_room(str(clock.last))
        self._on_moved(self._document.player.frame)
        self._make_room()

    def _on_moved(self, frame: int) -> None:
        self.time.show_value(timecode(self._document.player.clock.time_of(frame)))
        self.frame.show_value(str(frame))
        self._count_left_out()

    def _count_left_out(self) -> None:
        count = self._document.player.left_out
        text = f"{count:,} left out" if count else ""
        if text != self.left_out.text():
            self.left_out.setText(text)
            self._make_room()

    def _show_speed(self, speed: float) -> None:
        self.speed.setPlaceholderText(_times(speed))
        self.speed.setCurrentIndex(SPEEDS.index(speed) if speed in SPEEDS else -1)

    # -- the user wants ----------------------------------------------------------------------------

    def _go(self, entry: _Entry) -> None:
        player = self._document.player
        index = frame_of(entry.text(), player.clock, player.frame)
        if index is None:
            self._document.refused.emit(
                f"“{entry.text()}” is neither a frame nor a time; type 120, +10 or 0:04.5."
            )
            entry.selectAll()
            return
        entry.leave()
        player.seek(index)


class _Entry(QLineEdit):
    """A number that follows the player unless somebody is typing."""

    def __init__(self, name: str, tip: str) -> None:
        super().__init__()
        self._value = ""
        self.setAccessibleName(name)
        self.setToolTip(tip)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setFont(steady_digits(self.font()))
        self.editingFinished.connect(self._restore)

    def make_room(self, text: str) -> None:
        """Be as wide as the widest value."""
        letters = "0" * max(len(text), 5)
        self.setFixedWidth(QFontMetrics(self.font()).horizontalAdvance(letters) + 4 * _SPACE)

    def show_value(self, text: str) -> None:
        """Show where we are."""
        self._value = text
        if not self.isModified():
            self.setText(text)

    def leave(self) -> None:
        """What was typed is done with; keys play again."""
        self.setText(self._value)
        self.clearFocus()

    def _restore(self) -> None:
        """Show where we are once the focus is elsewhere: what was not entered is dropped."""
        if not self.hasFocus():
            self.setText(self._value)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802
        if event is not None and event.key() == Qt.Key.Key_Escape:
            self.leave()
        else:
            super().keyPressEvent(event)


def _button(action: QAction) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(action)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setAccessibleName(action.text().replace("&", ""))
    return button


def _width_of(label: QLabel) -> int:
    """Return the pixels that a label takes in the bar."""
    return label.sizeHint().width() + _SPACE


def _caption(text: str, buddy: QWidget) -> QLabel:
    label = QLabel(text)
    label.setBuddy(buddy)
    return label


def _speed_box() -> QComboBox:
    box = QComboBox()
    box.addItems([_times(speed) for speed in SPEEDS])
    box.setAccessibleName("Speed")
    box.setToolTip("How fast to play")
    return box


def _times(speed: float) -> str:
    """Return a speed as text; a true minus where it is backwards."""
    return f"{speed:.2f}".rstrip("0").rstrip(".").replace("-", "−") + " ×"
