"""`sdpose-track export`: a session's poses for other programs."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path

from sdpose_track.cli.exporting import (
    Exports,
    export_all,
    exported_part,
    frame_counts,
    parse_choices,
    parse_formats,
    parse_people,
    parse_rate,
    parse_tuning,
)
from sdpose_track.cli.grammar import time_of
from sdpose_track.cli.screen import Screen
from sdpose_track.errors import SettingsError
from sdpose_track.export import ExportOptions
from sdpose_track.export.table import FORMATS
from sdpose_track.session.recording import Recording
from sdpose_track.session.spans import between
from sdpose_track.session.view import View
from sdpose_track.smooth.choices import Smoothing


def run(options: argparse.Namespace, screen: Screen) -> int:
    """Write the exports. Returns the exit code."""
    path, formats = _session_and_formats(options)
    people = None if options.people is None else parse_people(options.people)
    smoothing = Smoothing.OFF if options.raw else Smoothing(options.smooth)
    tuning = parse_tuning(options.tune)
    rate = None if options.fps is None else parse_rate(options.fps)
    wishes = parse_choices(options.set, formats, ExportOptions(
        rate=rate, facing=options.facing, camera_moves=options.camera_moves,
    ))  # fmt: skip
    with Recording.open(path) as recording:
        if not recording.is_complete:
            screen.say(f"{path} is not complete: exporting the frames so far")
        frames = _frames(recording, options)
        view = View(recording, smoothing, people, tuning, frames=frames)
        for sentence in view.repairs.left_out:
            screen.say(sentence)
        views = _one_by_one(view, frames) if options.each else [view]
        if not views:
            screen.say(f"nobody is in {exported_part(view)}, so nothing is written")
        folder = path.parent if options.out is None else Path(options.out)
        paths = []
        for each in views:
            exports = Exports(each, folder, path.stem, wishes)
            paths += export_all(exports, formats, screen)
        counts = frame_counts(recording, frames)
        told = {"session": str(path), **counts, "people": list(view.track_ids)}
    for written in paths:
        screen.say(f"wrote {written}")
    if options.json:
        print(json.dumps({**told, "exports": [str(p) for p in paths]}))
    return 0


def _frames(recording: Recording, options: argparse.Namespace) -> range | None:
    """Return the frames that `--start` and `--end` choose; None for all."""
    start, end = (time_of(options, name) for name in ("start", "end"))
    if start is None and end is None:
        return None
    return between(recording, start or Fraction(0), end)


def _one_by_one(view: View, frames: range | None) -> Sequence[View]:
    """Return a view of each person of `view`, which has some `frames`."""
    only = partial(View, repairs=view.repairs, frames=frames)
    return [only(view.recording, view.smoothing, [i], view.settings) for i in view.track_ids]


def _session_and_formats(options: argparse.Namespace) -> tuple[Path, list[str]]:
    """Return the session and the formats, also where the session came last: `--format csv FILE`."""
    wishes = list(options.format)
    session = options.session
    if session is None and len(wishes) > 1 and wishes[-1] not in FORMATS:
        session = wishes.pop()
    if session is None:
        raise SettingsError("export: give the SESSION, a .sdpose file")
    return Path(session), parse_formats(wishes)
