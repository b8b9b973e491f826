"""Models that know the truth and take their time: a live run by them can be judged.

They read the number that `streams` burns into each picture, and answer for that moment of a body
whose true motion is known. How long they take is what is being tested, so they wait for it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
from streams import number_of
from two_models import HEIGHT, Body

from sdpose_track.detect.detector import Done
from sdpose_track.pipeline.seats import Seats
from sdpose_track.pose.estimator import Estimate, Ready, Subject
from sdpose_track.pose.light import SeenEstimator
from sdpose_track.records import Detections, Float64, Frame, UInt8, measured
from sdpose_track.session.schema import ModelRecord
from sdpose_track.skeletons import COCO17

SIDE = 640
"""Of the pictures, in pixels: the body of `two_models` fits below the number."""
BOX = np.array([[70, 60, 570, 60 + HEIGHT]], np.float32)


def stage_picture() -> UInt8:
    """Return an empty stage: (SIDE, SIDE, 3) BGR."""
    ramp = np.linspace(60, 190, SIDE, dtype=np.uint8)
    return np.repeat(np.tile(ramp, (SIDE, 1))[:, :, None], 3, axis=2)


def took(seconds: float) -> None:
    """Be busy for so long."""
    threading.Event().wait(seconds)


class FastModel:
    """A detector that is a pose model, with the errors of the fast one."""

    batch = 1
    in_flight = 1

    def __init__(self, body: Body, seconds: float, size: int = 640) -> None:
        self.size = size
        self.fault: Exception | None = None
        self.looks = 0
        self.closed = False
        self._body = body
        self._seconds = seconds

    def open(self) -> None:
        pass

    def submit(self, frames: Sequence[Frame]) -> Done:
        self.looks += 1
        took(self._seconds)
        if self.fault is not None:
            raise self.fault
        return Done([self._seen(frame) for frame in frames])

    def _seen(self, frame: Frame) -> Detections:
        points = self._body.fast[number_of(frame.image) % len(self._body.times)]
        return Detections(BOX, np.array([0.9], np.float32), points[None])

    def close(self) -> None:
        self.closed = True


class SlowModel:
    """A pose model, with the errors of the slow one."""

    skeleton = COCO17
    in_flight = 1

    def __init__(self, body: Body, seconds: float, batch: int = 4) -> None:
        self.batch = batch
        self.fault: Exception | None = None
        self.closed = False
        self._body = body
        self._seconds = seconds

    def open(self) -> None:
        pass

    def submit(self, subjects: Sequence[Subject]) -> Ready:
        took(self._seconds)
        if self.fault is not None:
            raise self.fault
        return Ready([self._seen(subject) for subject in subjects])

    def _seen(self, subject: Subject) -> Estimate:
        points = self._body.slow[number_of(subject.frame.image) % len(self._body.times)]
        return Estimate(points[:, :2], points[:, 2], measured(17))

    def close(self) -> None:
        self.closed = True


def seats(fast: FastModel, slow: SlowModel | None) -> Seats:
    """Return the seats of a run by `fast`, with `slow` beside it."""
    return Seats(
        detector=fast,
        estimator=SeenEstimator(COCO17) if slow is None else slow,
        detector_record=ModelRecord("fast", "0" * 64),
        pose_record=ModelRecord("fast" if slow is None else "slow", "1" * 64),
        described="nowhere",
        detector_described="nowhere",
        detector_size=fast.size,
        detector_at=lambda _size: fast,
    )


def truth_at(body: Body, image: UInt8) -> Float64:
    """Return the (K, 2) true keypoints in a picture of the stage."""
    points: Float64 = body.truth[number_of(image) % len(body.times)]
    return points
