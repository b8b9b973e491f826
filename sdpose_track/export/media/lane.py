"""A thread that works through what it is handed, a few things at a time, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from sdpose_track.closing import Closing
from sdpose_track.threads import beginning


class Lane(Closing):
    """Hands work to one thread and waits when it falls behind. Leaving it ends the thread."""

    def __init__(self, ahead: int) -> None:
        """`ahead`: how many things may wait. Raises DeviceError if no thread can be had."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sdpose-encode")
        with beginning():  # else it would be missed only when there is something to do
            self._thread.submit(_nothing)
        self._waiting: deque[Future[None]] = deque()
        self._ahead = ahead

    def put(self, work: Callable[[], None]) -> None:
        """Do `work` when its turn comes. Raises what earlier work raised, if it did."""
        self._waiting.append(self._thread.submit(work))
        while len(self._waiting) > self._ahead:
            self._waiting.popleft().result()

    def drain(self) -> None:
        """Wait until everything is done. Raises what it raised, if it did."""
        while self._waiting:
            self._waiting.popleft().result()

    def close(self) -> None:
        """End the thread, after what it was handed."""
        self._thread.shutdown()


def _nothing() -> None:
    """Do no work: the executor starts its thread with the first that it is given."""
