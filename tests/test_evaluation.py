"""Keypoint scores: on answers that are known, against pycocotools itself, and on real pictures."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sdpose_track.cli.demo import photographs
from sdpose_track.errors import SettingsError, SourceError
from sdpose_track.evaluation import poses as module
from sdpose_track.evaluation.annotations import PARTS, Person, read_annotations
from sdpose_track.evaluation.boxes import detection_rows, truth_rows
from sdpose_track.evaluation.coco_scores import (
    KEYPOINT_SCORES,
    FoundBox,
    FoundPose,
    box_scores,
    keypoint_scores,
)
from sdpose_track.evaluation.poses import evaluate_poses
from sdpose_track.evaluation.protocol import PoseWish
from sdpose_track.evaluation.similarity import (
    keypoint_means,
    looked_at_areas,
    similarity,
    suppress_alike,
)
from sdpose_track.export.formats import coco_json, coco_people
from sdpose_track.pipeline.seats import Seats, take
from sdpose_track.pipeline.stills import estimate_stills, find_stills
from sdpose_track.pose.cropping import udp_crop
from sdpose_track.pose.estimator import Estimate, Ready, Subject
from sdpose_track.records import Float64, measured
from sdpose_track.settings import ModelSettings
from sdpose_track.skeletons import COCO17, SKELETONS, Skeleton

BODY = range(17)
WHOLE = SKELETONS["wholebody133"]
AREA = 10_000.0


def somebody(seed: int, count: int = 17, picture: int = 0, **values: Any) -> Person:
    """A person whose keypoints lie at random in a box of 100 × 200 pixels."""
    random = np.random.default_rng(seed)
    left, top = random.uniform(0, 400, 2)
    where = random.uniform(0, 1, (count, 2)) * (100, 200) + (left, top)
    points = np.column_stack([where, np.full(count, 2.0)])
    known = {"area": AREA, "is_crowd": False, "keypoints": points, **values}
    return Person(picture, (left, top, 100.0, 200.0), **known)


def moved(person: Person, shift: Float64 | float = 0.0, score: float = 0.9) -> FoundPose:
    """The annotated keypoints as an estimator's answer, each `shift` pixels to the right."""
    points = person.keypoints.copy()
    points[:, 0] += shift
    points[:, 2] = 1
    return FoundPose(person.picture, points, score)


def scored(truth: Sequence[Person], found: Sequence[FoundPose]) -> dict[str, float | None]:
    return keypoint_scores(truth, found, 3, COCO17.sigmas, BODY)


def test_the_truth_itself_scores_one() -> None:
    truth = [somebody(i, picture=i % 3) for i in range(6)]
    scores = scored(truth, [moved(person) for person in truth])
    assert set(scores) == set(KEYPOINT_SCORES)
    assert scores["AP"] == scores["AR"] == scores["APl"] == pytest.approx(1)
    assert scores["APm"] is None  # nobody here is of medium size


def test_a_shift_costs_the_thresholds_that_its_similarity_does_not_reach() -> None:
    for wanted, reached in ((0.97, 10), (0.77, 6), (0.52, 1), (0.4, 0)):
        spread = 2 * (2 * np.array(COCO17.sigmas)) ** 2 * AREA
        shift = np.sqrt(-math.log(wanted) * spread)  # each keypoint is `wanted` like the truth
        truth = [somebody(i, picture=i) for i in range(3)]
        scores = scored(truth, [moved(person, shift) for person in truth])
        assert scores["AP"] == pytest.approx(reached / 10)
        assert scores["AR"] == pytest.approx(reached / 10)


def test_nobody_found_scores_zero_and_somebody_who_is_not_there_costs_precision() -> None:
    truth = [somebody(1)]
    assert scored(truth, [])["AP"] == 0
    stranger = moved(somebody(2), score=0.99)
    assert scored(truth, [stranger, moved(truth[0])])["AP"] == pytest.approx(0.5)


def test_a_pose_without_any_keypoint_is_not_counted_as_a_wrong_one() -> None:
    truth = [somebody(1)]
    empty = FoundPose(0, np.column_stack([np.full((17, 2), np.nan), np.zeros(17)]), 0.99)
    assert scored(truth, [empty, moved(truth[0])])["AP"] == pytest.approx(1)


def test_a_missing_keypoint_is_far_from_where_it_should_be() -> None:
    truth = [somebody(1)]
    pose = moved(truth[0])
    pose.keypoints[:6] = (np.nan, np.nan, 0)
    assert scored(truth, [pose])["AP"] == pytest.approx(0.3)  # 11 of 17 are right: 0.647


