"""Boxes and ground truth from files: JSON, det.txt, gt.txt, seqinfo.ini, COCO. By chance broken."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fuzzing import tried_out
from hypothesis import given, settings
from hypothesis import strategies as st
from mutating import TOKENS, as_text, broken_json, broken_text

from sdpose_track.detect.given_boxes import GivenBoxes
from sdpose_track.errors import SettingsError, SourceError
from sdpose_track.evaluation.annotations import read_annotations
from sdpose_track.evaluation.boxes import detection_rows, truth_rows
from sdpose_track.evaluation.coco_scores import FoundBox, box_scores
from sdpose_track.evaluation.found_tracks import TrackWish, evaluate_tracks
from sdpose_track.records import Frame

Amount = Callable[[int, int], int]
Tried = Callable[[str, int], None]

BOXES = {"0": [[1, 2, 30, 40.5], [5, 6, 70, 80, 0.5]], "a.png": [[1, 2, 3, 4]], "12": []}
DETECTIONS = "1,-1,10.5,20,30,40,0.9,-1,-1,-1\n2,-1,11,21,30,40,0.8,-1,-1,-1\n2,-1,99,21,3,4,7\n"
TRUTH = (
    "1,1,10,20,30,40,1,1,1\n2,1,11,20,30,40,1,1,0.5\n1,2,100,20,30,40,1,1,1\n2,2,101,20,3,4,0,7,1\n"
)
INFO = "[Sequence]\nname=a\nimDir=img1\nframeRate=30\nseqLength=2\nimWidth=640\nimHeight=480\n"
_POINTS = [100, 50, 2] * 17
COCO = {
    "images": [
        {"id": 1, "file_name": "a.jpg", "width": 640, "height": 480},
        {"id": "x", "file_name": "b.jpg"},
    ],
    "categories": [{"id": 1, "name": "person"}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 20, 30, 40], "area": 600.5,
         "iscrowd": 0, "keypoints": _POINTS},
        {"id": 2, "image_id": "x", "bbox": [10, 20, 30, 40], "keypoints": _POINTS,
         "foot_kpts": [1, 2, 2] * 6, "face_kpts": [1, 2, 1] * 68,
         "lefthand_kpts": [1, 2, 2] * 21, "righthand_kpts": [0, 0, 0] * 21},
    ],
}  # fmt: skip
FOUND = [{"image_id": i, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5} for i in (1, "x")]


def broken_value(value: Any, dice: random.Random) -> bytes:
    """Return JSON of which either the value or the text was broken."""
    return (
        as_text(broken_json(value, dice))
        if dice.random() < 0.5
        else broken_text(json.dumps(value), dice)
    )


def seeds(amount: Amount, few: int, many: int) -> range:
    return range(amount(few, many))


def test_broken_boxes_files_are_read_or_refused(
    tmp_path: Path, amount: Amount, tried: Tried
) -> None:
    path = tmp_path / "boxes.json"

    def read() -> None:
        found = GivenBoxes(path, {0: "a.png"})
        nothing = np.zeros((1, 1, 3), np.uint8)
        for seen in found.submit([Frame(i, i, Fraction(i), nothing) for i in range(14)]).result():
            assert np.isfinite(seen.boxes).all()

    for seed in seeds(amount, 200, 12_000):
        dice = random.Random(seed)
        is_json = dice.random() < 0.6
        path.write_bytes(broken_value(BOXES, dice) if is_json else broken_text(DETECTIONS, dice))
        before = path.read_bytes()
        tried_out(seed, read, SettingsError, f"--boxes {path}")
        assert path.read_bytes() == before, seed
    tried("--boxes files, JSON and det.txt", amount(200, 12_000))


@pytest.mark.parametrize("broken", ["gt/gt.txt", "det/det.txt", "seqinfo.ini", "results.txt"])
def test_broken_ground_truth_and_detections_are_scored_or_refused(
    broken: str, tmp_path: Path, amount: Amount, tried: Tried
) -> None:
    sound = {
        "gt/gt.txt": TRUTH,
        "det/det.txt": DETECTIONS,
        "seqinfo.ini": INFO,
        "results.txt": TRUTH,
    }
    for name, text in sound.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    kind = "results" if broken == "results.txt" else "detections"
    found = tmp_path / (broken if kind == "results" else "det/det.txt")
    wish = TrackWish(truth=tmp_path / "gt/gt.txt", found=found, kind=kind)

    def scored() -> None:
        json.dumps(evaluate_tracks(wish).as_json(), allow_nan=False)

    for seed in seeds(amount, 25, 3000):
        (tmp_path / broken).write_bytes(broken_text(sound[broken], random.Random(seed)))
        tried_out(seed, scored, SourceError, str(tmp_path / broken))
    tried("MOTChallenge files and seqinfo.ini", amount(25, 3000))


def test_broken_coco_files_are_read_or_refused(
    tmp_path: Path, amount: Amount, tried: Tried
) -> None:
    path, sound = tmp_path / "broken.json", tmp_path / "sound.json"
    sound.write_bytes(as_text(COCO))
    annotations = read_annotations(sound)

    def read() -> None:
        found = read_annotations(path)
        truth_rows(found.people, dict.fromkeys(range(len(found.pictures)), (640, 480)))
        box_scores(found.people, [FoundBox(0, (1.0, 2.0, 3.0, 4.0), 0.5)], len(found.pictures))

    for seed in seeds(amount, 100, 8000):
        dice = random.Random(seed)
        path.write_bytes(broken_value(COCO, dice))
        tried_out(seed, read, SourceError, str(path))
        path.write_bytes(broken_value(FOUND, dice))
        tried_out(seed, lambda: detection_rows(path, annotations), SettingsError, f"--boxes {path}")
    tried("COCO annotations and detections", 2 * amount(100, 8000))


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=12,
)
_NUMBER = st.integers(-(10**12), 10**12) | st.floats() | st.sampled_from([10**400, True, None, "1"])
_BOXES = st.dictionaries(
    st.sampled_from(["0", "1", "a.png", "-1", "x", "\u0661", "007"]) | st.text(max_size=3),
    st.lists(st.lists(_NUMBER, min_size=3, max_size=6), max_size=3) | _ANY,
    max_size=3,
)


def test_whatever_json_holds_it_is_boxes_or_refused(
    tmp_path: Path, amount: Amount, tried: Tried
) -> None:
    path = tmp_path / "boxes.json"

    @settings(max_examples=amount(80, 4000), derandomize=True, deadline=None, database=None)
    @given(_BOXES)
    def check(value: Any) -> None:
        path.write_text(json.dumps(value), encoding="utf-8")
        tried_out(value, lambda: GivenBoxes(path, {0: "a.png"}), SettingsError, f"--boxes {path}")

    check()
    tried("--boxes files, JSON and det.txt", amount(80, 4000))


def test_whatever_a_row_holds_it_is_a_box_or_refused(
    tmp_path: Path, amount: Amount, tried: Tried
) -> None:
    path, truth = tmp_path / "det.txt", tmp_path / "gt.txt"
    truth.write_text(TRUTH, encoding="utf-8")
    cells = st.sampled_from(TOKENS) | st.floats().map(str) | st.integers(-9, 9).map(str)
    rows = st.lists(st.lists(cells, min_size=6, max_size=10).map(",".join), min_size=1, max_size=3)

    @settings(max_examples=amount(40, 2000), derandomize=True, deadline=None, database=None)
    @given(rows)
    def check(lines: list[str]) -> None:
        path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
        wish = TrackWish(truth=truth, found=path, kind="detections")
        tried_out(lines, lambda: evaluate_tracks(wish), SourceError, str(path))

    check()
    tried("MOTChallenge files and seqinfo.ini", amount(40, 2000))
