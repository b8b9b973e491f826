"""`sdpose-track info`: what is in a session or a video."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

from sdpose_track.cli.exporting import frame_counts
from sdpose_track.cli.screen import Screen
from sdpose_track.records import SourceInfo
from sdpose_track.session.recording import Recording
from sdpose_track.sources import open_source

MAGIC = b"SQLite format 3\x00"


def run(options: argparse.Namespace, screen: Screen) -> int:
    """Print the facts. Returns the exit code."""
    path = Path(options.path)
    facts, lines = _of_session(path) if _is_session(path) else _of_source(options.path)
    for note in facts.get("notes", ()):
        screen.say(note)
    if options.json:
        print(json.dumps(facts, allow_nan=False))
    else:
        print("\n".join(lines))
    return 0


def _is_session(path: Path) -> bool:
    if path.suffix == ".sdpose":
        return True
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def _of_source(spec: str) -> tuple[dict[str, Any], list[str]]:
    with open_source(spec) as source:
        info = source.info
    facts = {name: _plain(value) for name, value in asdict(info).items()}
    return facts, _source_lines(info)


def _source_lines(info: SourceInfo) -> list[str]:
    rate = f"{float(info.rate):.3f} frames/s" + (" on average, uneven" if info.is_vfr else "")
    frames = (
        "unknown number of frames" if info.frame_count is None else f"{info.frame_count} frames"
    )
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


def _of_session(path: Path) -> tuple[dict[str, Any], list[str]]:
    with Recording.open(path) as recording:
        header, counts = recording.header, frame_counts(recording)
        spans = recording.tracks()
        frames = recording.indices()
        complete = recording.is_complete
        times = recording.frame_times()
    length = float(times[-1] - times[0]) if len(times) else 0.0
    facts = {
        "session": str(path),
        "complete": complete,
        **counts,
        "first_frame": frames.start,
        "people": [asdict(span) for span in spans],
        "detector": asdict(header.detector),
        "pose_model": asdict(header.pose),
        "skeleton": header.skeleton,
        "settings": header.settings,
        "app_version": header.app_version,
        "source": {name: _plain(value) for name, value in asdict(header.source).items()},
    }
    lines = [
        f"{path}: {'complete' if complete else 'not complete, go on with track --resume'}",
        f"  {counts['frames']} frames over {length:.3f} s, {counts['frames_lost']} lost,"
        f" {counts['frames_concealed']} repaired by the decoder",
        f"  detector {header.detector.name}, pose {header.pose.name}"
        f" ({header.skeleton}), {header.settings.get('runtime', '')}",
        *[
            f"  person {s.track_id}: frames {s.first} to {s.last}, seen in {s.frames}"
            for s in spans
        ],
        *_source_lines(header.source),
    ]
    return facts, lines


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Fraction) else value
