"""From the picture's pixels to the axes and units of other programs: the only place that does so.

In the picture x points right and y down, from its top left corner. In every format with `y` up a
point keeps its x, and its y is counted from the bottom of the picture.
"""

from __future__ import annotations

import numpy as np

from sdpose_track.export.proportions import build_px, usual_lengths
from sdpose_track.kinematics.trace import keypoint, trace
from sdpose_track.records import Float32, Float64, TrackArrays
from sdpose_track.skeletons import Skeleton

CM_PER_M, MM_PER_M = 100.0, 1000.0
_ANKLES = (keypoint("left_ankle"), keypoint("right_ankle"))


def to_yup(points: Float32 | Float64, picture_height: float) -> Float64:
    """Return pixel positions (..., 2) with y upwards from the bottom of the picture."""
    up = np.array(points, np.float64)
    up[..., 1] = picture_height - up[..., 1]
    return up


def body_height_px(track: TrackArrays, skeleton: Skeleton, least: float) -> float:
    """Return how tall a person is in pixels: what 95 % of their frames do not exceed.

    A body seen from the side or bent forward is shorter than it is, never taller. The height of a
    frame is `kinematics.trace.body_heights`, of the keypoints with confidence `least` or more. Of
    somebody whose ankles are never seen it is what their other bones suit. At least one pixel.
    """
    person = trace(track, skeleton, least)
    if not len(person):
        return 1.0
    if not any(np.isfinite(person.at(ankle)).any() for ankle in _ANKLES):
        build = build_px(usual_lengths(person))
        if np.isfinite(build):
            return max(build, 1.0)
    return float(np.percentile(person.heights, 95))


def metres_per_pixel(height_px: float, height_m: float) -> float:
    """Return the scale at which somebody `height_px` tall in the picture is `height_m` tall."""
    return height_m / height_px
