"""What a running pipeline tells the world, and how to listen. No user interface is known here."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from sdpose_track.records import FrameResult

log = logging.getLogger(__name__)


class Outcome(Enum):
    """How a run ended."""

    COMPLETED = "completed"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class FrameDone:
    """A frame has been through every stage; a recorded one is on disk."""

    result: FrameResult


@dataclass(frozen=True, slots=True)
class Finished:
    """The run is over and every thread has ended. Always the last event, and sent once."""

    outcome: Outcome
    error: BaseException | None = None


Event = FrameDone | Finished
Listener = Callable[[Event], None]


class _Subscribed:
    """A listener, and how often it raised."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.failed = 0


class Listeners:
    """Callbacks for events.

    Each is called on an engine thread and must return at once: while it runs, results wait.
    One that raises does not harm the run and is called again with the next event: what it shows or
    sends may be possible then. Its first failure is logged with a traceback, and the 10th, 100th,
    ... in a line.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: tuple[_Subscribed, ...] = ()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every later event; the returned function stops that."""
        subscribed = _Subscribed(listener)
        with self._lock:
            self._listeners = (*self._listeners, subscribed)

        def unsubscribe() -> None:
            with self._lock:
                self._listeners = tuple(x for x in self._listeners if x is not subscribed)

        return unsubscribe

    def send(self, event: Event) -> None:
        """Hand `event` to every listener."""
        for subscribed in self._listeners:
            try:
                subscribed.listener(event)
            except BaseException as error:  # noqa: BLE001  boundary: no listener may end a run
                subscribed.failed += 1
                _log(type(event).__name__, subscribed.failed, error)


def _log(event: str, failed: int, error: BaseException) -> None:
    """Log what is news: a listener that always fails would fill a disk in a day."""
    if failed == 1:
        log.error("a listener failed on %s", event, exc_info=error)
    elif str(failed).rstrip("0") == "1":
        log.error("a listener has failed %d times", failed)
