"""The pose model beside the pipeline: newest request, answers fetched, faults raised."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest

from sdpose_track.live.lane import PoseLane, Request
from sdpose_track.live.needs import most_in_need
from sdpose_track.pose.estimator import Estimate, Ready, Subject
from sdpose_track.records import Frame, measured
from sdpose_track.skeletons import COCO17

PATIENCE_S = 20.0


class Gated:
    """An estimator that answers when it is let: keypoints at the box's first corner."""

    skeleton = COCO17
    batch = 4
    in_flight = 1

    def __init__(self) -> None:
        self.gate = threading.Semaphore(0)
        self.begun = threading.Semaphore(0)
        self.closed = False
        self.fault: Exception | None = None

    def open(self) -> None:
        pass

    def submit(self, subjects: Sequence[Subject]) -> Ready:
        self.begun.release()
        assert self.gate.acquire(timeout=PATIENCE_S)
        if self.fault is not None:
            raise self.fault
        return Ready([_estimate(subject) for subject in subjects])

    def close(self) -> None:
        self.closed = True


def _estimate(subject: Subject) -> Estimate:
    points = np.tile(subject.box[:2], (17, 1)).astype(np.float32)
    return Estimate(points, np.full(17, 0.9, np.float32), measured(17))


def request(index: int, *ids: int) -> Request:
    frame = Frame(index, index, Fraction(index, 30), np.zeros((8, 8, 3), np.uint8))
    boxes = [np.array([one, index, one + 4, index + 8], np.float32) for one in ids]
    return Request(index, np.array(ids, np.int32), tuple(Subject(frame, box) for box in boxes))


def nothing(_people: int, _seconds: float) -> None:
    pass


def test_a_request_that_waits_is_replaced_by_a_newer_one() -> None:
    estimator, passes = Gated(), list[int]()
    lane = PoseLane(estimator, lambda people, _seconds: passes.append(people))
    lane.open()
    lane.submit(request(0, 1))
    assert estimator.begun.acquire(timeout=PATIENCE_S)
    for index in (1, 2, 3):
        lane.submit(request(index, 1, 2))
    assert (lane.waiting, lane.left_out, lane.oldest, lane.asked()) == (1, 2, 0, (1,))
    estimator.gate.release(2)
    lane.wait(0, PATIENCE_S)
    lane.wait(3, PATIENCE_S)
    answers = lane.take()
    lane.close()
    assert [answer.index for answer in answers] == [0, 3]
    assert answers[1].track_ids.tolist() == [1, 2]
    assert answers[1].estimates[1].keypoints[0].tolist() == [2, 3]
    assert passes == [1, 2]
    assert lane.take() == ()
    assert lane.oldest is None
    assert estimator.closed


def test_an_answer_not_fetched_is_still_to_come() -> None:
    estimator = Gated()
    lane = PoseLane(estimator, nothing)
    lane.open()
    lane.submit(request(5, 1))
    estimator.gate.release()
    lane.wait(5, PATIENCE_S)
    before = lane.oldest
    lane.take()
    assert (before, lane.oldest) == (5, None)
    lane.close()


def test_waiting_ends_without_an_answer_when_the_time_is_over() -> None:
    estimator = Gated()
    lane = PoseLane(estimator, nothing)
    lane.open()
    lane.submit(request(0, 1))
    lane.wait(0, 0.0)
    assert lane.take() == ()
    estimator.gate.release()
    lane.close()


def test_what_the_estimator_raises_is_raised_where_answers_are_taken() -> None:
    estimator = Gated()
    estimator.fault = MemoryError("the device is full")
    lane = PoseLane(estimator, nothing)
    lane.open()
    lane.submit(request(0, 1))
    estimator.gate.release()
    lane.wait(0, PATIENCE_S)
    with pytest.raises(MemoryError, match="full"):
        lane.take()
    lane.close()
    assert estimator.closed


def test_closing_does_not_wait_for_what_was_not_begun() -> None:
    estimator = Gated()
    lane = PoseLane(estimator, nothing)
    lane.open()
    lane.submit(request(0, 1))
    assert estimator.begun.acquire(timeout=PATIENCE_S)
    lane.submit(request(1, 1))
    estimator.gate.release()
    lane.close()
    lane.close()
    assert not estimator.begun.acquire(blocking=False)


# -- who needs it most -----------------------------------------------------------------------------

IDS = np.array([3, 5, 8, 9], np.int32)
CALM = np.full(4, 0.004)


def test_whoever_was_never_looked_at_comes_first() -> None:
    rows = most_in_need(IDS, CALM, {3: 9.9, 8: 9.0, 9: 9.8}, 10.0, 2)
    assert IDS[rows].tolist() == [5, 8]


def test_of_two_looked_at_together_the_doubtful_one_comes_first() -> None:
    doubt = np.array([0.004, 0.004, 0.03, 0.004])
    rows = most_in_need(IDS, doubt, dict.fromkeys([3, 5, 8, 9], 9.5), 10.0, 1)
    assert IDS[rows].tolist() == [8]


def test_no_more_are_named_than_there_are() -> None:
    assert most_in_need(IDS, CALM, {}, 10.0, 99).tolist() == [0, 1, 2, 3]
    assert most_in_need(IDS[:0], CALM[:0], {}, 10.0, 3).size == 0


def test_everybody_has_a_turn_when_one_fits() -> None:
    looked: dict[int, float] = {}
    turns = []
    for turn in range(8):
        rows = most_in_need(IDS, CALM, looked, turn * 0.4, 1)
        looked[int(IDS[rows[0]])] = turn * 0.4
        turns.append(int(IDS[rows[0]]))
    assert turns == [3, 5, 8, 9] * 2
