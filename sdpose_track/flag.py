"""An event that a signal handler may set, even while the thread that it interrupts is setting it.

`threading.Event` has a lock that its own thread cannot take twice, so a handler of Ctrl-C that sets
an event would wait for ever for the very thread that it interrupts.
"""

from __future__ import annotations

import threading


class Flag:
    """Up or down; threads can wait until it is up. Any thread, and any signal handler."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.RLock())
        self._is_up = False

    def is_set(self) -> bool:
        """Tell whether it is up."""
        return self._is_up

    def set(self) -> None:
        """Put it up, and wake whoever waits."""
        with self._changed:
            self._is_up = True
            self._changed.notify_all()

    def clear(self) -> None:
        """Put it down. A handler may put it up meanwhile: whoever clears it looks again."""
        with self._changed:
            self._is_up = False

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is up, at most `seconds`; tell whether it is.

        Not for the main thread without `seconds`: what a handler sets just before the wait begins
        would not be noticed.
        """
        with self._changed:
            return self._changed.wait_for(lambda: self._is_up, seconds)
