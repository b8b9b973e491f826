"""The command line: parse, build settings, run, and end with an exit code (docs/cli.md).

What a script reads goes to stdout, everything for people to stderr. No error ends in a traceback
unless it is a bug.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence

from sdpose_track.cli.parser import build_parser
from sdpose_track.cli.screen import Screen
from sdpose_track.errors import SdposeError

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command in `arguments` (default: the process's own) and return its exit code."""
    screen = Screen()
    screen.install()
    try:
        options = build_parser().parse_args(arguments)
        code: int = options.run(options, screen)
        sys.stdout.flush()
        return code
    except SdposeError as error:
        screen.close()
        screen.say(f"sdpose-track: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        screen.close()
        screen.say("sdpose-track: stopped")
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone, as in `sdpose-track info | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    finally:
        screen.close()
        logging.shutdown()


__all__ = ["main"]
