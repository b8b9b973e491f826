"""What can be set for the whole program. Every choice counts at once."""

from __future__ import annotations

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import (
    QApplication,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from sdpose_track.smooth.choices import Smoothing
from ui.dialogs.fields import GAP, Rows, combo, label
from ui.document.pictures import MOST_BYTES
from ui.look import theme
from ui.look.fitting import fit_height
from ui.look.texts import plural
from ui.preferences import Preferences

_THEMES = (
    ("As the desktop", theme.Theme.SYSTEM),
    ("Dark", theme.Theme.DARK),
    ("Light", theme.Theme.LIGHT),
)
_SMOOTHINGS = (
    ("Offline: two-way Kalman, gaps filled", Smoothing.OFFLINE),
    ("Butterworth, as in biomechanics", Smoothing.BUTTERWORTH),
    ("Savitzky-Golay, fitted parabolas", Smoothing.SAVGOL),
    ("Live: Kalman, as a camera run shows", Smoothing.LIVE),
    ("1€ filter, as in interactive tools", Smoothing.ONE_EURO),
    ("None: as the estimator gave them", Smoothing.OFF),
)
_MEGABYTE = 1 << 20
_LEAST_MB, _MOST_MB = 64, 16_384


class SettingsDialog(QDialog):
    """Shows the preferences, and changes them while it is open."""

    shortcuts_wanted = pyqtSignal()
    """The user wants to see the keys."""

    def __init__(self, preferences: Preferences, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._preferences = preferences
        self.setWindowTitle("Settings")
        self.theme = combo(_THEMES, self._on_theme)
        self.smoothing = combo(_SMOOTHINGS, self._on_smoothing)
        self.memory = QSpinBox()
        self.memory.setRange(_LEAST_MB, _MOST_MB)
        self.memory.setSingleStep(_LEAST_MB)
        self.memory.setSuffix(" MB")
        self.keys_button = _button("Keys…", "Every command and its keys; they can be changed")
        self.forget_button = _button("Clear", "Forget what was open; the files stay")
        self._forgotten = label(muted=True)
        self._show()
        self.memory.valueChanged.connect(self._on_memory)
        self.keys_button.clicked.connect(lambda _checked: self.shortcuts_wanted.emit())
        self.forget_button.clicked.connect(self._forget)
        preferences.changed.connect(self._show)
        self._lay_out()

    def _lay_out(self) -> None:
        rows = Rows()
        rows.add("&Theme", self.theme, tip="Colours of the whole program")
        rows.add("&Smoothing", self.smoothing, tip="How the poses of a session are smoothed when"
                 " it is opened; the session keeps them as they are")  # fmt: skip
        rows.add("&Memory for pictures", self.memory,
                 tip="More lets you go back and forth over longer stretches without waiting; it"
                 " counts from the next video on")  # fmt: skip
        rows.add("&Keys", _left(self.keys_button))
        rows.add("&Recent files", _left(self.forget_button, self._forgotten))
        self.keys_button.setAccessibleName("Keys of the commands")
        self.forget_button.setAccessibleName("Clear the list of recent files")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        if (close := buttons.button(QDialogButtonBox.StandardButton.Close)) is not None:
            close.setDefault(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GAP, 2 * GAP, 2 * GAP, 2 * GAP)
        column.setSpacing(2 * GAP)
        column.addWidget(rows)
        column.addWidget(label("Every change counts at once.", muted=True))
        column.addStretch(1)
        column.addWidget(buttons)
        self.resize(self.fontMetrics().averageCharWidth() * 76, 0)
        fit_height(self)

    # -- what is stored ----------------------------------------------------------------------------

    def _show(self) -> None:
        """Show what is stored; nothing that is shown is stored again."""
        stored = self._preferences
        for box, value in ((self.theme, stored.theme), (self.smoothing, stored.smoothing)):
            box.blockSignals(True)
            box.setCurrentIndex(box.findData(value))
            box.blockSignals(False)
        self.memory.blockSignals(True)
        self.memory.setValue((stored.picture_bytes or MOST_BYTES) // _MEGABYTE)
        self.memory.blockSignals(False)
        count = len(stored.recent)
        self._forgotten.setText(plural(count, "file") if count else "None")
        self.forget_button.setEnabled(count > 0)

    def _on_theme(self) -> None:
        self._preferences.theme = self.theme.currentData()
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply(app, self._preferences.theme)

    def _on_smoothing(self) -> None:
        self._preferences.smoothing = self.smoothing.currentData()

    def _on_memory(self, megabytes: int) -> None:
        size = megabytes * _MEGABYTE
        self._preferences.picture_bytes = None if size == MOST_BYTES else size

    def _forget(self) -> None:
        self._preferences.forget_recent()
        self.theme.setFocus()  # the button cannot keep it


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setAutoDefault(False)
    return button


def _left(button: QPushButton, beside: QWidget | None = None) -> QWidget:
    """Return a row in which a button is as wide as its text."""
    row = QWidget()
    cells = QHBoxLayout(row)
    cells.setContentsMargins(0, 0, 0, 0)
    cells.setSpacing(GAP)
    cells.addWidget(button)
    if beside is not None:
        cells.addWidget(beside)
    cells.addStretch(1)
    row.setFocusProxy(button)
    return row
