"""Results of COCO and AlphaPose: scored by pycocotools against our own annotations, and field by
field."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import sessions
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from sessions import FRAMES, LEFT_WRIST, K, exported, points, strict
from whole_people import FACE, LEFT_HAND, RIGHT_HAND, exported_whole, whole_person, whole_points

from sdpose_track.export import ExportOptions
from sdpose_track.records import Float32, Pose
from sdpose_track.skeletons import COCO17, WHOLEBODY133


def precision(truth: Path, results: Path, sigmas: Sequence[float] = COCO17.sigmas) -> float:
    """Return COCO's average precision of keypoints."""
    with contextlib.redirect_stdout(io.StringIO()):
        annotations = COCO(str(truth))
        evaluation = COCOeval(annotations, annotations.loadRes(str(results)), "keypoints")
        evaluation.params.kpt_oks_sigmas = np.array(sigmas)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[0])


def test_pycocotools_finds_the_results_perfect_against_the_annotations(tmp_path: Path) -> None:
    script = sessions.fixture_a()
    truth, results = (exported(tmp_path, name, script) for name in ("coco", "coco-results"))

    assert precision(truth, results) == pytest.approx(1.0)


def test_pycocotools_finds_results_of_other_frames_wrong(tmp_path: Path) -> None:
    truth = exported(tmp_path, "coco", sessions.fixture_a())
    late = {i + 1: people for i, people in sessions.fixture_a().people.items()}
    script = sessions.Script(sessions.source_info(count=FRAMES), range(FRAMES), late)

    assert precision(truth, exported(tmp_path, "coco-results", script)) < 0.99


def test_results_hold_confidences_tracks_and_the_score_of_mmpose(tmp_path: Path) -> None:
    results = strict(exported(tmp_path, "coco-results", sessions.fixture_a()))
    found = {(r["image_id"], r["track_id"]): r for r in results}
    confidence = 0.99 - 0.05 * np.arange(K)

    assert len(found) == len(results) == FRAMES + FRAMES - 10
    first = found[1, 1]
    assert list(first) == ["image_id", "category_id", "keypoints", "score", "track_id"]
    row = np.array(first["keypoints"]).reshape(K, 3)
    assert row[:, :2] == pytest.approx(points(1, 0), abs=5.1e-4)
    assert row[:, 2] == pytest.approx(confidence, abs=1e-6)
    assert first["score"] == pytest.approx(0.9 * confidence[confidence > 0.2].mean(), abs=1e-6)
    gap = np.array(found[21, 1]["keypoints"]).reshape(K, 3)
    assert gap[LEFT_WRIST].tolist() == [0, 0, 0]


def test_results_of_a_whole_body_have_its_parts_as_the_annotations_do(tmp_path: Path) -> None:
    frames = [[whole_person(0, missing=RIGHT_HAND)], [whole_person(1)]]
    (first, _) = strict(exported_whole(tmp_path, "coco-results", frames))
    truth = strict(exported_whole(tmp_path, "coco", frames))["annotations"]

    sizes = {"keypoints": 51, "foot_kpts": 18, "face_kpts": 204, "lefthand_kpts": 63}
    assert {name: len(first[name]) for name in sizes} == sizes
    hand = np.array(first["lefthand_kpts"]).reshape(21, 3)
    assert hand[:, :2] == pytest.approx(whole_points(0)[LEFT_HAND], abs=5.1e-4)
    assert first["righthand_kpts"] == [0] * 63
    face = np.array(first["face_kpts"]).reshape(68, 3)
    assert face[:, :2] == pytest.approx(whole_points(0)[FACE], abs=5.1e-4)
    assert [a["righthand_valid"] for a in truth] == [False, True]
    assert [a["foot_valid"] for a in truth] == [True, True]


@pytest.mark.parametrize("name", ["keypoints", "face_kpts", "lefthand_kpts"])
def test_every_part_of_a_whole_body_is_perfect_too(name: str, tmp_path: Path) -> None:
    """Each part in the place of the body, as COCO-WholeBody's evaluation does it."""
    group = {"keypoints": "body", "face_kpts": "face", "lefthand_kpts": "left_hand"}[name]
    sigmas = [WHOLEBODY133.sigmas[k] for k in WHOLEBODY133.group(group)]
    frames = [[whole_person(i)] for i in range(4)]
    paths = [exported_whole(tmp_path, f, frames) for f in ("coco", "coco-results")]
    for path in paths:
        content = strict(path)
        for entry in content["annotations"] if isinstance(content, dict) else content:
            entry["keypoints"], entry["num_keypoints"] = entry[name], len(sigmas)
        path.write_text(json.dumps(content))

    assert precision(paths[0], paths[1], sigmas) == pytest.approx(1.0)


def test_annotations_and_results_of_nobody_are_empty(tmp_path: Path) -> None:
    assert strict(exported(tmp_path, "coco-results", sessions.fixture_c())) == []
    assert strict(exported(tmp_path, "alphapose", sessions.fixture_c())) == []


def test_annotations_at_another_rate_tell_it(tmp_path: Path) -> None:
    options = ExportOptions(rate=Fraction(24000, 1001))
    loaded = strict(exported(tmp_path, "coco", sessions.fixture_b(), options))

    assert loaded["videos"][0]["fps_exact"] == "24000/1001"
    times = [image["timestamp"] for image in loaded["images"]]
    assert times == pytest.approx([i * 1001 / 24000 for i in range(len(times))], abs=1e-6)


# -- alphapose -------------------------------------------------------------------------------------


def test_alphapose_has_its_fields(tmp_path: Path) -> None:
    results = strict(exported(tmp_path, "alphapose", sessions.fixture_a()))
    confidence = 0.99 - 0.05 * np.arange(K)

    assert [r["image_id"] for r in results[:12]] == [*(f"{i}.jpg" for i in range(11)), "10.jpg"]
    assert [r["idx"] for r in results[9:12]] == [1, 1, 2]
    assert list(results[0]) == ["image_id", "category_id", "keypoints", "score", "box", "idx"]
    assert len(results[0]["keypoints"]) == 3 * K
    assert results[0]["score"] == pytest.approx(
        0.9 + confidence.mean() + 1.25 * confidence.max(), abs=1e-5
    )
    x, y, width, height = results[0]["box"]
    assert (x, y) == pytest.approx(points(1, 0).min(axis=0))
    assert (x + width, y + height) == pytest.approx(points(1, 0).max(axis=0))


def test_alphapose_of_a_whole_body_has_133_keypoints(tmp_path: Path) -> None:
    (result,) = strict(exported_whole(tmp_path, "alphapose", [[whole_person(missing=LEFT_HAND)]]))
    found = np.array(result["keypoints"]).reshape(133, 3)

    assert not found[list(LEFT_HAND)].any()
    assert found[list(RIGHT_HAND), :2] == pytest.approx(whole_points(0)[RIGHT_HAND], abs=5.1e-4)


def test_a_person_without_a_box_has_one_around_their_keypoints(tmp_path: Path) -> None:
    pose = sessions.person(1, 0)
    boxless = Pose(
        1, np.full(4, np.nan, np.float32), 0.9, pose.keypoints, pose.scores, pose.provenance
    )
    script = sessions.Script(sessions.source_info(count=1), range(1), {0: (boxless,)})
    (result,) = strict(exported(tmp_path, "alphapose", script))

    assert result["box"] == pytest.approx(_around(points(1, 0)))


def _around(where: Float32) -> list[float]:
    low, high = where.min(axis=0), where.max(axis=0)
    return [*low.tolist(), *(high - low).tolist()]
