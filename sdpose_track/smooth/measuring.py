"""What counts as a measurement, and how good it is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sdpose_track.records import Float32, Float64
from sdpose_track.smooth.choices import SmoothSettings

LEAST_CONFIDENCE = 0.05


def somewhere(keypoints: Float32) -> npt.NDArray[np.bool_]:
    """Return (...) where `keypoints` (..., 2) have a position."""
    # Not `all(axis=-1)`: along an axis of two that takes ten times as long.
    found: npt.NDArray[np.bool_] = np.isfinite(keypoints[..., 0]) & np.isfinite(keypoints[..., 1])
    return found


def measured_where(
    keypoints: Float32, scores: Float32, settings: SmoothSettings
) -> npt.NDArray[np.bool_]:
    """Return (...) where `keypoints` (..., 2) with `scores` (...) hold a usable measurement."""
    return somewhere(keypoints) & np.isfinite(scores) & (scores >= settings.min_score)


def confidence(scores: Float32) -> Float64:
    """Return (...) the `scores` (...) as the filters use them: 0.05 to 1, and 0.05 for NaN."""
    return np.minimum(np.fmax(scores, LEAST_CONFIDENCE), 1.0).astype(np.float64)


def noise_variance(scores: Float32, heights: Float64, settings: SmoothSettings) -> Float64:
    """Return (...) pixels²: how well `scores` (...) on bodies of `heights` (...) pixels measure."""
    return np.square(settings.noise * heights / confidence(scores))


def usable_heights(heights: Float32) -> Float64:
    """Return (N,) `heights` of at least a pixel; what is not finite counts as one pixel."""
    known = np.where(np.isfinite(heights), heights, 1.0).astype(np.float64)
    return np.maximum(known, 1.0)
