"""Offers to fetch a model that is not here: says what that means, and does it only when agreed."""

from __future__ import annotations

from PyQt6.QtCore import QTimer, pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from sdpose_track.checkpoints.fetching import Plan, plan
from sdpose_track.checkpoints.manifest import Checkpoint
from sdpose_track.errors import SdposeError
from ui.bridge import Lane
from ui.dialogs.fields import GAP, Notice, label
from ui.jobs.fetching import FetchJob
from ui.jobs.job import State
from ui.jobs.telling import how_it_goes
from ui.jobs.wording import in_words
from ui.look.texts import bytes_text

REFRESH_MS = 250
_FULL = 1000


class FetchPanel(QWidget):
    """A button, then the facts and another button, then the progress. Hidden while not needed."""

    fetched = pyqtSignal()
    """A model is here now."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entry: Checkpoint | None = None
        self._plan: Plan | None = None
        self.job: FetchJob | None = None
        self._lane = Lane("fetch-plan", self)
        self.text = label()
        self.notice = Notice()
        self.progress = QProgressBar()
        self.progress.setAccessibleName("Progress of the fetch")
        self.progress.setTextVisible(False)
        self.progress.setRange(0, _FULL)
        self.progress.setMaximumHeight(self.fontMetrics().height() // 2)
        self.ask_button = _button("Fetch…", "Ask how large the model is, and from where it comes")
        self.fetch_button = _button("Fetch", "Begin to fetch the model")
        self.cancel_button = _button("Cancel", "Stop; what has come stays for the next time")
        self.ask_button.clicked.connect(self._ask)
        self.fetch_button.clicked.connect(self._fetch)
        self.cancel_button.clicked.connect(self._cancel)
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self._refresh)
        self._refresh()

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP)
        for button in (self.ask_button, self.fetch_button, self.cancel_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(4)
        column.addWidget(self.text)
        column.addWidget(self.progress)
        column.addWidget(self.notice)
        column.addLayout(buttons)

    def offer(self, entry: Checkpoint | None) -> None:
        """Offer a model that is not here; None: there is nothing to fetch."""
        can_be = entry if entry is not None and entry.repository is not None else None
        if can_be is not self._entry:
            self._entry, self._plan = can_be, None
            self._lane.forget("plan")
            self.notice.say("")
        self._refresh()

    def _ask(self) -> None:
        entry = self._entry
        if entry is not None:
            self.ask_button.setEnabled(False)
            self.notice.say("")
            self._lane.ask(lambda: plan(entry), self._on_plan, self._on_refused, topic="plan")

    def _on_plan(self, task: Plan) -> None:
        self._plan = task
        self._refresh()

    def _on_refused(self, error: SdposeError) -> None:
        self._refresh()
        self.notice.say(in_words(str(error)))

    def _fetch(self) -> None:
        if self._plan is not None:
            job = self.job = FetchJob(self._plan)
            job.ended.connect(self._on_ended)
            job.start()
            self._timer.start()
            self._refresh()

    def _cancel(self) -> None:
        if self.job is not None:
            self.job.cancel()
        else:
            self._plan = None
        self._refresh()

    def _on_ended(self, state: State, sentence: str | None) -> None:
        job, self.job, self._plan = self.job, None, None
        if job is not None:
            job.deleteLater()
        self._timer.stop()
        self._refresh()
        self.notice.say(sentence or "")
        if state is State.DONE:
            self.fetched.emit()

    def _refresh(self) -> None:
        job, task = self.job, self._plan
        self.setVisible(job is not None or self._entry is not None)
        self.ask_button.setVisible(job is None and task is None)
        self.ask_button.setEnabled(True)
        self.fetch_button.setVisible(job is None and task is not None)
        self.cancel_button.setVisible(job is not None or task is not None)
        self.cancel_button.setEnabled(job is None or job.state is not State.STOPPING)
        self.cancel_button.setText("Not now" if job is None else "Cancel")
        self.progress.setVisible(job is not None)
        self.text.setVisible(job is not None or task is not None)
        if job is not None:
            self.progress.setValue(_FULL * job.done // max(job.total or 1, 1))
            self.text.setText(f"{job.title}: {how_it_goes(job)}")
        elif task is not None:
            self.text.setText(_agreed_to(task))
            self.fetch_button.setText(f"Fetch {bytes_text(task.total - task.here)}")

    def leave(self) -> FetchJob | None:
        """End what is asked, and give away the job that is running, if one is."""
        self._timer.stop()
        self._lane.close()
        job, self.job = self.job, None
        if job is not None:
            job.ended.disconnect(self._on_ended)
        return job


def _agreed_to(task: Plan) -> str:
    """Return what a person agrees to who fetches a model."""
    here = f", of which {bytes_text(task.here)} are here" if task.here else ""
    return (
        f"{task.entry.name}: {bytes_text(task.total)}{here}, from {task.source.address} into"
        f" {task.folder} ({bytes_text(task.free)} free). Licence: {task.entry.license}."
    )


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setAutoDefault(False)
    return button
