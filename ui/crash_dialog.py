"""The dialog that a fault of the program opens: one sentence, details folded, a report to save."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QFontDatabase
from PyQt6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ui.look.fitting import fit_height
from ui.look.icons import icon
from ui.look.texts import plural

SENTENCE = "Something went wrong in the program; your session is kept."
ADVICE = (
    "You can go on. If it happens again, save a report and send it to the makers: it holds versions"
    " and the traces below, no pictures and nothing of your files."
)
FILE_NAME = "sdpose-track-report.txt"
_GAP = 8


class CrashDialog(QDialog):
    """Stays beside the window; faults that follow are added to it."""

    report_wanted = pyqtSignal(object)
    """Path: where the user wants the report."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, False)
        self.setWindowTitle("A fault in the program")
        self.sentence = _wrapped(SENTENCE)
        self.saved = _wrapped("")
        self.saved.hide()
        self.fold = QToolButton()
        self.fold.setText("Details")
        self.fold.setCheckable(True)
        self.fold.setObjectName("fold")
        self.fold.setArrowType(Qt.ArrowType.RightArrow)
        self.fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.fold.setToolTip("Show or hide where it happened")
        self.fold.toggled.connect(self._on_fold)
        self.details = QPlainTextEdit()
        self.details.setReadOnly(True)
        self.details.setAccessibleName("Where it happened")
        self.details.setTabChangesFocus(True)
        self.details.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.details.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.details.setMinimumHeight(self.fontMetrics().height() * 14)
        self.details.hide()
        self._lay_out()

    def _lay_out(self) -> None:
        sign = QLabel()
        side = 2 * self.fontMetrics().height()
        sign.setPixmap(icon("warning").pixmap(side, side))
        sign.setAlignment(Qt.AlignmentFlag.AlignTop)
        texts = QVBoxLayout()
        texts.setSpacing(_GAP)
        texts.addWidget(self.sentence)
        advice = _wrapped(ADVICE)
        advice.setObjectName("muted")
        texts.addWidget(advice)
        texts.addWidget(self.saved)
        head = QHBoxLayout()
        head.setSpacing(2 * _GAP)
        head.addWidget(sign)
        head.addLayout(texts, 1)
        self.save_button = QPushButton("Save Report…")
        self.save_button.setToolTip("Write versions and traces to a text file")
        self.save_button.setAutoDefault(False)
        self.save_button.clicked.connect(self._ask)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(self.save_button, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        if (close := buttons.button(QDialogButtonBox.StandardButton.Close)) is not None:
            close.setDefault(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * _GAP, 2 * _GAP, 2 * _GAP, 2 * _GAP)
        column.setSpacing(_GAP)
        column.addLayout(head)
        column.addWidget(self.fold)
        column.addWidget(self.details, 1)
        column.addStretch(0)
        column.addWidget(buttons)
        if close is not None:
            close.setFocus()
        self.resize(self.fontMetrics().averageCharWidth() * 88, 0)
        fit_height(self)

    def show_traces(self, traces: Sequence[str]) -> None:
        """Show what was caught up to now."""
        text = "\n".join(traces)
        if text != self.details.toPlainText():
            self.details.setPlainText(text)
        count = len(traces)
        self.fold.setText("Details" if count < 2 else f"Details of {plural(count, 'fault')}")

    def tell_saved(self, path: Path, problem: str) -> None:
        """Say that the report is written, or what the `problem` was."""
        self.saved.setText(problem or f"The report is written: {path}")
        self.saved.show()
        fit_height(self)

    def _on_fold(self, is_open: bool) -> None:
        self.details.setVisible(is_open)
        self.fold.setArrowType(Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow)
        fit_height(self)

    def _ask(self) -> None:
        dialog = QFileDialog(self, "Save the report", str(Path.home()), "Texts (*.txt)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("txt")
        dialog.selectFile(FILE_NAME)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: self.report_wanted.emit(Path(path)))
        dialog.open()


def _wrapped(text: str) -> QLabel:
    made = QLabel(text)
    made.setWordWrap(True)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made
