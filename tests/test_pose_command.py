"""`sdpose-track pose` and `evaluate`, run as a user runs them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from command import MAIN, called, refused, sdpose, told
from PIL import Image

from sdpose_track.cli.demo import photographs
from sdpose_track.pipeline.seats import take
from sdpose_track.pipeline.stills import estimate_stills, find_stills
from sdpose_track.settings import ModelSettings

BUS, ZIDANE = photographs()


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    """A working folder with `bus.jpg`, and `more/` with `zidane.jpg` and a picture of nobody."""
    (tmp_path / "more").mkdir()
    shutil.copy(BUS, tmp_path)
    shutil.copy(ZIDANE, tmp_path / "more")
    Image.effect_noise((320, 240), 20).save(tmp_path / "more" / "nobody.png")
    return tmp_path


@pytest.mark.parametrize("command", ["pose", "evaluate", "evaluate poses"])
def test_help_fits_a_screen_and_ends_with_an_example(command: str, tmp_path: Path) -> None:
    done = called(*command.split(), "--help", cwd=tmp_path)
    assert done.returncode == 0
    lines = done.stdout.rstrip().splitlines()
    assert len(lines) <= 45
    assert max(map(len, lines)) <= 100
    assert lines[-1].startswith("example: sdpose-track")


def test_pictures_and_folders_go_in_and_one_object_comes_out(shots: Path) -> None:
    done = sdpose("pose", "bus.jpg", "more", cwd=shots)
    result = told(done)
    assert list(result) == ["model", "skeleton", "images"]
    assert (result["model"], result["skeleton"]) == ("yolo11n-pose", "coco17")
    bus, nobody, zidane = result["images"]
    assert [bus["file"], nobody["file"], zidane["file"]] == [
        "bus.jpg", str(Path("more/nobody.png")), str(Path("more/zidane.jpg")),
    ]  # fmt: skip
    assert (bus["width"], bus["height"]) == (810, 1080)
    assert nobody == {**nobody, "width": 320, "height": 240, "people": []}
    assert len(bus["people"]) == 4
    assert len(zidane["people"]) == 2
    for person in bus["people"] + zidane["people"]:
        assert list(person) == ["bbox", "score", "keypoints"]
        assert len(person["bbox"]) == 4
        assert 0.25 <= person["score"] <= 1
        assert [len(point) for point in person["keypoints"]] == [3] * 17
    assert "3 pictures, 6 people" in done.stderr


def test_numbers_are_the_models_own_to_the_last_bit(shots: Path) -> None:
    (entry,) = told(called("pose", "bus.jpg", cwd=shots))["images"]
    settings = ModelSettings(pose="yolo11n-pose")
    stills = find_stills([str(BUS)])
    seats = take(settings, (1080, 810), {})
    (found,) = estimate_stills(stills, seats.detector, seats.estimator, settings.confidence)
    assert len(entry["people"]) == len(found.people) > 0
    for given, person in zip(entry["people"], found.people, strict=True):
        points = np.array(given["keypoints"], np.float32)
        np.testing.assert_array_equal(points[:, :2], person.keypoints)
        np.testing.assert_array_equal(points[:, 2], person.scores)
        np.testing.assert_array_equal(np.array(given["bbox"], np.float32), person.box)
        assert np.float32(given["score"]) == np.float32(person.score)


def test_a_file_gets_what_stdout_would_and_nothing_else_is_left(shots: Path) -> None:
    printed = called("pose", "bus.jpg", cwd=shots)
    written = called("pose", "bus.jpg", "--out", "new/poses.json", cwd=shots)
    assert written.stdout == ""
    assert "wrote new/poses.json" in written.stderr.replace("\\", "/")
    assert (shots / "new" / "poses.json").read_text() == printed.stdout.splitlines()[-1] + "\n"
    assert [path.name for path in (shots / "new").iterdir()] == ["poses.json"]


def test_fewer_people_are_sure_enough_for_a_higher_confidence(shots: Path) -> None:
    counts = []
    for confidence in ("0.05", "0.25", "0.8"):
        (entry,) = told(called("pose", "bus.jpg", "--conf", confidence, cwd=shots))["images"]
        scores = [person["score"] for person in entry["people"]]
        assert all(score >= float(confidence) for score in scores)
        assert scores == sorted(scores, reverse=True)
        counts.append(len(scores))
    assert counts[0] > counts[1] > counts[2] > 0


def test_boxes_from_elsewhere_are_kept_as_they_are(shots: Path) -> None:
    box = [48, 400, 244, 906]
    for key in ("bus.jpg", "1"):
        (shots / "boxes.json").write_text(json.dumps({key: [[*box, 0.75]]}))
        wish = ("pose", "more/nobody.png", "bus.jpg", "--boxes", "boxes.json")
        nobody, bus = told(called(*wish, cwd=shots))["images"]
        (person,) = bus["people"]
        assert nobody["people"] == []
        assert (person["bbox"], person["score"]) == (box, 0.75)
        inside = [48 <= x <= 244 and 400 <= y <= 906 for x, y, _ in person["keypoints"]]
        assert sum(inside) >= 15


def test_a_keypoint_without_a_position_is_null(shots: Path) -> None:
    (shots / "boxes.json").write_text('{"nobody.png": [[10, 10, 60, 200]]}')
    done = called("pose", "more/nobody.png", "--boxes", "boxes.json", cwd=shots)
    (person,) = told(done)["images"][0]["people"]
    assert person["keypoints"] == [[None, None, 0]] * 17


def test_poses_are_drawn_on_copies_of_the_pictures(shots: Path) -> None:
    before = (shots / "bus.jpg").read_bytes()
    told(called("pose", "bus.jpg", "more/nobody.png", "--annotate", "drawn", cwd=shots))
    assert sorted(path.name for path in (shots / "drawn").iterdir()) == [
        "bus_annotated.jpg",
        "nobody_annotated.jpg",
    ]
    plain, drawn = (
        cv2.imread(str(shots / name)) for name in ("bus.jpg", "drawn/bus_annotated.jpg")
    )
    assert plain is not None
    assert drawn is not None
    changed = np.abs(plain.astype(int) - drawn).max(axis=2) > 60
    assert 0.002 < changed.mean() < 0.1
    assert (shots / "bus.jpg").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["pose"], 2, "IMAGE"),
        (["pose", ""], 2, "IMAGE is empty"),
        (["pose", "bus.jpg", "gone.jpg"], 3, "gone.jpg does not exist"),
        (["pose", "http://example.org/a.jpg"], 3, "does not exist"),
        (["pose", "text.jpg"], 3, "text.jpg is no picture"),
        (["pose", "empty"], 3, "a folder without pictures"),
        (["pose", "bus.jpg", "--out", "bus.jpg"], 2, "bus.jpg is one of the inputs"),
        (["pose", "bus.jpg", "--out", "more/../bus.jpg"], 2, "is one of the inputs"),
        (["pose", "bus.jpg", "--out", ""], 2, "--out"),
        (["pose", "bus.jpg", "--out", "more"], 5, "more is a folder"),
        (["pose", "bus.jpg", "--out", "text.jpg/x.json"], 5, "cannot be written"),
        (["pose", "bus.jpg", "--annotate", "text.jpg"], 5, "cannot be made"),
        (["pose", "bus.jpg", "--annotate", ""], 2, "--annotate"),
        (["pose", "bus.jpg", "./bus.jpg", "--annotate", "new"], 2, "would both be drawn as"),
        (["pose", "bus.jpg", "--boxes", "gone.json"], 2, "there is no such file"),
        (["pose", "bus.jpg", "--boxes", "b.json", "--out", "b.json"], 2, "one of the inputs"),
        (["pose", "bus.jpg", "--boxes", "b.json"], 2, "neither a frame index nor a picture"),
        (["pose", "bus.jpg", "--conf", "0"], 2, "--conf 0"),
        (["pose", "bus.jpg", "--pose", "yolo99"], 4, "yolo99"),
        (["evaluate"], 2, "poses|tracks"),
        (["evaluate", "poses"], 2, "--annotations"),
        (["evaluate", "poses", "--annotations", "gone.json", "--images", "."], 3, "does not exist"),
        (["evaluate", "poses", "--annotations", "b.json", "--images", "."], 3, "holds no COCO"),
        (["evaluate", "poses", "--annotations", "b.json", "--images", ".", "--conf", "2"], 2,
         "--conf 2"),
        (["evaluate", "poses", "--annotations", "b.json", "--images", ".", "--score", "no"], 2,
         "--score"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_told_in_one_sentence(
    arguments: list[str], code: int, sentence: str, shots: Path
) -> None:
    (shots / "text.jpg").write_text("no picture")
    (shots / "b.json").write_text('{"other.jpg": [[1, 2, 3, 4]]}')
    (shots / "empty").mkdir()
    before = sorted(shots.rglob("*"))
    assert sentence in refused(called(*arguments, cwd=shots), code)
    assert sorted(shots.rglob("*")) == before
    assert (shots / "bus.jpg").read_bytes() == BUS.read_bytes()


def test_a_damaged_picture_ends_the_run_and_leaves_nothing(shots: Path) -> None:
    damaged = shots / "more" / "zidane.jpg"
    damaged.write_bytes(damaged.read_bytes()[:20_000])
    done = called("pose", "bus.jpg", "more", "--out", "poses.json", cwd=shots)
    assert "zidane.jpg is no picture that can be read, or damaged" in refused(done, 3)
    assert not list(shots.glob("*.json*"))
    assert not list(shots.glob(".*"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_ctrl_c_leaves_nothing_half_written(shots: Path) -> None:
    for i in range(200):
        os.link(shots / "bus.jpg", shots / "more" / f"{i}.jpg")
    wish = ("pose", "more", "--out", "poses.json", "--annotate", "drawn")
    process = subprocess.Popen(
        [sys.executable, str(MAIN), *wish], cwd=shots, stderr=subprocess.PIPE, text=True
    )
    while not list(shots.glob("drawn/*.jpg")) and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "sdpose-track: stopped"
    assert not (shots / "poses.json").exists()
    assert not [path for path in shots.rglob(".*") if path.is_file()]


@pytest.mark.skipif(sys.platform != "linux", reason="only here may names be no valid text")
def test_a_file_name_that_is_no_text_is_a_file_name(shots: Path) -> None:
    name = os.fsdecode(b"\xffbus.jpg")
    shutil.copy(BUS, shots / name)
    (entry,) = told(called("pose", name, "--annotate", "drawn", cwd=shots))["images"]
    assert entry["file"] == name
    assert called("pose", name, "--out", "poses.json", cwd=shots).returncode == 0
    assert json.loads((shots / "poses.json").read_text())["images"][0]["file"] == name


def test_a_disk_that_is_full_costs_nothing_that_was_there(shots: Path) -> None:
    resource = pytest.importorskip("resource", reason="this system has no limit on file sizes")
    (shots / "poses.json").write_text("old")
    limited = subprocess.run(
        [sys.executable, str(MAIN), "pose", "bus.jpg", "--out", "poses.json"],
        check=False, capture_output=True, text=True, cwd=shots,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500)),
    )  # fmt: skip
    assert "cannot be written" in refused(limited, 5)
    assert (shots / "poses.json").read_text() == "old"


def own_truth(folder: Path) -> Path:
    """Annotate bus.jpg and zidane.jpg with poses that `pose` finds in them."""
    found: Any = told(called("pose", "bus.jpg", "more/zidane.jpg", "--conf", "0.5", cwd=folder))
    entries = [
        {
            "id": len(found), "image_id": i, "category_id": 1, "iscrowd": 0,
            "bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1),
            "keypoints": [value for x, y, _ in person["keypoints"] for value in (x, y, 2)],
        }
        for i, image in enumerate(found["images"])
        for person in image["people"]
        for x1, y1, x2, y2 in [person["bbox"]]
    ]  # fmt: skip
    images = [{"id": i, "file_name": entry["file"]} for i, entry in enumerate(found["images"])]
    path = folder / "truth.json"
    path.write_text(json.dumps({"images": images, "annotations": entries}))
    return path


def test_an_evaluation_prints_a_table_or_one_object(shots: Path) -> None:
    wish = ("evaluate", "poses", "--annotations", own_truth(shots), "--images", ".")
    table = called(*wish, cwd=shots)
    assert table.returncode == 0
    names, body, boxes = table.stdout.splitlines()[-3:]
    assert names.split()[:3] == ["AP", "AP50", "AP75"]
    assert body.split()[:3] == ["body", "1.000", "1.000"]
    assert boxes.split() == ["boxes", "1.000", "1.000"]
    done = called(*wish, "--json", cwd=shots)
    assert len(done.stdout.splitlines()) == 1
    result = told(done)
    assert result["AP"] == pytest.approx(1)
    assert (result["images"], result["pose_model"]) == (2, "yolo11n-pose")
    assert result["seconds"] > 0
    boxed = told(called(*wish, "--boxes", "truth", "--json", cwd=shots))
    assert boxed["protocol"]["boxes"] == "truth"
    assert boxed["box_AP"] is None
    assert "gone.json" in refused(called(*wish, "--boxes", "gone.json", cwd=shots), 2)
