"""The predictions of MMPose's demos, field by field."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import sessions
from sessions import FRAMES, LEFT_WRIST, K, exported, points, strict
from whole_people import exported_whole, whole_person

from sdpose_track.skeletons import COCO17, WHOLEBODY133


def test_every_frame_is_there_and_counted_from_one(tmp_path: Path) -> None:
    frames = strict(exported(tmp_path, "mmpose", sessions.fixture_a()))["instance_info"]

    assert [frame["frame_id"] for frame in frames] == list(range(1, FRAMES + 1))
    assert [i["track_id"] for i in frames[9]["instances"]] == [1]
    assert [i["track_id"] for i in frames[10]["instances"]] == [1, 2]
    nobody = strict(exported(tmp_path, "mmpose", sessions.fixture_c()))["instance_info"]
    assert [frame["instances"] for frame in nobody] == [[]] * 5


def test_keypoints_are_pairs_beside_their_scores_and_boxes_lie_one_level_deeper(
    tmp_path: Path,
) -> None:
    frames = strict(exported(tmp_path, "mmpose", sessions.fixture_a()))["instance_info"]
    found = frames[20]["instances"][0]
    truth = points(1, 20)
    (box,) = found["bbox"]

    assert box == pytest.approx([*truth.min(axis=0), *truth.max(axis=0)])
    assert found["bbox_score"] == pytest.approx(0.9)
    assert found["keypoints"][LEFT_WRIST] == [0, 0]
    assert found["keypoint_scores"][LEFT_WRIST] == 0
    rest = np.delete(np.arange(K), LEFT_WRIST)
    assert np.array(found["keypoints"])[rest] == pytest.approx(truth[rest], abs=5.1e-4)
    assert np.array(found["keypoint_scores"])[rest] == pytest.approx(0.99 - 0.05 * rest)


def test_the_description_is_that_of_mmposes_datasets(tmp_path: Path) -> None:
    body = strict(exported(tmp_path, "mmpose", sessions.fixture_c()))["meta_info"]
    whole = strict(exported_whole(tmp_path, "mmpose", [[whole_person()]]))["meta_info"]

    assert (body["dataset_name"], whole["dataset_name"]) == ("coco", "coco_wholebody")
    assert (body["num_keypoints"], whole["num_keypoints"]) == (17, 133)
    assert list(body["keypoint_name2id"]) == list(COCO17.keypoints)
    assert body["keypoint_id2name"]["9"] == "left_wrist"
    assert body["flip_indices"] == [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15]
    assert [1, 2] in body["flip_pairs"]
    assert [15, 13] in body["skeleton_links"]
    assert whole["sigmas"] == list(WHOLEBODY133.sigmas)
    assert whole["num_skeleton_links"] == len(whole["skeleton_links"])
