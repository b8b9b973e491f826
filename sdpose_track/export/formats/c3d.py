"""C3D: where everybody's markers are, in millimetres, for motion capture software.

All people are in one space, with one scale. The picture is seen from the front: x from its left, z
from its bottom, y 0. Markers are called `track_1:nose`; the group `SUBJECTS` says what `track_1` is
called by the user.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sdpose_track.errors import OutputError
from sdpose_track.export.axes import MM_PER_M, body_height_px, to_yup
from sdpose_track.export.formats.c3d_file import Groups, c3d_end, c3d_head, text, texts, word
from sdpose_track.export.formats.markers import metres_per_px
from sdpose_track.export.job import Job
from sdpose_track.kinematics.trace import is_sure
from sdpose_track.records import Float32, Pose

_MISSING = np.array([np.nan, np.nan, np.nan, -1], "<f4")


def write(job: Job, part: Path) -> None:
    """Write a file whose points are `x, y, z, residual`; the residual is 0, or -1 with NaN.

    The scale is that of the options, or else that at which the median of the people is as tall as
    the options say. Keypoints below the threshold of the options are not known.

    Raises:
        OutputError: there are more people than the format has room for.
    """
    scale, heights = _scale(job)
    ids, count = job.view.track_ids, len(job.view.skeleton)
    slots = {track_id: slot for slot, track_id in enumerate(ids)}
    with part.open("wb") as file:
        file.write(_head(job))
        for frame in job.frames():
            points = np.tile(_MISSING, (len(ids), count, 1))
            for pose in frame.people:
                points[slots[pose.track_id]] = _placed(job, pose, scale)
            file.write(points.tobytes())
        file.write(c3d_end(file.tell(), job.total))
    job.added["markers"] = {
        "units": {"xyz": "mm", "origin": "bottom-left", "z": "up", "time": "s"},
        "threshold": job.options.least,
        "mm_per_px": scale,
        "body_heights_px": {str(i): height for i, height in zip(ids, heights, strict=True)},
    }


def _scale(job: Job) -> tuple[float, list[float]]:
    """Return the millimetres of a pixel, and how tall everybody is in pixels."""
    view, least = job.view, job.options.least
    heights = [body_height_px(track, view.skeleton, least) for track in view.tracks()]
    return metres_per_px(job, heights) * MM_PER_M, heights


def _head(job: Job) -> bytes:
    view, ids = job.view, job.view.track_ids
    labels = [f"track_{i}:{name}" for i in ids for name in view.skeleton.keypoints]
    names = [view.names.get(i, f"track_{i}") for i in ids]
    groups: Groups = {
        "POINT": {"UNITS": text("mm"), "X_SCREEN": text("+X"), "Y_SCREEN": text("+Z")},
        "SUBJECTS": {
            "USED": word(len(ids)),
            "USES_PREFIXES": word(1),
            **texts("NAMES", names),
            **texts("LABEL_PREFIXES", [f"track_{i}:" for i in ids]),
        },
    }
    try:
        return c3d_head(labels, groups, float(job.rate or view.source.rate), job.total)
    except ValueError as error:
        raise OutputError(
            f"{len(ids)} people are more than a C3D file can name; choose some with --people"
        ) from error


def _placed(job: Job, pose: Pose, scale: float) -> Float32:
    """Return (K, 4) what stands in the file for a person in a frame."""
    sure = is_sure(pose.scores, pose.provenance, job.options.least)
    known = sure & np.isfinite(pose.keypoints[:, 0])
    out = np.tile(_MISSING, (len(known), 1))
    where = to_yup(pose.keypoints[known], job.view.source.height) * scale
    out[known] = np.insert(where, (1, 2), 0.0, axis=1)
    return out
