"""Messages whose every number is known, for what sends poses on, and patience with its threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from sdpose_track.broadcast.message import PoseMessage
from sdpose_track.records import Float32, Pose, Provenance
from sdpose_track.skeletons import COCO17, Skeleton

WIDTH, HEIGHT = 640, 480
LIMIT_S = 20.0


def points_of(track_id: int, skeleton: Skeleton = COCO17) -> Float32:
    """Return the (K, 2) keypoints of a person."""
    k = np.arange(len(skeleton), dtype=np.float32)
    return np.stack([40 * track_id + k, 30 * track_id + 2 * k], axis=1).astype(np.float32)


def person(track_id: int, skeleton: Skeleton = COCO17, missing: Sequence[int] = ()) -> Pose:
    """Return somebody by `points_of`, 0.75 sure of all but the `missing` keypoints."""
    where, scores = points_of(track_id, skeleton), np.full(len(skeleton), 0.75, np.float32)
    where[list(missing)], scores[list(missing)] = np.nan, 0
    made = np.full(len(skeleton), Provenance.MEASURED, np.uint8)
    return Pose(track_id, np.array([1, 2, 3, 4], np.float32), 0.5, where, scores, made)


def message(
    frame: int = 0,
    people: Sequence[Pose] = (),
    gone: tuple[int, ...] = (),
    skeleton: Skeleton = COCO17,
) -> PoseMessage:
    """Return a frame of a recording at 25 frames per second."""
    return PoseMessage(frame, frame / 25, WIDTH, HEIGHT, tuple(people), gone, skeleton)


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until `condition` holds; fail if it never does."""
    deadline = time.monotonic() + LIMIT_S
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    assert condition()
