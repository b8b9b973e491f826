"""The hand-over from the capture thread: it holds one picture, and a newer one replaces it."""

from __future__ import annotations

import threading

from sdpose_track.capture.feed import Arrival

_LOOK_S = 0.2
"""Ctrl-C reaches a waiting main thread on Windows only between waits."""


class Newest:
    """Holds the newest picture for one taker. Safe between threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.RLock())  # a signal handler may abort it
        self._held: tuple[int, Arrival] | None = None
        self._count = 0
        self._first: int | None = None
        """Number of the first one that was taken; what came before it was never wanted."""
        self._taken = 0
        self._is_over = False
        self._error: BaseException | None = None

    @property
    def arrived(self) -> int:
        """Pictures that were put here since the first one that was taken, that one included."""
        with self._changed:
            return 0 if self._first is None else self._count - self._first

    @property
    def left_out(self) -> int:
        """Those of them that a newer one replaced."""
        with self._changed:
            if self._first is None:
                return 0
            return self._count - self._first - self._taken - (self._held is not None)

    def put(self, arrival: Arrival) -> None:
        """Hold `arrival` in place of what is held."""
        with self._changed:
            if self._is_over:
                return
            self._held = (self._count, arrival)
            self._count += 1
            self._changed.notify_all()

    def end(self, error: BaseException | None = None) -> None:
        """Put nothing any more; what is held may still be taken, `error` comes after it."""
        with self._changed:
            if self._is_over:
                return
            self._is_over = True
            self._error = error
            self._changed.notify_all()

    def abort(self) -> None:
        """End at once and without an error: what is held is not wanted."""
        with self._changed:
            self._count -= self._held is not None  # else it would count as left out
            self._held = None
            self._is_over = True
            self._error = None
            self._changed.notify_all()

    def look(self) -> Arrival | None:
        """Wait for a picture and return it without taking it; None or an error as of `take`."""
        held = self._wait()
        return None if held is None else held[1]

    def take(self) -> tuple[int, Arrival] | None:
        """Wait for a picture and take it, with its number: that of the first one taken is 0.

        None at the end. Raises what was given to `end`.
        """
        with self._changed:
            held, self._held = self._wait(), None
            if held is None:
                return None
            number, arrival = held
            if self._first is None:
                self._first = number
            self._taken += 1
            return number - self._first, arrival

    def _wait(self) -> tuple[int, Arrival] | None:
        with self._changed:
            while not self._changed.wait_for(
                lambda: self._held is not None or self._is_over, _LOOK_S
            ):
                pass
            if self._held is None and self._error is not None:
                raise self._error
            return self._held
