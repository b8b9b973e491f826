"""The pose stage: fills the estimator's batches with people of several frames, deals answers back.

A person is looked at as soon as a batch is full. A part-filled batch is sent off when many frames
wait for it, or when the input ends; frames in which nobody is followed cost nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from sdpose_track.pipeline.stage import Intake
from sdpose_track.pose.estimator import Estimate, Estimator, Subject, Underway
from sdpose_track.records import FramePoses, FrameResult, Pose, TrackedFrame, in_order

PATIENCE = 2
"""Frames that wait, over the batch size, before a part-filled batch is sent off: they are big."""


@dataclass(slots=True, eq=False)
class _Waiting:
    """A frame and the estimates of those followed in it, so far."""

    item: TrackedFrame
    rows: list[int]
    found: list[Estimate] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        return len(self.found) == len(self.rows)


class PoseStage:
    """Finds the keypoints of everybody who is followed. Frames come out in order."""

    name = "pose"

    def __init__(self, estimator: Estimator) -> None:
        """Own `estimator`."""
        self.intake = Intake(capacity=8, most=8)
        self._estimator = estimator
        self._frames: deque[_Waiting] = deque()
        self._queue: deque[tuple[_Waiting, Subject]] = deque()
        self._under: deque[tuple[list[_Waiting], Underway]] = deque()

    def open(self) -> None:
        """Load what the estimator did not load when the run was prepared."""
        self._estimator.open()

    def process(self, items: Sequence[TrackedFrame]) -> Iterator[FrameResult]:
        """Yield the poses of the frames that are done."""
        for item in items:
            self._enqueue(item)
            while len(self._queue) >= self._estimator.batch:
                self._submit()
            yield from self._done()
            if len(self._frames) > PATIENCE * self._estimator.batch:
                yield from self.flush()

    def flush(self) -> Iterator[FrameResult]:
        """Send off what waits and yield all that is left."""
        while self._queue:
            self._submit()
        while self._under:
            self._collect()
        yield from self._done()

    def close(self) -> None:
        """Give the device's memory back."""
        for waiting in (self._frames, self._queue, self._under):
            waiting.clear()
        self._estimator.close()

    def _enqueue(self, item: TrackedFrame) -> None:
        rows = [int(row) for row in np.flatnonzero(item.track_ids > 0)]
        waiting = _Waiting(item, rows)
        self._frames.append(waiting)
        seen = item.detections.keypoints
        for row in rows:
            points = None if seen is None else seen[row]
            subject = Subject(item.frame, item.detections.boxes[row], points)
            self._queue.append((waiting, subject))

    def _submit(self) -> None:
        """Send off the oldest batch; wait for another one if too many are under way."""
        count = min(self._estimator.batch, len(self._queue))
        owners, subjects = zip(*(self._queue.popleft() for _ in range(count)), strict=True)
        self._under.append((list(owners), self._estimator.submit(subjects)))
        while len(self._under) >= self._estimator.in_flight:
            self._collect()

    def _collect(self) -> None:
        owners, underway = self._under.popleft()
        for owner, estimate in zip(owners, underway.result(), strict=True):
            owner.found.append(estimate)

    def _done(self) -> Iterator[FrameResult]:
        while self._frames and self._frames[0].is_complete:
            yield _result(self._frames.popleft())


def _result(done: _Waiting) -> FrameResult:
    item, frame = done.item, done.item.frame
    people = tuple(_pose(item, row, e) for row, e in zip(done.rows, done.found, strict=True))
    poses = FramePoses(frame.index, frame.pts, frame.time, in_order(people), frame.state)
    return FrameResult(poses, item.detections, item.track_ids, frame.lost_before, item.cues)


def _pose(item: TrackedFrame, row: int, estimate: Estimate) -> Pose:
    return Pose(
        int(item.track_ids[row]),
        item.detections.boxes[row] if item.boxes is None else item.boxes[row],
        float(item.detections.scores[row]),
        estimate.keypoints,
        estimate.scores,
        estimate.provenance,
    )
