"""OpenPose's folder of JSON files, one a frame: what Pose2Sim, editors and control tools read.

Format: OpenPose 1.7 `doc/02_output.md` and `peopleJsonSaver`, version 1.3 (with `person_id`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from sdpose_track.errors import SettingsError
from sdpose_track.export.files import strict_json
from sdpose_track.export.job import Job
from sdpose_track.records import Float32, Pose
from sdpose_track.skeletons import LAYOUTS, Layout, Skeleton

NUDGE = 0.001
"""Pixels: a real keypoint at (0, 0) is moved by this, as (0, 0) means missing in this format."""

EMPTY_PARTS = (
    "face_keypoints_2d", "hand_left_keypoints_2d", "hand_right_keypoints_2d", "pose_keypoints_3d",
    "face_keypoints_3d", "hand_left_keypoints_3d", "hand_right_keypoints_3d",
)  # fmt: skip


def write(job: Job, part: Path) -> None:
    """Fill the folder `part` with `{stem}_{frame:012d}_keypoints.json` for every frame.

    Coordinates are pixels with 3 decimals, confidences are 0..1 with 6; a missing keypoint is
    `0, 0, 0`. Confidences are as stored: none is cut off.

    Raises:
        SettingsError: the layout of the options is not known.
    """
    layout = _layout(job.options.layout)
    skeleton, least = job.view.skeleton, job.options.threshold
    for frame in job.frames():
        people = [_person(layout, skeleton, pose, least) for pose in frame.people]
        text = strict_json({"version": 1.3, "people": people})
        path = part / f"{job.stem}_{frame.index:012d}_keypoints.json"
        path.write_text(text, encoding="utf-8")


def _layout(name: str) -> Layout:
    if name not in LAYOUTS:
        raise SettingsError(f"no layout is named {name!r}; there are {', '.join(LAYOUTS)}")
    return LAYOUTS[name]


def _person(layout: Layout, skeleton: Skeleton, pose: Pose, least: float) -> dict[str, Any]:
    points = layout.arrange(skeleton, pose.keypoints, pose.scores, least)
    person: dict[str, Any] = {
        "person_id": [pose.track_id],
        "pose_keypoints_2d": _flat(points),
    }
    person.update({name: [] for name in EMPTY_PARTS})
    return person


def _flat(points: Float32) -> list[float]:
    """Return (L, 3) points as the list of rounded `x, y, confidence` that stands in the file."""
    out = np.empty(points.shape, np.float64)
    out[:, :2] = np.round(points[:, :2].astype(np.float64), 3)
    out[:, 2] = np.round(np.clip(points[:, 2].astype(np.float64), 0.0, 1.0), 6)
    out += 0.0  # -0.0 would be written as such
    at_origin = (out[:, 0] == 0) & (out[:, 1] == 0) & (points[:, 2] > 0)
    out[at_origin, :2] = NUDGE
    flat: list[float] = out.ravel().tolist()
    return flat
