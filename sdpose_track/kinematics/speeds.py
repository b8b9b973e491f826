"""How fast keypoints move over the picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sdpose_track.kinematics.trace import CENTRE, Trace, consecutive
from sdpose_track.records import Float32, Float64, Int32


def velocities(points: Float32 | Float64, indices: Int32, times: Float64) -> Float64:
    """Return (F, ..., 2) pixels per second of `points` (F, ..., 2).

    From the frame before to the frame after, over the true time between them; at the ends of a run
    of frames, from or to the frame itself. Only frames that follow each other in `indices` (F,)
    are compared, so nothing is made up across a gap: NaN where neither neighbour is known, and
    where two frames have the same of `times` (F,), in seconds.
    """
    places = np.asarray(points, np.float64)
    ways, seconds = np.diff(places, axis=0), np.diff(times)
    frames = (-1, *(1,) * (places.ndim - 1))
    follow = (consecutive(indices) & (seconds > 0)).reshape(frames)
    known = follow & np.isfinite(ways).all(axis=-1, keepdims=True)
    way = _both_sides(np.where(known, ways, 0.0))
    time = _both_sides(np.where(known, seconds.reshape(frames), 0.0))
    return np.asarray(np.divide(way, time, out=np.full(places.shape, np.nan), where=time > 0))


def _both_sides(steps: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return (F, ...) the sum of the steps to and from each frame, from (F - 1, ...) steps."""
    none = np.zeros((1, *steps.shape[1:]))
    return np.asarray(np.concatenate([none, steps]) + np.concatenate([steps, none]))


def speeds(person: Trace, keypoints: Sequence[int] | None = None) -> Float64:
    """Return the (F, K) speed of every keypoint in pixels per second; NaN unknown.

    Of some `keypoints`, if numbers are given. Over `person.heights[:, None]` it is in body heights
    per second.
    """
    points = person.points if keypoints is None else person.points[:, list(keypoints)]
    return _length(velocities(points, person.indices, person.times))


def centre_speed(person: Trace) -> Float64:
    """Return the (F,) speed of the middle of the trunk in pixels per second; NaN unknown."""
    return _length(velocities(person.at(CENTRE), person.indices, person.times))


def _length(arrows: Float64) -> Float64:
    return np.asarray(np.hypot(arrows[..., 0], arrows[..., 1]))
