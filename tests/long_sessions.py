"""Sessions of many frames, and how much memory an export of one needs in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import sessions

from sdpose_track.records import NO_DETECTIONS, FramePoses, FrameResult, Pose
from sdpose_track.session.schema import ModelRecord, SessionHeader
from sdpose_track.session.writer import SessionWriter
from sdpose_track.skeletons import Skeleton

FRAMES, PEOPLE = 10_000, 5
_AT_ONCE = 200
_EXPORT = """
import sys
from pathlib import Path
from sdpose_track import Recording, Smoothing, View
from sdpose_track.export import export
with Recording.open(sys.argv[1]) as recording:
    export(View(recording, Smoothing(sys.argv[4])), sys.argv[2], Path(sys.argv[3]), "clip")
status = Path("/proc/self/status").read_text()  # getrusage counts what the parent used as well
print(int(status.split("VmHWM:")[1].split()[0]) >> 10)
"""


def long_session(
    path: Path, skeleton: Skeleton, frames: int = FRAMES, people: int = PEOPLE
) -> Path:
    """Write a session of people who tremble where they stand."""
    k = len(skeleton)
    rng = np.random.default_rng(0)
    where = rng.uniform(100, 400, (people, k, 2))
    header = SessionHeader(
        sessions.source_info(count=frames),
        skeleton.name,
        ModelRecord("yolo11n-pose", "d" * 64),
        ModelRecord("sdpose", "p" * 64),
        {},
        "0.1.0",
    )
    box, sure = np.array([100, 50, 300, 450], np.float32), np.ones(k, np.float32)

    def result(index: int) -> FrameResult:
        now = (where + rng.normal(0, 1, where.shape)).astype(np.float32)
        seen = (Pose(n + 1, box, 0.9, now[n], sure, np.zeros(k, np.uint8)) for n in range(people))
        poses = FramePoses(index, index, Fraction(index, 30), tuple(seen))
        return FrameResult(poses, NO_DETECTIONS, np.empty(0, np.int32))

    with SessionWriter.create(path, header, replace=True) as writer:
        for start in range(0, frames, _AT_ONCE):
            writer.append([result(i) for i in range(start, min(start + _AT_ONCE, frames))])
        writer.finish({"frames": frames})
    return path


def export_alone(
    session: Path, name: str, folder: Path, smoothing: str = "off"
) -> tuple[float, int]:
    """Export a session in a new process; return its seconds and the most memory it held, in MB."""
    if not Path("/proc/self/status").exists():
        pytest.skip("only Linux tells how much memory a process needed itself")
    command = [sys.executable, "-c", _EXPORT, str(session), name, str(folder), smoothing]
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    assert done.returncode == 0, f"{name}: {done.stderr}"
    return seconds, int(done.stdout)
