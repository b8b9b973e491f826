"""Fetching a model inside the window, after its size and licence were shown and agreed to."""

from __future__ import annotations

import logging
import threading

from PyQt6.QtCore import QObject, pyqtSignal

from sdpose_track.checkpoints.fetching import Plan, carry_out
from sdpose_track.errors import SdposeError, StageError
from ui.bridge import Doorbell
from ui.jobs.job import Job, State, StoppedError
from ui.look.texts import bytes_text

log = logging.getLogger(__name__)


class FetchJob(Job):
    """Brings what is missing of a model. What came before a cancel stays for the next time."""

    ended = pyqtSignal(object, object)
    """State, and why it failed, else None. Always last, and sent once."""

    def __init__(self, task: Plan, parent: QObject | None = None) -> None:
        super().__init__(f"Fetching {task.entry.name}", "fetch", parent)
        self.task = task
        self.done, self.total = task.here, task.total
        self._lock = threading.Lock()
        self._newest = task.here
        self._stopping = threading.Event()
        self._bell = Doorbell(self)
        self._bell.rung.connect(self._on_bytes)

    def start(self) -> None:
        """Begin."""
        self._enter(State.RUNNING)
        self._lane.ask(
            self._fetch,
            lambda _none: self._end(State.DONE, None),
            self._on_failed,
            fell=self._on_fault,
        )

    def _stop(self) -> None:
        """End with the piece that is coming, or once a silent server's time is up."""
        self._stopping.set()

    def _fetch(self) -> None:
        try:
            carry_out(self.task, self._tell)
        except SdposeError:
            raise
        except Exception as error:  # boundary: told like any other reason
            log.exception("the fetch failed")
            raise StageError("fetch", error) from error

    def _tell(self, _path: str, done: int) -> None:
        """Hear, on the lane's thread, how many bytes are there."""
        if self._stopping.is_set():
            raise StoppedError
        with self._lock:
            self._newest = done
        self._bell.ring()

    def _on_bytes(self) -> None:
        if not self.state.is_over:
            with self._lock:
                done = self._newest
            of = f"{bytes_text(done)} of {bytes_text(self.task.total)}"
            self._move(done, self.task.total, of)

    def _end(self, state: State, sentence: str | None) -> None:
        self._on_bytes()
        self._lane.close()
        self.sentence = sentence
        self.results = (self.task.folder,) if self.task.folder.exists() else ()
        self._enter(state)
        self.ended.emit(state, sentence)
