"""What dialogs are made of: rows that say what is wrong with them, notices, folders."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from PyQt6.QtCore import QEvent, Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from sdpose_track.errors import SettingsError
from sdpose_track.home import at_home
from ui.look.icons import icon
from ui.look.theme import tokens

GAP = 8
"""Pixels between things that belong together; twice as many between others."""


def label(text: str = "", *, muted: bool = False, bold: bool = False) -> QLabel:
    """Return a text that wraps; `muted` ones are less important."""
    made = QLabel(text)
    made.setWordWrap(True)
    if bold:
        font = made.font()
        font.setBold(True)
        made.setFont(font)
    if muted:
        made.setObjectName("muted")
    return made


class Notice(QWidget):
    """A sentence with a sign before it: wrong, or worth knowing. Hidden while it says nothing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_wrong = True
        self._sign = QLabel()
        self._sign.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)  # the name of a file may look like HTML
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        row.addWidget(self._sign)
        row.addWidget(self._text, 1)
        self.hide()

    @property
    def sentence(self) -> str:
        """What it says; empty while it is hidden."""
        return self._text.text()

    def say(self, sentence: str, *, wrong: bool = True) -> None:
        """Say a sentence; an empty one hides it."""
        self._is_wrong = wrong
        self._text.setText(sentence)
        self._text.setAccessibleName(sentence)
        self._paint()
        self.setVisible(bool(sentence))

    def _paint(self) -> None:
        ink = tokens().error if self._is_wrong else tokens().warning
        self._text.setStyleSheet(f"color: {ink};")
        side = self.fontMetrics().height()
        self._sign.setPixmap(icon("warning").pixmap(side, side))

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802
        """Take the colours of another theme."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange and self.sentence:
            self._paint()


class Rows(QWidget):
    """Controls below each other, each with its name before and what is wrong with it below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(2 * GAP)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        self._wrongs: dict[str, tuple[QWidget, Notice]] = {}

    def add(self, name: str, control: QWidget, option: str = "", tip: str = "") -> None:
        """Add a control called `name`, with an `&` before its key; complaints find it by option."""
        row = self._grid.rowCount()
        before, target = QLabel(name), control.focusProxy() or control
        before.setBuddy(target)
        own = target.text() if isinstance(target, QCheckBox) else ""
        target.setAccessibleName(": ".join(part.replace("&", "") for part in (name, own) if part))
        if tip:
            control.setToolTip(tip)
            target.setAccessibleDescription(tip)
        wrong = Notice()
        is_tall = isinstance(control.layout(), QVBoxLayout | QGridLayout)
        if is_tall:
            before.setContentsMargins(0, 4, 0, 0)
        place = Qt.AlignmentFlag.AlignTop if is_tall else Qt.AlignmentFlag.AlignVCenter
        self._grid.addWidget(before, row, 0, place)
        self._grid.addWidget(control, row, 1)
        self._grid.addWidget(wrong, row + 1, 1)
        if option:
            self._wrongs[option] = (control, wrong)

    def add_wide(self, widget: QWidget) -> None:
        """Add something below the controls, in their column."""
        self._grid.addWidget(widget, self._grid.rowCount(), 1)

    @property
    def name_width(self) -> int:
        """Pixels that the longest name takes."""
        cells = (self._grid.itemAtPosition(row, 0) for row in range(self._grid.rowCount()))
        names = (cell.widget() for cell in cells if cell is not None)
        return max((name.sizeHint().width() for name in names if name is not None), default=0)

    def widen_names(self, width: int) -> None:
        """Let the names take at least so many pixels, as those of other rows do."""
        self._grid.setColumnMinimumWidth(0, width)

    def complain(self, option: str | None, sentence: str) -> bool:
        """Say what is wrong at the control of `option`, and nothing at the others.

        False: there is no such control here.
        """
        for name, (_, wrong) in self._wrongs.items():
            wrong.say(sentence if name == option else "")
        return option in self._wrongs

    @property
    def complaints(self) -> list[str]:
        """What is said to be wrong now."""
        return [wrong.sentence for _, wrong in self._wrongs.values() if wrong.sentence]

    def focus(self, option: str | None) -> None:
        """Put the keyboard into the control of `option`, if it is here."""
        if option in self._wrongs:
            self._wrongs[option][0].setFocus(Qt.FocusReason.OtherFocusReason)


def align(*rows: Rows) -> None:
    """Let the controls of several rows begin at the same place."""
    width = max(each.name_width for each in rows)
    for each in rows:
        each.widen_names(width)


class FolderField(QWidget):
    """A folder, typed or chosen."""

    changed = pyqtSignal()

    def __init__(self, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.line = QLineEdit(str(folder))
        self.line.setAccessibleName("Folder")
        self.line.textChanged.connect(lambda _text: self.changed.emit())
        self.browse = QPushButton("Browse…")
        self.browse.setToolTip("Choose the folder in a list of folders")
        self.browse.setAutoDefault(False)
        self.browse.clicked.connect(self._ask)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        row.addWidget(self.line, 1)
        row.addWidget(self.browse)
        self.setFocusProxy(self.line)

    def chosen(self) -> Path:
        """Return the folder. Raises SettingsError if none is given."""
        text = self.line.text().strip()
        if not text:
            raise SettingsError("--out: give the name of a folder")
        return at_home(text)

    def _ask(self) -> None:
        dialog = QFileDialog(self, "Choose a folder", str(at_home(self.line.text())))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.line.setText)
        dialog.open()


def combo(items: Iterable[tuple[str, object]], act: Callable[[], None]) -> QComboBox:
    """Return a box of (text, data) to choose from; `act` is called when another is chosen."""
    box = QComboBox()
    for text, data in items:
        box.addItem(text, data)
    box.currentIndexChanged.connect(lambda _index: act())
    return box


def scrolled(widget: QWidget) -> QScrollArea:
    """Return an area in which a column of controls scrolls up and down, never sideways."""
    area = QScrollArea()
    area.setWidget(widget)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    bar = area.verticalScrollBar()
    beside = 0 if bar is None else bar.sizeHint().width()
    area.setMinimumWidth(widget.minimumSizeHint().width() + beside + GAP)
    if bar is not None:  # the controls end where those below do, unless the bar is there
        bar.rangeChanged.connect(
            lambda low, high: widget.setContentsMargins(0, 0, GAP if high > low else 0, 0)
        )
    return area
