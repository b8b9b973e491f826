"""The pose stage, with an estimator whose answers can be worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdpose_track.pipeline.batching import PATIENCE, PoseStage
from sdpose_track.pose.estimator import Estimate, Subject
from sdpose_track.records import Detections, Frame, FrameResult, TrackedFrame, measured
from sdpose_track.skeletons import COCO17


class Answer:
    """Every keypoint is the middle of the box; notes when it was asked for."""

    def __init__(self, subjects: Sequence[Subject], asked: list[int]) -> None:
        self._subjects, self._asked = subjects, asked

    def result(self) -> list[Estimate]:
        self._asked.append(len(self._subjects))
        middles = [(s.box[:2] + s.box[2:]) / 2 for s in self._subjects]
        one = np.ones(17, np.float32)
        return [Estimate(np.tile(m, (17, 1)), one, measured(17)) for m in middles]


class Centre:
    skeleton = COCO17

    def __init__(self, batch: int = 4, in_flight: int = 1) -> None:
        self.batch, self.in_flight = batch, in_flight
        self.sizes: list[int] = []
        self.asked: list[int] = []

    def open(self) -> None: ...

    def submit(self, subjects: Sequence[Subject]) -> Answer:
        self.sizes.append(len(subjects))
        return Answer(subjects, self.asked)

    def close(self) -> None: ...


def tracked(index: int, *track_ids: int) -> TrackedFrame:
    frame = Frame(index, index, Fraction(index, 25), np.zeros((8, 8, 3), np.uint8))
    boxes = np.array([[t, t, t + 2, t + 2] for t in track_ids], np.float32).reshape(-1, 4)
    seen = Detections(boxes, np.ones(len(track_ids), np.float32))
    return TrackedFrame(frame, seen, np.array(track_ids, np.int32))


def indices(results: Sequence[FrameResult]) -> list[int]:
    return [result.poses.index for result in results]


def test_people_are_dealt_back_to_their_own_frame_in_order_of_id() -> None:
    estimator = Centre()
    stage = PoseStage(estimator)

    done = list(stage.process([tracked(0, 1, 2, 3), tracked(1), tracked(2, 9, 2)]))
    done += stage.flush()

    assert estimator.sizes == [4, 1]
    assert indices(done) == [0, 1, 2]
    assert [[p.track_id for p in f.poses.people] for f in done] == [[1, 2, 3], [], [2, 9]]
    for result in done:
        for person in result.poses.people:
            np.testing.assert_array_equal(person.keypoints[0], [person.track_id + 1] * 2)


def test_detections_without_a_track_are_stored_but_are_nobody() -> None:
    (done,) = PoseStage(Centre(batch=1)).process([tracked(0, 0, 5)])
    assert [p.track_id for p in done.poses.people] == [5]
    assert len(done.detections) == 2
    assert done.track_ids.tolist() == [0, 5]


def test_people_of_several_calls_fill_one_batch() -> None:
    estimator = Centre(batch=3)
    stage = PoseStage(estimator)
    out = [indices(list(stage.process([tracked(i, 1)]))) for i in range(7)]
    assert out == [[], [], [0, 1, 2], [], [], [3, 4, 5], []]
    assert indices(list(stage.flush())) == [6]
    assert estimator.sizes == [3, 3, 1]


def test_a_frame_without_people_waits_only_for_those_before_it() -> None:
    stage = PoseStage(Centre(batch=2))
    assert indices(list(stage.process([tracked(0), tracked(1)]))) == [0, 1]
    assert indices(list(stage.process([tracked(2, 7), tracked(3)]))) == []
    assert indices(list(stage.process([tracked(4, 7)]))) == [2, 3, 4]


def test_a_part_filled_batch_is_sent_off_before_too_many_frames_wait_for_it() -> None:
    estimator = Centre(batch=3)
    stage = PoseStage(estimator)
    waiting = 0
    for index in range(50):
        waiting += 1 - len(
            list(stage.process([tracked(index, 1) if index == 0 else tracked(index)]))
        )
        assert waiting <= PATIENCE * estimator.batch
    assert estimator.sizes == [1]


def test_the_next_batch_is_on_its_way_before_the_last_is_waited_for() -> None:
    estimator = Centre(batch=1, in_flight=2)
    stage = PoseStage(estimator)
    assert list(stage.process([tracked(0, 1)])) == []
    assert (estimator.sizes, estimator.asked) == ([1], [])
    assert indices(list(stage.process([tracked(1, 1)]))) == [0]
    assert (estimator.sizes, estimator.asked) == ([1, 1], [1])
    assert indices(list(stage.flush())) == [1]


def test_a_batch_that_shrinks_on_the_way_loses_nobody() -> None:
    class Shrinking(Centre):
        def submit(self, subjects: Sequence[Subject]) -> Answer:
            self.batch = max(1, self.batch // 2)
            return super().submit(subjects)

    estimator = Shrinking(batch=4)
    stage = PoseStage(estimator)
    done = [*stage.process([tracked(i, 1, 2) for i in range(5)]), *stage.flush()]
    assert indices(done) == list(range(5))
    assert estimator.sizes == [4, 2, 1, 1, 1, 1]


@pytest.mark.parametrize("in_flight", [1, 2, 3])
@given(
    counts=st.lists(st.integers(0, 5), max_size=40),
    batch=st.integers(1, 7),
    calls=st.integers(1, 6),
)
@settings(deadline=None, max_examples=60)
def test_every_frame_comes_out_once_in_order_with_its_own_people(
    counts: list[int], batch: int, calls: int, in_flight: int
) -> None:
    estimator = Centre(batch, in_flight)
    stage = PoseStage(estimator)
    frames = [tracked(i, *range(1, count + 1)) for i, count in enumerate(counts)]
    done = [
        result
        for start in range(0, len(frames), calls)
        for result in stage.process(frames[start : start + calls])
    ]
    done += stage.flush()
    assert indices(done) == list(range(len(counts)))
    assert [len(result.poses.people) for result in done] == counts
    assert all(size <= batch for size in estimator.sizes)
