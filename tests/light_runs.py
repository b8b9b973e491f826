"""Whole runs of the real command that take a tenth of a second: only the network is a stand-in.

It finds the bright block of `clips.drifting`. Everything else is what users run: the command, the
engine with its stages and threads, the session, the exports.
"""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from clips import drifting, encode
from command import called

from sdpose_track.detect.detector import Done
from sdpose_track.pipeline.seats import Seats
from sdpose_track.pose.light import SeenEstimator
from sdpose_track.records import NO_DETECTIONS, Detections, Frame, UInt8
from sdpose_track.session.schema import ModelRecord
from sdpose_track.skeletons import COCO17

FRAMES = 40
EXPORTS = ("--export", "csv,coco,openpose")


@dataclass(frozen=True)
class Scene:
    """What a run starts from, and should come to."""

    clip: Path
    folder: Path
    """A new one, for its results."""
    exports: dict[str, bytes]
    """Those of a run that nothing happened to."""


class BlockFinder:
    """A detector and pose model of the block, whose keypoints lie on its diagonal."""

    batch = 1
    in_flight = 2
    size = 640

    def open(self) -> None: ...

    def submit(self, frames: Sequence[Frame]) -> Done:
        return Done([_found(frame.image) for frame in frames])

    def close(self) -> None: ...


def _found(image: UInt8) -> Detections:
    rows, columns = np.nonzero(image[..., 2] > 170)
    if not rows.size:
        return NO_DETECTIONS
    box = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], np.float32)
    along = np.linspace(0, 1, len(COCO17), dtype=np.float32)[:, None]
    where = box[:2] + along * (box[2:] - box[:2])
    points = np.concatenate([where, np.full_like(along, 0.9)], axis=1)
    return Detections(box[None], np.array([0.9], np.float32), points[None])


def seats(*_given: object, **_named: object) -> Seats:
    """Return the seats of a run by the stand-in."""
    finder, record = BlockFinder(), ModelRecord("block", "b" * 64)
    return Seats(
        detector=finder,
        estimator=SeenEstimator(COCO17),
        detector_record=record,
        pose_record=record,
        described="nowhere",
        detector_described="nowhere",
        detector_size=finder.size,
        detector_at=lambda _size: finder,
    )


def use_stand_in(patch: pytest.MonkeyPatch) -> None:
    """Let `track` of this process load the stand-in."""
    patch.setattr("sdpose_track.pipeline.plan.take", seats)


def make_block_clip(path: Path, frames: int = FRAMES) -> Path:
    """Write a clip in which the block drifts."""
    return encode(path, drifting(frames))


def track(clip: Path, out: Path, *wishes: str) -> subprocess.CompletedProcess[str]:
    """Track in this process."""
    return called("track", clip, "--out", out, *EXPORTS, *wishes)


def frames_in(session: Path) -> int:
    """Return how many frames a session has, which is whole."""
    with closing(sqlite3.connect(session)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return int(connection.execute("SELECT COUNT(*) FROM frame").fetchone()[0])


def exported(folder: Path) -> dict[str, bytes]:
    """Return the exports in `folder` by name; their descriptions have a path in them."""
    found = [p for p in folder.rglob("*") if p.is_file() and p.suffix in (".csv", ".json")]
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in found
        if not p.name.endswith(".meta.json")
    }
