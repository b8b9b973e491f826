"""People who stand in the picture like a ruler: how tall they are is known without measuring."""

from __future__ import annotations

import numpy as np
import sessions

from sdpose_track.records import Float32, Pose
from sdpose_track.skeletons import COCO17

DOWN = {
    "nose": 0.0, "eye": 0.0, "ear": 0.0, "shoulder": 0.2, "elbow": 0.35, "wrist": 0.5, "hip": 0.5,
    "knee": 0.75, "ankle": 1.0,
}  # fmt: skip
"""How far each keypoint is from the ears to the ankles."""


def standing(track_id: int, x: float, ears: float, ankles: float) -> Pose:
    """Return somebody whose keypoints are all at `x`, from `ears` down to `ankles`, in pixels."""
    down = np.array([DOWN[name.rpartition("_")[2]] for name in COCO17.keypoints])
    where = np.column_stack([np.full(len(down), x), ears + (ankles - ears) * down])
    return pose(track_id, where.astype(np.float32))


def pose(track_id: int, where: Float32) -> Pose:
    """Return a person at `where` (K, 2), sure of what is known."""
    box = np.concatenate([np.nanmin(where, axis=0), np.nanmax(where, axis=0)])
    scores = np.where(np.isfinite(where[:, 0]), 0.9, 0).astype(np.float32)
    return Pose(track_id, box, 0.9, where, scores, np.zeros(len(where), np.uint8))


def still(*people: Pose, frames: int = 5) -> sessions.Script:
    """Return a session in which `people` do not move."""
    info = sessions.source_info(count=frames)
    return sessions.Script(info, range(frames), dict.fromkeys(range(frames), people))
