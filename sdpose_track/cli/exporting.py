"""What `track` and `export` share: checking format names and writing exports with a bar."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from sdpose_track import export
from sdpose_track.cli.screen import Screen
from sdpose_track.errors import SettingsError
from sdpose_track.records import FrameState
from sdpose_track.session.recording import Recording
from sdpose_track.session.view import View
from sdpose_track.smooth.choices import SmoothSettings


def parse_formats(wishes: Sequence[str]) -> list[str]:
    """Return the formats in `csv` and `csv,coco`, each once.

    Raises SettingsError for a name that is none, before anything else is done.
    """
    names = [name.strip() for wish in wishes for name in wish.split(",")]
    return [export.find_format(name).name for name in dict.fromkeys(names)]


def parse_tuning(wishes: Sequence[str]) -> SmoothSettings:
    """Return the figures in `cutoff_hz=8`. Raises SettingsError for what is none."""
    known = {field.name: field.type for field in fields(SmoothSettings)}
    chosen: dict[str, Any] = {}
    for wish in wishes:
        name, _, value = wish.partition("=")
        if name not in known:
            raise SettingsError(
                f"--tune {wish}: expected NAME=VALUE with one of {', '.join(known)}"
            )
        try:
            chosen[name] = _READ[str(known[name])](value)
        except (KeyError, ValueError) as error:
            raise SettingsError(
                f"--tune {wish}: expected {name}={_TAKES[str(known[name])]}"
            ) from error
    return SmoothSettings(**chosen)


_READ: dict[str, Callable[[str], Any]] = {
    "float": float,
    "int": int,
    "bool": {"yes": True, "no": False}.__getitem__,
}
_TAKES = {"float": "NUMBER", "int": "WHOLE NUMBER", "bool": "yes or no"}


def export_all(
    view: View,
    names: Sequence[str],
    folder: Path,
    stem: str,
    screen: Screen,
    options: export.ExportOptions | None = None,
) -> list[Path]:
    """Write `view` in each format, in the order given, and return the paths."""
    paths = []
    chosen = replace(
        options or export.ExportOptions(), progress=lambda done, _: screen.advance(done)
    )
    for name in names:
        screen.begin(f"writing {name}", len(view.indices))
        try:
            paths.append(export.export(view, name, folder, stem, chosen))
        finally:
            screen.end()
    return paths


def frame_counts(recording: Recording) -> dict[str, int]:
    """Return how many frames there are, as in `--json`; `frames` are those with a picture."""
    states = recording.count_states()
    return {
        "frames": states[FrameState.WHOLE] + states[FrameState.CONCEALED],
        "frames_lost": states[FrameState.LOST] + recording.lost_after_last,
        "frames_concealed": states[FrameState.CONCEALED],
    }
