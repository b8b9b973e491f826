"""`sdpose-track track`: source to session to exports, one source after another."""

from __future__ import annotations

import argparse
import json
import os
import re
import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from sdpose_track.cli import INTERRUPTED
from sdpose_track.cli.exporting import Exports, export_all, frame_counts, parse_formats
from sdpose_track.cli.grammar import time_of
from sdpose_track.cli.model_options import model_wish
from sdpose_track.cli.report import counted
from sdpose_track.cli.screen import Screen
from sdpose_track.errors import SettingsError
from sdpose_track.export import FORMATS
from sdpose_track.export.files import sweep
from sdpose_track.pipeline.begun import check_free
from sdpose_track.pipeline.events import Event, FrameDone, Outcome
from sdpose_track.pipeline.plan import Run, prepare
from sdpose_track.session.recording import Recording
from sdpose_track.session.view import View
from sdpose_track.settings import TrackSettings
from sdpose_track.smooth.choices import Smoothing
from sdpose_track.sources import open_source

LONGEST_STEM = 160
"""Bytes of the name of a source's results, of the 255 that a file's name may have: the longest
ending is that of some people's frames in an export's `.meta.json`."""


@dataclass(frozen=True, slots=True)
class Job:
    """One source and where its results go."""

    source: str
    stem: str
    folder: Path
    again: str
    """What goes on with it, for somebody who stopped it."""

    @property
    def session(self) -> Path:
        """The session file."""
        return self.folder / f"{self.stem}.sdpose"


def run(options: argparse.Namespace, screen: Screen, again: str = "go on with --resume") -> int:
    """Track every source; `again` tells who stops it what to do. Returns the exit code."""
    settings = settings_from(options)
    formats = parse_formats([*options.export, *(["video"] if options.annotate else [])])
    jobs = _jobs(options, again)
    if len(jobs) > 1:
        _check_all(jobs, formats, options)
    results = []
    for job in jobs:
        result = track(job, settings, options, formats, screen)
        if result is None:
            return INTERRUPTED
        results.append(result)
    if options.json:
        print(json.dumps(results[0] if len(results) == 1 else {"runs": results}))
    return 0


def settings_from(options: argparse.Namespace) -> TrackSettings:
    """Return the settings that the options wish for. Raises SettingsError."""
    return TrackSettings(
        **model_wish(options),
        start=time_of(options, "start") or Fraction(0),
        end=time_of(options, "end"),
        max_people=options.max_people,
        confidence=options.conf,
    )


def _jobs(options: argparse.Namespace, again: str) -> list[Job]:
    if options.out == "":
        raise SettingsError("--out: give the name of a folder")
    jobs: dict[Path, Job] = {}
    for source in options.sources:
        stem = stem_of(source)
        job = Job(source, stem, Path(options.out or f"{stem}_poses"), again)
        if job.session in jobs:
            raise SettingsError(
                f"{source} and {jobs[job.session].source} would both write {job.session};"
                " track them into different folders with --out"
            )
        jobs[job.session] = job
    return list(jobs.values())


def _check_all(jobs: list[Job], formats: list[str], options: argparse.Namespace) -> None:
    """Refuse now what would be refused after hours of work, or would replace another source."""
    label = Smoothing(options.smooth).label
    planned = {
        FORMATS[f].path(job.folder, job.stem, label).resolve() for job in jobs for f in formats
    }
    for job in jobs:
        if Path(job.source).resolve() in planned:
            raise SettingsError(
                f"{job.source} would be replaced by an export of another source;"
                " choose another folder with --out"
            )
        with open_source(job.source):
            check_free(job.source, job.session, resume=options.resume, overwrite=options.overwrite)


def stem_of(source: str) -> str:
    """Return the name of a source's results: `dance.mp4` gives `dance`, `shot_%04d.png` `shot`.

    It is cut where the names of results would be longer than file systems take.
    """
    path = Path(source)
    is_folder = os.path.isdir(source)  # noqa: PTH112  Path raises where a name is too long
    stem = path.resolve().name if is_folder else re.sub(r"[_.\-]*%0?\d*d", "", path.stem)
    while len(os.fsencode(stem)) > LONGEST_STEM:
        stem = stem[:-1]
    return stem if stem.strip(".") else "pictures"


def track(
    job: Job,
    settings: TrackSettings,
    options: argparse.Namespace,
    formats: list[str],
    screen: Screen,
) -> dict[str, Any] | None:
    """Run one job and its exports; None if it was stopped by Ctrl-C."""
    began = time.perf_counter()
    with open_source(job.source) as source:
        prepared = prepare(
            source, settings, job.session, resume=options.resume, overwrite=options.overwrite
        )
        for note in (*prepared.notes, *source.info.notes):
            screen.note(note)
        if not _carry_out(prepared, screen):
            screen.say(f"stopped; {job.session} is kept, {job.again}")
            return None
        seconds = time.perf_counter() - began
    with Recording.open(job.session) as recording:
        view = View(recording, Smoothing(options.smooth))
        sweep(job.folder, job.stem)
        try:
            exports = export_all(Exports(view, job.folder, job.stem), formats, screen)
        except KeyboardInterrupt:
            screen.say(f"stopped; {job.session} is complete, its exports are not: {job.again}")
            return None
        result = _result(prepared, recording, seconds)
    result["exports"] = [str(path) for path in exports]
    _tell(result, job, screen)
    return result


def _carry_out(prepared: Run, screen: Screen) -> bool:
    """Run the engine to its end; False if Ctrl-C stopped it."""
    engine = prepared.engine
    if engine is None:
        return True
    done = prepared.done

    def show(event: Event) -> None:
        nonlocal done
        if isinstance(event, FrameDone):
            done += 1 + len(event.result.lost_before)
            screen.advance(done, len(event.result.poses.people))

    screen.begin("tracking", prepared.total, done)
    engine.events.subscribe(show)
    try:
        return engine.run() is Outcome.COMPLETED
    except KeyboardInterrupt:
        return False
    finally:
        screen.end()


def _result(prepared: Run, recording: Recording, seconds: float) -> dict[str, Any]:
    new = max(0, len(recording.indices()) - prepared.done)
    header = recording.header
    counts = frame_counts(recording)
    return {
        "frames": counts.pop("frames"),
        "seconds": round(seconds, 3),
        "frames_per_second": round(new / seconds, 2),
        "people": len(recording.tracks()),
        "session": str(prepared.path),
        "exports": [],
        "pose_model": header.pose.name,
        "detector": header.detector.name,
        "device": header.settings["runtime"],
        **counts,
        "frames_resumed": prepared.done,
    }


def _tell(result: dict[str, Any], job: Job, screen: Screen) -> None:
    damage = result["frames_lost"], result["frames_concealed"]
    if any(damage):
        screen.say(
            f"{job.source} is damaged: frames that could not be decoded: {damage[0]}, repaired by"
            f" the decoder: {damage[1]}; all others keep their numbers and times"
        )
    frames, people = result["frames"], result["people"]
    screen.say(
        f"{counted(frames, 'frame', 'frames')},"
        f" {counted(people, 'person', 'people')},"
        f" {result['seconds']:.1f} s ({result['frames_per_second']:.1f} frames/s on"
        f" {result['device']}): {result['session']}"
    )
    for path in result["exports"]:
        screen.say(f"wrote {path}")
