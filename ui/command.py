"""The program: the command line of the library, with the viewer as its `view`.

Qt is imported when a window is wanted, and not before.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sdpose_track import cli


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command in `arguments` (default: the process's own) and return its exit code."""
    return cli.main(arguments, viewer=view)


def view(path: str | None, picture: Path | None) -> int:
    """Open the viewer and return its exit code; given `picture`, only write one of the window.

    Raises DeviceError if there is no screen, SourceError and the like if `path` cannot be shown in
    a picture, OutputError if that cannot be written.
    """
    from ui.display import prepare

    prepare(needs_screen=picture is None)
    from ui.app import photograph, run

    return run(path) if picture is None else photograph(path, picture)
