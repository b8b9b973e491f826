"""How a correction at one frame reaches the frames around it.

A keyframe's correction is the vector from where the keypoint was shown to where it was put. It
fades out on both sides over the keyframe's own time; between two keyframes whose times overlap it
passes from one to the other instead. Fading follows 3s² - 2s³, which begins and ends at rest.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sdpose_track.records import Float64


class Keyframe(NamedTuple):
    """A correction of one keypoint."""

    time_s: float
    blend_s: float
    """Seconds on each side over which it fades, above 0."""
    correction: tuple[float, float]
    """(x, y) in pixels."""


def corrections(times: Float64, keyframes: list[Keyframe]) -> tuple[Float64, Float64]:
    """Return the (T, 2) corrections at `times` (T,), and (T,) how much of any applies, 0..1.

    `keyframes` are by ascending time, no two at the same.
    """
    at = np.array([key.time_s for key in keyframes])
    reach = np.array([key.blend_s for key in keyframes])
    moved = np.array([key.correction for key in keyframes], np.float64)
    after = np.searchsorted(at, times, side="right")
    left, right = np.maximum(after - 1, 0), np.minimum(after, at.size - 1)
    from_left = np.where(after > 0, _fade((times - at[left]) / reach[left]), 0.0)
    from_right = np.where(after < at.size, _fade((at[right] - times) / reach[right]), 0.0)
    span = at[right] - at[left]
    joined = (after > 0) & (after < at.size) & (span <= reach[left] + reach[right])
    share = np.where(joined, _fade((times - at[left]) / np.where(joined, span, 1.0)), 0.0)
    from_left = np.where(joined, share, from_left)
    from_right = np.where(joined, 1.0 - share, from_right)
    total = from_left[:, None] * moved[left] + from_right[:, None] * moved[right]
    return total, np.minimum(from_left + from_right, 1.0)


def _fade(share: Float64) -> Float64:
    """Return 1 at 0, falling to 0 at 1 and beyond."""
    s = np.clip(share, 0.0, 1.0)
    fading: Float64 = 1.0 - s * s * (3.0 - 2.0 * s)
    return fading
