"""What every running job offers to those who show it."""

from __future__ import annotations

import time
from enum import Enum
from pathlib import Path

from PyQt6.QtCore import QObject, pyqtSignal

from sdpose_track.errors import SdposeError, UntrustedError
from ui.bridge import Lane
from ui.jobs.pace import Pace
from ui.jobs.wording import in_words


class State(Enum):
    """Where a job is.

    PREPARING → RUNNING ⇄ PAUSED, from each of them → STOPPING → CANCELLED,
    and from RUNNING → DONE; FAILED can come from everywhere but the last three.
    """

    PREPARING = "preparing"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def is_over(self) -> bool:
        """Nothing more will come."""
        return self in (State.DONE, State.CANCELLED, State.FAILED)


class StoppedError(SdposeError):
    """Raised on a job's thread where the user no longer wants what it does."""

    def __init__(self) -> None:
        super().__init__("stopped")


class Job(QObject):
    """Work on a lane of its own, as seen from the thread of the window.

    A job says in `_stop` how its work is asked to end, and in `_end` what is to be told then.
    """

    state_changed = pyqtSignal(object)
    """State."""
    moved = pyqtSignal()
    """`done`, `total` or `detail` are others now."""
    noted = pyqtSignal(str)
    """Something to tell the user: a sentence."""

    can_pause = False
    unit = ""
    """What is counted, for people: `frames`; empty where shares are told only."""

    def __init__(self, title: str, lane: str, parent: QObject | None = None) -> None:
        """`lane` names the thread."""
        super().__init__(parent)
        self._lane = Lane(lane, self)
        self.title = title
        """What is done: `Tracking dance.mp4`."""
        self.state = State.PREPARING
        self.done = 0
        self.total: int | None = None
        """None unknown."""
        self.detail = ""
        """What else there is to tell of now: `3 people`."""
        self.sentence: str | None = None
        """Why it failed."""
        self.untrusted: UntrustedError | None = None
        """It failed because somebody must first say that a checkpoint may be loaded."""
        self.results: tuple[Path, ...] = ()
        """Files and folders that were written."""
        self._pace = Pace()

    @property
    def per_second(self) -> float | None:
        """How many are done in a second; None where that is not known."""
        return self._pace.per_second(time.monotonic()) if self.state is State.RUNNING else None

    @property
    def left_s(self) -> float | None:
        """Seconds until it is done; None where that is not known."""
        if self.state is not State.RUNNING:
            return None
        return self._pace.left_s(time.monotonic(), self.total)

    def start(self) -> None:
        """Begin. To be called once."""

    def pause(self) -> None:
        """Stay where it is, where that is possible."""

    def go_on(self) -> None:
        """Go on after a pause."""

    def cancel(self) -> None:
        """Ask it to end soon; `state_changed` tells when it has. Safe to call again."""
        if not self.state.is_over:
            self._stop()
            self._enter(State.STOPPING)

    def close(self) -> None:
        """End it and wait for that, without another signal. Safe to call again."""
        self._stop()
        self._lane.close(self._last)
        if not self.state.is_over:
            self.state = State.CANCELLED

    # -- for the jobs themselves -----------------------------------------------------------------

    def _enter(self, state: State) -> None:
        if state is not self.state:
            if state is State.RUNNING:
                self._pace.begin(time.monotonic(), self.done)
            self.state = state
            self.state_changed.emit(state)

    def _move(self, done: int, total: int | None, detail: str) -> None:
        if done != self.done:
            self._pace.note(time.monotonic(), done)
        self.done, self.total, self.detail = done, total, detail
        self.moved.emit()

    def _stop(self) -> None:
        """Ask the work to end soon, whatever it is doing."""
        raise NotImplementedError

    def _last(self) -> None:
        """Give back what the work holds; on the lane's thread."""

    def _end(self, state: State, sentence: str | None) -> None:
        """Tell that it is over; `sentence` says why it failed."""
        raise NotImplementedError

    def _on_failed(self, error: SdposeError) -> None:
        if isinstance(error, UntrustedError):
            self.untrusted = error
        if isinstance(error, StoppedError):
            self._end(State.CANCELLED, None)
        else:
            self._end(State.FAILED, in_words(str(error)))

    def _on_fault(self) -> None:
        """End what the crash handler tells the rest of."""
        self._end(State.FAILED, "The program itself is at fault")
