"""What is under the pointer is arithmetic: checked without widgets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sessions import K, person

from sdpose_track.records import Pose
from sdpose_track.skeletons import COCO17
from ui.canvas.hits import Joint, joint_at, person_at

ONE, TWO = person(1, 0), person(2, 0)
WRIST, ELBOW = COCO17.index("left_wrist"), COCO17.index("left_elbow")


def at(pose: Pose, number: int, dx: float = 0.0, dy: float = 0.0) -> tuple[float, float]:
    x, y = pose.keypoints[number].tolist()
    return x + dx, y + dy


def test_the_nearest_keypoint_within_reach_is_meant() -> None:
    assert joint_at((ONE, TWO), at(TWO, WRIST, 2, -1), 5, 0.3) == Joint(2, WRIST)
    assert joint_at((ONE, TWO), at(TWO, WRIST, 30, 0), 5, 0.3) is None
    assert joint_at((), (0, 0), 5, 0.3) is None


def test_a_keypoint_that_is_not_drawn_is_not_meant() -> None:
    scores = np.full(K, 0.9, np.float32)
    scores[WRIST] = 0.2
    weak = replace(ONE, scores=scores)
    assert joint_at((weak,), at(ONE, WRIST), 2, 0.3) is None
    assert joint_at((weak,), at(ONE, WRIST), 2, 0.1) == Joint(1, WRIST)
    absent = person(1, 0, missing=(WRIST,))
    assert joint_at((absent,), at(ONE, WRIST), 2, 0.0) is None


def test_a_person_is_meant_by_joint_bone_or_box() -> None:
    people = (ONE, TWO)
    assert person_at(people, COCO17, at(TWO, WRIST), 4, 0.3) == 2
    (x1, y1), (x2, y2) = at(ONE, ELBOW), at(ONE, WRIST)
    assert person_at(people, COCO17, ((x1 + x2) / 2, (y1 + y2) / 2), 2, 0.3) == 1
    left, top, _, _ = TWO.box.tolist()
    assert person_at(people, COCO17, (left + 0.5, top + 100), 0.1, 0.3) == 2
    assert person_at(people, COCO17, (600, 20), 4, 0.3) is None


def test_the_smaller_of_two_boxes_is_meant() -> None:
    wide = replace(ONE, box=np.array([0, 0, 600, 400], np.float32))
    left, top, _, _ = TWO.box.tolist()
    assert person_at((wide, TWO), COCO17, (left + 0.5, top + 100), 0.1, 0.3) == 2
    assert person_at((wide, TWO), COCO17, (500, 300), 0.1, 0.3) == 1


def test_somebody_without_any_keypoint_is_still_found_by_their_box() -> None:
    bare = person(1, 0, missing=range(K))
    x1, y1, x2, y2 = bare.box.tolist()
    assert person_at((bare,), COCO17, ((x1 + x2) / 2, (y1 + y2) / 2), 3, 0.3) == 1