def test_figures_are_those_of_pycocotools_own_path_through_files(tmp_path: Path) -> None:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    random = np.random.default_rng(0)
    areas = random.uniform(600, 20_000, 12)
    truth = [somebody(i, picture=i % 3, area=areas[i], is_crowd=i == 7) for i in range(12)]
    truth[3].keypoints[:, 2] = 0
    found = [moved(truth[i % 12], random.normal(0, 8, 17), random.uniform()) for i in range(90)]
    annotations = [
        {"id": i, "image_id": p.picture, "category_id": 1, "bbox": p.box, "area": p.area,
         "iscrowd": int(p.is_crowd), "keypoints": p.keypoints.ravel().tolist(),
         "num_keypoints": p.labelled(BODY)}
        for i, p in enumerate(truth, start=1)
    ]  # fmt: skip
    results = [
        {"image_id": f.picture, "category_id": 1, "keypoints": f.keypoints.ravel().tolist(),
         "score": f.score}
        for f in found
    ]  # fmt: skip
    path = tmp_path / "truth.json"
    images = [{"id": i} for i in range(3)]
    path.write_text(json.dumps(
        {"images": images, "annotations": annotations, "categories": [{"id": 1}]}
    ))  # fmt: skip
    with redirect_stdout(StringIO()):
        coco = COCO(str(path))
        comparison = COCOeval(coco, coco.loadRes(results), "keypoints")
        comparison.evaluate()
        comparison.accumulate()
        comparison.summarize()

    ours = scored(truth, found)

    assert list(ours.values()) == pytest.approx(list(comparison.stats))
    assert 0.05 < comparison.stats[0] < 0.95


def test_boxes_are_scored_too_and_a_crowd_is_no_mistake() -> None:
    crowd = Person(0, (500, 0, 300, 300), 90_000, is_crowd=True, keypoints=np.zeros((17, 3)))
    truth = [somebody(1), crowd]
    right = FoundBox(0, truth[0].box, 0.5)
    in_the_crowd = FoundBox(0, (600, 50, 50, 50), 0.9)
    assert box_scores(truth, [in_the_crowd, right], 1) == {
        "box_AP": pytest.approx(1),
        "box_AP50": pytest.approx(1),
    }


# -- the whole body --------------------------------------------------------------------------------


def part_scores(truth: Sequence[Person], found: Sequence[FoundPose], part: str) -> float | None:
    columns = range(133) if part == "wholebody" else WHOLE.group(part)
    sigmas = WHOLE.sigmas[columns.start : columns.stop]
    return keypoint_scores(truth, found, 3, sigmas, columns)["AP"]


def test_each_part_of_the_body_is_scored_by_its_own_keypoints() -> None:
    truth = [somebody(i, 133, picture=i) for i in range(3)]
    found = [moved(person) for person in truth]
    for pose in found:
        pose.keypoints[91:112, :2] += 1000  # the left hand is somewhere else
    scores = {part: part_scores(truth, found, part) for part, _ in WHOLE.groups}
    assert scores == {
        "body": pytest.approx(1),
        "feet": pytest.approx(1),
        "face": pytest.approx(1),
        "left_hand": 0,
        "right_hand": pytest.approx(1),
    }
    # 112 of 133 keypoints are right, a similarity of 0.842: 7 of the 10 thresholds
    assert part_scores(truth, found, "wholebody") == pytest.approx(0.7)


def test_whole_body_similarity_uses_the_constants_of_each_keypoint() -> None:
    shift, person = 4.0, somebody(1, 133)
    alike = [math.exp(-(shift**2) / (2 * AREA * (2 * sigma) ** 2)) for sigma in WHOLE.sigmas]
    for part, columns in (*WHOLE.groups, ("wholebody", range(133))):
        expected = sum(alike[k] for k in columns) / len(columns)
        reached = sum(expected >= threshold / 100 for threshold in range(50, 100, 5))
        assert part_scores([person], [moved(person, shift)], part) == pytest.approx(reached / 10)
        assert (part in ("body", "feet")) == (expected > 0.9)  # faces are told more finely


def test_a_hand_that_nobody_annotated_is_neither_missed_nor_wrong() -> None:
    truth = [somebody(i, 133, picture=i) for i in range(3)]
    found = [moved(person) for person in truth]
    truth[0].keypoints[91:112] = 0
    assert part_scores(truth, found, "left_hand") == pytest.approx(1)
    assert part_scores(truth, found[1:], "left_hand") == pytest.approx(1)
    assert part_scores(truth, found[1:], "right_hand") == pytest.approx(0.663, abs=1e-3)


