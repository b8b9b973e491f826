"""Poses in single pictures, with a detector and an estimator whose answers are known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sdpose_track.detect.detector import Done
from sdpose_track.errors import SettingsError, SourceError
from sdpose_track.pipeline import stills as module
from sdpose_track.pipeline.stills import (
    Still,
    StillPoses,
    box_names,
    by_size,
    estimate_stills,
    find_stills,
)
from sdpose_track.pose.estimator import Estimate, Ready, Subject
from sdpose_track.records import Detections, Frame, measured
from sdpose_track.skeletons import COCO17


class Level:
    """Finds as many people as the picture's grey level says; person i has score (i + 1) / 10."""

    batch = 3
    in_flight = 2

    def __init__(self) -> None:
        self.asked: list[list[tuple[int, ...]]] = []
        self.is_open = True

    def open(self) -> None: ...

    def submit(self, frames: Sequence[Frame]) -> Done:
        self.asked.append([frame.image.shape for frame in frames])
        return Done([self._seen(frame) for frame in frames])

    def _seen(self, frame: Frame) -> Detections:
        count = int(frame.image[0, 0, 0])
        boxes = [[100 * frame.index + i, 0, 100 * frame.index + i + 2, 2] for i in range(count)]
        scores = [(i + 1) / 10 for i in range(count)]
        return Detections(
            np.array(boxes, np.float32).reshape(-1, 4)[::-1], np.array(scores, np.float32)[::-1]
        )

    def close(self) -> None:
        self.is_open = False


class Corner:
    """Every keypoint is the upper left corner of the box."""

    batch = 4
    in_flight = 2
    skeleton = COCO17

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.is_open = False

    def open(self) -> None:
        self.is_open = True

    def submit(self, subjects: Sequence[Subject]) -> Ready:
        self.sizes.append(len(subjects))
        one = np.ones(17, np.float32)
        return Ready([Estimate(np.tile(s.box[:2], (17, 1)), one, measured(17)) for s in subjects])

    def close(self) -> None:
        self.is_open = False


def written(folder: Path, levels: Sequence[int], size: tuple[int, int] = (8, 6)) -> list[Still]:
    """Write a grey picture of each level and return them as stills."""
    for i, level in enumerate(levels):
        Image.new("L", size, level).save(folder / f"{i}.png")
    return find_stills([str(folder)])


def looked_at(stills: list[Still], confidence: float = 0.05) -> list[StillPoses]:
    return list(estimate_stills(stills, Level(), Corner(), confidence))


def test_people_of_several_pictures_fill_a_batch_and_come_back_to_their_own(tmp_path: Path) -> None:
    estimator = Corner()
    stills = written(tmp_path, [3, 0, 2, 6, 1])

    done = list(estimate_stills(stills, Level(), estimator, 0.05))

    assert [len(found.people) for found in done] == [3, 0, 2, 6, 1]
    assert [found.still.index for found in done] == [0, 1, 2, 3, 4]
    assert estimator.sizes == [4, 4, 4]
    for found in done:
        for person in found.people:
            np.testing.assert_array_equal(person.keypoints[0], person.box[:2])
            assert person.box[0] // 100 == found.still.index


def test_people_come_by_falling_score_and_are_numbered_from_one(tmp_path: Path) -> None:
    (found,) = looked_at(written(tmp_path, [3]))
    assert [round(person.score, 6) for person in found.people] == [0.3, 0.2, 0.1]
    assert [person.track_id for person in found.people] == [1, 2, 3]


def test_people_below_the_confidence_are_left_out_and_those_at_it_stay(tmp_path: Path) -> None:
    (found,) = looked_at(written(tmp_path, [4]), 0.3)
    assert [round(person.score, 6) for person in found.people] == [0.4, 0.3]


def test_only_pictures_of_one_size_are_given_to_the_detector_at_once(tmp_path: Path) -> None:
    for i, size in enumerate([(8, 6), (8, 6), (6, 8), (8, 6), (8, 6), (8, 6), (8, 6)]):
        Image.new("L", size, 1).save(tmp_path / f"{i}.png")
    detector = Level()

    done = list(estimate_stills(find_stills([str(tmp_path)]), detector, Corner(), 0.05))

    assert [len(shapes) for shapes in detector.asked] == [2, 1, 3, 1]
    assert all(len(set(shapes)) == 1 for shapes in detector.asked)
    assert [found.still.index for found in done] == list(range(7))


