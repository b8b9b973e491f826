"""At how many pixels the detector looks: chosen by the people's size, kept by the session."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from clips import Coding, drifting, encode
from command import refused, sdpose, told
from test_detect import picture

from sdpose_track.cli.demo import photographs
from sdpose_track.detect.detector import Done
from sdpose_track.errors import SettingsError
from sdpose_track.pipeline.events import Outcome
from sdpose_track.pipeline.plan import Run, prepare
from sdpose_track.pipeline.probing import LOOKS, open_fitting, spread
from sdpose_track.pipeline.seats import take
from sdpose_track.records import Detections, Frame, UInt8
from sdpose_track.settings import DETECTOR_SIZES, ModelSettings, TrackSettings
from sdpose_track.sources import open_source

CPU: dict[str, Any] = {"device": "cpu", "pose": "yolo11n-pose"}
BIG = (100.0, 20.0, 300.0, 340.0)
"""A person of half the picture's width, in pixels of 640×360."""


@pytest.fixture(scope="session")
def far_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six frames of 1280×720 with the people of a photograph six times, about 90 px tall."""
    photograph = picture(photographs()[0])[..., ::-1]
    small = cv2.resize(photograph, (162, 216), interpolation=cv2.INTER_AREA)
    pictures: list[UInt8] = []
    for index in range(6):
        wide = np.full((720, 1280, 3), 128, np.uint8)
        for row in range(2):
            for column in range(3):
                y, x = 60 + 330 * row, 80 + 400 * column + 2 * index
                wide[y : y + 216, x : x + 162] = small
        pictures.append(wide)
    return encode(tmp_path_factory.mktemp("far") / "far.mp4", pictures)


class Scripted:
    """A detector that finds the same people in every frame."""

    batch = 1
    in_flight = 2

    def __init__(self, people: Sequence[tuple[float, ...]]) -> None:
        rows = np.array(people, np.float32).reshape(-1, 5)
        self._found = Detections(rows[:, :4], rows[:, 4])
        self.closed = False

    def open(self) -> None: ...

    def submit(self, frames: Sequence[Frame]) -> Done:
        return Done([self._found for _ in frames])

    def close(self) -> None:
        self.closed = True


Script = Mapping[int, Sequence[tuple[float, ...]]]


def person(x: float, height: float, score: float) -> tuple[float, ...]:
    return (x, 10.0, x + height / 3, 10.0 + height, score)


def frames(count: int) -> list[Frame]:
    black = np.zeros((360, 640, 3), np.uint8)
    return [Frame(i, i, Fraction(i, 25), black) for i in range(count)]


def size_for(script: Script, confidence: float = 0.25) -> int:
    detectors = {size: Scripted(people) for size, people in script.items()}
    chosen = open_fitting(detectors.__getitem__, frames(LOOKS), confidence)
    return next(size for size, detector in detectors.items() if detector is chosen)


def crowd(count: int, score: float = 0.7) -> list[tuple[float, ...]]:
    return [person(20.0 + 40 * i, 60, score) for i in range(count)]


@pytest.mark.parametrize(
    ("script", "size"),
    [
        ({640: crowd(1), 960: crowd(3), 1280: crowd(6)}, 1280),
        ({640: crowd(1), 960: crowd(6), 1280: crowd(7)}, 960),
        ({640: crowd(6), 960: crowd(7), 1280: crowd(7)}, 640),
        ({640: [], 960: [], 1280: crowd(1)}, 1280),
        ({640: [], 960: [], 1280: []}, 640),
        ({640: crowd(1), 960: crowd(4), 1280: crowd(4, 0.45)}, 640),
    ],
)
def test_the_smallest_size_is_taken_beyond_which_not_clearly_more_are_found(
    script: Script, size: int
) -> None:
    assert size_for(script) == size


def test_parts_of_a_person_who_fills_the_picture_are_not_counted() -> None:
    parts = [(120.0 + 50 * i, 40.0, 150.0 + 50 * i, 120.0, 0.8) for i in range(3)]
    whole = (*BIG, 0.9)
    assert size_for({640: [whole], 960: [whole, *parts], 1280: [whole, *parts]}) == 640


def test_new_people_who_are_large_are_false_alarms() -> None:
    wall = (400.0, 100.0, 450.0, 260.0, 0.8)
    assert size_for({640: [(*BIG, 0.9)], 960: [wall], 1280: [wall, (*BIG, 0.9)]}) == 640


def test_a_size_that_loses_as_many_as_it_finds_is_not_taken() -> None:
    tall = [(10.0 + 150 * i, 20.0, 130.0 + 150 * i, 340.0, 0.9) for i in range(3)]
    far = crowd(4)
    assert size_for({640: tall, 960: [*tall, *far[:1]], 1280: far}) == 640
    assert size_for({640: tall, 960: [*tall, *far], 1280: far}) == 960


def test_only_people_as_sure_as_wished_count() -> None:
    script = {640: crowd(1, 0.9), 960: crowd(6), 1280: crowd(6)}
    assert size_for(script, confidence=0.6) == 960
    assert size_for(script, confidence=0.8) == 640


def test_detectors_that_are_not_chosen_are_closed() -> None:
    detectors = {640: Scripted([]), 960: Scripted(crowd(6)), 1280: Scripted(crowd(6))}
    open_fitting(detectors.__getitem__, frames(2), 0.25)
    assert [detectors[size].closed for size in DETECTOR_SIZES] == [True, False, True]


def test_an_error_closes_every_detector() -> None:
    detectors = {640: Scripted([])}
    with pytest.raises(KeyError):
        open_fitting(detectors.__getitem__, frames(2), 0.25)
    assert detectors[640].closed


def test_without_a_frame_the_smallest_size_is_taken() -> None:
    detectors = {640: Scripted([])}
    assert open_fitting(detectors.__getitem__, [], 0.25) is detectors[640]


def test_frames_are_spread_over_the_range_and_always_the_same(media: Path) -> None:
    with open_source(media / "videos" / "bedroom_two_kids.mp4") as source:
        assert [frame.index for frame in spread(source, 0, 200)] == [20, 60, 100, 140, 180]
        assert [frame.index for frame in spread(source, 100, 110)] == [101, 103, 105, 107, 109]
        assert [frame.index for frame in spread(source, 7, 9)] == [7, 8]
        assert [frame.index for frame in spread(source, 3, None)] == [3, 4, 5, 6, 7]


def test_of_a_video_with_many_key_frames_those_are_looked_at(tmp_path: Path) -> None:
    coding = Coding(options={"g": "10", "sc_threshold": "0"})
    clip = encode(tmp_path / "keys.mp4", drifting(100), coding)
    with open_source(clip) as source:
        assert [frame.index for frame in spread(source, 0, 100)] == [10, 30, 50, 70, 90]
        assert [frame.index for frame in spread(source, 15, 100)] == [20, 40, 50, 70, 90]
        assert [frame.index for frame in spread(source, 3, 100)] == [10, 30, 50, 70, 90]
        assert [frame.index for frame in spread(source, 12, 45)] == [15, 21, 28, 35, 41]


def test_a_damaged_picture_is_left_out(tmp_path: Path) -> None:
    for index in range(10):
        path = tmp_path / f"shot_{index:04d}.png"
        cv2.imwrite(str(path), np.full((40, 60, 3), 20 * index, np.uint8))
    (tmp_path / "shot_0005.png").write_bytes(b"damaged")
    with open_source(tmp_path) as source:
        chosen = spread(source, 0, source.info.frame_count)
    assert [frame.index for frame in chosen] == [1, 3, 7, 9]
    assert [int(frame.image[0, 0, 0]) for frame in chosen] == [20, 60, 140, 180]


@pytest.mark.parametrize(
    ("clip", "size"),
    [
        ("pets09_s2l1_vtest.avi", 1280),
        ("bedroom_two_kids.mp4", 640),
        ("tud_campus.mp4", 640),
        ("anime_girl_bust.gif", 640),
    ],
)
def test_the_size_suits_the_people_of_real_clips(clip: str, size: int, media: Path) -> None:
    with open_source(media / "videos" / clip) as source:
        shape = (source.info.height, source.info.width)
        count = source.info.frame_count
        seats = take(ModelSettings(**CPU), shape, sample=lambda: spread(source, 0, count))
    seats.close()
    assert seats.detector_size == size
    said = [note for note in seats.notes if "--detector-size" in note]
    expected = "people are small here: the detector looks at 1280 px (--detector-size)"
    assert said == ([expected] if size == 1280 else [])


@pytest.fixture
def begin(far_clip: Path, tmp_path: Path) -> Callable[..., Run]:
    """Prepares runs into `run.sdpose`, one after another, and stops each before its first frame."""

    def prepared(*, resume: bool = False, **wishes: Any) -> Run:
        settings = TrackSettings(**CPU, **wishes)
        with open_source(far_clip) as source:
            run = prepare(source, settings, tmp_path / "run.sdpose", resume=resume)
            assert run.engine is not None
            run.engine.stop()
            assert run.engine.run() is Outcome.CANCELLED
        return run

    return prepared


def size_of(run: Run) -> object:
    return run.header.settings["detector_size"]


def store(session: Path, size: int | None) -> None:
    """Make the header of `session` tell of another size; of none, as older versions did."""
    with closing(sqlite3.connect(session)) as connection, connection:
        (value,) = connection.execute("SELECT value FROM meta WHERE key='settings'").fetchone()
        settings = json.loads(value)
        del settings["detector_size"]
        if size is not None:
            settings["detector_size"] = size
        row = (json.dumps(settings, sort_keys=True),)
        connection.execute("UPDATE meta SET value=? WHERE key='settings'", row)


def test_a_resumed_run_looks_at_the_size_with_which_it_was_begun(
    begin: Callable[..., Run], tmp_path: Path
) -> None:
    chosen = size_of(begin())
    assert chosen in (960, 1280)
    assert size_of(begin(resume=True)) == chosen
    assert size_of(begin(resume=True, detector_size=str(chosen))) == chosen
    store(tmp_path / "run.sdpose", 640)  # as if the choice fell otherwise when it was begun
    resumed = begin(resume=True)
    assert size_of(resumed) == 640
    assert not [note for note in resumed.notes if "--detector-size" in note]


def test_a_run_is_not_resumed_at_another_size(begin: Callable[..., Run]) -> None:
    begin(detector_size="640")
    with pytest.raises(SettingsError, match=r"made with another detector_size \(640, now 1280\)"):
        begin(resume=True, detector_size="1280")


def test_a_session_from_before_there_was_a_choice_goes_on_at_640(
    begin: Callable[..., Run], tmp_path: Path
) -> None:
    begin(detector_size="640")
    store(tmp_path / "run.sdpose", None)
    assert size_of(begin(resume=True)) == 640
    assert size_of(begin(resume=True, detector_size="640")) == 640
    with pytest.raises(SettingsError, match=r"made with another detector_size \(640, now 960\)"):
        begin(resume=True, detector_size="960")


def test_boxes_from_a_file_leave_the_size_out(begin: Callable[..., Run], tmp_path: Path) -> None:
    boxes = tmp_path / "boxes.json"
    boxes.write_text('{"0": [[10, 10, 60, 110]]}')
    assert "detector_size" not in begin(boxes=boxes).header.settings
    assert "detector_size" not in begin(boxes=boxes, resume=True).header.settings
    with pytest.raises(SettingsError, match="--detector-size: with boxes from a file"):
        TrackSettings(boxes=boxes, detector_size="960")


def test_pictures_alone_are_looked_at_as_they_are_scored() -> None:
    seats = take(ModelSettings(**CPU), (720, 1280))
    seats.close()
    assert seats.detector_size == 640
    seats = take(ModelSettings(**CPU, detector_size="960"), (720, 1280))
    seats.close()
    assert seats.detector_size == 960


def test_people_far_away_are_tracked_unasked(far_clip: Path, tmp_path: Path) -> None:
    done = sdpose("track", far_clip, "--device", "cpu", "--json", cwd=tmp_path)
    assert "people are small here: the detector looks at " in done.stderr
    assert told(done)["people"] >= 12  # of 24; at 640 px it is 7 a frame


def test_a_size_that_there_is_not_is_refused(tmp_path: Path) -> None:
    done = sdpose("track", "clip.mp4", "--detector-size", "800", cwd=tmp_path)
    assert "--detector-size: invalid choice: '800'" in refused(done, 2)
    with pytest.raises(SettingsError, match="--detector-size 800: expected one of auto, 320, 480"):
        ModelSettings(detector_size="800")
