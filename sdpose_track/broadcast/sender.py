"""What all ways to send poses on have in common: the newest wins, and no failure stops the run.

The run hands messages over and goes on; a thread of the sink's own does the rest. Between them at
most one message waits. A newer one takes its place, so receivers are never behind.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable

from sdpose_track.broadcast.message import PoseMessage
from sdpose_track.closing import Closing
from sdpose_track.errors import DeviceError
from sdpose_track.threads import begin

Notice = Callable[[str], None]
"""Takes a sentence worth telling the user, on any thread, and returns at once."""

STEADY = 10
"""Messages in a row that must get through before a failure counts as over."""


def unheard(sentence: str) -> None:
    """Be a `Notice` to which nobody listens."""


class Sink(Closing, ABC):
    """Where poses are sent on to. Every method may be called from any thread."""

    exposure: str | None = None
    """What others on the network can read, as a sentence to be shown; None: nothing leaves."""

    @property
    @abstractmethod
    def left_out(self) -> int:
        """How many messages were not sent because a newer one came first."""

    @abstractmethod
    def send(self, message: PoseMessage) -> None:
        """Hand `message` over and return at once. After `close` nothing happens."""


class Newest:
    """A hand-over of one between two threads: a newer message takes the place of one that waits."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: PoseMessage | None = None
        self._closed = False
        self._left_out = 0

    @property
    def left_out(self) -> int:
        """How many messages lost their place."""
        with self._changed:
            return self._left_out

    def put(self, message: PoseMessage) -> bool:
        """Leave `message`. Return whether it is the only news: none waited, and none is refused."""
        with self._changed:
            if self._closed:
                return False
            before, self._waiting = self._waiting, message
            if before is not None:
                self._waiting = message.after(before)
                self._left_out += 1
            self._changed.notify()
            return before is None

    def take(self) -> PoseMessage | None:
        """Wait for a message; None once closed, when what waited has been taken."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._waiting is not None)
            message, self._waiting = self._waiting, None
            return message

    def close(self) -> bool:
        """Take no more messages. Return whether it was open."""
        with self._changed:
            was_open, self._closed = not self._closed, True
            self._changed.notify()
            return was_open


class Sender(Sink):
    """A sink that delivers message by message on a thread of its own.

    A subclass calls `_start` when it is ready. What `_deliver` raises of `failures` is told once,
    and once more when it is over.
    """

    failures: tuple[type[Exception], ...] = (OSError,)

    def __init__(self, name: str, described: str, notice: Notice) -> None:
        self._described = described
        self._notice = notice
        self._newest = Newest()
        self._thread = threading.Thread(target=self._run, name=f"sdpose-{name}", daemon=True)
        self._good_ones: int | None = None
        """Since the last failure; None while there is none to speak of."""

    @property
    def left_out(self) -> int:
        return self._newest.left_out

    def send(self, message: PoseMessage) -> None:
        self._newest.put(message)

    def close(self) -> None:
        """Deliver what waits and end the thread. A second call does nothing."""
        self._newest.close()
        self._thread.join()

    @abstractmethod
    def _deliver(self, message: PoseMessage) -> None:
        """Send `message`. On the sink's own thread."""

    @abstractmethod
    def _end(self) -> None:
        """Release what is held open. Called once, after the last message, on the same thread."""

    def _start(self) -> None:
        """Start the thread. Raises DeviceError, and nothing is held open then."""
        try:
            begin(self._thread)
        except DeviceError:
            self._end()
            raise

    def _run(self) -> None:
        while (message := self._newest.take()) is not None:
            try:
                self._deliver(message)
            except self.failures as error:
                self._tell_failure(error)
            else:
                self._count_good_one()
        self._end()

    def _tell_failure(self, error: Exception) -> None:
        if self._good_ones is None:
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            self._notice(
                f"{self._described} fails ({why}); the run goes on, and every frame tries again"
            )
        self._good_ones = 0

    def _count_good_one(self) -> None:
        if self._good_ones is None:
            return
        self._good_ones += 1
        if self._good_ones == STEADY:
            self._good_ones = None
            self._notice(f"{self._described} works again")