# -- similarity and suppression --------------------------------------------------------------------


def crowd_of(count: int) -> tuple[Float64, Float64, Float64]:
    random = np.random.default_rng(3)
    few = random.uniform(0, 300, (count // 4, 17, 2))
    points = np.concatenate([few + random.normal(0, 3, few.shape) for _ in range(4)])
    return points, random.uniform(5e3, 2e4, len(points)), random.permutation(len(points)) / 100.0


def test_poses_that_are_alike_fall_to_the_surest_as_in_a_plain_loop() -> None:
    points, areas, scores = crowd_of(80)
    left = sorted(range(80), key=lambda i: -scores[i])
    kept = []
    while left:
        first = left.pop(0)
        kept.append(first)
        for other in list(left):
            total = 0.0
            for k, sigma in enumerate(COCO17.sigmas):
                squared = float(((points[first, k] - points[other, k]) ** 2).sum())
                area = (areas[first] + areas[other]) / 2
                total += math.exp(-squared / (2 * sigma) ** 2 / area / 2)
            if total / 17 > 0.9:
                left.remove(other)

    assert suppress_alike(points, areas, scores, COCO17.sigmas, 0.9).tolist() == kept
    assert 20 <= len(kept) < 80


def test_nobody_falls_where_all_may_stay() -> None:
    points, areas, scores = crowd_of(40)
    rows = suppress_alike(points, areas, scores, COCO17.sigmas, 1.0)
    assert rows.tolist() == np.argsort(-scores).tolist()
    empty = suppress_alike(points[:0], areas[:0], scores[:0], COCO17.sigmas, 0.9)
    assert empty.tolist() == []


def test_a_keypoint_without_a_position_is_like_nothing() -> None:
    pose = np.zeros((17, 2))
    other = pose.copy()
    other[:5] = np.nan
    (alike,) = similarity(pose, other[None], np.array([AREA]), COCO17.sigmas)
    assert alike == pytest.approx(12 / 17)


def test_the_area_of_suppression_is_that_of_the_crop_the_network_sees() -> None:
    boxes = np.array([[10, 20, 60, 220], [10, 20, 310, 120], [0, 0, 75, 100]], np.float32)
    crops = [np.prod(udp_crop(box, (640, 480)).size) for box in boxes]
    assert looked_at_areas(boxes.astype(np.float64)) == pytest.approx(crops, rel=1e-6)


def test_the_mean_of_keypoints_leaves_out_the_unsure() -> None:
    scores = np.array([[0.9, 0.5, 0.2, 0.1], [0.2, 0.1, 0.0, 0.05]])
    assert keypoint_means(scores).tolist() == pytest.approx([0.7, 0.0])


# -- files -----------------------------------------------------------------------------------------


def annotation(person: Person, number: int, image_id: int) -> dict[str, Any]:
    """One entry of an annotation file, for 17 keypoints or 133."""
    entry: dict[str, Any] = {
        "id": number, "image_id": image_id, "category_id": 1, "bbox": list(person.box),
        "area": person.area, "iscrowd": int(person.is_crowd),
    }  # fmt: skip
    first = 0
    for name, count in PARTS if len(person.keypoints) == 133 else PARTS[:1]:
        entry[name] = person.keypoints[first : first + count].ravel().tolist()
        first += count
    return entry


def annotated(folder: Path, people: Sequence[Person], files: Sequence[str]) -> Path:
    """Write an annotation file about pictures with ids 100, 101, ..."""
    path = folder / "annotations.json"
    content = {
        "images": [{"id": 100 + i, "file_name": name} for i, name in enumerate(files)],
        "annotations": [annotation(p, i, 100 + p.picture) for i, p in enumerate(people)],
        "categories": [{"id": 1, "name": "person"}],
    }
    path.write_text(json.dumps(content))
    return path


def test_annotations_are_read_for_the_body_and_for_the_whole_body(tmp_path: Path) -> None:
    for count in (17, 133):
        people = [somebody(1, count), somebody(2, count, picture=1, is_crowd=True)]
        read = read_annotations(annotated(tmp_path, people, ["a.jpg", "b.jpg"]))
        assert read.keypoints == count
        assert [picture.id for picture in read.pictures] == [100, 101]
        assert [person.picture for person in read.people] == [0, 1]
        assert [person.is_scored for person in read.people] == [True, False]
        np.testing.assert_array_equal(read.people[0].keypoints, people[0].keypoints)


def test_other_categories_and_pictures_are_left_out_and_areas_may_be_missing(
    tmp_path: Path,
) -> None:
    path = annotated(tmp_path, [somebody(1), somebody(2), somebody(3)], ["a.jpg"])
    content = json.loads(path.read_text())
    content["annotations"][1]["category_id"] = 18
    content["annotations"][2]["image_id"] = 999
    del content["annotations"][0]["area"]
    path.write_text(json.dumps(content))
    (person,) = read_annotations(path).people
    assert person.area == pytest.approx(0.53 * 100 * 200)


def test_a_whole_body_is_read_by_the_names_that_it_is_exported_by(tmp_path: Path) -> None:
    person = somebody(1, 133)
    path = annotated(tmp_path, [person], ["a.jpg"])
    content = json.loads(path.read_text())
    (entry,) = content["annotations"]
    for name, _ in PARTS:
        del entry[name]
    entry.update(coco_json._keypoints(WHOLE, person.keypoints))
    path.write_text(json.dumps(content))
    read = read_annotations(path)
    assert read.keypoints == 133
    np.testing.assert_array_equal(read.people[0].keypoints, person.keypoints)
    assert set(dict(PARTS)) == set(coco_people.MEMBERS.values())


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is no JSON file"),
        ("[]", "holds no COCO annotations"),
        ('{"images": []}', "there is no list 'annotations'"),
        ('{"images": [], "annotations": []}', "holds nobody with annotated keypoints"),
        ('{"images": [{"id": 1}], "annotations": []}', "image 0 .*'file_name' is missing"),
        ('{"images": [7], "annotations": []}', "image 0 is not as in COCO"),
        (
            '{"images": [{"id": 1, "file_name": "a", "width": 1e999, "height": 1}],'
            ' "annotations": []}',
            "image 0 is not as in COCO",
        ),
    ],
)
def test_what_is_no_annotation_file_is_told(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "annotations.json"
    path.write_text(text)
    with pytest.raises(SourceError, match=sentence):
        read_annotations(path)


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("keypoints", [1, 2, 2], "keypoints has 3 numbers, expected 51"),
        ("keypoints", "none", "annotation 0 is not as in COCO"),
        ("bbox", [1, 2, 3], "annotation 0 is not as in COCO"),
        ("bbox", [1, 2, 3, math.inf], "a number that is none"),
        ("area", "large", "annotation 0 is not as in COCO"),
        pytest.param("area", 10**400, "annotation 0 is not as in COCO", id="endless area"),
        ("bbox", [10**400, 2, 3, 4], "annotation 0 is not as in COCO"),
        ("keypoints", [10**400] * 51, "annotation 0 is not as in COCO"),
    ],
)
def test_an_annotation_that_cannot_be_is_named(
    tmp_path: Path, key: str, value: Any, sentence: str
) -> None:
    path = annotated(tmp_path, [somebody(1)], ["a.jpg"])
    content = json.loads(path.read_text())
    content["annotations"][0][key] = value
    path.write_text(json.dumps(content))
    with pytest.raises(SourceError, match=sentence):
        read_annotations(path)


