"""People as Wan-Animate draws them: thin limbs that grow with the picture, toes, and no face.

Rules: Wan 2.2's `human_visualization` for `src_pose.mp4`, restated; see `stick_figure`. The face
goes to that model as pictures of its own.
"""

from __future__ import annotations

from sdpose_track.records import Float32, UInt8
from sdpose_track.render.stick_figure import (
    LIMBS,
    PALETTE,
    Colour,
    draw_dots,
    draw_hand,
    draw_limbs,
    seen,
)
from sdpose_track.skeletons import LEFT_HAND21, OPENPOSE18, RIGHT_HAND21, Layout, Skeleton

THRESHOLD = 0.5
"""Confidence from which Wan-Animate takes a keypoint as seen."""
WAN20 = Layout(
    "wan_20",
    (
        *OPENPOSE18.entries,
        ("left_big_toe", "left_small_toe"),
        ("right_big_toe", "right_small_toe"),
    ),
)
WAN_LIMBS = (*LIMBS, (13, 18), (10, 19))
WAN_PALETTE: tuple[Colour, ...] = (*PALETTE, (200, 200, 0), (100, 100, 0))


def draw_wan(
    image: UInt8,
    skeleton: Skeleton,
    keypoints: Float32,
    scores: Float32,
    threshold: float,
) -> None:
    """Draw a person in place on `image`, a writable (H, W, 3) RGB picture.

    Args:
        image: Usually black.
        skeleton: What the K keypoints are. Hands and toes are drawn where it has them.
        keypoints: (K, 2) `x, y` in pixels, 0 the first pixel; NaN where unknown.
        scores: (K,) confidences.
        threshold: Keypoints with less confidence are left out; neck and toes are the middle of
            two keypoints, with the mean of their confidences.
    """
    thick = max(min(image.shape[:2]) // 200 - 1, 1)
    fine = max(thick // 2, 1)
    body = seen(_body(skeleton, keypoints, scores), threshold)
    draw_limbs(image, body, WAN_LIMBS, WAN_PALETTE, thick)
    draw_dots(image, body, WAN_PALETTE, thick)
    for layout in (LEFT_HAND21, RIGHT_HAND21):
        hand = seen(layout.arrange(skeleton, keypoints, scores, threshold), threshold)
        draw_hand(image, hand, fine, fine)


def _body(skeleton: Skeleton, keypoints: Float32, scores: Float32) -> Float32:
    """Return (20, 3) `x, y, confidence`; that of a middle is the mean, elsewhere the smaller one.

    So a far shoulder that is hardly seen does not take the neck and the whole trunk with it.
    """
    body = WAN20.arrange(skeleton, keypoints, scores, least=0)
    for row, names in enumerate(WAN20.entries):
        if len(names) == 2 and body[row].any():
            body[row, 2] = scores[[skeleton.index(name) for name in names]].mean()
    return body
