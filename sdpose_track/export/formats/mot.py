"""MOT: a person's joint angles in degrees, one file each, as coordinates of OpenSim's models.

Format: OpenSim's "Motion (.mot) Files", version 1. Joints have the names and signs of the models of
Rajagopal et al. (IEEE TBME 2016): bending a knee is positive, as it is in `kinematics.angles`.
Segments against the horizontal, which no model has, begin with `segment_`. All are angles in the
plane of the picture, true for somebody who is seen from the side; the hip's is that of the thigh
against the trunk.

The format has no word for unknown: OpenSim 4.6 ends reading at the first `nan` and says nothing.
So gaps are filled, as `export.filling` does it, and the description counts them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from sdpose_track.export.filling import filled
from sdpose_track.export.formats.opensim_text import SECONDS, stretch, text_of
from sdpose_track.export.job import Job
from sdpose_track.kinematics.angles import JOINTS, SEGMENTS, angles, facing_of
from sdpose_track.kinematics.trace import Mask, trace
from sdpose_track.records import Float64, TrackArrays

COORDINATES = {
    "ankle": "ankle_angle", "knee": "knee_angle", "hip": "hip_flexion", "shoulder": "arm_flex",
    "elbow": "elbow_flex", "wrist": "wrist_flex",
}  # fmt: skip
"""What the models call the joints of `kinematics.angles`; `_r` or `_l` follows."""
_SIDES = {"left": "_l", "right": "_r"}
_TURNS = {angle.name: 180.0 if angle.is_line else 360.0 for angle in (*JOINTS, *SEGMENTS)}
"""Degrees after which an angle is the same again."""


def write(job: Job, part: Path) -> None:
    """Fill the folder `part` with `{stem}_p{id}.mot` for everybody with an angle in the export.

    Degrees have 4 decimals. Keypoints below the threshold of the options are not known; an angle
    that never is has no column.
    """
    job.added["angles"] = {
        "units": {"angle": "deg", "time": "s"},
        "threshold": job.options.least,
        "measured_in": "the plane of the picture",
        "people": {
            str(track.track_id): _write_person(job, part, track) for track, _ in job.tracks()
        },
    }


def _write_person(job: Job, part: Path, track: TrackArrays) -> dict[str, Any]:
    """Write the file of a person, and return what the description says of them."""
    skeleton, options = job.view.skeleton, job.options
    points = trace(track, skeleton, options.least).points
    facing = facing_of(points, skeleton) if options.facing == "auto" else options.facing
    found = angles(points, skeleton, facing)
    names = [name for name, degrees in found.items() if np.isfinite(degrees).any()]
    if not names:
        return {"facing": facing, "columns": {}, "filled_frames": {}}
    known = stretch(job, track, np.column_stack([found[name] for name in names]))
    degrees, made = _without_gaps(known.values, known.times, names)
    columns = [_column(name) for name in names]
    path = job.person_path(part, track.track_id, ".mot")
    with path.open("w", encoding="ascii", newline="") as file:
        file.write(_head(columns, len(degrees)))
        row = SECONDS + "\t%.4f" * len(columns) + "\n"
        file.writelines(text_of(row, known.times, degrees))
    return {
        "facing": facing,
        "columns": dict(zip(columns, names, strict=True)),
        "filled_frames": dict(zip(columns, made.sum(axis=0).tolist(), strict=True)),
    }


def _without_gaps(degrees: Float64, times: Float64, names: list[str]) -> tuple[Float64, Mask]:
    """Return the angles `names` (N, C) without gaps, and which of them were made up.

    They are filled the short way round.
    """
    turns = np.array([_TURNS[name] for name in names])
    steady = degrees.copy()
    for column, turn in zip(steady.T, turns, strict=True):
        known = np.isfinite(column)
        column[known] = np.unwrap(column[known], period=turn)
    whole, made = filled(steady, times)
    return np.where(made, (whole + turns / 2) % turns - turns / 2, degrees), made


def _column(angle: str) -> str:
    """Return the name that stands in the file for one of `kinematics.angles`."""
    part, _, side = angle.rpartition("_")
    if side not in _SIDES:
        return f"segment_{angle}"
    return COORDINATES.get(part, f"segment_{part}") + _SIDES[side]


def _head(columns: list[str], rows: int) -> str:
    lines = (
        "Coordinates",
        "version=1",
        f"nRows={rows}",
        f"nColumns={len(columns) + 1}",
        "inDegrees=yes",
        "",
        "Units are S.I. units (second, meters, Newtons, ...)",
        "Angles are in degrees.",
        "",
        "endheader",
        "\t".join(("time", *columns)),
    )
    return "\n".join(lines) + "\n"
