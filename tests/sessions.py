"""Small sessions whose every number is known, and what exports made of them."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sdpose_track.export import ExportOptions, export
from sdpose_track.records import (
    NO_DETECTIONS,
    Float32,
    FramePoses,
    FrameResult,
    LostFrame,
    Pose,
    Provenance,
    SourceInfo,
)
from sdpose_track.session.recording import Recording
from sdpose_track.session.schema import ModelRecord, SessionHeader
from sdpose_track.session.view import View
from sdpose_track.session.writer import SessionWriter
from sdpose_track.skeletons import COCO17
from sdpose_track.smooth.choices import Smoothing

K = len(COCO17)
LEFT_WRIST = COCO17.index("left_wrist")
FRAMES = 45
People = dict[int, tuple[Pose, ...]]
UNEVEN_MS = tuple(i * 33 + 7 * (i % 3) for i in range(FRAMES))


@dataclass(frozen=True)
class Script:
    """What a session holds."""

    source: SourceInfo
    pts: Sequence[int]
    """Of every frame, lost ones too."""
    people: People = field(default_factory=dict)
    """By frame index."""
    lost: frozenset[int] = frozenset()
    first: int = 0
    """Index of the first frame that is stored."""


def source_info(
    name: str = "clip.mp4",
    size: tuple[int, int] = (640, 480),
    time_base: Fraction = Fraction(1, 30),
    rate: Fraction = Fraction(30),
    count: int = FRAMES,
    *,
    is_vfr: bool = False,
) -> SourceInfo:
    return SourceInfo(
        name, "video", *size, time_base, 0, rate, is_vfr, count, Fraction(count) / rate
    )


def points(track_id: int, index: int) -> Float32:
    """Return the (K, 2) keypoints of a person in a frame: a formula that tests repeat."""
    k = np.arange(K)
    x = 100.0 * track_id + 6.5 * (k % 4) + 1.25 * index
    y = 40.0 + 11.125 * k + 0.5 * index
    return np.stack([x, y], axis=1).astype(np.float32)


def person(track_id: int, index: int, missing: Sequence[int] = (), score: float = 0.9) -> Pose:
    """Return a person by `points`, without the keypoints `missing`; confidences fall with k."""
    where = points(track_id, index)
    scores = (0.99 - 0.05 * np.arange(K)).astype(np.float32)
    box = np.concatenate([where.min(axis=0), where.max(axis=0)])
    where[list(missing)], scores[list(missing)] = np.nan, 0
    return Pose(track_id, box, score, where, scores, np.zeros(K, np.uint8))


def two_people(index: int) -> tuple[Pose, ...]:
    """Track 2 enters at frame 10, track 1 loses the left wrist at frames 20 and 21."""
    missing = (LEFT_WRIST,) if index in (20, 21) else ()
    first = person(1, index, missing)
    return (first, person(2, index)) if index >= 10 else (first,)


def fixture_a(name: str = "clip.mp4") -> Script:
    """45 frames of 640×480 at 30 fps with two people."""
    people = {i: two_people(i) for i in range(FRAMES)}
    return Script(source_info(name), range(FRAMES), people)


def fixture_b() -> Script:
    """The same with times that are uneven."""
    info = source_info(time_base=Fraction(1, 1000), rate=Fraction(FRAMES * 1000, 1490), is_vfr=True)
    return Script(info, UNEVEN_MS, {i: two_people(i) for i in range(FRAMES)})


def fixture_c() -> Script:
    """Five frames with nobody."""
    return Script(source_info(count=5), range(5))


def fixture_e() -> Script:
    """One frame with keypoints at zero, negative, outside, and of every provenance."""
    where = points(1, 0)
    where[0], where[1], where[2] = (0, 0), (-12.3456, 20), (5000, -1e6)
    where[3] = (0.0004, -0.0004)
    made = np.zeros(K, np.uint8)
    made[4], made[5], made[6] = Provenance.PREDICTED, Provenance.FILLED, Provenance.EDITED
    scores = np.full(K, 0.5, np.float32)
    scores[7], where[8], scores[8] = 0.1, np.nan, 0
    pose = Pose(3, np.array([-20, -5, 700, 480], np.float32), 0.75, where, scores, made)
    return Script(source_info(count=1), range(1), {0: (pose,)})


def with_a_lost_frame() -> Script:
    """Six frames; the third could not be decoded."""
    people: People = {i: (person(1, i),) for i in range(6) if i != 2}
    return Script(source_info(count=6), range(6), people, frozenset({2}))


def write(path: Path, script: Script) -> Path:
    """Write a session at `path`."""
    header = SessionHeader(
        script.source,
        "coco17",
        ModelRecord("yolo11n-pose", "d" * 64),
        ModelRecord("sdpose", "p" * 64),
        {"conf": 0.25, "rate": "25"},
        "0.1.0",
    )
    with SessionWriter.create(path, header, replace=True) as writer:
        writer.append(list(_results(script)))
        writer.finish({"frames": len(script.pts)})
    return path


def _results(script: Script) -> Iterator[FrameResult]:
    base, zero = script.source.time_base, script.source.first_pts
    lost: list[LostFrame] = []
    for index, pts in enumerate(script.pts, start=script.first):
        if index in script.lost:
            lost.append(LostFrame(index, pts))
            continue
        poses = FramePoses(index, pts, (pts - zero) * base, script.people.get(index, ()))
        yield FrameResult(poses, NO_DETECTIONS, np.empty(0, np.int32), tuple(lost))
        lost = []


@contextmanager
def view_of(path: Path, script: Script, smoothing: Smoothing = Smoothing.OFF) -> Iterator[View]:
    """Write a session at `path` and open a view of it."""
    with Recording.open(write(path, script)) as recording:
        yield View(recording, smoothing)


def exported(folder: Path, name: str, script: Script, options: ExportOptions | None = None) -> Path:
    with view_of(folder / "clip.sdpose", script) as view:
        return export(view, name, folder / "out", "clip", options)


def strict(path: Path) -> Any:
    def refuse(token: str) -> None:
        raise AssertionError(f"{path} has {token}")

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def openpose_people(folder: Path, index: int) -> list[dict[str, Any]]:
    people: list[dict[str, Any]] = strict(folder / f"clip_{index:012d}_keypoints.json")["people"]
    return people


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let no file grow beyond `size` bytes: what a full disk does, without filling one."""
    resource = pytest.importorskip("resource", reason="only Unix limits the size of files")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
