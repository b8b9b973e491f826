"""`sdpose-track export`: a session's poses for other programs."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from sdpose_track.cli.exporting import check_formats, export_all
from sdpose_track.cli.screen import Screen
from sdpose_track.errors import SettingsError
from sdpose_track.session.recording import Recording
from sdpose_track.session.view import Smoothing, View


def run(options: argparse.Namespace, screen: Screen) -> int:
    """Write the exports. Returns the exit code."""
    if options.fps is not None:
        raise SettingsError("--fps: retiming is not there yet; leave it out to keep the true times")
    check_formats(options.format)
    people = None if options.people is None else parse_people(options.people)
    path = Path(options.session)
    with Recording.open(path) as recording:
        if not recording.is_complete:
            screen.say(f"{path} is not complete: exporting the frames so far")
        view = View(recording, Smoothing.OFF if options.raw else Smoothing.OFFLINE, people)
        folder = path.parent if options.out is None else Path(options.out)
        paths = export_all(view, options.format, folder, path.stem, screen)
        people_told = list(view.track_ids)
    for written in paths:
        screen.say(f"wrote {written}")
    if options.json:
        frames = len(view.indices)
        told = {"session": str(path), "frames": frames, "people": people_told}
        print(json.dumps({**told, "exports": [str(p) for p in paths]}))
    return 0


def parse_people(text: str) -> tuple[int, ...]:
    """Return the ids in `1,3,7`. Raises SettingsError otherwise."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and len(part) < 10 for part in parts):
        raise SettingsError(f"--people {text}: expected track ids such as 1,3")
    return tuple(int(part) for part in parts)