def test_pictures_are_read_one_by_one_and_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture_bytes = 8 * 6 * 3
    monkeypatch.setattr(module, "HELD_BYTES", 5 * picture_bytes)
    stills = written(tmp_path, [1] * 40)
    estimator = Corner()
    estimator.batch = 1000
    taken = 0

    def counted() -> Iterator[Still]:
        nonlocal taken
        for still in stills:
            taken += 1
            yield still

    ahead = [
        taken - done
        for done, _ in enumerate(estimate_stills(counted(), Level(), estimator, 0.05), start=1)
    ]

    assert len(ahead) == 40
    assert max(ahead) <= 5 + 2 * Level.batch + 1
    assert max(estimator.sizes) == 5


def test_networks_are_closed_at_the_end_and_when_nobody_wants_more(tmp_path: Path) -> None:
    stills = written(tmp_path, [5, 5, 5, 5])
    for whole in (True, False):
        detector, estimator = Level(), Corner()
        poses = estimate_stills(stills, detector, estimator, 0.05)
        next(poses)
        assert estimator.is_open
        if whole:
            list(poses)
        else:
            poses.close()
        assert not detector.is_open
        assert not estimator.is_open


def test_a_picture_is_seen_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("L", (8, 6), 1).save(tmp_path / "turned.png", exif=exif)
    (still,) = find_stills([str(tmp_path / "turned.png")])
    (found,) = looked_at([still])
    assert (still.width, still.height) == (6, 8)
    assert found.image.shape == (8, 6, 3)


def test_a_picture_whose_pixels_are_damaged_is_named(tmp_path: Path) -> None:
    path = tmp_path / "damaged.png"
    Image.effect_noise((64, 64), 50).save(path)
    path.write_bytes(path.read_bytes()[:900])
    stills = find_stills([str(path)])
    with pytest.raises(SourceError, match=r"damaged\.png is no picture that can be read"):
        looked_at(stills)


def test_folders_are_opened_up_in_natural_order_between_other_pictures(tmp_path: Path) -> None:
    for name in ("a.png", "shots/10.png", "shots/9.png", "b.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("L", (8, 6)).save(tmp_path / name)
    (tmp_path / "shots" / "notes.txt").write_text("no picture")
    given = [str(tmp_path / name) for name in ("b.png", "shots", "a.png")]

    stills = find_stills(given)

    assert [still.index for still in stills] == [0, 1, 2, 3]
    assert [still.path.name for still in stills] == ["b.png", "9.png", "10.png", "a.png"]
    assert stills[1].file == str(tmp_path / "shots" / "9.png")


def test_pictures_of_one_size_are_put_together_and_keep_their_numbers(tmp_path: Path) -> None:
    for i, size in enumerate([(8, 6), (6, 8), (8, 6), (6, 8)]):
        Image.new("L", size).save(tmp_path / f"{i}.png")
    ordered = by_size(find_stills([str(tmp_path)]))
    assert [still.index for still in ordered] == [1, 3, 0, 2]


def test_boxes_are_named_by_file_name_unless_two_pictures_share_it(tmp_path: Path) -> None:
    for name in ("a/x.png", "b/x.png", "b/y.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("L", (8, 6)).save(tmp_path / name)
    stills = find_stills([str(tmp_path / "a"), str(tmp_path / "b")])
    assert box_names(stills) == {
        0: str(tmp_path / "a" / "x.png"),
        1: str(tmp_path / "b" / "x.png"),
        2: "y.png",
    }


def test_what_is_no_picture_is_told(tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "empty").mkdir()
    for name, sentence in {
        "gone.png": "gone.png does not exist",
        "text.jpg": "text.jpg is no picture that can be read",
        "empty": "a folder without pictures",
        "long" * 2000: "cannot be read",
    }.items():
        with pytest.raises(SourceError, match=sentence):
            find_stills([str(tmp_path / name)])
    with pytest.raises(SettingsError, match="IMAGE is empty"):
        find_stills([""])
