"""`sdpose-track view`: hands over to the viewer, which the library does not know."""

from __future__ import annotations

import argparse
from pathlib import Path

from sdpose_track.cli import Viewer
from sdpose_track.cli.screen import Screen
from sdpose_track.errors import SettingsError


def run(options: argparse.Namespace, _screen: Screen) -> int:
    """Open the viewer. Returns the exit code."""
    viewer: Viewer | None = options.viewer
    if viewer is None:
        raise SettingsError(
            "the library alone has no viewer; start it with sdpose-track view or python main.py"
        )
    picture = None if options.screenshot is None else Path(options.screenshot)
    if picture is not None and picture.suffix.lower() != ".png":
        raise SettingsError(f"--screenshot {picture}: expected a name that ends in .png")
    return viewer.view(options.path, picture)
