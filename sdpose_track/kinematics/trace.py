"""One person as kinematics sees them: sure positions, places between keypoints, and a height."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sdpose_track.kinematics.rolling import rolling_quantile
from sdpose_track.records import (
    Float32,
    Float64,
    Int32,
    Provenance,
    TrackArrays,
    UInt8,
    box_heights,
)
from sdpose_track.skeletons import Skeleton

Mask = npt.NDArray[np.bool_]

LEAST_SCORE = 0.3
"""Confidence from which Sports2D believes a keypoint."""
_HEIGHT_WINDOW_S = 1.0
"""The height of a moment is the median of this long before and after."""
_EAR_TO_ANKLE = 0.9
"""Of the body height: the ears are 0.935 up, the ankles 0.039 (Winter, Biomechanics, 2009)."""


class Place(NamedTuple):
    """A point of the body: the mean of `names`."""

    names: tuple[str, ...]
    known_only: bool = False
    """Take the mean of those that are known, and not only where all are."""


NECK = Place(("left_shoulder", "right_shoulder"))
MID_HIP = Place(("left_hip", "right_hip"))
CENTRE = Place((*NECK.names, *MID_HIP.names))
"""The middle of the trunk."""
MID_EAR = Place(("left_ear", "right_ear"), known_only=True)
"""The middle of the head; from the side only one ear is seen, and it is there too."""


def keypoint(name: str) -> Place:
    """Return the place of a single keypoint."""
    return Place((name,))


def has(skeleton: Skeleton, *places: Place) -> bool:
    """Return whether `skeleton` has every keypoint of `places`."""
    return all(set(place.names) <= set(skeleton.keypoints) for place in places)


def at(keypoints: Float32 | Float64, skeleton: Skeleton, place: Place) -> Float64:
    """Return where `place` is in each frame, (F, 2), from `keypoints` (F, K, 2); NaN unknown."""
    numbers = [skeleton.index(name) for name in place.names]
    points = keypoints[:, numbers].astype(np.float64)
    if not place.known_only:
        return np.asarray(points.mean(axis=1))
    known = np.isfinite(points).all(axis=-1, keepdims=True)
    count = known.sum(axis=1)
    total = np.where(known, points, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def distance(one: Float64, other: Float64) -> Float64:
    """Return the (...) distances between points (..., 2); NaN where one is unknown."""
    return np.asarray(np.hypot(*np.moveaxis(one - other, -1, 0)))


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """One person over F frames in which they are present."""

    skeleton: Skeleton
    indices: Int32
    """(F,) frame indices, ascending, with gaps."""
    times: Float64
    """(F,) seconds."""
    points: Float32
    """(F, K, 2) pixels; NaN where there is no position or it is not sure enough."""
    heights: Float64
    """(F,) body height in pixels, see `body_heights`."""

    def __len__(self) -> int:
        return int(self.indices.shape[0])

    def at(self, place: Place) -> Float64:
        """Return where `place` is in each frame: (F, 2) pixels, NaN unknown."""
        return at(self.points, self.skeleton, place)


def trace(track: TrackArrays, skeleton: Skeleton, least: float = LEAST_SCORE) -> Trace:
    """Return `track` with the keypoints of confidence `least` (0..1) or more, and all edited ones.

    Where a person is unsure (a hidden wrist), the position is a guess of the network that jumps
    about; what is measured from it would be nonsense.
    """
    sure = is_sure(track.scores, track.provenance, least)
    points = np.where(sure[..., None], track.keypoints, np.float32(np.nan))
    heights = body_heights(points, skeleton, track.boxes, track.times)
    return Trace(skeleton, track.indices, track.times, points, heights)


def is_sure(scores: Float32, provenance: UInt8, least: float) -> Mask:
    """Say of keypoints (...) which to measure by: edited, or with confidence `least` or more."""
    return np.asarray((scores >= least) | (provenance == Provenance.EDITED))


def body_heights(points: Float32, skeleton: Skeleton, boxes: Float32, times: Float64) -> Float64:
    """Return the (F,) height in pixels of a person whose keypoints are `points` (F, K, 2).

    It is the length along the body, from the ears over neck and hips down the longer leg to the
    ankle, as a share of an upright body: so somebody who squats, lies or raises the arms has the
    height of somebody who stands, which a box has not. The median over a second before and after
    takes out what foreshortening and mistakes do to single frames. Where that length is not known
    in all that time, as when the legs are out of the picture, it is the median of the heights of
    `boxes` (F, 4). Never below one pixel.
    """
    along = _ear_to_ankle(points, skeleton) / _EAR_TO_ANKLE
    boxed = box_heights(boxes).astype(np.float64)
    of_body = rolling_quantile(along, times, _HEIGHT_WINDOW_S)
    of_box = rolling_quantile(boxed, times, _HEIGHT_WINDOW_S)
    heights = np.where(np.isfinite(of_body), of_body, of_box)
    return np.asarray(np.fmax(heights, 1.0))


def _ear_to_ankle(points: Float32, skeleton: Skeleton) -> Float64:
    neck, hips = at(points, skeleton, NECK), at(points, skeleton, MID_HIP)
    upper = distance(at(points, skeleton, MID_EAR), neck) + distance(neck, hips)
    legs = []
    for side in ("left", "right"):
        hip, knee, ankle = (
            at(points, skeleton, keypoint(f"{side}_{joint}")) for joint in ("hip", "knee", "ankle")
        )
        legs.append(distance(hip, knee) + distance(knee, ankle))
    return np.asarray(upper + np.fmax(*legs))


def consecutive(indices: Int32) -> Mask:
    """Return (F - 1,) whether each frame is followed by the very next one of the source."""
    return np.asarray(np.diff(indices) == 1)
