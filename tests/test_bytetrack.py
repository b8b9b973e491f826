"""Identities from boxes and times alone: people who cross, vanish, return, and are none at all."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from sdpose_track.errors import SettingsError
from sdpose_track.records import NO_DETECTIONS, Detections
from sdpose_track.track.association import assign, overlaps
from sdpose_track.track.box_filter import BoxFilter
from sdpose_track.track.bytetrack import ByteTracker
from sdpose_track.track.settings import TrackerSettings

Box = tuple[float, float, float, float]


def seen(*boxes: Box, scores: Sequence[float] | None = None) -> Detections:
    found = np.array(boxes, np.float32).reshape(-1, 4)
    given = [0.9] * len(boxes) if scores is None else scores
    return Detections(found, np.array(given, np.float32))


def person(x: float, y: float = 100.0, height: float = 200.0) -> Box:
    return (x, y, x + height * 0.4, y + height)


def ids_of(
    frames: Sequence[Detections],
    step: Fraction = Fraction(1, 30),
    settings: TrackerSettings | None = None,
) -> list[list[int]]:
    tracker = ByteTracker(settings)
    return [tracker.update(frame, i * step).tolist() for i, frame in enumerate(frames)]


def real_frames(media: Path, sequence: str) -> list[Detections]:
    rows = np.loadtxt(media / "mot" / sequence / "det" / "det.txt", delimiter=",")
    frames = []
    for number in range(1, int(rows[:, 0].max()) + 1):
        here = rows[rows[:, 0] == number]
        boxes = np.concatenate([here[:, 2:4], here[:, 2:4] + here[:, 4:6]], axis=1)
        frames.append(Detections(boxes.astype(np.float32), here[:, 6].astype(np.float32)))
    return frames


def test_the_same_detections_give_the_same_ids_in_two_trackers(media: Path) -> None:
    frames = real_frames(media, "TUD-Campus")
    one, other = ByteTracker(), ByteTracker()
    for i, frame in enumerate(frames):
        moment = Fraction(i, 25)
        assert one.update(frame, moment).tolist() == other.update(frame, moment).tolist()


def test_ids_begin_at_one_and_leave_no_gaps(media: Path) -> None:
    ids = ids_of(real_frames(media, "ETH-Sunnyday"))
    used = [i for frame in ids for i in sorted(frame) if i]
    assert list(dict.fromkeys(used)) == list(range(1, max(used) + 1))


def test_nobody_has_two_boxes_in_one_frame(media: Path) -> None:
    for frame in ids_of(real_frames(media, "PETS09-S2L1")):
        named = [i for i in frame if i]
        assert len(named) == len(set(named))


def test_a_margin_brings_near_boxes_into_touch() -> None:
    first = np.array([[0, 0, 10, 10], [0, 0, 10, 10]], np.float32)
    second = np.array([[12, 0, 22, 10], [40, 0, 50, 10]], np.float32)
    grown = overlaps(first, second, np.array([0.0, 0.5]))
    assert grown.tolist() == [[0, 0], [8 / 32, 0]]


def test_two_people_who_cross_keep_their_ids() -> None:
    frames = [seen(person(100 + 6 * i), person(500 - 6 * i, y=130)) for i in range(60)]
    assert ids_of(frames) == [[1, 2]] * 60


@pytest.mark.parametrize("rate", [10, 60])
@pytest.mark.parametrize(("away_s", "expected"), [(0.5, 1), (1.8, 1), (2.2, 2), (5.0, 2)])
def test_somebody_who_returns_within_the_buffer_keeps_the_id(
    rate: int, away_s: float, expected: int
) -> None:
    empty = round(away_s * rate) - 1
    frames = [seen(person(100))] * rate + [NO_DETECTIONS] * empty + [seen(person(100))] * rate
    ids = ids_of(frames, Fraction(1, rate))
    assert ids[0] == [1]
    assert ids[-1] == [expected]


@pytest.mark.parametrize("rate", [5, 10, 30, 60])
def test_a_newcomer_is_named_after_the_same_time_at_every_frame_rate(rate: int) -> None:
    frames = [NO_DETECTIONS, *[seen(person(100))] * rate]
    unnamed = math.ceil(0.15 * rate)
    ids = ids_of(frames, Fraction(1, rate))[1:]
    assert ids == [[0]] * unnamed + [[1]] * (rate - unnamed)


def test_what_is_seen_for_a_moment_is_no_person() -> None:
    blink = [seen(person(100))] * 4
    frames = [NO_DETECTIONS, *blink, *[NO_DETECTIONS] * 20, *blink, *[NO_DETECTIONS] * 20]
    assert not any(i for frame in ids_of(frames) for i in frame)


def test_ten_thousand_empty_frames_between_two_visits_leave_nothing_behind() -> None:
    tracker = ByteTracker()
    visit = [tracker.update(seen(person(100)), Fraction(i, 30)).tolist() for i in range(5)]
    for i in range(10_000):
        assert tracker.update(NO_DETECTIONS, Fraction(5 + i, 30)).size == 0
    assert len(tracker) == 0
    again = [tracker.update(seen(person(90)), Fraction(10_005 + i, 30)).tolist() for i in range(8)]
    assert visit == [[1]] * 5
    assert again[0] == [0]
    assert again[-1] == [2]


def test_people_are_followed_at_five_frames_a_second() -> None:
    """They walk a third of their width from frame to frame, and pass each other."""
    frames = [seen(person(100 + 30 * i), person(700 - 30 * i, y=140)) for i in range(20)]
    assert ids_of(frames, Fraction(1, 5)) == [[1, 2]] * 20


def test_somebody_who_walks_behind_somebody_else_keeps_the_id() -> None:
    """Detectors see one box of two while one stands behind the other."""
    frames = []
    for i in range(60):
        front, behind = person(300), person(150 + 5 * i, y=104)
        hidden = abs(behind[0] - front[0]) < 40
        frames.append(seen(front) if hidden else seen(front, behind))
    ids = ids_of(frames)
    assert ids[0] == ids[-1] == [1, 2]
    assert [1] in ids


def test_the_boxes_of_the_filter_are_calmer_than_those_of_the_detector() -> None:
    rng = np.random.default_rng(5)
    tracker, given, filtered = ByteTracker(), [], []
    for i in range(90):
        truth = np.array(person(100 + 3 * i))
        frame = seen(tuple(truth + rng.normal(0, 8, 4)), (0, 0, 0, 9))
        tracker.update(frame, Fraction(i, 30))
        given.append(frame.boxes[0] - truth)
        filtered.append(tracker.boxes[0] - truth)
        assert (tracker.boxes[1] == frame.boxes[1]).all()
    assert np.std(filtered[10:]) < 0.7 * np.std(given[10:])


def test_uneven_frame_times_do_not_break_a_steady_walk() -> None:
    rng = np.random.default_rng(3)
    moments = np.cumsum(rng.choice([1 / 60, 1 / 30, 1 / 8], 200))
    tracker = ByteTracker()
    ids = [tracker.update(seen(person(240 * t)), float(t)).tolist() for t in moments]
    assert ids == [[1]] * 200


def test_the_filter_takes_the_same_way_in_half_steps() -> None:
    whole, halves = BoxFilter(), BoxFilter()
    box = seen(person(100)).boxes
    nobody = np.zeros(1, np.bool_)
    for boxes in (whole, halves):
        boxes.start(box)
        boxes.predict(1 / 30, nobody)
        boxes.correct(np.array([0]), box + 5)
    whole.predict(1 / 30, nobody)
    halves.predict(1 / 60, nobody)
    halves.predict(1 / 60, nobody)
    np.testing.assert_allclose(whole.boxes, halves.boxes, rtol=1e-6)
    np.testing.assert_allclose(whole.doubt, halves.doubt, rtol=1e-3)
    whole.correct(np.array([0]), box + 9)
    halves.correct(np.array([0]), box + 9)
    np.testing.assert_allclose(whole.boxes, halves.boxes, rtol=1e-3)


def test_one_detection_is_not_yet_a_person() -> None:
    blink = [NO_DETECTIONS, seen(person(100)), NO_DETECTIONS, seen(person(400))]
    assert ids_of(blink) == [[], [0], [], [0]]


def test_weak_detections_continue_a_track_but_begin_none() -> None:
    weak = seen(person(100), scores=[0.15])
    assert ids_of([weak] * 5) == [[0]] * 5
    assert ids_of([seen(person(100)), weak, weak, seen(person(100))]) == [[1]] * 4


def test_boxes_that_are_none_belong_to_nobody() -> None:
    broken: list[Box] = [(5, 5, 5, 50), (5, 5, 50, 5), (np.nan, 0, 9, 9), (0, 0, np.inf, 9)]
    frame = seen(*broken, person(100))
    assert ids_of([frame] * 3) == [[0, 0, 0, 0, 1]] * 3
    assert ids_of([seen(person(1), scores=[np.nan])]) == [[0]]


@pytest.mark.parametrize("moment", [0.0, -5.0, float("nan"), float("inf")])
def test_a_time_that_does_not_advance_counts_as_the_same_moment(moment: float) -> None:
    tracker = ByteTracker()
    assert tracker.update(seen(person(100)), 1.0).tolist() == [1]
    assert tracker.update(seen(person(100)), moment).tolist() == [1]
    assert tracker.update(seen(person(101)), 1.1).tolist() == [1]


def test_no_more_people_than_allowed_and_the_known_ones_first() -> None:
    settings = TrackerSettings(max_people=1)
    both = seen(person(100), person(500), scores=[0.6, 0.9])
    away = seen(person(100), scores=[0.9])
    ids = ids_of([both, both, away, away, both, both], settings=settings)
    assert ids == [[0, 1], [0, 1], [0], [0], [0, 1], [0, 1]]


def test_a_known_person_seen_twice_over_keeps_the_older_id() -> None:
    """After a jump a new track begins where the old one, lost, is found to be a moment later."""
    tracker = ByteTracker()
    for i in range(10):
        tracker.update(seen(person(100)), Fraction(i, 30))
    ids = []
    for i, x in enumerate((190, 160, 130, 103, 101, 100, 100, 100)):
        ids += tracker.update(seen(person(x)), Fraction(10 + i, 30)).tolist()
    assert ids[-1] == 1
    assert len(tracker) == 1


def test_the_cheapest_assignment_respects_the_limit() -> None:
    cost = np.array([[0.1, 0.2], [0.15, 0.95]])
    rows, columns = assign(cost, 0.9)
    assert list(zip(rows, columns, strict=True)) == [(0, 1), (1, 0)]
    assert assign(np.full((3, 2), 0.9), 0.9)[0].size == 0
    assert assign(np.empty((0, 4)), 0.9)[0].size == 0


def test_overlap_is_intersection_over_union() -> None:
    first = np.array([[0, 0, 10, 10]], np.float32)
    second = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30]], np.float32)
    np.testing.assert_allclose(overlaps(first, second), [[1.0, 1 / 3, 0.0]])


@pytest.mark.parametrize(
    "wrong",
    [
        {"high": 1.5},
        {"low": 0.5},
        {"buffer_s": -1.0},
        {"confirm_s": float("inf")},
        {"match": float("nan")},
        {"max_people": 0},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        TrackerSettings(**wrong)  # type: ignore[arg-type]  # wrong on purpose


def test_fifty_people_are_associated_within_milliseconds() -> None:
    rng = np.random.default_rng(1)
    where = rng.uniform(0, 4000, 50)
    speed = rng.uniform(-3, 3, 50)
    rows = rng.integers(0, 4, 50) * 250.0
    frames = [
        seen(*(person(x, y) for x, y in zip(where + speed * i, rows, strict=True)))
        for i in range(60)
    ]
    tracker, spent = ByteTracker(), []
    for i, frame in enumerate(frames):
        begin = time.perf_counter()
        tracker.update(frame, Fraction(i, 30))
        spent.append(time.perf_counter() - begin)
    assert np.median(spent) < 0.01  # about 0.4 ms on an idle core
