"""Jitter: how much a motion trembles, as one number."""

from __future__ import annotations

import numpy as np

from sdpose_track.records import Float32, Float64, Int32


def jitter(keypoints: Float32 | Float64, indices: Int32, times: Float64, heights: Float64) -> float:
    """Return the root mean square of the third derivative, in body heights per s³.

    Smooth motion has little of it: noise of σ body heights at r frames per second has √40·σ·r³
    over both coordinates, so compare only what has one frame rate.

    Args:
        keypoints: (F, K, 2) pixels; NaN where there is no position.
        indices: (F,) frame indices. Only four frames that follow each other count.
        times: (F,) seconds, which may be uneven.
        heights: (F,) body heights in pixels.

    Returns:
        Over all keypoints with four known positions in a row; NaN if there are none.
    """
    jerk = third_derivatives(keypoints, indices, times) / heights[3:, None, None]
    square = np.square(jerk).sum(axis=-1)
    known = square[np.isfinite(square)]
    return float(np.sqrt(known.mean())) if known.size else np.nan


def third_derivatives(keypoints: Float32 | Float64, indices: Int32, times: Float64) -> Float64:
    """Return (F - 3, K, 2) pixels per s³ of each four frames; NaN where they do not follow.

    Six times the third divided difference: exact for cubic motion at whatever times. No frames
    for fewer than four.
    """
    values = np.asarray(keypoints, np.float64)
    if len(values) < 4:
        return np.empty((0, *values.shape[1:]))
    for order in (1, 2, 3):
        apart = times[order:] - times[:-order]
        values = order * np.diff(values, axis=0) / np.where(apart > 0, apart, np.nan)[:, None, None]
    follow = (indices[3:] - indices[:-3]) == 3
    return np.where(follow[:, None, None], values, np.nan)
