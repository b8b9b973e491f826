"""What `track` and `export` share: checking format names and writing exports with a bar."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sdpose_track import export
from sdpose_track.cli.screen import Screen
from sdpose_track.records import FrameState
from sdpose_track.session.recording import Recording
from sdpose_track.session.view import View


def parse_formats(wishes: Sequence[str]) -> list[str]:
    """Return the formats in `csv` and `csv,coco`, each once.

    Raises SettingsError for a name that is none, before anything else is done.
    """
    names = [name.strip() for wish in wishes for name in wish.split(",")]
    return [export.find_format(name).name for name in dict.fromkeys(names)]


def export_all(
    view: View, names: Sequence[str], folder: Path, stem: str, screen: Screen
) -> list[Path]:
    """Write `view` in each format, in the order given, and return the paths."""
    paths = []
    for name in names:
        screen.begin(f"writing {name}", len(view.indices))
        options = export.ExportOptions(progress=lambda done, _: screen.advance(done))
        try:
            paths.append(export.export(view, name, folder, stem, options))
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
