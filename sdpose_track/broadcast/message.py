"""What is sent on of a live frame. Numbers leave it finite: NaN stays in this program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sdpose_track.records import Float32, Pose, UInt8
from sdpose_track.skeletons import Skeleton


@dataclass(frozen=True, slots=True, eq=False)
class PoseMessage:
    """Everybody in one frame, as it is shown."""

    frame: int
    """Number of the frame, from 0; gaps are frames that were left out."""
    time_s: float
    """Seconds from the first frame."""
    width: int
    """Of the picture, in pixels."""
    height: int
    people: tuple[Pose, ...]
    """By ascending track id."""
    gone: tuple[int, ...]
    """Track ids that were in the message before and are not in this one."""
    skeleton: Skeleton
    """What the K keypoints of each person are."""
    image: UInt8 | None = None
    """(H, W, 3) BGR, for who shows it; nothing is drawn on it yet."""

    def after(self, unsent: PoseMessage) -> PoseMessage:
        """Return this message for who did not get `unsent`, the one before.

        Who left in either has left, unless they are back.
        """
        here = {pose.track_id for pose in self.people}
        gone = {*unsent.gone, *self.gone} - here
        return replace(self, gone=tuple(sorted(gone)))


def triples(pose: Pose, scale: Sequence[float], origin: Sequence[float]) -> Float32:
    """Return (K, 3) `x, y, confidence` of a person: position · scale + origin, confidence in 0..1.

    `scale` and `origin` are of x and y. A keypoint without a position is `0, 0, 0`.
    """
    out = np.zeros((len(pose.scores), 3), np.float32)
    known = np.isfinite(pose.keypoints).all(axis=1)
    stretch, shift = np.array((scale, origin), np.float32)
    out[known, :2] = pose.keypoints[known] * stretch + shift
    out[known, 2] = np.nan_to_num(pose.scores[known]).clip(0, 1)
    return out


def confidence(pose: Pose) -> float:
    """Return how sure it is that there is a person at all, in 0..1."""
    return min(max(pose.score, 0.0), 1.0) if np.isfinite(pose.score) else 0.0
