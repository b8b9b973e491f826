"""SLEAP's project file with predictions: what its editor, sleap-io and movement open.

Format: SLEAP's HDF5 labels (`.slp`). sleap-io writes the project, its skeleton, video and tracks,
and says with it how rows look; it would have all people in memory, so their rows are added here.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sdpose_track.export.formats.individuals import individuals
from sdpose_track.export.formats.patient_file import PatientFile
from sdpose_track.export.job import Job
from sdpose_track.records import FramePoses

PREDICTED = 1
"""The `instance_type` of what no person has labelled."""
_ROWS = ("frames", "instances", "pred_points")
_BLOCK = 256
"""Frames that become rows at a time."""


def write(job: Job, part: Path) -> None:
    """Write predicted instances with their tracks; `frame_idx` is the frame's index.

    Points are pixels and confidences as stored; a keypoint without a position is NaN and not
    visible. Frames with nobody are not in the file. The video is referred to by the name that the
    session has for it.
    """
    import h5py

    people = individuals(job)
    _write_project(job, part, list(people.values()))
    tracks = {track_id: number for number, track_id in enumerate(people)}
    frames = (frame for frame in job.frames() if frame.people)
    with PatientFile(part, "r+") as disk:
        with h5py.File(disk, "r+") as file:
            for name in _ROWS:
                kind = file[name].dtype
                del file[name]
                file.create_dataset(name, (0,), kind, maxshape=(None,), chunks=True)
            while block := list(islice(frames, _BLOCK)):
                _append(file, block, tracks)
                disk.check()
        disk.check()


def _write_project(job: Job, part: Path, names: list[str]) -> None:
    """Write a project without frames."""
    import sleap_io

    skeleton = sleap_io.Skeleton(
        nodes=list(job.view.skeleton.keypoints),  # the list becomes sleap-io's own
        edges=[list(edge) for edge in job.view.skeleton.edges],
        name=job.view.skeleton.name,
    )
    video = sleap_io.Video(job.view.source.name, open_backend=False)
    tracks = [sleap_io.Track(name) for name in names]
    labels = sleap_io.Labels([], videos=[video], skeletons=[skeleton], tracks=tracks)
    sleap_io.save_slp(labels, str(part))


def _append(file: Any, frames: Sequence[FramePoses], tracks: dict[int, int]) -> None:
    """Add the rows of some frames, all of which have people."""
    first_frame, first_person, first_point = (len(file[name]) for name in _ROWS)
    people = [pose for frame in frames for pose in frame.people]
    count = np.array([len(frame.people) for frame in frames])
    end = first_person + np.cumsum(count)
    number = first_frame + np.arange(len(frames))
    _extend(
        file["frames"], len(frames), frame_id=number, video=0,
        frame_idx=[frame.index for frame in frames],
        instance_id_start=end - count, instance_id_end=end,
    )  # fmt: skip
    keypoints = len(people[0].keypoints)
    start = first_point + keypoints * np.arange(len(people))
    _extend(
        file["instances"], len(people), instance_id=first_person + np.arange(len(people)),
        instance_type=PREDICTED, frame_id=np.repeat(number, count), skeleton=0,
        track=[tracks[pose.track_id] for pose in people], from_predicted=-1,
        score=[pose.score for pose in people], tracking_score=1,
        point_id_start=start, point_id_end=start + keypoints,
    )  # fmt: skip
    where = np.concatenate([pose.keypoints for pose in people])
    _extend(
        file["pred_points"], len(where), x=where[:, 0], y=where[:, 1],
        visible=np.isfinite(where[:, 0]), complete=False,
        score=np.concatenate([pose.scores for pose in people]),
    )  # fmt: skip


def _extend(dataset: Any, count: int, **fields: npt.ArrayLike) -> None:
    """Add `count` rows to an HDF5 table, whose fields all are in `fields`."""
    rows = np.empty(count, dataset.dtype)
    for name in dataset.dtype.names:
        rows[name] = fields[name]
    dataset.resize(len(dataset) + count, axis=0)
    dataset[-count:] = rows
