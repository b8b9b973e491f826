"""netCDF for movement and xarray: a dataset of poses, written frame by frame.

Format: netCDF 3 with 64-bit offsets ("NetCDF Users' Guide", classic format), holding the variables
and attributes of a movement "poses" dataset. Scipy writes the header; the frames are the file's
records and follow as they come, which scipy would do only from memory.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import netcdf_file

from sdpose_track.export.formats.individuals import individuals
from sdpose_track.export.job import Job, clock_of
from sdpose_track.records import Float32, FramePoses

SPACE = ("x", "y")
NOBODY = "nobody"
"""The format cannot be without people: a session of nobody has this one, who is never seen."""
_POSITION = ("time", "space", "keypoints", "individuals")
_CONFIDENCE = ("time", "keypoints", "individuals")
_COUNT_AT = 4
"""Byte of the file at which the number of records stands."""


def write(job: Job, part: Path) -> None:
    """Write `position` (time, space, keypoints, individuals) and `confidence` without space.

    Pixels and confidences as stored, NaN where there is no keypoint. `time` is the frames' own in
    seconds; the attribute `fps` is there where frames come at a constant rate.
    """
    people = individuals(job)
    slots = {track_id: slot for slot, track_id in enumerate(people)}
    _write_header(job, part, tuple(people.values()) or (NOBODY,))
    shape = (len(job.view.skeleton), max(1, len(people)))
    count = 0
    with part.open("r+b") as file:
        file.seek(-_record_size(*shape), 2)  # the record of the header's making
        file.truncate()
        for frame in job.frames():
            file.write(_record(frame, slots, shape))
            count += 1
        file.seek(_COUNT_AT)
        file.write(struct.pack(">i", count))


def _write_header(job: Job, part: Path, people: Sequence[str]) -> None:
    """Write a file with one record, as scipy lays out no file without."""
    with netcdf_file(str(part), "w", version=2) as file:
        for name, value in _attributes(job).items():
            setattr(file, name, value)
        file.createDimension("time", None)
        _write_names(file, "space", SPACE)
        _write_names(file, "keypoints", job.view.skeleton.keypoints)
        _write_names(file, "individuals", people)
        file.createVariable("time", "f8", ("time",))[0] = 0
        file.createVariable("position", "f4", _POSITION)[0] = 0
        file.createVariable("confidence", "f4", _CONFIDENCE)[0] = 0


def _attributes(job: Job) -> dict[str, Any]:
    known: dict[str, Any] = {
        "ds_type": "poses",
        "source_software": "sdpose_track",
        "source_file": Path(job.view.source.name).name,
        "time_unit": "seconds",
    }
    rate, grid = clock_of(job.view, job.options.rate, needs_rate=True)
    if rate is not None and (grid is None or job.grid is not None):
        known["fps"] = np.float64(float(rate))  # of a float, scipy would keep 4 bytes
    return {n: v.encode() if isinstance(v, str) else v for n, v in known.items()}


def _write_names(file: netcdf_file, dimension: str, names: Sequence[str]) -> None:
    """Write the labels of a dimension, as text of equal length."""
    texts = np.array([name.encode() for name in names], np.bytes_)
    file.createDimension(dimension, len(texts))
    file.createDimension(f"{dimension}_length", texts.itemsize)
    labels = file.createVariable(dimension, "S1", (dimension, f"{dimension}_length"))
    labels[:] = texts.view("S1").reshape(len(texts), texts.itemsize)
    setattr(labels, "_Encoding", b"utf-8")  # noqa: B010  a name of the format


def _record_size(keypoints: int, people: int) -> int:
    return 8 + 4 * keypoints * people * (len(SPACE) + 1)


def _record(frame: FramePoses, slots: dict[int, int], shape: tuple[int, int]) -> bytes:
    position = np.full((len(SPACE), *shape), np.nan, ">f4")
    confidence = np.full(shape, np.nan, ">f4")
    for pose in frame.people:
        slot = slots[pose.track_id]
        position[:, :, slot] = pose.keypoints.T
        confidence[:, slot] = _known(pose.scores, pose.keypoints)
    return struct.pack(">d", frame.time) + position.tobytes() + confidence.tobytes()


def _known(scores: Float32, keypoints: Float32) -> Float32:
    return np.where(np.isfinite(keypoints[:, 0]), scores, np.float32(np.nan))
