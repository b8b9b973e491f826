"""Keypoint sets and the layouts of other tools."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from golden_files import golden

from sdpose_track.skeletons import (
    BODY25,
    COCO17,
    COCO17_LAYOUT,
    LAYOUTS,
    OPENPOSE18,
    SKELETONS,
    WHOLEBODY133,
    Skeleton,
)

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


@pytest.mark.parametrize(("skeleton", "name"), [(COCO17, "body"), (WHOLEBODY133, "wholebody")])
def test_a_skeleton_is_that_of_the_reference_code(skeleton: Skeleton, name: str) -> None:
    truth = json.loads(golden("keypoint_layouts.json").read_text(encoding="utf-8"))[name]

    assert list(skeleton.keypoints) == truth["names"]
    assert [list(edge) for edge in skeleton.edges] == truth["skeleton_links"]
    assert list(skeleton.mirror) == truth["flip_indices"]
    assert np.array(skeleton.sigmas, np.float32).tolist() == truth["sigmas"]


@pytest.mark.parametrize("name", SKELETONS)
def test_a_picture_mirrored_twice_is_itself(name: str) -> None:
    mirror = np.array(SKELETONS[name].mirror)

    np.testing.assert_array_equal(mirror[mirror], np.arange(len(SKELETONS[name])))


@pytest.mark.parametrize("name", SKELETONS)
def test_every_keypoint_is_in_one_group(name: str) -> None:
    skeleton = SKELETONS[name]
    numbers = [k for _, group in skeleton.groups for k in group]

    assert numbers == list(range(len(skeleton)))


def test_the_left_hand_of_a_whole_body_comes_first() -> None:
    names = np.array(WHOLEBODY133.keypoints)

    assert WHOLEBODY133.group("left_hand") == range(91, 112)
    assert names[91] == "left_hand_root"
    assert all(name.startswith("right_") for name in names[WHOLEBODY133.group("right_hand")])
    assert COCO17.group("left_hand") == range(0)


def test_the_contours_are_the_faces() -> None:
    drawn = {k for edge in WHOLEBODY133.contours for k in edge}

    assert drawn == set(WHOLEBODY133.group("face"))
    assert COCO17.contours == ()


def test_a_skeleton_can_be_a_key_and_cannot_be_changed() -> None:
    assert {COCO17: 17, WHOLEBODY133: 133}[WHOLEBODY133] == 133
    with pytest.raises(dataclasses.FrozenInstanceError):
        COCO17.name = "other"  # type: ignore[misc]
