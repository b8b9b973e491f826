"""What `track` and `export` share: checking format names and writing exports with a bar."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sdpose_track import export
from sdpose_track.cli.screen import Screen
from sdpose_track.session.view import View


def check_formats(names: Sequence[str]) -> None:
    """Raise SettingsError for a name that is no format, before anything else is done."""
    for name in names:
        export.find_format(name)


def export_all(
    view: View, names: Sequence[str], folder: Path, stem: str, screen: Screen
) -> list[Path]:
    """Write `view` in each format once, in the order given, and return the paths."""
    paths = []
    for name in dict.fromkeys(names):
        screen.begin(f"writing {name}", len(view.indices))
        options = export.ExportOptions(progress=lambda done, _: screen.advance(done))
        try:
            paths.append(export.export(view, name, folder, stem, options))
        finally:
            screen.end()
    return paths
