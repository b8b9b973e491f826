"""The command line: parse, build settings, run, and end with an exit code (docs/cli.md).

What a script reads goes to stdout, everything for people to stderr. No error ends in a traceback
unless it is a bug.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sdpose_track.live.wish import LiveWish

INTERRUPTED = 130
UNWRITABLE = 5


class Viewer(Protocol):
    """The desktop viewer, which the library does not know. Both return an exit code."""

    def view(self, path: str | None, picture: Path | None) -> int:
        """Show a video or session, or nothing yet; given `picture`, only write one of it there."""

    def live(self, wish: LiveWish) -> int:
        """Show what a live run sees."""


def main(arguments: Sequence[str] | None = None, viewer: Viewer | None = None) -> int:
    """Run the command in `arguments` (default: the process's own) and return its exit code.

    `viewer` is what `view` opens; the library by itself has none.
    """
    stopping = Stopping()
    stopping.listen()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # file names need not be valid text
    try:
        code = _carried_out(arguments, viewer)
        if sys.stdout is not None:
            sys.stdout.flush()
    except KeyboardInterrupt:
        complain("stopped")
        code = INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone, as in `sdpose-track info | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except OSError as error:
        complain(f"the output cannot be written: {error.strerror or error}")
        code = UNWRITABLE
    if code == INTERRUPTED:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # nothing is left that could be interrupted
        code = stopping.exit_code
    return code


def _carried_out(arguments: Sequence[str] | None, viewer: Viewer | None) -> int:
    import argparse

    from sdpose_track.cli.parser import build_parser
    from sdpose_track.cli.screen import Screen
    from sdpose_track.errors import DeviceError, SdposeError

    screen = Screen()
    screen.install()
    try:
        options = build_parser().parse_args(arguments, argparse.Namespace(viewer=viewer))
        code: int = options.run(options, screen)
        return code
    except SdposeError as error:
        screen.end()
        complain(str(error))
        return error.exit_code
    except MemoryError:
        screen.end()
        complain("the memory of this machine is full; close other programs and try again")
        return DeviceError.exit_code
    finally:
        screen.remove()


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
        names = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP
        known = [getattr(signal, name) for name in names if hasattr(signal, name)]
        wanted = [n for n in known if n == signal.SIGINT or signal.getsignal(n) != signal.SIG_IGN]
        before = {number: signal.signal(number, self._hear) for number in wanted}

        def give_back() -> None:
            for number, handler in before.items():
                signal.signal(number, handler)

        return give_back

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


def complain(text: str, program: str = "sdpose-track") -> None:
    """Write a line for the user; that nobody can read it stops nothing."""
    if sys.stderr is not None:
        with suppress(OSError):
            sys.stderr.write(f"{program}: {text}\n")
            sys.stderr.flush()


__all__ = ["INTERRUPTED", "Viewer", "complain", "main"]
