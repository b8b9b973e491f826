"""The window's work: runs of the tracker and exports, begun here and shown in the job bar."""

from __future__ import annotations

import time
from pathlib import Path

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from sdpose_track.pipeline.events import Outcome
from ui.document.document import Document
from ui.jobs.bar import JobBar
from ui.jobs.exporting import ExportJob
from ui.jobs.job import Job, State
from ui.jobs.tracking import TrackJob
from ui.jobs.wishes import ExportWish, RunWish

LOOK_AGAIN_S = 1.0
"""Between two looks at a session that a run is writing."""
SHARE = 10
"""So many times as long as a look took, nobody looks again: a long session takes longer."""
BEING_WRITTEN = "the session is being tracked; repair it when the run has ended, or cancel it"
ONE_AT_A_TIME = "a run is going on already; wait for its end or cancel it"


class Work(QObject):
    """One run at a time, and any number of exports."""

    refused = pyqtSignal(str)
    """A sentence."""
    noted = pyqtSignal(str)
    """A sentence."""
    changed = pyqtSignal()
    """A run has begun, paused, gone on or ended."""

    def __init__(self, document: Document, bar: JobBar, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._bar = bar
        self._jobs: list[Job] = []
        self._run: TrackJob | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._looked_at = 0.0
        self._timer.timeout.connect(self._look_again)
        bar.resume_wished.connect(self._resume)
        bar.dismissed.connect(self._forget)
        document.opened.connect(self._show_whether_written)
        document.pictures.opened.connect(self._show_run)
        document.session_changed.connect(self._looked)

    @property
    def run(self) -> TrackJob | None:
        """The run that is under way; None where there is none."""
        return self._run

    @property
    def is_busy(self) -> bool:
        """Something is under way that closing the window would stop."""
        return any(not job.state.is_over for job in self._jobs)

    # -- runs --------------------------------------------------------------------------------------

    def track(self, wish: RunWish) -> None:
        """Begin a run, and show its session as it grows."""
        if self._run is not None:
            self.refused.emit(ONE_AT_A_TIME)
            return
        job = TrackJob(wish, self)
        self._run = job
        job.noted.connect(self.noted)
        job.begun.connect(lambda _session: self._show_run())
        job.ended.connect(lambda outcome, _sentence: self._ended(job, outcome))
        job.state_changed.connect(self.changed)
        self._show_whether_written()
        self._add(job)
        self._document.edits.release(job.start)  # two cannot write one session

    def resume(self) -> None:
        """Go on with the session that is open."""
        facts, source = self._document.facts, self._document.source
        if facts is None or source is None:
            self.refused.emit("there is no session with its video to go on with; open one first")
        elif facts.is_complete:
            self.refused.emit(f"{facts.path.name} is complete; there is nothing to go on with")
        else:
            self.track(RunWish(source=source, session=facts.path, settings=None, resume=True))

    def pause_or_go_on(self) -> None:
        """Pause the run that is under way, or let it go on."""
        if self._run is not None:
            if self._run.state is State.PAUSED:
                self._run.go_on()
            else:
                self._run.pause()

    def cancel(self) -> None:
        """End the run that is under way; what is done is kept."""
        if self._run is not None:
            self._run.cancel()

    def _resume(self, job: Job) -> None:
        if isinstance(job, TrackJob):
            wish = job.wish
            self.track(
                RunWish(source=wish.source, session=wish.session, settings=wish.settings,
                        exports=wish.exports, smoothing=wish.smoothing, resume=True)
            )  # fmt: skip

    def _show_run(self) -> None:
        """Show what the run has stored, if it is of what is open: also when it is opened again."""
        run, source = self._run, self._document.source
        if run is None or not run.has_begun:
            return
        self._looked_at = time.monotonic()
        session = run.wish.session
        if self._is_shown(session) and not run.wish.overwrite:
            self._document.refresh()
        elif source is not None and Path(source).absolute() == Path(run.wish.source).absolute():
            self._document.follow(session)
        elif self._is_shown(session):  # of another video: the run has replaced it
            self._document.open_session(session)

    def _look_again(self) -> None:
        if self._run is not None:
            self._looked_at = time.monotonic()
            self._document.refresh()

    def _looked(self) -> None:
        """The session was read again: not too soon, once more."""
        if self._run is not None and self._is_shown(self._run.wish.session):
            took = time.monotonic() - self._looked_at
            self._timer.start(round(1000 * max(LOOK_AGAIN_S, SHARE * took)))
        self.changed.emit()

    def _ended(self, job: TrackJob, outcome: Outcome) -> None:
        self._run = None
        self._timer.stop()
        self._show_whether_written()
        self._document.refresh()  # which may be about to show it
        if outcome is Outcome.COMPLETED and job.wish.exports:
            wish = job.wish
            self.export(
                ExportWish(session=wish.session, formats=wish.exports, folder=wish.session.parent,
                           smoothing=wish.smoothing)
            )  # fmt: skip
        self.changed.emit()

    def _show_whether_written(self) -> None:
        """Say whether the session that is open may be repaired."""
        written = self._run is not None and (
            self._document.facts is None or self._is_shown(self._run.wish.session)
        )
        self._document.edits.why_not = BEING_WRITTEN if written else None
        self._document.pictures.rest(on=self._run is not None)
        self.changed.emit()

    def _is_shown(self, session: Path) -> bool:
        facts = self._document.facts
        return facts is not None and facts.path.absolute() == session.absolute()

    # -- exports -----------------------------------------------------------------------------------

    def export(self, wish: ExportWish) -> ExportJob:
        """Begin an export."""
        job = ExportJob(wish, self)
        self._add(job)
        job.start()
        return job

    def take_over(self, job: Job) -> None:
        """Show an export or a fetch that a dialog began."""
        job.setParent(self)
        self._add(job)

    # -- all of them -------------------------------------------------------------------------------

    def _add(self, job: Job) -> None:
        self._jobs.append(job)
        self._bar.add(job)

    def _forget(self, job: Job) -> None:
        if job in self._jobs:
            self._jobs.remove(job)
            job.close()
            job.deleteLater()

    def close(self) -> None:
        """Stop whatever is under way and wait for it: what was done is kept. Safe to call again."""
        self._timer.stop()
        for job in self._jobs:
            job.cancel()
        for job in self._jobs:
            job.close()
