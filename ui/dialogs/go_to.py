"""Where to go: a frame or a time, typed."""

from __future__ import annotations

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QVBoxLayout, QWidget

from ui.dialogs.fields import GAP, Notice, label
from ui.document.clock import FrameClock
from ui.document.entries import frame_meant
from ui.look.fitting import fit_height
from ui.look.texts import timecode

EXAMPLES = "type 120, +10 or 0:04.5"


class GoToDialog(QDialog):
    """Asks for one frame of a clock."""

    chosen = pyqtSignal(int)
    """The index of a frame that there is."""

    def __init__(self, clock: FrameClock, frame: int, parent: QWidget | None = None) -> None:
        """`frame` is the one that is shown now."""
        super().__init__(parent)
        self._clock, self._frame = clock, frame
        self.setWindowTitle("Go to frame or time")
        self.entry = QLineEdit(str(frame))
        self.entry.selectAll()
        self.entry.setAccessibleName("Frame or time")
        self.entry.setAccessibleDescription(self._what_there_is())
        self.entry.setToolTip(f"A frame, a step or a time: {EXAMPLES}")
        self.notice = Notice()
        self.entry.textEdited.connect(lambda _text: self.notice.say(""))
        ask = label("&Frame or time:")
        ask.setBuddy(self.entry)
        standard = QDialogButtonBox.StandardButton
        buttons = QDialogButtonBox(standard.Ok | standard.Cancel)
        if (go := buttons.button(standard.Ok)) is not None:
            go.setText("Go")
        buttons.accepted.connect(self._go)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GAP, 2 * GAP, 2 * GAP, 2 * GAP)
        column.setSpacing(GAP)
        column.addWidget(ask)
        column.addWidget(self.entry)
        column.addWidget(label(self._what_there_is(), muted=True))
        column.addWidget(self.notice)
        column.addStretch(1)
        column.addWidget(buttons)
        self.resize(self.fontMetrics().averageCharWidth() * 80, 0)
        fit_height(self)

    def _what_there_is(self) -> str:
        clock = self._clock
        if not len(clock.seconds):
            return "There are no frames yet."
        begin, end = (timecode(clock.time_of(index)) for index in (clock.first, clock.last))
        return f"Frames {clock.first} to {clock.last}, {begin} to {end}; or a step such as +10"

    def _go(self) -> None:
        clock, text = self._clock, self.entry.text().strip()
        meant = frame_meant(text, clock, self._frame)
        if meant is None:
            self._complain(f"“{text}” is neither a frame nor a time; {EXAMPLES}")
        elif meant not in clock.indices:
            self._complain(f"“{text}” is outside; {_decapitalised(self._what_there_is())}")
        else:
            self.chosen.emit(meant)
            self.accept()

    def _complain(self, sentence: str) -> None:
        self.notice.say(sentence)
        fit_height(self)
        self.entry.selectAll()
        self.entry.setFocus()


def _decapitalised(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
