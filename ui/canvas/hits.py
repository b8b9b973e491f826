"""What of the people is at a place of the picture. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sdpose_track.records import Float32, Pose
from sdpose_track.skeletons import Skeleton


class Joint(NamedTuple):
    """A keypoint of a person."""

    track_id: int
    number: int
    """Of the keypoint in its skeleton."""


def joint_at(
    people: Sequence[Pose], at: tuple[float, float], reach: float, threshold: float
) -> Joint | None:
    """Return the keypoint that is drawn nearest to the pixel `at`, at most `reach` pixels away."""
    best, found = reach, None
    for pose in people:
        away = np.hypot(*(pose.keypoints - np.asarray(at, np.float32)).T)
        away = np.where((pose.scores >= threshold) & np.isfinite(away), away, np.inf)
        number = int(away.argmin())
        if away[number] <= best:
            best, found = float(away[number]), Joint(pose.track_id, number)
    return found


def person_at(
    people: Sequence[Pose],
    skeleton: Skeleton,
    at: tuple[float, float],
    reach: float,
    threshold: float,
) -> int | None:
    """Return the id of who is at the pixel `at`: by keypoint, else bone, else the smallest box."""
    joint = joint_at(people, at, reach, threshold)
    if joint is not None:
        return joint.track_id
    away = {pose.track_id: _from_bones(pose, skeleton, at, threshold) for pose in people}
    nearest = min(away, key=lambda i: away[i], default=None)
    if nearest is not None and away[nearest] <= reach:
        return nearest
    x, y = at
    boxes = {pose.track_id: pose.box.tolist() for pose in people}
    areas = {
        i: (x2 - x1) * (y2 - y1)
        for i, (x1, y1, x2, y2) in boxes.items()
        if x1 <= x <= x2 and y1 <= y <= y2
    }
    return min(areas, key=lambda i: areas[i], default=None)


def _from_bones(pose: Pose, skeleton: Skeleton, at: tuple[float, float], threshold: float) -> float:
    """Return how many pixels away the nearest drawn bone is; infinity without any."""
    ends = np.array(skeleton.edges, np.intp).reshape(-1, 2)
    drawn = (pose.scores[ends] >= threshold).all(axis=1)
    lines: Float32 = pose.keypoints[ends[drawn]]
    lines = lines[np.isfinite(lines).all(axis=(1, 2))]
    if not len(lines):
        return np.inf
    start, way = lines[:, 0], lines[:, 1] - lines[:, 0]
    to = np.asarray(at, np.float32) - start
    length = np.maximum((way**2).sum(axis=1), 1e-9)
    share = ((to * way).sum(axis=1) / length).clip(0, 1)
    return float(np.hypot(*(to - share[:, None] * way).T).min())
