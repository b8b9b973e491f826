"""The command line: parse, build settings, run, and end with an exit code (docs/cli.md).

What a script reads goes to stdout, everything for people to stderr. No error ends in a traceback
unless it is a bug.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sdpose_track.cli.stopping import INTERRUPTED, Stopping, end_in_peace

if TYPE_CHECKING:
    from sdpose_track.live.wish import LiveWish

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
        code = _carried_out(arguments, viewer, stopping)
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
    end_in_peace()
    return stopping.exit_code if code == INTERRUPTED else code


def _carried_out(arguments: Sequence[str] | None, viewer: Viewer | None, stopping: Stopping) -> int:
    import argparse

    from sdpose_track.cli.insisting import Insisting
    from sdpose_track.cli.limits import check_limits, is_memory
    from sdpose_track.cli.parser import build_parser
    from sdpose_track.cli.screen import Screen
    from sdpose_track.errors import DeviceError, SdposeError

    screen = Screen()
    screen.install()
    try:
        check_limits()
        with Insisting(stopping), stopping.heard():
            options = build_parser().parse_args(arguments, argparse.Namespace(viewer=viewer))
            code: int = options.run(options, screen)
        return code
    except SdposeError as error:
        screen.end()
        complain(str(error))
        return error.exit_code
    except Exception as error:  # boundary: of what is none of ours, this one is told
        if not is_memory(error):
            raise
        screen.end()
        complain("the memory of this machine is full; close other programs and try again")
        return DeviceError.exit_code
    finally:
        screen.remove()


def complain(text: str, program: str = "sdpose-track") -> None:
    """Write a line for the user; that nobody can read it stops nothing."""
    if sys.stderr is not None:
        with suppress(OSError):
            sys.stderr.write(f"{program}: {text}\n")
            sys.stderr.flush()


__all__ = ["INTERRUPTED", "Viewer", "complain", "main"]
