"""The dialog that asks in which formats a session is to be written, and shows it being written."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import Qt, QTimer, pyqtSignal
from PyQt6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from sdpose_track.errors import SettingsError
from ui.bridge import Lane
from ui.dialogs.export_form import ExportForm
from ui.dialogs.fields import GAP, Notice, scrolled
from ui.dialogs.format_list import FormatList
from ui.dialogs.written import WrittenPanel
from ui.document.document import Document
from ui.jobs.exporting import ExportJob, Planned, planned
from ui.jobs.wishes import ExportWish
from ui.jobs.wording import in_words, option_of
from ui.preferences import Preferences

PLAN_AFTER_MS = 150
"""Between the last change and a look at what would be written."""
_REMEMBERED = "export"
"""Under which name `Preferences` has what was chosen."""


class ExportDialog(QDialog):
    """Asks what to write, says which files that makes, and writes them.

    Closed while it writes, it goes on: `handed_over` gives the job to whoever shows jobs.
    """

    handed_over = pyqtSignal(object)
    """ExportJob: it is running, and this dialog has gone."""
    written = pyqtSignal(object)
    """List of paths that have been written."""

    def __init__(
        self,
        document: Document,
        preferences: Preferences | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """`document` has a session open; `preferences` know what was chosen last."""
        super().__init__(parent)
        self._preferences = preferences
        self.job: ExportJob | None = None
        self.setWindowTitle("Export")
        self.formats = FormatList()
        self.form = ExportForm(document)
        self.plan = WrittenPanel()
        self.notice = Notice()
        self._lay_out()
        self._lane = Lane("export-dialog", self)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PLAN_AFTER_MS)
        self._pause.timeout.connect(self._plan)
        self._restore()
        for part in (self.formats, self.form):
            part.changed.connect(self._refresh)
        self._refresh()

    def _lay_out(self) -> None:
        right = QVBoxLayout()
        right.setSpacing(GAP)
        right.addWidget(scrolled(self.form), 1)
        right.addWidget(self.plan)
        right.addWidget(self.notice)
        both = QHBoxLayout()
        both.setSpacing(2 * GAP)
        both.addWidget(self.formats)
        both.addLayout(right, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GAP, 2 * GAP, 2 * GAP, 2 * GAP)
        column.setSpacing(2 * GAP)
        column.addLayout(both, 1)
        column.addWidget(self._buttons())
        width = self.formats.sizeHint().width() + self.fontMetrics().averageCharWidth() * 84
        screen = self.screen()
        room = width if screen is None else screen.availableGeometry().width() - 4 * GAP
        self.resize(min(width, room), self.fontMetrics().height() * 45)

    def _buttons(self) -> QDialogButtonBox:
        self.export_button = QPushButton("Export")
        self.export_button.setDefault(True)
        self.export_button.clicked.connect(self._export)
        self.cancel_button = QPushButton("Cancel export")
        self.cancel_button.setToolTip("Stop writing; files that are whole are kept")
        self.cancel_button.setAutoDefault(False)
        self.cancel_button.clicked.connect(self._cancel)
        self.close_button = QPushButton("Close")
        self.close_button.setAutoDefault(False)
        self.close_button.clicked.connect(self.reject)
        buttons, role = QDialogButtonBox(), QDialogButtonBox.ButtonRole
        buttons.addButton(self.export_button, role.ActionRole)
        buttons.addButton(self.cancel_button, role.ActionRole)
        buttons.addButton(self.close_button, role.RejectRole)
        return buttons

    def _restore(self) -> None:
        """Choose as was chosen last; what is damaged or no longer there is left out."""
        before = {} if self._preferences is None else self._preferences.choices(_REMEMBERED)
        formats = before.get("formats")
        if isinstance(formats, list):
            self.formats.tick(str(name) for name in formats)
        self.form.restore(before)

    def _remember(self) -> None:
        if self._preferences is not None:
            chosen = {"formats": list(self.formats.chosen()), **self.form.remembered}
            self._preferences.set_choices(_REMEMBERED, chosen)

    # -- what is wished for ----------------------------------------------------------------------

    def wish(self) -> ExportWish:
        """Return what is asked for. Raises SettingsError, which names the option or choice."""
        formats = self.formats.chosen()
        if not formats:
            raise SettingsError("Tick at least one format.")
        return self.form.wish(formats)

    def _refresh(self) -> None:
        """Say what is wrong, or look what would be written."""
        formats = self.formats.chosen()
        self.form.show_formats(formats)
        self._lane.forget("plan")
        self._pause.stop()
        self.plan.show_plan(())
        try:
            self.wish()
        except SettingsError as error:
            self._complain(str(error))
            if not formats:
                self.plan.say(str(error))
        else:
            self._complain("")
            self._pause.start()

    def _complain(self, sentence: str) -> None:
        told = in_words(sentence)
        told = told[:1].upper() + told[1:]
        is_placed = self.form.complain(option_of(sentence) or sentence.partition(":")[0], told)
        self.notice.say(told if self.formats.chosen() and not is_placed else "")
        self._show_buttons(is_right=not sentence)

    def _plan(self) -> None:
        """Ask which files that makes."""
        wish = self.wish()  # which was right when the timer was started
        self._lane.ask(
            lambda: planned(wish),
            self._on_planned,
            lambda error: self._complain(str(error)),
            topic="plan",
        )

    def _on_planned(self, files: tuple[Planned, ...]) -> None:
        if self.job is None:
            self.plan.show_plan(files)

    # -- writing ---------------------------------------------------------------------------------

    def _export(self) -> None:
        wish = self.wish()  # the button is there only while that is right
        self._remember()
        self._pause.stop()
        self._lane.forget("plan")
        self.notice.say("")
        job = self.job = ExportJob(wish)
        self.plan.follow(job)
        job.ended.connect(self._on_ended)
        self._show_buttons()
        job.start()
        self.cancel_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _cancel(self) -> None:
        if self.job is not None:
            self.job.cancel()
            self.cancel_button.setEnabled(False)

    def _on_ended(self, paths: list[Path], sentence: str | None) -> None:
        job, self.job = self.job, None
        if job is not None:
            self.plan.tell_end(job)
            job.deleteLater()
        self.notice.say(sentence or "")
        self._show_buttons()
        self.close_button.setFocus(Qt.FocusReason.OtherFocusReason)
        self.written.emit(paths)

    def _show_buttons(self, *, is_right: bool = True) -> None:
        is_running = self.job is not None
        self.formats.setEnabled(not is_running)
        self.form.setEnabled(not is_running)
        self.export_button.setVisible(not is_running)
        self.export_button.setEnabled(is_right)
        self.cancel_button.setVisible(is_running)
        self.cancel_button.setEnabled(is_running)
        self.close_button.setText("Go on in the window" if is_running else "Close")

    def done(self, result: int) -> None:
        """Close; what is being written is handed over, or ended where nobody takes it."""
        self._pause.stop()
        self._lane.close()
        job, self.job = self.job, None
        if job is not None:
            job.ended.disconnect(self._on_ended)
            self.plan.leave()
            if self.receivers(self.handed_over):
                self.handed_over.emit(job)
            else:
                job.close()
        super().done(result)
