"""What is worth a look: each reason where it was planted, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from moving_people import RATE, TALL, Change, Person, session
from scipy.optimize import linear_sum_assignment

from sdpose_track.boxes import overlap
from sdpose_track.records import Float32, Float64, Pose, TrackArrays
from sdpose_track.repair.edits import LAST_FRAME, Delete, Edit, Merge, Place, Rename
from sdpose_track.review.doubts import REASONS, Doubt, find_doubts
from sdpose_track.review.ends import ALIKE, NEAR, REACH_S, SOON_S, End, broken
from sdpose_track.review.evidence import Seen, Subject, severity
from sdpose_track.review.report import Report, quality
from sdpose_track.session.recording import Recording
from sdpose_track.session.repairing import Repairing
from sdpose_track.session.view import View
from sdpose_track.skeletons import COCO17
from sdpose_track.smooth.choices import Smoothing

LEFT_WRIST, RIGHT_WRIST = COCO17.index("left_wrist"), COCO17.index("right_wrist")
LEFT_ANKLE, RIGHT_ANKLE = COCO17.index("left_ankle"), COCO17.index("right_ankle")


def doubts(path: Path, smoothing: Smoothing = Smoothing.OFF) -> tuple[Doubt, ...]:
    with Recording.open(path) as recording:
        return find_doubts(View(recording, smoothing))


def report(path: Path) -> Report:
    with Recording.open(path) as recording:
        return quality(recording)


def only(found: Sequence[Doubt]) -> Doubt:
    assert len(found) == 1, [(d.reason, d.frame, d.says) for d in found]
    return found[0]


def repaired(path: Path, *edits: Edit) -> Path:
    with Repairing.open(path) as repairing:
        repairing.apply(*edits)
    return path


def away(keypoint: int, frames: Sequence[int], x: float, y: float = 0.0) -> Change:
    """Put a keypoint `x`, `y` body heights away in some frames."""

    def change(frame: int, points: Float32, _scores: Float32) -> None:
        if frame in frames:
            points[keypoint] += np.array([x, y], np.float32) * np.float32(TALL)

    return change


def exchanged(one: int, other: int, frames: Sequence[int]) -> Change:
    def change(frame: int, points: Float32, _scores: Float32) -> None:
        if frame in frames:
            points[[one, other]] = points[[other, one]]

    return change


def unsure(value: float, frames: Sequence[int]) -> Change:
    def change(frame: int, _points: Float32, scores: Float32) -> None:
        if frame in frames:
            scores[:] = value

    return change


# -- silence -------------------------------------------------------------------------------------


def test_nothing_is_doubtful_about_people_who_walk_through_the_picture(tmp_path: Path) -> None:
    through = Person(1, range(5, 85), (-100, 150), (16, 0))
    standing = Person(2, range(90), (300, 300))
    assert doubts(session(tmp_path / "s.sdpose", 90, through, standing)) == ()


def test_a_session_with_nobody_and_one_of_a_single_frame_have_no_doubts(tmp_path: Path) -> None:
    assert doubts(session(tmp_path / "a.sdpose", 5)) == ()
    assert doubts(session(tmp_path / "b.sdpose", 1, Person(1, range(1)))) == ()


def test_noise_of_the_size_that_estimators_have_is_no_doubt(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)

    def shaken(_frame: int, points: Float32, _scores: Float32) -> None:
        points += rng.normal(0, 0.006 * TALL, points.shape)

    assert doubts(session(tmp_path / "s.sdpose", 300, Person(1, range(300), change=shaken))) == ()


# -- poses ---------------------------------------------------------------------------------------


def test_a_keypoint_that_jumps_away_and_back_is_one_doubt(tmp_path: Path) -> None:
    person = Person(1, range(60), change=away(COCO17.index("nose"), [30], 0.5))
    found = only(doubts(session(tmp_path / "s.sdpose", 60, person)))
    assert (found.reason, found.first, found.last, found.track_ids) == ("speed", 30, 30, (1,))
    assert (found.frame, found.time_s) == (30, 1.0)
    assert found.severity == pytest.approx(1 - 0.5 * 5 / (0.5 * 30), rel=0.02)
    assert found.says == "at 1.00 s the nose of person 1 jumps"
    assert found.suggestion == ""


def test_the_speed_that_is_doubted_is_the_same_at_every_frame_rate(tmp_path: Path) -> None:
    for rate in (10, 30, 60):
        slow, fast = (away(LEFT_WRIST, [30], speed / rate) for speed in (4.0, 6.0))
        paths = [
            session(tmp_path / f"{rate}{i}.sdpose", 60, Person(1, range(60), change=c), rate=rate)
            for i, c in enumerate((slow, fast))
        ]
        assert "speed" not in {d.reason for d in doubts(paths[0])}
        assert "speed" in {d.reason for d in doubts(paths[1])}


def test_an_unsure_keypoint_may_jump(tmp_path: Path) -> None:
    leap = away(LEFT_WRIST, [30], 0.5)

    def change(frame: int, points: Float32, scores: Float32) -> None:
        leap(frame, points, scores)
        if frame == 30:
            scores[LEFT_WRIST] = 0.4

    assert doubts(session(tmp_path / "s.sdpose", 60, Person(1, range(60), change=change))) == ()


def test_mistakes_that_follow_each_other_are_one_doubt_and_later_ones_another(
    tmp_path: Path,
) -> None:
    frames = [20, 22, 24, 70]
    person = Person(1, range(90), change=away(LEFT_WRIST, frames, 0.0, -0.4))
    found = doubts(session(tmp_path / "s.sdpose", 90, person))
    assert [(d.first, d.last) for d in found] == [(20, 25), (70, 70)]


def test_a_whole_body_that_jumps_is_told_as_such(tmp_path: Path) -> None:
    def change(frame: int, points: Float32, _scores: Float32) -> None:
        points[:, 0] += 0.5 * TALL * (frame >= 30)

    found = only(doubts(session(tmp_path / "s.sdpose", 60, Person(1, range(60), change=change))))
    assert (found.reason, found.frame) == ("speed", 30)
    assert found.says == "at 1.00 s person 1 jumps"
    assert found.suggestion == "split 1 30"


def test_a_bone_that_is_too_long_is_doubted_though_nothing_is_fast(tmp_path: Path) -> None:
    person = Person(1, range(90), change=away(LEFT_WRIST, [40, 41, 42], 0.0, 0.12))
    found = only(doubts(session(tmp_path / "s.sdpose", 90, person)))
    assert (found.reason, found.first, found.last) == ("bones", 40, 42)
    assert "left forearm of person 1" in found.says


def test_a_bone_that_points_at_the_camera_may_become_as_long_as_bones_are(tmp_path: Path) -> None:
    left, right = (away(k, range(85), 0.0, -0.07) for k in (LEFT_WRIST, RIGHT_WRIST))

    def short(frame: int, points: Float32, scores: Float32) -> None:
        left(frame, points, scores)
        right(frame, points, scores)

    assert doubts(session(tmp_path / "s.sdpose", 90, Person(1, range(90), change=short))) == ()


def test_sides_that_are_exchanged_and_back_are_one_doubt(tmp_path: Path) -> None:
    person = Person(1, range(90), change=exchanged(LEFT_ANKLE, RIGHT_ANKLE, range(40, 45)))
    found = only(doubts(session(tmp_path / "s.sdpose", 90, person)))
    assert (found.reason, found.first, found.last) == ("sides", 40, 45)
    assert (
        found.says
        == f"at {found.frame / 30:.2f} s left and right ankle of person 1 exchange places"
    )


def test_sides_too_near_to_each_other_are_not_doubted(tmp_path: Path) -> None:
    swap = exchanged(LEFT_ANKLE, RIGHT_ANKLE, range(40, 45))

    def change(frame: int, points: Float32, scores: Float32) -> None:
        points[LEFT_ANKLE, 0], points[RIGHT_ANKLE, 0] = 652, 628
        swap(frame, points, scores)

    assert doubts(session(tmp_path / "s.sdpose", 90, Person(1, range(90), change=change))) == ()


def test_two_mistakes_at_one_moment_are_one_doubt_with_the_reason_that_explains_more(
    tmp_path: Path,
) -> None:
    swap, leap = exchanged(LEFT_ANKLE, RIGHT_ANKLE, range(40, 45)), away(LEFT_WRIST, [33], 0.9)

    def change(frame: int, points: Float32, scores: Float32) -> None:
        swap(frame, points, scores)
        leap(frame, points, scores)

    found = only(doubts(session(tmp_path / "s.sdpose", 90, Person(1, range(90), change=change))))
    assert (found.reason, found.first, found.last, found.frame) == ("sides", 33, 45, 40)
    assert found.severity > 0.9  # that of the leap


def test_feet_that_pass_each_other_in_a_stride_are_no_exchange(tmp_path: Path) -> None:
    def stride(frame: int, points: Float32, _scores: Float32) -> None:
        reach = np.float32(0.28 * TALL * np.cos(2 * np.pi * frame / 10))
        for joint in ("knee", "ankle"):
            points[COCO17.index(f"left_{joint}"), 0] = 640 + reach
            points[COCO17.index(f"right_{joint}"), 0] = 640 - reach

    person = Person(1, range(60), change=stride)
    found = doubts(session(tmp_path / "s.sdpose", 60, person, rate=10))
    assert "sides" not in {d.reason for d in found}


def test_somebody_who_is_hardly_there_is_a_ghost_and_nothing_else_is_said(tmp_path: Path) -> None:
    ghost = Person(2, range(30, 60), (300, 300), change=unsure(0.1, range(90)))
    found = only(doubts(session(tmp_path / "s.sdpose", 90, Person(1, range(90)), ghost)))
    assert (found.reason, found.track_ids, found.suggestion) == ("weak", (2,), "delete 2")


def test_a_second_of_weak_poses_is_doubted_and_less_is_not(tmp_path: Path) -> None:
    long = Person(1, range(120), change=unsure(0.1, range(30, 75)))
    found = only(doubts(session(tmp_path / "a.sdpose", 120, long)))
    assert found.reason == "weak"
    assert found.suggestion == ""
    assert 28 <= found.first <= 32
    assert 73 <= found.last <= 77
    short = Person(1, range(120), change=unsure(0.1, range(30, 50)))
    assert doubts(session(tmp_path / "b.sdpose", 120, short)) == ()


# -- identities ----------------------------------------------------------------------------------


def test_who_begins_or_ends_in_the_middle_of_the_picture_is_doubted(tmp_path: Path) -> None:
    found = doubts(session(tmp_path / "s.sdpose", 90, Person(1, range(30, 60))))
    assert [(d.reason, d.frame, d.track_ids) for d in found] == [
        ("birth", 30, (1,)),
        ("death", 59, (1,)),
    ]
    assert found[0].says == "at 1.00 s person 1 begins away from the border of the picture"


@pytest.mark.parametrize("lost", [[29], [25]])
def test_after_frames_that_were_lost_nobody_is_a_wonder(tmp_path: Path, lost: list[int]) -> None:
    found = doubts(session(tmp_path / "s.sdpose", 90, Person(1, range(30, 90)), lost=lost))
    assert found == ()


def test_before_frames_that_were_lost_nobody_is_missed(tmp_path: Path) -> None:
    found = doubts(session(tmp_path / "s.sdpose", 90, Person(1, range(30)), lost=[30, 31]))
    assert found == ()


def test_who_hurries_out_is_not_missed_though_the_last_steps_were_not_seen(tmp_path: Path) -> None:
    runner = Person(1, range(50), (100, 200), (20, 0))
    assert doubts(session(tmp_path / "s.sdpose", 90, runner)) == ()
    stroller = Person(1, range(50), (100, 200), (15, 0))
    assert only(doubts(session(tmp_path / "t.sdpose", 90, stroller))).reason == "death"


def test_who_is_cut_off_by_the_lower_border_all_the_time_does_not_leave_by_it(
    tmp_path: Path,
) -> None:
    seated = Person(1, range(60), (640, 420))
    assert only(doubts(session(tmp_path / "s.sdpose", 90, seated))).reason == "death"


def test_somebody_of_a_few_frames_is_one_doubt(tmp_path: Path) -> None:
    found = only(doubts(session(tmp_path / "s.sdpose", 90, Person(1, range(30, 34)))))
    assert (found.reason, found.first, found.last) == ("birth", 30, 33)
    assert "seen in 4 frames only" in found.says
    assert found.suggestion == "delete 1"


def test_somebody_who_is_seen_briefly_before_they_leave_is_missed_before(tmp_path: Path) -> None:
    person = Person(1, range(30, 41), (1050 - 30 * 12, 200), (12, 0))
    found = only(doubts(session(tmp_path / "s.sdpose", 90, person)))
    assert (found.reason, found.frame, found.suggestion) == ("birth", 30, "")


def test_an_identity_that_broke_is_one_doubt_and_gone_once_it_is_merged(tmp_path: Path) -> None:
    path = session(
        tmp_path / "s.sdpose",
        90,
        Person(1, range(40), (100, 200), (8, 0)),
        Person(2, range(48, 90), (100, 200), (8, 0)),
    )
    found = only(doubts(path))
    assert (found.reason, found.first, found.last, found.track_ids) == ("switch", 39, 48, (1, 2))
    assert found.suggestion == "merge 1 2"
    assert found.severity > 0.8
    assert doubts(repaired(path, Merge(1, 2))) == ()


def test_somebody_elsewhere_or_much_later_is_not_the_same_person(tmp_path: Path) -> None:
    far = (Person(1, range(40), (200, 200)), Person(2, range(45, 90), (900, 200)))
    found = doubts(session(tmp_path / "a.sdpose", 90, *far))
    assert [d.reason for d in found] == ["death", "birth"]
    late = (Person(1, range(40)), Person(2, range(135, 180)))
    found = doubts(session(tmp_path / "b.sdpose", 180, *late))
    assert [d.reason for d in found] == ["death", "birth"]


def test_one_who_leaves_and_one_who_comes_at_the_same_border_are_two(tmp_path: Path) -> None:
    leaves = Person(1, range(40), (1000, 200), (8, 0))
    comes = Person(2, range(50, 90), (1700, 200), (-8, 0))
    assert doubts(session(tmp_path / "s.sdpose", 90, leaves, comes)) == ()


@pytest.mark.parametrize("meeting", [45, 511])
def test_two_who_meet_in_one_place_may_have_been_exchanged(tmp_path: Path, meeting: int) -> None:
    first = meeting - 45
    frames = range(first, meeting + 45)
    people = (
        Person(1, frames, (640 - 8 * meeting, 200), (8, 0)),
        Person(2, frames, (640 + 8 * meeting, 200), (-8, 0)),
    )
    found = [d for d in doubts(session(tmp_path / "s.sdpose", meeting + 45, *people))
             if d.reason == "crossing"]  # fmt: skip
    crossing = only(found)
    assert crossing.first <= meeting <= crossing.last
    assert abs(crossing.frame - meeting) <= 1
    assert crossing.last - crossing.first < 8
    assert crossing.suggestion == f"swap 1 2 {crossing.frame}"


def test_two_who_pass_at_different_distances_are_not_confused(tmp_path: Path) -> None:
    people = (
        Person(1, range(90), (280, 50), (8, 0)),
        Person(2, range(90), (1000, 200), (-8, 0)),
    )
    assert doubts(session(tmp_path / "s.sdpose", 90, *people)) == ()


def test_nobody_for_minutes_is_no_obstacle(tmp_path: Path) -> None:
    early, late = Person(1, range(30), (300, 200)), Person(2, range(1770, 1800))
    found = doubts(session(tmp_path / "s.sdpose", 1800, early, late))
    assert [d.reason for d in found] == ["death", "birth"]


def test_two_who_rush_past_each_other_are_confused_for_one_frame_only(tmp_path: Path) -> None:
    frames = range(38, 53)
    people = (
        Person(1, frames, (640 - 40 * 45, 200), (40, 0)),
        Person(2, frames, (640 + 40 * 45, 200), (-40, 0)),
    )
    found = [d for d in doubts(session(tmp_path / "s.sdpose", 90, *people))
             if d.reason == "crossing"]  # fmt: skip
    assert [(d.first, d.last) for d in found] == [(45, 45)]


def test_two_who_stand_close_together_are_not_confused(tmp_path: Path) -> None:
    people = (Person(1, range(60), (600, 200)), Person(2, range(60), (630, 200)))
    assert doubts(session(tmp_path / "s.sdpose", 60, *people)) == ()


class Moved(Person):
    """Somebody who stands at `before`, and from frame 30 on at `after`."""

    def __init__(self, track_id: int, before: float, after: float) -> None:
        super().__init__(track_id, range(60))
        self._places = before, after

    def pose(self, frame: int) -> Pose:
        return Person(self.track_id, self.frames, (self._places[frame >= 30], 200)).pose(frame)


def test_two_who_hardly_overlap_are_not_confused_by_a_cut(tmp_path: Path) -> None:
    people = Moved(1, 70, 670), Moved(2, 140, 740)
    found = doubts(session(tmp_path / "s.sdpose", 60, *people))
    assert [(d.reason, d.frame) for d in found] == [("speed", 30), ("speed", 30)]


@pytest.mark.parametrize("way", [1, -1])
def test_whoever_leaps_out_of_or_into_one_place_may_be_the_other(tmp_path: Path, way: int) -> None:
    people = Moved(1, *(600, 200)[::way]), Moved(2, *(630, 1000)[::way])
    found = doubts(session(tmp_path / "s.sdpose", 60, *people))
    assert [d.first for d in found if d.reason == "crossing"] == [30]


def test_the_same_person_found_twice_is_one_long_crossing(tmp_path: Path) -> None:
    people = (Person(1, range(60)), Person(2, range(60), (641, 200)))
    found = only(doubts(session(tmp_path / "s.sdpose", 60, *people)))
    assert (found.reason, found.first, found.last) == ("crossing", 1, 59)


def test_boxes_are_compared_one_by_one_and_none_overlaps_with_nothing() -> None:
    one = np.array([[0, 0, 10, 10], [0, 0, 10, 10], [0, 0, 10, 10], [5, 5, 5, 5]], np.float64)
    other = np.array([[5, 0, 15, 10], [20, 0, 30, 10], [np.nan] * 4, [5, 5, 5, 5]], np.float64)
    np.testing.assert_allclose(overlap(one, other), [1 / 3, 0, np.nan, 0])


# -- many pieces ---------------------------------------------------------------------------------


def fragments(count: int, seed: int = 0) -> tuple[list[End], list[End]]:
    """Return where `count` short tracks begin and end, a few of them at any time."""
    rng = np.random.default_rng(seed)
    begins, ends = list[End](), list[End]()
    for track_id, first in enumerate(np.sort(rng.integers(0, 6 * count, count)).tolist(), 1):
        frames = np.arange(first, first + rng.integers(1, 40), dtype=np.int32)
        way = np.arange(frames.size)[:, None] * rng.normal(0, 4, 2) + rng.uniform(0, 900, 2)
        size = rng.uniform(0.7, 1.4) * np.array([100, 300])
        boxes = np.concatenate([way, way + size], axis=1).astype(np.float32)
        person = Seen(track_id, f"person {track_id}", frames, frames / RATE, boxes)
        for found, row in ((begins, 0), (ends, frames.size - 1)):
            found.append(End(person, row, rng.uniform(0, 2), bool(rng.random() < 0.1)))
    return begins, ends


def every_cost(begins: Sequence[End], ends: Sequence[End]) -> Float64:
    """Return the (ends, begins) costs; 1 for who cannot be one person."""
    costs = np.ones((len(ends), len(begins)))
    starts = np.array([begin.person.boxes[0] for begin in begins], np.float64)
    frames = np.array([begin.frame for begin in begins])
    times = np.array([begin.person.times[0] for begin in begins])
    for row, end in enumerate(ends):
        last, passed = end.person.boxes[-1].astype(np.float64), times - end.person.times[-1]
        way = (starts[:, :2] + starts[:, 2:] - last[:2] - last[2:]) / 2
        velocity = end.person.velocity(len(end.person.indices) - 1, REACH_S)
        apart = np.hypot(*way.T)
        apart = np.minimum(apart, np.hypot(*(way - np.outer(passed, velocity)).T))
        tall, other = last[3] - last[1], starts[:, 3] - starts[:, 1]
        cost = np.stack([
            apart / (NEAR * np.maximum(tall, other)),
            np.abs(np.log(other / tall)) / np.log(ALIKE),
            passed / SOON_S,
        ]).max(axis=0)  # fmt: skip
        allowed = (frames > end.frame) & np.array(
            [b.is_doubtful or end.is_doubtful for b in begins]
        )
        allowed &= np.array([not (b.excused or end.excused) for b in begins])
        costs[row] = np.where(allowed, np.minimum(cost, 1), 1)
    return costs


def test_thousands_of_pieces_are_joined_as_well_as_in_the_table_of_all_with_all() -> None:
    begins, ends = fragments(2500)
    costs = every_cost(begins, ends)
    saved = (1 - costs[linear_sum_assignment(costs)]).sum()
    found = broken(begins[::-1], ends)
    rows = [end.person.track_id - 1 for end, _, _ in found]
    columns = [begin.person.track_id - 1 for _, begin, _ in found]
    assert len(set(rows)) == len(set(columns)) == len(found) > 500
    np.testing.assert_allclose([cost for _, _, cost in found], costs[rows, columns])
    # Which are chosen is not always told: the times that pass add up to the same either way.
    assert sum(1 - cost for _, _, cost in found) == pytest.approx(saved)


def test_no_pieces_and_boxes_without_a_height_are_nobody_who_went_on() -> None:
    begins, ends = fragments(50)
    flat = [
        End(replace(b.person, boxes=b.person.boxes[:, [0, 1, 2, 1]]), b.row, 2.0, excused=False)
        for b in begins
    ]
    assert broken(begins, ends)
    assert broken(flat, ends) == broken([], ends) == broken(begins, []) == broken([], []) == []


# -- the list ------------------------------------------------------------------------------------


def test_doubts_follow_repairs(tmp_path: Path) -> None:
    person = Person(1, range(60), change=away(LEFT_WRIST, [30], 0.5))
    path = session(tmp_path / "s.sdpose", 60, person, Person(2, range(20, 60), (300, 200)))
    assert [d.reason for d in doubts(path)] == ["birth", "speed"]
    repaired(path, Rename(1, "Anna"))
    assert "left wrist of person 1 (Anna)" in doubts(path)[1].says
    repaired(path, Place(1, 30, "left_wrist", 685.0, 350.0))
    assert [d.reason for d in doubts(path)] == ["birth"]
    repaired(path, Delete(2))
    assert doubts(path) == ()


def test_the_list_is_that_of_the_raw_poses_whatever_the_view(tmp_path: Path) -> None:
    person = Person(1, range(60), change=away(LEFT_WRIST, [30], 0.5))
    path = session(tmp_path / "s.sdpose", 60, person)
    assert doubts(path, Smoothing.OFFLINE) == doubts(path)


def test_a_view_of_some_people_has_their_doubts_only(tmp_path: Path) -> None:
    people = (Person(1, range(20, 60), (300, 200)), Person(2, range(25, 60), (900, 200)))
    path = session(tmp_path / "s.sdpose", 60, *people)
    with Recording.open(path) as recording:
        found = find_doubts(View(recording, Smoothing.OFF, [2]))
    assert [d.track_ids for d in found] == [(2,)]


def test_the_list_is_by_frame_and_every_reason_is_a_known_one(tmp_path: Path) -> None:
    person = Person(2, range(10, 80), (300, 200), change=away(RIGHT_WRIST, [50], 0.5))
    path = session(tmp_path / "s.sdpose", 90, Person(1, range(30, 70)), person)
    found = doubts(path)
    assert [d.frame for d in found] == sorted(d.frame for d in found)
    assert len(found) == 5
    assert {d.reason for d in found} <= set(REASONS)
    assert all(0.5 <= d.severity <= 1 and d.first <= d.frame <= d.last for d in found)


def test_severity_is_half_at_the_threshold_and_rises_towards_one() -> None:
    ratios = np.array([0.5, 1.0, 1.5, 2.0, 10.0, 1e6])
    assert severity(ratios)[1] == 0.5
    assert severity(2.0) == 0.75
    assert (np.diff(severity(ratios)) >= 0).all()
    assert severity(1e6) == pytest.approx(1.0)


class Counting(Recording):
    """Counts how often each person is read whole."""

    reads: Counter[int]

    def track(self, track_id: int, frames: range = range(LAST_FRAME)) -> TrackArrays:
        self.reads[track_id] += 1
        return super().track(track_id, frames)


def test_a_report_reads_everybody_twice_raw_and_to_be_smoothed(tmp_path: Path) -> None:
    people = (Person(1, range(60)), Person(2, range(60), (300, 200)))
    with Counting.open(session(tmp_path / "s.sdpose", 60, *people)) as recording:
        assert isinstance(recording, Counting)
        recording.reads = Counter()
        shares: list[float] = []
        found = quality(recording, heard=shares.append)
        assert recording.reads == {1: 2, 2: 2}
        assert shares == [0.25, 0.5, 0.75, 1.0]
        assert found.doubts == find_doubts(View(recording))
        assert recording.reads == {1: 3, 2: 3}


def test_of_a_piece_of_a_long_track_only_the_piece_is_kept(tmp_path: Path) -> None:
    with Recording.open(session(tmp_path / "s.sdpose", 60, Person(1, range(60)))) as recording:
        piece = recording.track(1).rows(slice(10, 20))
    seen = Subject("person 1", piece, COCO17).seen()
    assert seen.indices.tolist() == list(range(10, 20))
    assert seen.boxes.base is seen.times.base is seen.indices.base is None


# -- figures -------------------------------------------------------------------------------------


def test_the_figures_of_somebody_with_gaps_are_those_that_were_planted(tmp_path: Path) -> None:
    frames = [i for i in range(10, 90) if not (30 <= i < 36 or 50 <= i < 80)]
    found = report(session(tmp_path / "s.sdpose", 100, Person(3, frames)))
    (person,) = found.people
    assert (person.track_id, person.first, person.last, person.frames) == (3, 10, 89, 44)
    assert person.coverage == pytest.approx(44 / 80)
    assert (person.gaps, person.filled_frames) == (2, 6)
    assert person.longest_gap_s == pytest.approx(31 / 30)
    shares = (person.measured, person.predicted, person.filled, person.edited, person.missing)
    assert sum(shares) == pytest.approx(1)
    assert person.filled == pytest.approx(6 / 50, abs=0.01)
    assert person.confidence == pytest.approx(0.9)
    assert person.bone_variation == pytest.approx(0, abs=1e-4)
    assert (found.births, found.deaths, found.repairs) == (1, 1, 0)


def test_jitter_is_that_of_the_noise_and_smoothing_takes_most_of_it(tmp_path: Path) -> None:
    rng, sigma = np.random.default_rng(1), 0.005

    def shaken(_frame: int, points: Float32, _scores: Float32) -> None:
        points += rng.normal(0, sigma * TALL, points.shape)

    path = session(tmp_path / "s.sdpose", 300, Person(1, range(300), change=shaken))
    (person,) = report(path).people
    assert person.jitter is not None
    assert person.jitter == pytest.approx(np.sqrt(40) * sigma * 30**3, rel=0.08)
    assert person.jitter_smoothed is not None
    assert person.jitter_smoothed < 0.2 * person.jitter


def test_what_was_edited_and_merged_is_in_the_figures(tmp_path: Path) -> None:
    path = session(tmp_path / "s.sdpose", 60, Person(1, range(20)), Person(2, range(25, 60)))
    before = report(path)
    assert (len(before.people), before.births, before.deaths) == (2, 1, 1)
    assert before.by_reason == {"switch": 1}
    repaired(path, Merge(1, 2), Rename(1, "Anna"), Place(1, 40, "nose", 640.0, 221.0))
    after = report(path)
    (person,) = after.people
    assert (person.name, person.frames, person.gaps) == ("Anna", 55, 1)
    assert person.edited == pytest.approx(1 / (60 * len(COCO17)))
    assert (after.births, after.deaths, after.repairs, after.by_reason) == (0, 0, 3, {})


def test_figures_that_cannot_be_had_are_none(tmp_path: Path) -> None:
    blind = Person(1, range(2), change=unsure(0.0, range(2)))
    (person,) = report(session(tmp_path / "s.sdpose", 2, blind)).people
    assert person.jitter is None
    assert person.jitter_smoothed is None
    assert person.bone_variation is None


def test_findings_are_faults_and_doubts_from_a_severity_on(tmp_path: Path) -> None:
    person = Person(1, range(60), change=away(LEFT_WRIST, [30], 0.5))
    found = report(session(tmp_path / "s.sdpose", 60, person, lost=[3]))
    assert len(found.findings(0.5)) == 2
    assert found.findings(0.5)[0] == "1 frame of the source could not be decoded"
    assert found.findings(0.5)[1].startswith("frame 3")
    assert "left wrist" in found.findings(0.5)[1]
    assert len(found.findings(1.0)) == 1
    assert report(session(tmp_path / "t.sdpose", 5)).findings(0.5) == ("nobody was tracked",)
