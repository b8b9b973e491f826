"""The program: the command line of the library, with the viewer as its `view`.

Qt is imported when a window is wanted, and not before.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sdpose_track import cli

if TYPE_CHECKING:
    from sdpose_track.live.wish import LiveWish


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command in `arguments` (default: the process's own) and return its exit code."""
    return cli.main(arguments, viewer=Window())


class Window:
    """The viewer, as the command line asks for it (`cli.Viewer`)."""

    def view(self, path: str | None, picture: Path | None) -> int:
        """Open the window and return its exit code; given `picture`, only write one of it.

        Raises DeviceError if there is no screen, SourceError and the like if `path` cannot be shown
        in a picture, OutputError if that cannot be written.
        """
        from ui.display import prepare

        prepare(needs_screen=picture is None)
        from ui.app import photograph, run

        return run(path) if picture is None else photograph(path, picture)

    def live(self, wish: LiveWish) -> int:
        """Open the window, live, and return its exit code. Raises DeviceError without a screen."""
        from ui.display import prepare

        prepare(needs_screen=True)
        from ui.app import run

        return run(None, wish)
