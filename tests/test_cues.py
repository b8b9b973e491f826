"""What pictures add to identities: the camera's move, cuts, looks; and that a session keeps it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from sessions import source_info

from sdpose_track.errors import SessionError
from sdpose_track.pipeline.plan import _past
from sdpose_track.pipeline.stages import TrackStage
from sdpose_track.records import (
    Cues,
    DetectedFrame,
    Detections,
    Float32,
    Frame,
    FramePoses,
    FrameResult,
    TrackedFrame,
    UInt8,
)
from sdpose_track.session.recording import Recording
from sdpose_track.session.schema import ModelRecord, SessionHeader
from sdpose_track.session.writer import SessionWriter
from sdpose_track.track.appearance import SIZE, describe
from sdpose_track.track.bytetrack import ByteTracker
from sdpose_track.track.camera import CameraFollower, CameraMove
from sdpose_track.track.looks import LooksMemory, unit
from sdpose_track.track.observer import Observer
from sdpose_track.track.settings import TrackerSettings

Box = tuple[float, float, float, float]
NOBODY = np.empty((0, 4), np.float32)
RED, BLUE, GREEN = (40, 40, 200), (200, 60, 40), (50, 180, 60)
RATE = 10
HEIGHT = 200.0


def ground(seed: int, tint: tuple[int, int, int] = (128, 128, 128)) -> UInt8:
    """A 1600×1000 wall of bricks in all sizes, which can be followed."""
    rng = np.random.default_rng(seed)
    wall = np.full((1000, 1600, 3), tint, np.uint8)
    for x, y, w, h in rng.integers((0, 0, 10, 10), (1600, 1000, 120, 80), (900, 4)).tolist():
        wall[y : y + h, x : x + w] = np.clip(np.array(tint) + rng.normal(0, 25, 3), 0, 255)
    return wall


def seen_from(wall: UInt8, x: float, y: float, zoom: float = 1.0, turn: float = 0.0) -> UInt8:
    """What a camera with 640×480 pixels sees whose left top corner is at (x, y) of the wall."""
    c, s = zoom * np.cos(turn), zoom * np.sin(turn)
    view = np.array([[c, -s, -x * c + y * s], [s, c, -x * s - y * c]])
    return np.asarray(cv2.warpAffine(wall, view, (640, 480), flags=cv2.INTER_LINEAR), np.uint8)


def followed(*pictures: UInt8, boxes: Float32 = NOBODY) -> CameraMove:
    follower = CameraFollower()
    return [follower.follow(picture, boxes) for picture in pictures][-1]


def figure(x: float, y: float = 100.0) -> Box:
    return (x, y, x + 0.4 * HEIGHT, y + HEIGHT)


def seen(*boxes: Box) -> Detections:
    found = np.array(boxes, np.float32).reshape(-1, 4)
    return Detections(found, np.full(len(boxes), 0.9, np.float32))


def dressed(*colours: tuple[int, int, int]) -> Cues:
    """The cues of people who wear one colour each, before a camera that stands still."""
    wall = np.zeros((400, 100 * max(len(colours), 1), 3), np.uint8)
    boxes = []
    for i, colour in enumerate(colours):
        wall[:, 100 * i : 100 * (i + 1)] = colour
        boxes.append((100 * i, 0, 100 * (i + 1), 400))
    return Cues(None, describe(wall, np.array(boxes, np.float32).reshape(-1, 4)))


def ids_of(frames: Sequence[tuple[Detections, Cues | None]]) -> list[list[int]]:
    tracker = ByteTracker()
    return [
        tracker.update(found, Fraction(i, RATE), cues).tolist()
        for i, (found, cues) in enumerate(frames)
    ]


# -- the camera ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "y", "zoom", "turn"),
    [(7, -4, 1, 0), (0, 0, 1, 0), (-35, 20, 1, 0), (5, 3, 1.05, 0), (0, 0, 1, 0.05)],
)
def test_the_camera_is_followed_to_a_fraction_of_a_pixel(
    x: float, y: float, zoom: float, turn: float
) -> None:
    wall = ground(1)
    move = followed(seen_from(wall, 400, 300), seen_from(wall, 400 + x, 300 + y, zoom, turn))
    assert move.moved is not None
    points = np.array([[100.0, 100], [500, 100], [300, 400]])
    c, s = zoom * np.cos(turn), zoom * np.sin(turn)
    expected = (points - (x, y)) @ np.array([[c, s], [-s, c]])
    np.testing.assert_allclose(points @ move.moved[:, :2].T + move.moved[:, 2], expected, atol=0.5)
    assert not move.is_cut


def test_people_who_walk_do_not_move_the_camera() -> None:
    wall, crowd = ground(1), ground(2)
    pictures, boxes = [], np.array([[0, 60, 360, 480]], np.float32)
    for i in range(2):
        picture = seen_from(wall, 300, 300)
        picture[60:480, 0:360] = crowd[60:480, 300 - 9 * i : 660 - 9 * i]
        pictures.append(picture)
    move = followed(*pictures, boxes=boxes)
    assert move.moved is not None
    np.testing.assert_allclose(move.moved, [[1, 0, 0], [0, 1, 0]], atol=0.2)


@pytest.mark.parametrize("size", [(480, 640), (3, 4), (1, 1), (2, 900)])
def test_where_there_is_nothing_to_follow_nothing_is_said(size: tuple[int, int]) -> None:
    plain = np.full((*size, 3), 90, np.uint8)
    move = followed(plain, plain)
    assert move.moved is None
    assert not move.is_cut


def test_another_scene_is_a_cut() -> None:
    one, other = ground(1, (60, 100, 160)), ground(2, (180, 120, 80))
    move = followed(seen_from(one, 300, 300), seen_from(other, 300, 300))
    assert move.is_cut
    assert move.moved is None


@pytest.mark.parametrize("gain", [0.3, 2.0])
def test_a_flash_and_a_lamp_that_goes_out_are_no_cuts(gain: float) -> None:
    picture = seen_from(ground(1), 300, 300)
    other = np.clip(picture * gain, 0, 255).astype(np.uint8)
    assert not followed(picture, other).is_cut


def test_a_fast_pan_is_no_cut() -> None:
    wall = ground(1)
    assert not followed(seen_from(wall, 300, 300), seen_from(wall, 460, 300)).is_cut


# -- looks -----------------------------------------------------------------------------------------


def test_one_person_is_like_themselves_and_unlike_somebody_in_other_clothes() -> None:
    looks = unit(dressed(RED, RED, BLUE).looks)  # type: ignore[arg-type]  # there are three
    alike = looks @ looks.T
    assert alike[0, 1] == pytest.approx(1, abs=1e-3)
    assert alike[0, 2] < 0.7


def test_shirt_and_trousers_are_told_apart() -> None:
    wall = np.zeros((400, 200, 3), np.uint8)
    wall[:200, :100] = wall[200:, 100:] = RED
    wall[200:, :100] = wall[:200, 100:] = BLUE
    looks = unit(describe(wall, np.array([[0, 0, 100, 400], [100, 0, 200, 400]], np.float32)))
    assert looks[0] @ looks[1] < 0.7


def test_who_was_not_seen_free_for_long_learns_more_at_once() -> None:
    """The mean fades over the seconds since each person was learnt, not since the last frame."""
    memory, red, blue = LooksMemory(), *unit(dressed(RED, BLUE).looks)  # type: ignore[arg-type]
    memory.start(2)
    both = np.arange(2)
    for i in range(20):
        memory.learn(both, np.stack([red, red]), i / RATE)
    for i in range(20, 60):
        memory.learn(both[:1], red[None], i / RATE)
    memory.learn(both, np.stack([blue, blue]), 6.0)
    often, seldom = memory.likeness(blue[None])[:, 0]
    assert seldom > often + 0.1


def test_any_box_can_be_described() -> None:
    boxes: list[Box] = [
        (-50, -50, 20, 20),
        (90, 90, 500, 500),
        (np.nan, 0, np.inf, 9),
        (5, 5, 5, 5),
    ]
    wall = ground(1)[:100, :100]
    assert describe(wall, np.array(boxes, np.float32)).shape == (4, SIZE)
    assert describe(wall, NOBODY).shape == (0, SIZE)


# -- what the tracker makes of them ----------------------------------------------------------------


def test_people_keep_their_ids_before_a_camera_that_is_jerked() -> None:
    plain, told, before = [], [], 0.0
    for i in range(40):
        x = 150.0 * ((i // 3) % 2)
        camera = np.array([[1, 0, before - x], [0, 1, 0]], np.float32)
        found = seen(figure(300 - x), figure(420 - x), figure(540 - x))
        plain.append((found, None))
        told.append((found, Cues(camera, None)))
        before = x
    assert ids_of(told) == [[1, 2, 3]] * 40
    assert ids_of(plain) != [[1, 2, 3]] * 40


def test_nobody_keeps_an_id_over_a_cut() -> None:
    both = seen(figure(100), figure(400))
    frames = [(both, Cues(None, None, is_cut=i == 10)) for i in range(20)]
    assert ids_of(frames) == [[1, 2]] * 10 + [[3, 4]] * 10


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_a_camera_that_cannot_be_is_ignored(value: float) -> None:
    """The boxes would be nowhere from then on."""
    both = seen(figure(100), figure(400))
    strange = Cues(np.array([[1, 0, value], [0, 1, 0]], np.float32), None)
    assert ids_of([(both, strange if i == 5 else None) for i in range(12)]) == [[1, 2]] * 12


def meeting(colours: tuple[tuple[int, int, int], tuple[int, int, int]]) -> list[list[int]]:
    """Two people walk up to each other, one hides the other for half a second, both turn back."""
    frames: list[tuple[Detections, Cues | None]] = []
    for i in range(46):
        away = 12.0 * abs(i - 23)
        left, right = figure(400 - away), figure(400 + away)
        if away < 36:
            frames.append((seen(figure(400)), dressed(colours[0])))
        else:
            frames.append((seen(left, right), dressed(*colours)))
    return ids_of(frames)


def test_two_who_meet_and_turn_back_are_told_apart_by_their_clothes() -> None:
    assert meeting((RED, BLUE))[-1] == [1, 2]


def test_two_who_look_alike_go_the_way_they_went() -> None:
    """Nothing tells them apart, so those who meet are thought to pass; but they stay two."""
    ids = meeting((RED, RED))
    assert sorted(ids[-1]) == [1, 2]


@pytest.mark.parametrize(
    ("away_s", "later", "expected"),
    [(5, RED, 1), (5, BLUE, 2), (5, None, 2), (15, RED, 2)],
)
def test_who_returns_late_is_known_by_their_looks(
    away_s: int, later: tuple[int, int, int] | None, expected: int
) -> None:
    first = [(seen(figure(300)), dressed(RED))] * RATE
    empty = [(seen(), dressed())] * (away_s * RATE)
    cues = None if later is None else dressed(later)
    last = [(seen(figure(360)), cues)] * RATE
    ids = ids_of([*first, *empty, *last])
    assert ids[0] == [1]
    assert ids[-1] == [expected]


def test_who_returns_too_far_away_is_somebody_else() -> None:
    first = [(seen(figure(300)), dressed(RED))] * RATE
    empty = [(seen(), dressed())] * (3 * RATE)
    last = [(seen(figure(300 + 8 * HEIGHT)), dressed(RED))] * RATE
    assert ids_of([*first, *empty, *last])[-1] == [2]


@pytest.mark.parametrize("seed", range(12))
def test_whatever_comes_ids_ascend_and_nobody_is_there_twice(seed: int) -> None:
    rng = np.random.default_rng(seed)
    most = 1 + seed % 5
    tracker, moment, given = ByteTracker(TrackerSettings(max_people=most)), 0.0, 0
    for _ in range(80):
        count = int(rng.integers(0, 9))
        boxes = rng.uniform(0, 400, (count, 4)).astype(np.float32)
        boxes[:, 2:] = boxes[:, :2] + rng.uniform(-5, 150, (count, 2))
        boxes[rng.random((count, 4)) < 0.02] = rng.choice([np.nan, np.inf])
        scores = rng.uniform(0, 1, count).astype(np.float32)
        camera = (np.eye(2, 3) + rng.normal(0, 0.02, (2, 3))).astype(np.float32)
        looks = rng.integers(0, 256, (count, SIZE)).astype(np.uint8)
        cues = Cues(camera, looks, is_cut=bool(rng.random() < 0.05))
        moment += float(rng.choice([0, 0.03, 0.1, 1.5, 20]))
        told = (cues, Cues(None, None), None)[int(rng.integers(3))]
        ids = tracker.update(Detections(boxes, scores), moment, told)
        named = sorted(int(i) for i in ids if i)
        assert len(set(named)) == len(named) <= most
        fresh = [i for i in named if i > given]
        assert fresh == list(range(given + 1, given + 1 + len(fresh)))
        given += len(fresh)


# -- sessions --------------------------------------------------------------------------------------

WALLS = (ground(1, (60, 100, 160)), ground(2, (180, 120, 80)))
SCENES = 24


def picture_of(index: int) -> tuple[UInt8, Detections]:
    """Two people walk before a camera that sways; halfway the scene changes."""
    sway = 40 * np.sin(index / 3)
    picture = seen_from(WALLS[index // (SCENES // 2)], 400 + sway, 300)
    boxes = [figure(80 + 14 * index - sway, 150), figure(440 - 14 * index - sway, 170)]
    if index % 7 == 3:
        boxes.pop()
    boxes = [(max(b[0], 0), b[1], max(b[2], 9), b[3]) for b in boxes]
    for box, colour in zip(boxes, (RED, GREEN), strict=False):
        x1, y1, x2, y2 = (round(v) for v in box)
        picture[y1:y2, x1:x2] = colour
    return picture, seen(*boxes)


def frame(index: int) -> Frame:
    return Frame(index, index, Fraction(index, RATE), picture_of(index)[0])


def detected(indices: range) -> Iterator[DetectedFrame]:
    for i in indices:
        yield DetectedFrame(frame(i), picture_of(i)[1])


def stored(path: Path, items: Sequence[TrackedFrame]) -> Path:
    info = source_info(time_base=Fraction(1, RATE), rate=Fraction(RATE), count=SCENES)
    model = ModelRecord("yolo11n-pose", "d" * 64)
    header = SessionHeader(info, "coco17", model, model)
    with SessionWriter.create(path, header) as writer:
        for item in items:
            at = item.frame
            poses = FramePoses(at.index, at.pts, at.time, (), at.state)
            row = FrameResult(poses, item.detections, item.track_ids, cues=item.cues)
            writer.append([row])
    return path


@pytest.fixture(scope="module")
def whole() -> list[TrackedFrame]:
    stage = TrackStage(ByteTracker(), list, frame)
    return list(stage.process(list(detected(range(SCENES)))))


def test_the_swaying_camera_and_the_cut_are_seen(whole: list[TrackedFrame]) -> None:
    ids = [item.track_ids.tolist() for item in whole]
    assert ids[0] == [1, 2]
    assert {i for frame in ids[: SCENES // 2] for i in frame} == {1, 2}
    assert {i for frame in ids[SCENES // 2 :] for i in frame} == {3, 4}


def test_cues_come_out_of_a_session_as_they_went_in(
    whole: list[TrackedFrame], tmp_path: Path
) -> None:
    with Recording.open(stored(tmp_path / "a.sdpose", whole)) as recording:
        for item in whole:
            found, expected = recording.cues(item.frame.index), item.cues
            assert found is not None
            assert expected is not None
            assert expected.looks is not None
            np.testing.assert_array_equal(found.looks, expected.looks)
            np.testing.assert_array_equal(found.camera, expected.camera)
            assert found.is_cut == expected.is_cut
        assert recording.cues(SCENES) is None


@pytest.mark.parametrize("kept", range(1, SCENES, 3))
def test_a_resumed_run_has_the_very_state_of_one_that_never_stopped(
    kept: int, whole: list[TrackedFrame], tmp_path: Path
) -> None:
    session = stored(tmp_path / "a.sdpose", whole[:kept])
    tracker = ByteTracker()
    stage = TrackStage(tracker, _past(session), frame)
    stage.open()
    rest = list(stage.process(list(detected(range(kept, SCENES)))))
    for item, expected in zip(rest, whole[kept:], strict=True):
        assert item.track_ids.tolist() == expected.track_ids.tolist()
        assert item.cues is not None
        assert expected.cues is not None
        np.testing.assert_array_equal(item.cues.camera, expected.cues.camera)
    uninterrupted = TrackStage(again := ByteTracker(), list, frame)
    list(uninterrupted.process(list(detected(range(SCENES)))))
    np.testing.assert_array_equal(tracker.boxes, again.boxes)


def test_an_older_session_is_read_without_cues(whole: list[TrackedFrame], tmp_path: Path) -> None:
    session = stored(tmp_path / "a.sdpose", whole)
    with sqlite3.connect(session) as connection:
        connection.execute("DROP TABLE cue")
        connection.execute("PRAGMA user_version = 1000")
    connection.close()
    with Recording.open(session) as recording:
        assert recording.cues(0) is None
    assert [past.cues for past in _past(session)()] == [None] * SCENES


@pytest.mark.parametrize(
    "damage",
    [
        "camera = x'00'",
        "camera = 7",
        f"camera = x'{np.full(6, np.nan, '<f4').tobytes().hex()}'",
        f"camera = x'{np.full(6, -np.inf, '<f4').tobytes().hex()}'",
        f"camera = x'{np.full(6, 2e6, '<f4').tobytes().hex()}'",
        "looks = x'000102'",
        "looks = 'text'",
    ],
)
def test_damaged_cues_are_told_of(damage: str, whole: list[TrackedFrame], tmp_path: Path) -> None:
    session = stored(tmp_path / "a.sdpose", whole[:3])
    with sqlite3.connect(session) as connection:
        connection.execute(f"UPDATE cue SET {damage} WHERE frame = 1")
    connection.close()
    with Recording.open(session) as recording, pytest.raises(SessionError, match="damaged"):
        recording.cues(1)


def test_an_observer_needs_only_the_frame_before() -> None:
    one, other = Observer(), Observer()
    for i in range(8):
        one.observe(*picture_of(i))
    other.observe(*picture_of(7))
    ours, theirs = one.observe(*picture_of(8)), other.observe(*picture_of(8))
    np.testing.assert_array_equal(ours.camera, theirs.camera)
    np.testing.assert_array_equal(ours.looks, theirs.looks)
