"""`sdpose-track info`: what is in a session or a video, and how good a session is."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sdpose_track.cli.exporting import frame_counts
from sdpose_track.cli.report import as_json, counted, plain
from sdpose_track.cli.report import lines as report_lines
from sdpose_track.cli.screen import Screen
from sdpose_track.errors import SettingsError, one_line
from sdpose_track.records import SourceInfo
from sdpose_track.review.report import quality
from sdpose_track.session.recording import Recording
from sdpose_track.sources import open_source

MAGIC = b"SQLite format 3\x00"

FOUND = 1
"""Exit code of a check that found something."""


def run(options: argparse.Namespace, screen: Screen) -> int:
    """Print the facts and, of a session, how good it is. Returns the exit code."""
    path = Path(options.path)
    if _is_session(path):
        return _session(path, options, screen)
    if options.check is not None:
        raise SettingsError(f"--check {options.path}: only sessions (.sdpose) can be checked")
    facts, lines = _of_source(options.path)
    for note in facts["notes"]:
        screen.say(note)
    print(json.dumps(facts, allow_nan=False) if options.json else "\n".join(map(one_line, lines)))
    return 0


def _session(path: Path, options: argparse.Namespace, screen: Screen) -> int:
    with Recording.open(path) as recording:
        facts, lines = _of_session(path, recording)
        if not options.json:
            print("\n".join(map(one_line, lines)), flush=True)
        report = quality(
            recording, heard=lambda share: screen.status(f"looking at the people: {share:.0%}")
        )
        screen.end()
    found = () if options.check is None else report.findings(options.check)
    if options.json:
        told = {**facts, **as_json(report)}
        checked = {} if options.check is None else {"findings": list(found)}
        print(json.dumps({**told, **checked}, allow_nan=False))
    else:
        print("\n".join(map(one_line, report_lines(report))))
    for finding in found or report.left_out:
        screen.say(finding)
    return FOUND if found else 0


def _is_session(path: Path) -> bool:
    if path.suffix == ".sdpose":
        return True
    try:
        if not path.is_file():
            return False  # a pipe would be waited for
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def _of_source(spec: str) -> tuple[dict[str, Any], list[str]]:
    with open_source(spec) as source:
        info = source.info
    facts: dict[str, Any] = plain(asdict(info))
    return facts, _source_lines(info)


def _source_lines(info: SourceInfo) -> list[str]:
    rate = f"{float(info.rate):.3f} frames/s" + (" on average, uneven" if info.is_vfr else "")
    count = info.frame_count
    frames = "unknown number of frames" if count is None else counted(count, "frame", "frames")
    length = "" if info.duration is None else f", {float(info.duration):.3f} s"
    turned = f", turned by {info.rotation}°" if info.rotation else ""
    turned += ", mirrored" if info.mirrored else ""
    return [
        info.name,
        f"  {info.kind}: {info.width}×{info.height}{turned}",
        f"  {frames}{length}, {rate}",
        f"  codec {info.codec} {info.pixel_format}, time base {info.time_base} s,"
        f" audio {info.audio_codec or 'none'}",
    ]


def _state(recording: Recording) -> str:
    if recording.is_complete:
        return "complete"
    return f"not complete, {'cut short' if recording.is_live else 'go on with track --resume'}"


def _of_session(path: Path, recording: Recording) -> tuple[dict[str, Any], list[str]]:
    header, counts = recording.header, frame_counts(recording)
    complete, times = recording.is_complete, recording.frame_times()
    length = float(times[-1] - times[0]) if len(times) else 0.0
    facts = {
        "session": str(path),
        "complete": complete,
        **counts,
        "first_frame": recording.indices().start,
        "detector": asdict(header.detector),
        "pose_model": asdict(header.pose),
        "skeleton": header.skeleton,
        "settings": header.settings,
        "app_version": header.app_version,
        "source": plain(asdict(header.source)),
    }
    runtime = header.settings.get("runtime")
    lines = [
        f"{path}: {_state(recording)}",
        f"  {counted(counts['frames'], 'frame', 'frames')} over {length:.3f} s,"
        f" {counts['frames_lost']} lost,"
        f" {counts['frames_concealed']} repaired by the decoder",
        f"  detector {header.detector.name}, pose {header.pose.name}"
        f" ({header.skeleton}){f', {runtime}' if runtime else ''}",
        *(f"  {line}" for line in _source_lines(header.source)),
    ]
    return facts, lines
