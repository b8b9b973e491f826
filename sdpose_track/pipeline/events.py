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


class Listeners:
    """Callbacks for events.

    Each is called on an engine thread and must return at once: while it runs, results wait.
    One that raises is logged and does not harm the run.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: tuple[Listener, ...] = ()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every later event; the returned function stops that."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

        def unsubscribe() -> None:
            with self._lock:
                self._listeners = tuple(x for x in self._listeners if x is not listener)

        return unsubscribe

    def send(self, event: Event) -> None:
        """Hand `event` to every listener."""
        for listener in self._listeners:
            try:
                listener(event)
            except BaseException:
                log.exception("a listener failed on %s", type(event).__name__)
