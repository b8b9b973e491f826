"""People as OpenPose and DWPose draw them: what ControlNet, VACE and their like were trained on.

Rules: comfyui_controlnet_aux's DWPose, restated; see `stick_figure`. Each person is drawn whole,
the body before the hands before the face, so the next one lies on top.
"""

from __future__ import annotations

import numpy as np

from sdpose_track.records import Float32, UInt8
from sdpose_track.render.stick_figure import (
    LIMBS,
    PALETTE,
    Colour,
    draw_dots,
    draw_hand,
    draw_limbs,
    inside,
    seen,
)
from sdpose_track.skeletons import LEFT_HAND21, OPENPOSE18, RIGHT_HAND21, Skeleton

HALF_WIDTH = 4
"""Of a limb, in pixels, whatever the size of the picture."""
JOINT, KNUCKLE, FACE_DOT = 4, 4, 3
"""Radii in pixels."""
FINGER = 2
"""Width of a line in pixels."""
WHITE: Colour = (255, 255, 255)


def draw_openpose(
    image: UInt8,
    skeleton: Skeleton,
    keypoints: Float32,
    scores: Float32,
    threshold: float,
    half_width: int = HALF_WIDTH,
) -> None:
    """Draw a person in place on `image`, a writable (H, W, 3) RGB picture.

    Args:
        image: Usually black.
        skeleton: What the K keypoints are. Hands and face are drawn where it has them.
        keypoints: (K, 2) `x, y` in pixels, 0 the first pixel; NaN where unknown.
        scores: (K,) confidences.
        threshold: Keypoints with less confidence are left out; the neck is the middle of the
            shoulders, where both have it.
        half_width: Of limbs, in pixels.
    """
    body = seen(OPENPOSE18.arrange(skeleton, keypoints, scores, threshold), threshold)
    draw_limbs(image, body, LIMBS, PALETTE, half_width)
    draw_dots(image, body, PALETTE, JOINT)
    for layout in (LEFT_HAND21, RIGHT_HAND21):
        hand = seen(layout.arrange(skeleton, keypoints, scores, threshold), threshold)
        draw_hand(image, hand, FINGER, KNUCKLE)
    group = skeleton.group("face")
    face = seen(np.column_stack([keypoints[group], scores[group]]), threshold)
    draw_dots(image, inside(face), [WHITE] * len(face), FACE_DOT)


def draw_xinsir(
    image: UInt8, skeleton: Skeleton, keypoints: Float32, scores: Float32, threshold: float
) -> None:
    """Draw as `draw_openpose` does, limbs thicker in larger pictures: what xinsir's models want."""
    longest = max(image.shape[:2])
    thicker = 1 if longest < 500 else min(2 + longest // 1000, 7)
    draw_openpose(image, skeleton, keypoints, scores, threshold, HALF_WIDTH * thicker)
