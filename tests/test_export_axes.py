"""How tall people are in pixels, and the axes and units of other programs."""

from __future__ import annotations

import numpy as np
import pytest
from sessions import K

from sdpose_track.export.axes import body_height_px, metres_per_pixel, to_yup
from sdpose_track.export.proportions import SHARES
from sdpose_track.records import Float32, TrackArrays, measured
from sdpose_track.skeletons import COCO17

TALL = 1000.0
"""Pixels."""


def standing(*hidden: str) -> Float32:
    """Return the (K, 2) keypoints of somebody with Winter's proportions, some of them hidden."""
    half = {"shoulder": SHARES["shoulders"] / 2, "hip": SHARES["hips"] / 2}
    leg, trunk = SHARES["thigh"] + SHARES["shank"], SHARES["trunk"]
    hip, neck = leg, leg + trunk
    where = {
        "nose": (0, neck + SHARES["head"]),
        "eye": (0.02, neck + SHARES["head"]),
        "ear": (0.04, neck + SHARES["head"]),
        "shoulder": (half["shoulder"], neck),
        "elbow": (half["shoulder"], neck - SHARES["upper_arm"]),
        "wrist": (half["shoulder"], neck - SHARES["upper_arm"] - SHARES["forearm"]),
        "hip": (half["hip"], hip),
        "knee": (half["hip"], SHARES["shank"]),
        "ankle": (half["hip"], 0),
    }
    out = np.full((K, 2), np.nan, np.float32)
    for k, name in enumerate(COCO17.keypoints):
        side, _, part = name.rpartition("_")
        if part not in hidden:
            x, y = where[part]
            out[k] = TALL * (x if side == "left" else -x), 2000 - TALL * y
    return out


def track(keypoints: Float32, box_height: float, frames: int = 3) -> TrackArrays:
    box = np.array([0, 0, 400, box_height], np.float32)
    return TrackArrays(
        1,
        np.arange(frames, dtype=np.int32),
        np.arange(frames) / 30,
        np.tile(box, (frames, 1)),
        np.ones(frames, np.float32),
        np.tile(keypoints, (frames, 1, 1)),
        np.ones((frames, K), np.float32),
        np.tile(measured(K), (frames, 1)),
    )


def test_somebody_who_stands_is_as_tall_as_their_body_whatever_the_box() -> None:
    for box_height in (500, 3000):
        assert body_height_px(track(standing(), box_height), COCO17, 0.3) == pytest.approx(
            TALL, rel=0.05
        )


@pytest.mark.parametrize(
    "hidden", [("ankle",), ("ankle", "knee"), ("ankle", "knee", "hip", "wrist")]
)
def test_somebody_cut_off_by_the_picture_is_as_tall_as_their_bones_suit(
    hidden: tuple[str, ...],
) -> None:
    tall = body_height_px(track(standing(*hidden), 430), COCO17, 0.3)

    assert tall == pytest.approx(TALL, rel=1e-4)


def test_somebody_without_bones_is_as_tall_as_their_box() -> None:
    nothing = np.full((K, 2), np.nan, np.float32)

    assert body_height_px(track(nothing, 430), COCO17, 0.3) == 430
    assert body_height_px(track(nothing, 430, frames=0), COCO17, 0.3) == 1


def test_y_is_turned_round_and_x_and_the_array_given_are_left_alone() -> None:
    points = np.array([[[10, 0], [20, 480]], [[np.nan, np.nan], [-5, 500]]], np.float32)
    before = points.copy()

    up = to_yup(points, 480)
    assert np.array_equal(up[0], [[10, 480], [20, 0]])
    assert np.isnan(up[1, 0]).all()
    assert up[1, 1].tolist() == [-5, -20]
    assert np.array_equal(points, before, equal_nan=True)


def test_somebody_850_pixels_tall_is_170_centimetres() -> None:
    assert 850 * metres_per_pixel(850, 1.70) == pytest.approx(1.70)
