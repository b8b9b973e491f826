"""Each data format, read back by an independent reader, on sessions whose numbers are known."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sessions
from pycocotools.coco import COCO
from sessions import FRAMES, LEFT_WRIST, K, exported, openpose_people, points, strict

from sdpose_track.errors import OutputError, SettingsError
from sdpose_track.export import ExportOptions
from sdpose_track.skeletons import COCO17

# -- csv -------------------------------------------------------------------------------------------


def test_csv_has_the_columns_and_decimals_of_the_format(tmp_path: Path) -> None:
    path = exported(tmp_path, "csv", sessions.fixture_a())
    lines = path.read_text(encoding="utf-8").split("\n")

    assert lines[0] == (
        "frame,time_s,pts,track_id,keypoint,keypoint_name,x,y,confidence,provenance"
    )
    assert lines[1] == "0,0.000000,0,1,0,nose,100.000,40.000,0.9900,0"
    assert lines[-1] == ""
    assert len(lines) == 1 + (45 + 35) * K + 1
    assert b"\r" not in path.read_bytes()


@pytest.mark.parametrize("script", [sessions.fixture_a(), sessions.fixture_b()], ids=["A", "B"])
def test_csv_gives_back_what_the_session_holds(script: sessions.Script, tmp_path: Path) -> None:
    path = exported(tmp_path, "csv", script)
    for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
        index, track, k = int(row["frame"]), int(row["track_id"]), int(row["keypoint"])
        pts = script.pts[index]
        assert int(row["pts"]) == pts
        assert float(row["time_s"]) == pytest.approx(float(pts * script.source.time_base), abs=5e-7)
        assert row["keypoint_name"] == COCO17.keypoints[k]
        if track == 1 and index in (20, 21) and k == LEFT_WRIST:
            assert (row["x"], row["y"], row["confidence"]) == ("", "", "0.0000")
        else:
            xy = [float(row["x"]), float(row["y"])]
            assert xy == pytest.approx(points(track, index)[k].tolist(), abs=5.1e-4)


# -- npz -------------------------------------------------------------------------------------------


def test_npz_gives_back_what_the_session_holds(tmp_path: Path) -> None:
    script = sessions.fixture_b()
    with np.load(exported(tmp_path, "npz", script), allow_pickle=False) as arrays:
        loaded = dict(arrays)

    assert loaded["xy"].shape == (FRAMES, 2, K, 2)
    assert loaded["xy"].dtype == loaded["conf"].dtype == np.float32
    assert loaded["track_id"].tolist() == [1, 2]
    assert loaded["pts"].tolist() == list(script.pts)
    assert loaded["pts"].dtype == np.int64
    assert loaded["frame_index"].tolist() == list(range(FRAMES))
    assert loaded["visible"].dtype == np.bool_
    assert loaded["visible"][:, 0].all()
    assert loaded["visible"][:, 1].tolist() == [i >= 10 for i in range(FRAMES)]
    assert np.array_equal(loaded["xy"][30, 1], points(2, 30))
    assert np.isnan(loaded["xy"][:10, 1]).all()
    assert np.isnan(loaded["bbox"][:10, 1]).all()
    missing = np.argwhere(np.isnan(loaded["xy"][:, 0, :, 0]))
    assert missing.tolist() == [[20, LEFT_WRIST], [21, LEFT_WRIST]]
    assert loaded["conf"][20, 0, LEFT_WRIST] == 0
    assert loaded["keypoint_names"].tolist() == list(COCO17.keypoints)
    assert (int(loaded["fps_num"]), int(loaded["fps_den"])) == (4500, 149)
    assert (int(loaded["time_base_num"]), int(loaded["time_base_den"])) == (1, 1000)
    assert bool(loaded["is_vfr"])


def test_npz_keeps_provenance_boxes_and_scores_bit_by_bit(tmp_path: Path) -> None:
    script = sessions.fixture_e()
    (pose,) = script.people[0]
    with np.load(exported(tmp_path, "npz", script), allow_pickle=False) as arrays:
        assert np.array_equal(arrays["xy"][0, 0], pose.keypoints, equal_nan=True)
        assert np.array_equal(arrays["provenance"][0, 0], pose.provenance)
        assert np.array_equal(arrays["bbox"][0, 0], pose.box)
        assert arrays["bbox_score"][0, 0] == np.float32(pose.score)
        assert arrays["track_id"].tolist() == [3]


def test_npz_of_an_equal_session_is_the_same_file(tmp_path: Path) -> None:
    first = exported(tmp_path, "npz", sessions.fixture_a()).read_bytes()

    assert exported(tmp_path, "npz", sessions.fixture_a()).read_bytes() == first


# -- openpose --------------------------------------------------------------------------------------


def test_openpose_has_a_file_for_every_frame_also_a_lost_one(tmp_path: Path) -> None:
    folder = exported(tmp_path, "openpose", sessions.with_a_lost_frame())
    names = sorted(p.name for p in folder.iterdir())

    assert len(names) == 6
    assert all(re.fullmatch(r"clip_\d{12}_keypoints\.json", name) for name in names)
    assert openpose_people(folder, 2) == []
    assert len(openpose_people(folder, 3)) == 1


def test_openpose_files_have_the_keys_in_their_order(tmp_path: Path) -> None:
    folder = exported(tmp_path, "openpose", sessions.fixture_a())
    text = (folder / "clip_000000000012_keypoints.json").read_text()
    loaded = json.loads(text)

    assert list(loaded) == ["version", "people"]
    assert loaded["version"] == 1.3
    assert [p["person_id"] for p in loaded["people"]] == [[1], [2]]
    assert list(loaded["people"][0]) == [
        "person_id", "pose_keypoints_2d", "face_keypoints_2d", "hand_left_keypoints_2d",
        "hand_right_keypoints_2d", "pose_keypoints_3d", "face_keypoints_3d",
        "hand_left_keypoints_3d", "hand_right_keypoints_3d",
    ]  # fmt: skip
    assert all(n == [] for p in loaded["people"] for k, n in p.items() if k[:4] in ("face", "hand"))


BODY_18 = (0, None, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3)


def test_openpose_body_18_is_in_openposes_order_with_a_neck(tmp_path: Path) -> None:
    folder = exported(tmp_path, "openpose", sessions.fixture_a())
    found = np.array(openpose_people(folder, 20)[0]["pose_keypoints_2d"]).reshape(18, 3)
    truth = points(1, 20)

    for row, k in zip(found, BODY_18, strict=True):
        if k is None:
            assert row[:2] == pytest.approx(truth[[5, 6]].mean(axis=0), abs=5.1e-4)
            assert row[2] == pytest.approx(0.99 - 0.05 * 6, abs=1e-6)
        elif k == LEFT_WRIST:
            assert row.tolist() == [0, 0, 0]
        else:
            assert row[:2] == pytest.approx(truth[k], abs=5.1e-4)
            assert row[2] == pytest.approx(0.99 - 0.05 * k, abs=1e-6)


@pytest.mark.parametrize(("layout", "count"), [("body_18", 18), ("body_25", 25), ("coco_17", 17)])
def test_openpose_layouts_have_their_length(layout: str, count: int, tmp_path: Path) -> None:
    options = ExportOptions(layout=layout)
    folder = exported(tmp_path, "openpose", sessions.fixture_a(), options)

    assert len(openpose_people(folder, 0)[0]["pose_keypoints_2d"]) == 3 * count


def test_an_unknown_openpose_layout_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="choose body_18, body_25 or coco_17"):
        exported(tmp_path, "openpose", sessions.fixture_c(), ExportOptions(layout="body_26"))
    assert not (tmp_path / "out").exists()


def test_a_real_keypoint_at_the_origin_is_not_taken_for_a_missing_one(tmp_path: Path) -> None:
    options = ExportOptions(layout="coco_17")
    folder = exported(tmp_path, "openpose", sessions.fixture_e(), options)
    found = np.array(openpose_people(folder, 0)[0]["pose_keypoints_2d"]).reshape(17, 3)

    assert found[0].tolist() == [0.001, 0.001, 0.5]
    assert found[3].tolist() == [0.001, 0.001, 0.5]
    assert found[1].tolist() == [-12.346, 20, 0.5]
    assert found[2].tolist() == [5000, -1e6, 0.5]
    assert found[7, 2] == pytest.approx(0.1)
    assert found[8].tolist() == [0, 0, 0]


def test_a_folder_with_other_files_in_it_is_not_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "out" / "clip_raw_json"
    folder.mkdir(parents=True)
    (folder / "my notes.txt").write_text("mine")

    with pytest.raises(OutputError, match=r"holds my notes\.txt"):
        exported(tmp_path, "openpose", sessions.fixture_c())
    assert (folder / "my notes.txt").read_text() == "mine"


# -- coco ------------------------------------------------------------------------------------------


def loaded_coco(path: Path) -> COCO:
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(path))


def test_coco_is_loaded_by_pycocotools_and_gives_back_the_session(tmp_path: Path) -> None:
    coco = loaded_coco(exported(tmp_path, "coco", sessions.fixture_a()))
    (category,) = coco.loadCats(coco.getCatIds(catNms=["person"]))

    assert sorted(coco.getImgIds()) == list(range(1, FRAMES + 1))
    assert category["keypoints"] == list(COCO17.keypoints)
    assert sorted(map(sorted, category["skeleton"]))[0] == [1, 2]
    assert min(min(edge) for edge in category["skeleton"]) == 1
    assert max(max(edge) for edge in category["skeleton"]) == K
    for index in range(FRAMES):
        found = coco.loadAnns(coco.getAnnIds(imgIds=[index + 1]))
        assert [a["track_id"] for a in found] == ([1, 2] if index >= 10 else [1])
        for annotation in found:
            check_annotation(annotation, index)


def check_annotation(annotation: dict[str, Any], index: int) -> None:
    found = np.array(annotation["keypoints"]).reshape(K, 3)
    truth = points(annotation["track_id"], index)
    confidence = 0.99 - 0.05 * np.arange(K)
    v = np.where(confidence >= 0.3, 2, 1)
    if annotation["track_id"] == 1 and index in (20, 21):
        truth[LEFT_WRIST], v[LEFT_WRIST] = 0, 0
    assert np.abs(found[:, :2] - truth).max() <= 5.1e-4
    assert found[:, 2].tolist() == v.tolist()
    assert annotation["num_keypoints"] == np.count_nonzero(v)
    assert annotation["iscrowd"] == 0
    x, y, width, height = annotation["bbox"]
    assert annotation["area"] == pytest.approx(width * height, abs=1e-3)
    assert x == pytest.approx(points(annotation["track_id"], index)[:, 0].min(), abs=1e-3)
    assert y + height == pytest.approx(points(annotation["track_id"], index)[:, 1].max(), abs=2e-3)


def test_coco_numbers_start_at_one_and_lost_frames_are_images(tmp_path: Path) -> None:
    loaded = strict(exported(tmp_path, "coco", sessions.with_a_lost_frame()))

    assert [image["id"] for image in loaded["images"]] == [1, 2, 3, 4, 5, 6]
    assert [image.get("lost", False) for image in loaded["images"]].index(True) == 2
    assert [a["id"] for a in loaded["annotations"]] == [1, 2, 3, 4, 5]
    assert [a["image_id"] for a in loaded["annotations"]] == [1, 2, 4, 5, 6]
    assert loaded["videos"] == [
        {
            "id": 1, "name": "clip.mp4", "fps": 30.0, "fps_exact": "30/1",
            "width": 640, "height": 480,
        }
    ]  # fmt: skip


def test_coco_times_are_those_of_the_source(tmp_path: Path) -> None:
    script = sessions.fixture_b()
    loaded = strict(exported(tmp_path, "coco", script))

    assert [image["timestamp"] for image in loaded["images"]] == [p / 1000 for p in script.pts]
    assert [image["frame_index"] for image in loaded["images"]] == list(range(FRAMES))


def test_coco_tells_apart_unknown_weak_and_seen(tmp_path: Path) -> None:
    (annotation,) = strict(exported(tmp_path, "coco", sessions.fixture_e()))["annotations"]
    v = annotation["keypoints"][2::3]

    assert v == [2] * 7 + [1, 0] + [2] * 8
    assert annotation["keypoints"][:3] == [0, 0, 2]
    assert annotation["bbox"] == [-20, -5, 720, 485]
    assert annotation["score"] == 0.75
