"""Ctrl-C, logouts and closed terminals: the first stops in good order, a second Ctrl-C at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130


class Stopping:
    """Stops in good order at Ctrl-C, and where a logout or a closed terminal ends the program.

    A second Ctrl-C ends it at once: a session bears that. Of the others several come together.
    """

    def __init__(self, stop: Callable[[], None] | None = None) -> None:
        """Call `stop` at the first signal; None raises KeyboardInterrupt."""
        self._stop = stop
        self._by: int | None = None

    def listen(self) -> Callable[[], None]:
        """Take the signals over; the returned function gives them back.

        One that is ignored stays so, as `nohup` has it.
        """
        wanted = [n for n in known() if n == signal.SIGINT or signal.getsignal(n) != signal.SIG_IGN]
        before = {number: signal.signal(number, self._hear) for number in wanted}

        def give_back() -> None:
            for number, handler in before.items():
                signal.signal(number, handler)

        return give_back

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Raise KeyboardInterrupt where the block was stopped, whatever a library made of it.

        A module that is being imported then may make an ImportError of it, SQLite a fault.
        """
        try:
            yield
        except Exception as error:
            if self._by is None:
                raise
            raise KeyboardInterrupt from error

    @property
    def exit_code(self) -> int:
        """What the program ends with if it was stopped: what shells say of that signal."""
        return INTERRUPTED if self._by is None else 128 + self._by

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        if self._by is not None:
            if number == signal.SIGINT:
                os._exit(self.exit_code)
            return
        self._by = number
        if self._stop is None:
            raise KeyboardInterrupt
        self._stop()


def end_in_peace() -> None:
    """Let nothing interrupt the program's last steps: nothing is left that could be stopped."""
    for number in known():
        if number == signal.SIGINT:
            signal.signal(number, signal.SIG_IGN)
        elif signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def known() -> list[signal.Signals]:
    """Return the signals that a program is stopped with."""
    names = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP
    return [getattr(signal, name) for name in names if hasattr(signal, name)]
