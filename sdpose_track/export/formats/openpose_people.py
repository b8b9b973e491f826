"""What formats made after OpenPose's have in common: the parts of a person, and zero for missing.

Format: OpenPose 1.7, `doc/02_output.md`.
"""

from __future__ import annotations

import numpy as np

from sdpose_track.records import Float32, Float64
from sdpose_track.skeletons import FACE70, LEFT_HAND21, RIGHT_HAND21, WHOLEBODY133, Layout

NUDGE = 0.001
"""Pixels: a real keypoint at (0, 0) is moved by this, as (0, 0) means missing."""

PARTS = (
    ("face", "face", FACE70),
    ("hand_left", "left_hand", LEFT_HAND21),
    ("hand_right", "right_hand", RIGHT_HAND21),
)
"""What follows the body: name in the file, group of the skeleton, layout. The left hand is the
person's own, as in COCO-WholeBody and OpenPose; some tools around SDPose have the two swapped."""

FEET6 = Layout("feet_6", tuple((WHOLEBODY133.keypoints[k],) for k in WHOLEBODY133.group("feet")))
"""The feet beside a body that has none: left big toe, small toe, heel, then the right ones."""


def placed(points: Float32) -> Float64:
    """Return (L, 3) `x, y, confidence` as they are written, missing ones as zeros.

    Pixels have 3 decimals and confidences 6, cut to 0..1; what lies at (0, 0) is nudged.
    """
    out = np.empty(points.shape, np.float64)
    out[:, :2] = np.round(points[:, :2].astype(np.float64), 3)
    out[:, 2] = np.round(np.clip(points[:, 2].astype(np.float64), 0.0, 1.0), 6)
    out += 0.0  # -0.0 would be written as such
    at_origin = (out[:, 0] == 0) & (out[:, 1] == 0) & (points[:, 2] > 0)
    out[at_origin, :2] = NUDGE
    return out
