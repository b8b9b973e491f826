"""Keypoint sets and the layouts of other tools."""

from __future__ import annotations

import numpy as np
import pytest

from sdpose_track.skeletons import BODY25, COCO17, COCO17_LAYOUT, LAYOUTS, OPENPOSE18, SKELETONS

POINTS = np.stack([np.arange(17), 100 + np.arange(17)], axis=1).astype(np.float32)
SURE = np.linspace(0.4, 0.9, 17).astype(np.float32)

# OpenPose's COCO order in COCO-17 numbers; -1 is the neck
OPENPOSE_ORDER = [0, -1, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3]


def test_openpose_18_is_in_openposes_order() -> None:
    arranged = OPENPOSE18.arrange(COCO17, POINTS, SURE, 0.3)
    for row, k in zip(arranged, OPENPOSE_ORDER, strict=True):
        if k >= 0:
            np.testing.assert_array_equal(row, [*POINTS[k], SURE[k]])


def test_the_neck_is_between_the_shoulders_and_as_sure_as_the_less_sure_of_them() -> None:
    neck = OPENPOSE18.arrange(COCO17, POINTS, SURE, 0.3)[1]
    np.testing.assert_array_equal(neck, [5.5, 105.5, SURE[5]])


@pytest.mark.parametrize("spoil", ["unsure", "missing"])
def test_there_is_no_neck_without_both_shoulders(spoil: str) -> None:
    points, sure = POINTS.copy(), SURE.copy()
    if spoil == "unsure":
        sure[6] = 0.2
    else:
        points[6] = np.nan
    arranged = OPENPOSE18.arrange(COCO17, points, sure, 0.3)
    assert arranged[1].tolist() == [0, 0, 0]
    assert (arranged[2].tolist() == [0, 0, 0]) == (spoil == "missing")


def test_body_25_has_a_middle_of_the_hips_and_no_feet_from_17_keypoints() -> None:
    arranged = BODY25.arrange(COCO17, POINTS, SURE, 0.3)
    assert arranged.shape == (25, 3)
    np.testing.assert_array_equal(arranged[8], [11.5, 111.5, SURE[11]])
    assert (arranged[19:] == 0).all()


def test_our_own_order_stays_as_it_is() -> None:
    arranged = COCO17_LAYOUT.arrange(COCO17, POINTS, SURE, 0.3)
    np.testing.assert_array_equal(arranged, np.column_stack([POINTS, SURE]))


@pytest.mark.parametrize("name", SKELETONS)
def test_edges_join_keypoints_that_there_are(name: str) -> None:
    skeleton = SKELETONS[name]
    assert len(set(skeleton.keypoints)) == len(skeleton)
    assert {k for edge in skeleton.edges for k in edge} <= set(range(len(skeleton)))
    assert len(LAYOUTS) == 3
