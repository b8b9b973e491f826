"""People of 133 keypoints all the way: stored, read, smoothed, and exported part by part."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from export_clips import UNEVEN, make_clip, pattern, pictures
from golden_files import golden
from pycocotools.coco import COCO
from sessions import openpose_people, source_info, strict

from sdpose_track.export import ExportOptions, export
from sdpose_track.records import (
    NO_DETECTIONS,
    Float32,
    FramePoses,
    FrameResult,
    Pose,
    Provenance,
    SourceInfo,
)
from sdpose_track.session.recording import Recording
from sdpose_track.session.schema import ModelRecord, SessionHeader
from sdpose_track.session.view import View
from sdpose_track.session.writer import SessionWriter
from sdpose_track.skeletons import WHOLEBODY133
from sdpose_track.smooth.choices import Smoothing
from sdpose_track.sources import open_source

K = len(WHOLEBODY133)
FRAMES = 12
FOREFINGER = WHOLEBODY133.index("left_forefinger2")
LEFT_HAND, RIGHT_HAND = range(91, 112), range(112, 133)
SCORES = (0.2 + np.arange(K) / 100).astype(np.float32)
"""From 0.2 to 1.52: peaks of heatmaps may exceed 1."""


def points(index: int) -> Float32:
    """Return the (K, 2) keypoints of the person in a frame, who walks to the right."""
    k = np.arange(K)
    return np.stack([40 + 9.5 * (k % 12) + 1.25 * index, 20 + 16.5 * (k // 12)], axis=1).astype(
        np.float32
    )


def person(index: int, missing: range | tuple[int, ...] = (), sure: Float32 = SCORES) -> Pose:
    where, scores = points(index), sure.copy()
    box = np.concatenate([where.min(axis=0), where.max(axis=0)])
    where[list(missing)], scores[list(missing)] = np.nan, 0
    return Pose(1, box, 0.9, where, scores, np.zeros(K, np.uint8))


def walk() -> list[Pose]:
    """Return a person who loses a finger for two frames and the right hand for good."""
    gone = tuple(RIGHT_HAND)
    return [person(i, (*gone, FOREFINGER) if i in (5, 6) else gone) for i in range(FRAMES)]


@contextmanager
def view_of(
    path: Path,
    people: list[Pose],
    smoothing: Smoothing = Smoothing.OFF,
    source: tuple[SourceInfo, tuple[int, ...]] | None = None,
) -> Iterator[View]:
    """Write a session with one person a frame, and open a view of it."""
    info, pts = source or (source_info(count=len(people)), tuple(range(len(people))))
    model = ModelRecord("sdpose-wholebody", "a" * 64)
    header = SessionHeader(info, WHOLEBODY133.name, model, model, {}, "0.1.0")
    with SessionWriter.create(path, header) as writer:
        for index, (pose, at) in enumerate(zip(people, pts, strict=True)):
            poses = FramePoses(index, at, (at - pts[0]) * info.time_base, (pose,))
            writer.append([FrameResult(poses, NO_DETECTIONS, np.empty(0, np.int32))])
        writer.finish({})
    with Recording.open(path) as recording:
        yield View(recording, smoothing)


def exported(
    folder: Path, name: str, people: list[Pose], options: ExportOptions | None = None
) -> Path:
    with view_of(folder / "clip.sdpose", people) as view:
        return export(view, name, folder / "out", "clip", options)


def triples(person: dict[str, Any], part: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array(person[f"{part}_keypoints_2d"], np.float64).reshape(-1, 3)


# -- session ---------------------------------------------------------------------------------------


def test_a_session_gives_back_133_keypoints_and_scores_above_one(tmp_path: Path) -> None:
    people = walk()
    with view_of(tmp_path / "clip.sdpose", people) as view:
        assert view.skeleton is WHOLEBODY133
        for pose, frame in zip(people, view.frames(), strict=True):
            (found,) = frame.people
            np.testing.assert_array_equal(found.keypoints, pose.keypoints)
            np.testing.assert_array_equal(found.scores, pose.scores)
        assert view.track(1).keypoints.shape == (FRAMES, K, 2)


@pytest.mark.parametrize("smoothing", [Smoothing.LIVE, Smoothing.OFFLINE])
def test_smoothing_follows_all_of_them_and_keeps_their_scores(
    smoothing: Smoothing, tmp_path: Path
) -> None:
    with view_of(tmp_path / "clip.sdpose", walk(), smoothing) as view:
        track = view.track(1)

    truth = np.stack([points(i) for i in range(FRAMES)])
    known = np.ones(K, np.bool_)
    known[RIGHT_HAND] = False
    assert np.isnan(track.keypoints[:, ~known]).all()
    assert np.abs(track.keypoints[:, known] - truth[:, known]).max() < 1.5
    known[FOREFINGER] = False
    np.testing.assert_array_equal(
        track.scores[:, known], np.tile(SCORES[known], (FRAMES, 1)), strict=True
    )
    assert track.provenance[5, FOREFINGER] == Provenance.PREDICTED


@pytest.mark.parametrize("smoothing", [Smoothing.LIVE, Smoothing.OFFLINE])
def test_a_score_above_one_smooths_like_one(smoothing: Smoothing, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    shaken = [points(i) + rng.normal(0, 2, (K, 2)).astype(np.float32) for i in range(FRAMES)]
    found = []
    for sure in (1.0, 1.4):
        scores = np.full(K, sure, np.float32)
        box = person(0).box
        people = [Pose(1, box, 0.9, p, scores, np.zeros(K, np.uint8)) for p in shaken]
        with view_of(tmp_path / f"{sure}.sdpose", people, smoothing) as view:
            found.append(view.track(1).keypoints)

    np.testing.assert_array_equal(found[0], found[1])


# -- openpose --------------------------------------------------------------------------------------


def test_openpose_of_a_whole_body_is_body_25_with_feet_face_and_hands(tmp_path: Path) -> None:
    found = openpose_people(exported(tmp_path, "openpose", [person(0)]), 0)[0]
    truth = np.column_stack([points(0), np.minimum(SCORES, 1)])
    eyes = [WHOLEBODY133.index("right_eye"), WHOLEBODY133.index("left_eye")]

    for part, numbers in {
        "face": [*range(23, 91), *eyes],
        "hand_left": LEFT_HAND,
        "hand_right": RIGHT_HAND,
    }.items():
        np.testing.assert_allclose(triples(found, part), truth[numbers], atol=5.1e-4)
    pose = triples(found, "pose")
    assert pose.shape == (25, 3)
    np.testing.assert_allclose(pose[19:], truth[17:23], atol=5.1e-4)
    np.testing.assert_allclose(pose[8], [*points(0)[[11, 12]].mean(axis=0), SCORES[11]], atol=1e-3)


def test_openpose_cuts_confidences_to_one_and_writes_zeros_for_what_is_missing(
    tmp_path: Path,
) -> None:
    found = openpose_people(exported(tmp_path, "openpose", [person(0, RIGHT_HAND)]), 0)[0]

    assert triples(found, "hand_left")[:, 2].max() == 1
    assert found["hand_right_keypoints_2d"] == [0.0] * 63


def test_openpose_agrees_with_another_program_whose_hands_are_swapped(tmp_path: Path) -> None:
    loaded = json.loads(golden("ui/openpose_json.json").read_text(encoding="utf-8"))
    given = loaded["input_wholebody133"][0]
    (theirs,) = loaded["comfy_wholebody_as_shipped"]["people"]
    where = np.array(given["keypoints"], np.float32)
    scores = np.array(given["scores"], np.float32)
    pose = Pose(1, np.zeros(4, np.float32), 0.9, where, scores, np.zeros(K, np.uint8))
    options = ExportOptions(layout="body_18", threshold=0.3)
    ours = openpose_people(exported(tmp_path, "openpose", [pose], options), 0)[0]

    same = {
        "pose": "pose", "face": "face", "hand_left": "hand_right", "hand_right": "hand_left",
    }  # fmt: skip
    for part, swapped in same.items():
        np.testing.assert_allclose(triples(ours, part), triples(theirs, swapped), atol=5.1e-4)


# -- coco ------------------------------------------------------------------------------------------


def test_coco_has_the_body_where_coco_has_it_and_the_rest_as_in_coco_wholebody(
    tmp_path: Path,
) -> None:
    path = exported(tmp_path, "coco", [person(0)])
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(path))
    (category,) = coco.loadCats(coco.getCatIds())
    (annotation,) = coco.loadAnns(coco.getAnnIds())

    assert category["keypoints"] == list(WHOLEBODY133.keypoints[:17])
    assert max(max(edge) for edge in category["skeleton"]) == 17
    assert annotation["num_keypoints"] == 17
    for member, numbers in {
        "keypoints": range(17),
        "foot_kpts": range(17, 23),
        "face_kpts": range(23, 91),
        "lefthand_kpts": LEFT_HAND,
        "righthand_kpts": RIGHT_HAND,
    }.items():
        found = np.array(annotation[member]).reshape(-1, 3)
        np.testing.assert_allclose(found[:, :2], points(0)[numbers], atol=5.1e-4)
        assert found[:, 2].tolist() == np.where(SCORES[numbers] >= 0.3, 2, 1).tolist()


def test_coco_says_which_parts_of_a_whole_body_are_there(tmp_path: Path) -> None:
    (annotation,) = strict(exported(tmp_path, "coco", [person(0, RIGHT_HAND)]))["annotations"]

    assert annotation["righthand_kpts"] == [0] * 63
    assert not annotation["righthand_valid"]
    assert annotation["foot_valid"]
    assert annotation["face_valid"]
    assert annotation["lefthand_valid"]


# -- csv, npz, video -------------------------------------------------------------------------------


def test_csv_has_a_row_for_each_of_the_133_by_name(tmp_path: Path) -> None:
    path = exported(tmp_path, "csv", [person(0)])
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))

    assert [row["keypoint_name"] for row in rows] == list(WHOLEBODY133.keypoints)
    found = [[float(row[c]) for c in ("x", "y", "confidence")] for row in rows]
    np.testing.assert_allclose(found, np.column_stack([points(0), SCORES]), atol=5.1e-4)


def test_npz_has_133_names_and_raw_confidences(tmp_path: Path) -> None:
    with np.load(exported(tmp_path, "npz", walk()), allow_pickle=False) as arrays:
        assert arrays["keypoint_names"].tolist() == list(WHOLEBODY133.keypoints)
        assert str(arrays["skeleton"]) == "wholebody133"
        assert arrays["xy"].shape == (FRAMES, 1, K, 2)
        assert arrays["edges"].shape == (65, 2)
        np.testing.assert_array_equal(arrays["conf"][0, 0, LEFT_HAND], SCORES[LEFT_HAND])


def test_the_video_shows_the_hands(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", size=(320, 240), sound=None)
    with open_source(str(clip)) as source:
        info, times = source.info, tuple(source.times() or ())
    assert info.time_base * times[-1] == Fraction(UNEVEN[-1], 1000)
    people = [person(0) for _ in times]
    with view_of(tmp_path / "clip.sdpose", people, source=(info, times)) as view:
        path = export(view, "video", tmp_path / "out", "clip")

    drawn = pictures(path)[0].astype(int) - pattern(0, (320, 240))
    for numbers in (LEFT_HAND, RIGHT_HAND):
        x, y = points(0)[numbers[3]].round().astype(int)
        assert np.abs(drawn[y - 1 : y + 2, x - 1 : x + 2]).max() > 60