@pytest.mark.parametrize("number", ["x", "1", None, [1], 1.5])
def test_a_category_whose_id_is_no_number_is_named(number: Any, tmp_path: Path) -> None:
    path = annotated(tmp_path, [somebody(1)], ["a.jpg"])
    content = json.loads(path.read_text())
    content["categories"] = [{"id": 7, "name": "dog"}, {"id": number, "name": "person"}]
    path.write_text(json.dumps(content))
    with pytest.raises(SourceError, match="category 1 is not as in COCO"):
        read_annotations(path)


def test_truth_boxes_are_cut_at_the_last_pixel_and_are_of_people_to_be_found() -> None:
    def boxed(*box: float, is_crowd: bool = False, seen: float = 2) -> Person:
        return Person(0, box, 1.0, is_crowd, np.full((17, 3), seen))  # type: ignore[arg-type]

    people = [
        boxed(-5, 10, 50, 500),
        boxed(10, 10, 20, 20, is_crowd=True),
        boxed(10, 10, 20, 20, seen=0),
        boxed(10, 10, 0, 20),
        boxed(700, 10, 20, 20),
    ]
    assert truth_rows(people, {0: (640, 480)}) == {0: [[0, 10, 45, 479, 1.0]]}


def test_detections_are_read_as_they_are_published(tmp_path: Path) -> None:
    read = read_annotations(annotated(tmp_path, [somebody(1)], ["a.jpg", "b.jpg"]))
    path = tmp_path / "detections.json"
    entry = {"image_id": 101, "category_id": 1, "bbox": [-3, 4.5, 10, 20], "score": 0.02}
    others = [
        {**entry, "category_id": 3},
        {**entry, "image_id": 7},
        {**entry, "bbox": [1, 1, 0, 2]},
    ]
    path.write_text(json.dumps([*others, entry]))
    assert detection_rows(path, read) == {1: [[-3, 4.5, 7, 24.5, 0.02]]}
    path.write_text('{"a.jpg": [[1, 2, 3, 4]]}')
    assert detection_rows(path, read) is None
    for text, sentence in {
        "[1": "cannot be read as JSON",
        "[1]": "entry 0 is no COCO detection",
        '[{"image_id": 101, "category_id": 1, "bbox": [1, 2, 3], "score": 1}]': "entry 0 is no",
        json.dumps([{**entry, "score": 1.5}]): "entry 0 has a bbox or score that cannot be",
        json.dumps([{**entry, "score": 10**400}]): "entry 0 is no COCO detection",
        json.dumps([{**entry, "bbox": [10**400, 1, 1, 1]}]): "entry 0 is no COCO detection",
        json.dumps(others): "has nobody in the pictures",
    }.items():
        path.write_text(text)
        with pytest.raises(SettingsError, match=sentence):
            detection_rows(path, read)


