"""The stages, with a detector whose answers can be worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from sdpose_track.detect.detector import Done
from sdpose_track.pipeline.stages import DetectStage, PastFrame, TrackStage
from sdpose_track.records import DetectedFrame, Detections, Frame
from sdpose_track.track.bytetrack import ByteTracker


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
    whole = TrackStage(ByteTracker(), list, frame)
    items = list(whole.process(frames))
    ids = [item.track_ids.tolist() for item in items]

    past = [
        PastFrame(item.frame.index, float(item.frame.time), item.detections, item.cues)
        for item in items[:11]
    ]
    resumed = TrackStage(ByteTracker(), lambda: past, frame)
    resumed.open()
    assert [item.track_ids.tolist() for item in resumed.process(frames[11:])] == ids[11:]
    assert ids[-1] == [1, 2]
