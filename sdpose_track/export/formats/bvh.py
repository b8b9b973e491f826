"""BVH: a flat skeleton with joint angles in a file for each person, from first to last seen.

Centimetres, y up, z 0; everybody is as tall as chosen. The hips begin above the origin, and the
lowest ankle is at y 0. Whoever loads several people finds each at the origin: the format has no
place to say where somebody stands; the description does, in pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from sdpose_track.export.axes import CM_PER_M
from sdpose_track.export.formats.rig_people import describe, described, moments, rigs, scale_of
from sdpose_track.export.job import Job
from sdpose_track.export.rig import Rig
from sdpose_track.export.rig_joints import JOINTS, NAMES, PARENTS
from sdpose_track.records import Float64

_TURNS = "Zrotation Xrotation Yrotation"
_CHANNELS = ("Xposition Yposition Zposition " + _TURNS, _TURNS)
"""Of the root and of others; Blender takes one or three rotations a joint, but not one alone."""
_BLOCK = 1024
"""Lines that are in memory as text at a time."""


def write(job: Job, part: Path) -> None:
    """Write `<stem>_p<ID>.bvh` for each person, with 6 decimals: a hair's breadth, and 1e-6°."""
    people = {}
    rate = job.rate or job.view.source.rate
    for rig in rigs(job, moments(job)):
        metres = scale_of(job, rig.height_px)
        start = rig.hips[0, 0], rig.floor_px
        people[str(rig.track_id)] = {
            **described(job, rig, metres),
            "origin_px": [round(start[0], 3), round(job.view.source.height - start[1], 3)],
        }
        path = job.person_path(part, rig.track_id, ".bvh")
        with path.open("w", encoding="ascii", newline="\n") as file:
            file.write("HIERARCHY\n" + "\n".join(_joint(rig, metres * CM_PER_M, 0, "")))
            # 9 decimals at least, or Blender's frame rate is not exactly ours.
            file.write(f"\nMOTION\nFrames: {len(rig)}\nFrame Time: {float(1 / rate):.12f}\n")
            file.writelines(_motion(rig, metres * CM_PER_M))
    describe(job, "cm", people)


def _joint(rig: Rig, scale: float, j: int, indent: str) -> Iterator[str]:
    """Yield the lines of a joint and of all that hangs on it, in the order of `JOINTS`."""
    root = PARENTS[j] < 0
    yield f"{indent}{'ROOT' if root else 'JOINT'} {NAMES[j]}"
    yield indent + "{"
    inner = indent + "\t"
    yield inner + _offset(rig.rest.offsets[j] * scale)
    channels = _CHANNELS[0 if root else 1]
    yield f"{inner}CHANNELS {len(channels.split())} {channels}"
    for child, parent in enumerate(PARENTS):
        if parent == j:
            yield from _joint(rig, scale, child, inner)
    if j in rig.rest.ends:
        yield from (inner + "End Site", inner + "{")
        yield f"{inner}\t{_offset(rig.rest.ends[j] * scale)}"
        yield inner + "}"
    yield indent + "}"


def _offset(stretch: Float64) -> str:
    x, y = np.round(stretch, 6) + 0.0  # not -0
    return f"OFFSET {x:.6f} {y:.6f} 0.000000"


def _motion(rig: Rig, scale: float) -> Iterator[str]:
    """Yield the lines of the motion, many at once."""
    where = (rig.hips - (rig.hips[0, 0], rig.floor_px)) * scale
    line = "%.6f %.6f 0.000000 " + " ".join(["%.6f 0.000000 0.000000"] * len(JOINTS)) + "\n"
    values = np.round(np.hstack([where, rig.turns]), 6) + 0.0
    for start in range(0, len(rig), _BLOCK):
        yield "".join(line % tuple(row) for row in values[start : start + _BLOCK].tolist())