# -- the whole evaluation --------------------------------------------------------------------------


def own_poses(folder: Path, confidence: float) -> Path:
    """Annotate two photographs with what yolo11n-pose itself finds in them."""
    seats = take(ModelSettings(confidence=confidence), (1080, 810), {})
    stills = find_stills([str(path) for path in photographs()])
    people = []
    for found in estimate_stills(stills, seats.detector, seats.estimator, confidence):
        for pose in found.people:
            x1, y1, x2, y2 = pose.box.astype(float).tolist()
            points = np.column_stack([pose.keypoints, np.full(17, 2)]).astype(float)
            box = (x1, y1, x2 - x1, y2 - y1)
            people.append(Person(found.still.index, box, box[2] * box[3], False, points))
    return annotated(folder, people, [path.name for path in photographs()])


def wish(annotations: Path, images: Path, **values: Any) -> PoseWish:
    models = ModelSettings(pose="yolo11n-pose", device="cpu")
    return PoseWish(annotations=annotations, images=images, models=models, **values)


def test_a_model_that_is_scored_on_its_own_answers_scores_one(tmp_path: Path) -> None:
    path = own_poses(tmp_path, 0.5)
    scores = evaluate_poses(wish(path, photographs()[0].parent))
    assert scores.body["AP"] == pytest.approx(1)
    assert scores.boxes == {"box_AP": pytest.approx(1), "box_AP50": pytest.approx(1)}
    assert scores.poses > scores.people >= 5  # weak ones are scored too, and cost nothing
    told = scores.as_json()
    assert list(told)[:12] == [*KEYPOINT_SCORES, "box_AP", "box_AP50"]
    assert told["protocol"] == {
        "boxes": "detector", "confidence": 0.001, "score": "box", "oks_nms": None,
        "detector_size": 640,
    }  # fmt: skip
    json.dumps(told, allow_nan=False)


def test_boxes_of_the_truth_are_looked_at_one_by_one(tmp_path: Path) -> None:
    path = own_poses(tmp_path, 0.5)
    progress: list[tuple[int, int]] = []
    scores = evaluate_poses(
        wish(path, photographs()[0].parent, boxes="truth"),
        lambda done, total: progress.append((done, total)),
    )
    assert scores.poses == scores.people
    assert scores.body["AP"] is not None
    assert scores.body["AP"] > 0.6
    assert scores.boxes == {"box_AP": None, "box_AP50": None}
    assert scores.detector is None
    assert (scores.protocol.score, scores.protocol.oks_nms) == ("box-keypoint", 0.9)
    assert progress == [(1, 2), (2, 2)]


