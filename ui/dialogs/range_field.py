"""A control for some of the frames: all, those between the marks, or those between two times."""

from __future__ import annotations

import numpy as np
from PyQt6.QtCore import pyqtSignal
from PyQt6.QtGui import QStandardItemModel
from PyQt6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from sdpose_track.errors import SettingsError
from sdpose_track.settings import parse_time
from ui.dialogs.fields import GAP
from ui.document.clock import FrameClock
from ui.look.texts import plural, timecode

_ROUNDED_S = 0.000501
"""So much later than a frame may be the time that one reads of it: that has milliseconds."""


class RangeField(QWidget):
    """Which frames: all, those between the marks, or those between two times that are typed."""

    changed = pyqtSignal()
    WHOLE, MARKED, TIMES = range(3)

    def __init__(
        self, clock: FrameClock, marked: range | None, parent: QWidget | None = None
    ) -> None:
        """`marked` are the frames between the in and the out mark; None without marks."""
        super().__init__(parent)
        self._clock = clock
        self._marked = marked
        self.choice = QComboBox()
        count = len(clock.indices)
        self.choice.addItem(f"All of it ({plural(count, 'frame')})" if count else "All of it")
        self.choice.addItem(self._marks_text())
        self.choice.addItem("From one time to another")
        self._forbid(self.MARKED if marked is None else None)
        self.begin, self.end = self._time("Begin"), self._time("End")
        if count:
            self.begin.setText(timecode(clock.time_of(clock.first)))
            self.end.setText(timecode(clock.end_of(clock.last)))
        else:
            self._forbid(self.TIMES)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.choice)
        column.addWidget(self._times())
        self.setFocusProxy(self.choice)
        self.choice.currentIndexChanged.connect(self._on_choice)
        if marked is not None:
            self.choice.setCurrentIndex(self.MARKED)
        self._on_choice()

    def _times(self) -> QWidget:
        self._pair = QWidget()
        row = QHBoxLayout(self._pair)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        row.addWidget(self.begin, 1)
        row.addWidget(QLabel("to"))
        row.addWidget(self.end, 1)
        return self._pair

    def _time(self, name: str) -> QLineEdit:
        line = QLineEdit()
        line.setAccessibleName(f"{name} of the range")
        line.setToolTip("Seconds (12.5) or H:MM:SS.mmm; the frame at the end is left out")
        line.textChanged.connect(lambda _text: self.changed.emit())
        return line

    def _marks_text(self) -> str:
        marked = self._marked
        if marked is None:
            return "Between the in and out marks (none are set)"
        begin, end = self._clock.time_of(marked[0]), self._clock.end_of(marked[-1])
        frames = plural(len(marked), "frame")
        return f"Between the marks: {timecode(begin)} to {timecode(end)} ({frames})"

    def _forbid(self, place: int | None) -> None:
        model = self.choice.model()
        if place is not None and isinstance(model, QStandardItemModel):
            item = model.item(place)
            if item is not None:
                item.setEnabled(False)

    def _on_choice(self) -> None:
        self._pair.setVisible(self.choice.currentIndex() == self.TIMES)
        self.changed.emit()

    def chosen(self) -> range | None:
        """Return the frames; None for all. Raises SettingsError if a time is none or none fit."""
        place = self.choice.currentIndex()
        if place == self.MARKED:
            return self._marked
        if place == self.WHOLE:
            return None
        begin, end = (_read(*pair) for pair in (("--start", self.begin), ("--end", self.end)))
        clock = self._clock
        first, stop = (int(np.searchsorted(clock.seconds, t - _ROUNDED_S)) for t in (begin, end))
        if stop <= first:
            raise SettingsError(f"--end {self.end.text()}: no frame lies in that time")
        found = range(clock.first + first, clock.first + stop)
        return None if found == clock.indices else found


def _read(option: str, line: QLineEdit) -> float:
    try:
        return float(parse_time(line.text().strip()))
    except SettingsError as error:
        raise SettingsError(f"{option} {error}") from error
