"""The stages, with a detector and an estimator whose answers can be worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from sdpose_track.detect.detector import Done
from sdpose_track.pipeline.stages import DetectStage, PoseStage, TrackStage
from sdpose_track.pose.estimator import Estimate, Subject
from sdpose_track.records import DetectedFrame, Detections, Frame, TrackedFrame, measured
from sdpose_track.skeletons import COCO17
from sdpose_track.track.bytetrack import ByteTracker


class Centre:
    """Every keypoint is the middle of the box."""

    batch = 4
    skeleton = COCO17

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def open(self) -> None: ...

    def estimate(self, subjects: Sequence[Subject]) -> list[Estimate]:
        self.sizes.append(len(subjects))
        middles = [(s.box[:2] + s.box[2:]) / 2 for s in subjects]
        one = np.ones(17, np.float32)
        return [Estimate(np.tile(m, (17, 1)), one, measured(17)) for m in middles]

    def close(self) -> None: ...


class Slow:
    """A detector with two submissions under way, which notes what was asked when."""

    batch = 2
    in_flight = 2

    def __init__(self) -> None:
        self.submitted: list[int] = []

    def open(self) -> None: ...

    def submit(self, frames: Sequence[Frame]) -> Done:
        self.submitted.extend(f.index for f in frames)
        boxes = [[f.index, 0, f.index + 1, 1] for f in frames]
        return Done([Detections(np.array([b], np.float32), np.ones(1, np.float32)) for b in boxes])

    def close(self) -> None: ...


def frame(index: int) -> Frame:
    return Frame(index, index, Fraction(index, 25), np.zeros((8, 8, 3), np.uint8))


def tracked(index: int, *track_ids: int) -> TrackedFrame:
    boxes = np.array([[t, t, t + 2, t + 2] for t in track_ids], np.float32).reshape(-1, 4)
    seen = Detections(boxes, np.ones(len(track_ids), np.float32))
    return TrackedFrame(frame(index), seen, np.array(track_ids, np.int32))


def test_people_are_dealt_back_to_their_own_frame_in_order_of_id() -> None:
    estimator = Centre()
    stage = PoseStage(estimator)

    done = list(stage.process([tracked(0, 1, 2, 3), tracked(1), tracked(2, 9, 2)]))

    assert estimator.sizes == [4, 1]
    assert [f.poses.index for f in done] == [0, 1, 2]
    assert [[p.track_id for p in f.poses.people] for f in done] == [[1, 2, 3], [], [2, 9]]
    for result in done:
        for person in result.poses.people:
            np.testing.assert_array_equal(person.keypoints[0], [person.track_id + 1] * 2)


def test_detections_without_a_track_are_stored_but_are_nobody() -> None:
    (done,) = PoseStage(Centre()).process([tracked(0, 0, 5)])
    assert [p.track_id for p in done.poses.people] == [5]
    assert len(done.detections) == 2
    assert done.track_ids.tolist() == [0, 5]


def test_detections_come_out_in_order_while_the_next_are_under_way() -> None:
    detector = Slow()
    stage = DetectStage(detector)
    assert list(stage.process([frame(0), frame(1)])) == []
    out = [item.frame.index for item in stage.process([frame(2)])]
    assert out == [0, 1]
    assert detector.submitted == [0, 1, 2]
    out += [item.frame.index for item in stage.process([frame(3)])]
    out += [item.frame.index for item in stage.flush()]
    assert out == [0, 1, 2, 3]


def test_frames_are_taken_in_the_detectors_batches() -> None:
    intake = DetectStage(Slow()).intake
    assert intake.most == Slow.batch
    assert intake.capacity >= 2 * Slow.batch
    assert intake.wait_s > 0


def test_a_replayed_past_leaves_the_tracker_as_it_was() -> None:
    def walk(i: int) -> Detections:
        boxes = [[10 + i, 10, 40 + i, 90], [200 - i, 10, 230 - i, 90]]
        return Detections(np.array(boxes, np.float32), np.array([0.9, 0.8], np.float32))

    frames = [DetectedFrame(frame(i), walk(i)) for i in range(20)]
    whole = TrackStage(ByteTracker(), list)
    ids = [item.track_ids.tolist() for item in whole.process(frames)]

    past = [(item.detections, float(item.frame.time)) for item in frames[:11]]
    resumed = TrackStage(ByteTracker(), lambda: past)
    resumed.open()
    assert [item.track_ids.tolist() for item in resumed.process(frames[11:])] == ids[11:]
    assert ids[-1] == [1, 2]