def test_detections_from_a_file_give_the_boxes(tmp_path: Path) -> None:
    path = own_poses(tmp_path, 0.5)
    annotations = json.loads(path.read_text())["annotations"]
    detections = tmp_path / "detections.json"
    detections.write_text(json.dumps([
        {"image_id": a["image_id"], "category_id": 1, "bbox": a["bbox"], "score": 0.01}
        for a in annotations
    ]))  # fmt: skip
    scores = evaluate_poses(wish(path, photographs()[0].parent, boxes=str(detections)))
    assert scores.poses == len(annotations)
    assert scores.boxes["box_AP"] == pytest.approx(1, abs=1e-6)
    assert scores.protocol.confidence == 0


def test_missing_pictures_are_counted_and_the_first_is_named(tmp_path: Path) -> None:
    Image.new("L", (8, 6)).save(tmp_path / "a.jpg")
    path = annotated(tmp_path, [somebody(1)], ["a.jpg", "b.jpg", "c.jpg"])
    with pytest.raises(SourceError, match=r"2 of the 3 annotated pictures .* b\.jpg"):
        evaluate_poses(wish(path, tmp_path))


def test_pictures_of_another_size_than_annotated_are_told_of(tmp_path: Path) -> None:
    path = own_poses(tmp_path, 0.5)
    content = json.loads(path.read_text())
    content["images"][1].update(width=1280, height=720)
    content["images"][0].update(width=1080, height=810)
    path.write_text(json.dumps(content))
    notes: list[str] = []
    scores = evaluate_poses(wish(path, photographs()[0].parent), tell=notes.append)
    assert tuple(notes) == scores.notes
    assert any(note.startswith("1 of the pictures") and "bus.jpg" in note for note in notes)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"confidence": 1.0}, "--conf 1.0"),
        ({"oks_nms": 0.0}, "--oks-nms 0.0"),
        ({"score": "keypoint"}, "--score keypoint"),
        ({"boxes": ""}, "--boxes"),
    ],
)
def test_a_protocol_that_cannot_be_is_refused(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        wish(Path(), Path(), **values)


class Oracle:
    """Knows the annotated keypoints of whoever is in a box, with a confidence of a half."""

    batch = 4
    in_flight = 1

    def __init__(self, people: Sequence[Person], skeleton: Skeleton) -> None:
        self.skeleton = skeleton
        self._people = people

    def open(self) -> None: ...

    def close(self) -> None: ...

    def submit(self, subjects: Sequence[Subject]) -> Ready:
        return Ready([self._known(subject) for subject in subjects])

    def _known(self, subject: Subject) -> Estimate:
        count = len(self.skeleton)
        there = (p for p in self._people if p.picture == subject.frame.index)
        person = min(there, key=lambda p: abs(p.box[0] - subject.box[0]))
        points = np.zeros((count, 2), np.float32)
        shared = min(count, len(person.keypoints))
        points[:shared] = person.keypoints[:shared, :2]
        return Estimate(points, np.full(count, 0.5, np.float32), measured(count))


@pytest.mark.parametrize(
    ("annotated_count", "skeleton", "parts"),
    [(133, WHOLE, 6), (17, WHOLE, 0), (133, COCO17, 0), (17, COCO17, 0)],
)
def test_body_and_whole_body_go_together_either_way(
    annotated_count: int,
    skeleton: Skeleton,
    parts: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    people = [somebody(i, annotated_count, picture=i % 2) for i in range(6)]
    for i in range(2):
        Image.new("L", (640, 640)).save(tmp_path / f"{i}.png")
    path = annotated(tmp_path, people, ["0.png", "1.png"])

    def seated(*wishes: Any, **more: Any) -> Seats:
        return replace(take(*wishes, **more), estimator=Oracle(people, skeleton))

    monkeypatch.setattr(module, "take", seated)
    scores = evaluate_poses(wish(path, tmp_path, boxes="truth"))

    assert scores.body["AP"] == pytest.approx(1)
    assert len(scores.parts) == parts
    assert all(part["AP"] == pytest.approx(1) for part in scores.parts.values())
    assert bool(scores.notes) == (annotated_count != len(skeleton))
    assert scores.protocol.as_json()["padding"] == 1.25


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "pose_ap", "box_ap"), [("coco_val_a", 0.442, 0.471), ("coco_train_mini", 0.490, 0.434)]
)
def test_the_light_model_has_the_scores_that_were_measured_with_its_own_code(
    name: str, pose_ap: float, box_ap: float, media: Path
) -> None:
    folder = media / "keypoints" / name
    scores = evaluate_poses(wish(folder / "person_keypoints.json", folder / "images"))
    assert scores.body["AP"] == pytest.approx(pose_ap, abs=0.005)
    assert scores.boxes["box_AP"] == pytest.approx(box_ap, abs=0.005)
