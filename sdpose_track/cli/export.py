"""`sdpose-track export`: a session's poses for other programs."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from sdpose_track.cli.exporting import (
    export_all,
    frame_counts,
    parse_formats,
    parse_tuning,
)
from sdpose_track.cli.screen import Screen
from sdpose_track.errors import SettingsError
from sdpose_track.export import FORMATS, ExportOptions
from sdpose_track.session.recording import Recording
from sdpose_track.session.view import View
from sdpose_track.smooth.choices import Smoothing


def run(options: argparse.Namespace, screen: Screen) -> int:
    """Write the exports. Returns the exit code."""
    if options.fps is not None:
        raise SettingsError("--fps: retiming is not there yet; leave it out to keep the true times")
    path, formats = _session_and_formats(options)
    people = None if options.people is None else parse_people(options.people)
    smoothing = Smoothing.OFF if options.raw else Smoothing(options.smooth)
    tuning = parse_tuning(options.tune)
    wishes = ExportOptions(facing=options.facing, camera_moves=options.camera_moves)
    with Recording.open(path) as recording:
        if not recording.is_complete:
            screen.say(f"{path} is not complete: exporting the frames so far")
        view = View(recording, smoothing, people, tuning)
        for sentence in view.repairs.left_out:
            screen.say(sentence)
        folder = path.parent if options.out is None else Path(options.out)
        paths = export_all(view, formats, folder, path.stem, screen, wishes)
        told = {"session": str(path), **frame_counts(recording), "people": list(view.track_ids)}
    for written in paths:
        screen.say(f"wrote {written}")
    if options.json:
        print(json.dumps({**told, "exports": [str(p) for p in paths]}))
    return 0


def _session_and_formats(options: argparse.Namespace) -> tuple[Path, list[str]]:
    """Return the session and the formats, also where the session came last: `--format csv FILE`."""
    wishes = list(options.format)
    session = options.session
    if session is None and len(wishes) > 1 and wishes[-1] not in FORMATS:
        session = wishes.pop()
    if session is None:
        raise SettingsError("export: give the SESSION, a .sdpose file")
    return Path(session), parse_formats(wishes)


def parse_people(text: str) -> tuple[int, ...]:
    """Return the ids in `1,3,7`. Raises SettingsError otherwise."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and len(part) < 10 for part in parts):
        raise SettingsError(f"--people {text}: expected track ids such as 1,3")
    return tuple(int(part) for part in parts)
