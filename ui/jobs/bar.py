"""The strip of the window that shows running jobs, one line each, and what became of them."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QEvent, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QIcon
from PyQt6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ui.jobs.folder import show_in_folder
from ui.jobs.job import Job, State
from ui.jobs.telling import how_it_goes, what_became
from ui.look.icons import icon
from ui.look.theme import steady_digits, tokens

REFRESH_MS = 250
"""Between two looks at a running job: numbers that change faster cannot be read."""
_FULL = 1000


class JobBar(QWidget):
    """Shows the jobs that were added, the newest at the bottom; hidden while there is none."""

    resume_wished = pyqtSignal(object)
    """Job: the user wants a run that has stopped to go on."""
    dismissed = pyqtSignal(object)
    """Job: its line was taken away; it is over."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Running jobs")
        self._lines: dict[Job, JobLine] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.hide()

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs that are shown, oldest first."""
        return tuple(self._lines)

    def add(self, job: Job) -> JobLine:
        """Show a job, from now until it is over and the user has read what became of it."""
        line = JobLine(job, self)
        line.closed.connect(lambda: self.remove(job))
        line.resume_wished.connect(lambda: self._resume(job))
        self._lines[job] = line
        self._column.addWidget(line)
        self.show()
        return line

    def remove(self, job: Job) -> None:
        """Take a job's line away."""
        line = self._lines.pop(job, None)
        if line is not None:
            line.stop()
            line.hide()
            line.deleteLater()
            self.setVisible(bool(self._lines))
            self.dismissed.emit(job)

    def _resume(self, job: Job) -> None:
        self.remove(job)
        self.resume_wished.emit(job)


class JobLine(QFrame):
    """One job: what it does, how far it is, and what can be done about it."""

    closed = pyqtSignal()
    resume_wished = pyqtSignal()

    def __init__(self, job: Job, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._job = job
        self.setAccessibleName(job.title)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self._icon = QLabel()
        self._title = QLabel(job.title)
        bold = self._title.font()
        bold.setBold(True)
        self._title.setFont(bold)
        self.progress = QProgressBar()
        self.progress.setAccessibleName(f"{job.title}: progress")
        self.progress.setTextVisible(False)
        self.progress.setMaximumHeight(self.fontMetrics().height() // 2)
        self.progress.setMinimumWidth(self.fontMetrics().averageCharWidth() * 16)
        self.text = QLabel()
        self.text.setFont(steady_digits(self.text.font()))
        self.text.setWordWrap(True)
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._buttons()
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self._refresh)
        self._timer.start()
        job.state_changed.connect(self._refresh)
        self._refresh()

    def stop(self) -> None:
        """Hear no more of the job."""
        self._timer.stop()
        self._job.state_changed.disconnect(self._refresh)

    def _buttons(self) -> None:
        job = self._job
        self.pause = _button("Pause", "pause", "Stay at this frame and go on later", job.pause)
        self.go_on = _button("Go on", "play", "Go on after the pause", job.go_on)
        self.cancel = _button("Cancel", "stop", "End the job; what is done is kept", job.cancel)
        self.folder = _button(
            "Show in folder", "folder", "Show the files in the file manager", self._show_in_folder
        )
        self.resume = _button(
            "Resume", "play", "Go on where the run stopped", self.resume_wished.emit
        )
        self.close_button = _button("Close", "close", "Take this line away", self.closed.emit)

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 8, 4)
        row.setSpacing(12)
        row.addWidget(self._icon)
        row.addWidget(self._title)
        row.addWidget(self.progress)
        row.addWidget(self.text, 1)
        actions = QHBoxLayout()
        actions.setSpacing(4)
        for button in (
            self.pause, self.go_on, self.cancel, self.resume, self.folder, self.close_button
        ):  # fmt: skip
            actions.addWidget(button)
        row.addLayout(actions)

    def _refresh(self) -> None:
        job, state = self._job, self._job.state
        if state.is_over:
            self._timer.stop()
        self._show_progress()
        self.text.setText(what_became(job) if state.is_over else how_it_goes(job))
        self._show_failure()
        here = self.focusWidget()
        has_focus = here is not None and here.hasFocus()
        self.pause.setVisible(job.can_pause and state in (State.PREPARING, State.RUNNING))
        self.pause.setEnabled(state is State.RUNNING)
        self.go_on.setVisible(state is State.PAUSED)
        self.cancel.setVisible(not state.is_over)
        self.cancel.setEnabled(state is not State.STOPPING)
        has_stopped = state in (State.CANCELLED, State.FAILED)
        self.resume.setVisible(job.can_pause and has_stopped and bool(job.results))
        self.folder.setVisible(state.is_over and bool(job.results))
        self.close_button.setVisible(state.is_over)
        if here is not None and has_focus and (here.isHidden() or not here.isEnabled()):
            self._keep_focus()

    def _show_failure(self) -> None:
        has_failed = self._job.state is State.FAILED
        self._icon.setVisible(has_failed)
        self.text.setStyleSheet(f"color: {tokens().error};" if has_failed else "")
        if has_failed:
            side = self.fontMetrics().height()
            self._icon.setPixmap(icon("warning").pixmap(side, side))

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802
        """Take the colours of another theme."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._show_failure()

    def _keep_focus(self) -> None:
        """Put the keyboard on what comes in the place of the button that has gone."""
        for button in (self.go_on, self.pause, self.resume, self.close_button):
            if not button.isHidden() and button.isEnabled():
                button.setFocus(Qt.FocusReason.OtherFocusReason)
                return

    def _show_progress(self) -> None:
        job = self._job
        self.progress.setVisible(not job.state.is_over)
        is_known = job.total is not None and job.state is not State.PREPARING
        self.progress.setRange(0, _FULL if is_known else 0)
        if is_known and job.total:
            self.progress.setValue(_FULL * job.done // job.total)

    def _show_in_folder(self) -> None:
        if not show_in_folder(self._job.results[0]):
            self.text.setText(f"The files are in {self._job.results[0].parent}.")


def _button(text: str, name: str, tip: str, act: Callable[[], object]) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setIcon(QIcon(icon(name)))
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setAccessibleName(text)
    button.setToolTip(tip)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    button.clicked.connect(lambda _on: act())
    return button
