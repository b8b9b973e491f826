"""The pose model beside the pipeline: it looks at the newest request, and answers when it can.

The second of the two places where frames are left out: a request that waits is replaced by a newer
one. What the model answers is fetched, never pushed, so whoever owns the filter stays its owner.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from sdpose_track.live.records import LateLook
from sdpose_track.pose.estimator import Estimator, Subject
from sdpose_track.records import Int32
from sdpose_track.threads import begin


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """Whom to look at in a frame."""

    index: int
    """Of the frame."""
    track_ids: Int32
    """(M,) one or more."""
    subjects: tuple[Subject, ...]
    """One a person."""


class PoseLane:
    """Runs an estimator in a thread of its own. Its other methods are for one thread."""

    def __init__(self, estimator: Estimator, passed: Callable[[int, float], None]) -> None:
        """Own `estimator`; `passed` is told of each pass, how many people and seconds it took."""
        self._estimator = estimator
        self._passed = passed
        self._turn = threading.Condition()
        self._next: Request | None = None
        self._now: Request | None = None
        self._answers: deque[LateLook] = deque()
        self._error: BaseException | None = None
        self._closing = False
        self._left_out = 0
        self._thread: threading.Thread | None = None

    @property
    def left_out(self) -> int:
        """Requests that were replaced by newer ones."""
        with self._turn:
            return self._left_out

    @property
    def waiting(self) -> int:
        """Requests that wait: 0 or 1."""
        with self._turn:
            return int(self._next is not None)

    @property
    def oldest(self) -> int | None:
        """The oldest frame of which an answer may still come; None: nothing is under way."""
        with self._turn:
            under = [r.index for r in (self._now, self._next) if r is not None]
            return min((*under, *(answer.index for answer in self._answers)), default=None)

    def asked(self) -> tuple[int, ...]:
        """Return whom the model is looking at."""
        with self._turn:
            return () if self._now is None else tuple(self._now.track_ids.tolist())

    def open(self) -> None:
        """Start the thread, which loads what the estimator has not loaded.

        Raises DeviceError if this machine gives no more threads.
        """
        thread = threading.Thread(target=self._run, name="sdpose-pose", daemon=True)
        begin(thread)
        self._thread = thread

    def submit(self, request: Request) -> None:
        """Ask; what waits already is forgotten."""
        with self._turn:
            self._left_out += self._next is not None
            self._next = request
            self._turn.notify_all()

    def take(self) -> tuple[LateLook, ...]:
        """Return what was answered since the last call. Raises what the estimator raised."""
        with self._turn:
            if self._error is not None:
                raise self._error
            answers = tuple(self._answers)
            self._answers.clear()
            return answers

    def wait(self, index: int, seconds: float) -> None:
        """Wait until frame `index` is answered or given up, at most `seconds`."""
        with self._turn:
            self._turn.wait_for(lambda: self._is_over(index), max(seconds, 0.0))

    def _is_over(self, index: int) -> bool:
        under = any(r is not None and r.index == index for r in (self._now, self._next))
        return not under or self._closing or self._error is not None

    def close(self) -> None:
        """End the thread after the pass that is under way. Safe to call again."""
        with self._turn:
            was_closed, self._closing = self._closing, True
            self._next = None
            self._turn.notify_all()
        if self._thread is not None:
            self._thread.join()
        elif not was_closed:  # it never began, and would have closed it
            self._estimator.close()

    # -- on its thread -----------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            try:
                self._estimator.open()
                while (request := self._taken()) is not None:
                    self._answer(request)
            finally:
                self._estimator.close()
        except BaseException as error:  # noqa: BLE001  boundary: raised where answers are taken
            with self._turn:
                self._error = error
                self._turn.notify_all()

    def _taken(self) -> Request | None:
        with self._turn:
            self._turn.wait_for(lambda: self._next is not None or self._closing)
            self._now, self._next = self._next, None
            return None if self._closing else self._now

    def _answer(self, request: Request) -> None:
        began = time.monotonic()
        found = self._estimator.submit(request.subjects).result()
        self._passed(len(found), time.monotonic() - began)
        with self._turn:
            self._answers.append(LateLook(request.index, request.track_ids, tuple(found)))
            self._now = None
            self._turn.notify_all()
