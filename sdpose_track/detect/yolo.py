"""YOLO as a detector: letterbox, network, reading of its output, suppression of duplicates.

Weak boxes are kept down to confidence 0.1, since the tracker's second stage needs them. Source of
the output's layout: ultralytics Detect and Pose heads (one-to-many branch).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sdpose_track.detect.letterbox import Letterbox
from sdpose_track.detect.nms import suppress
from sdpose_track.detect.runtime import Answer, NetworkFacts, Runtime
from sdpose_track.records import NO_DETECTIONS, Detections, Float32, Frame


@dataclass(frozen=True, slots=True)
class YoloSettings:
    """How a YOLO network is asked and read."""

    size: int = 640
    """Longer side of the network's input, in pixels."""
    confidence: float = 0.1
    """Boxes below are not people at all."""
    iou: float = 0.7
    """Boxes that overlap a surer one by more are the same person."""
    most: int = 300
    """People in one frame."""


class YoloDetector:
    """Finds people with a YOLO network; with their keypoints if it is a pose model."""

    def __init__(
        self,
        load: Callable[[], Runtime],
        settings: YoloSettings | None = None,
        *,
        picture: tuple[int, int] | None = None,
    ) -> None:
        """Keep `load` for `open`; `picture` is the (height, width) of frames, where it is known."""
        self._load = load
        self._settings = settings or YoloSettings()
        self._picture = picture
        self._runtime: Runtime | None = None

    @property
    def runtime(self) -> Runtime:
        """The loaded network. Raises RuntimeError before `open`."""
        if self._runtime is None:
            raise RuntimeError("the detector is not open")
        return self._runtime

    @property
    def size(self) -> int:
        """Longer side of the network's input, in pixels."""
        return self._settings.size

    @property
    def batch(self) -> int:
        """How many frames one `submit` takes at most."""
        return self.runtime.batch

    @property
    def in_flight(self) -> int:
        """How many submissions may be under way."""
        return self.runtime.in_flight

    def open(self) -> None:
        """Load the network and prepare it for the frames. A second call does nothing."""
        if self._runtime is not None:
            return
        self._runtime = self._load()
        if self._picture is not None:
            box = self._letterbox(*self._picture)
            self._runtime.expect(box.height, box.width)

    def _letterbox(self, height: int, width: int) -> Letterbox:
        return Letterbox.fit(height, width, self._settings.size, self.runtime.facts.stride)

    def close(self) -> None:
        """Give the device's memory back."""
        if self._runtime is not None:
            self._runtime.close()
            self._runtime = None

    def submit(self, frames: Sequence[Frame]) -> _Under:
        """Start to look for people in `frames`, all of one size."""
        height, width = frames[0].image.shape[:2]
        box = self._letterbox(height, width)
        answer = self.runtime.start([box.apply(frame.image) for frame in frames])
        reading = Reading(box, (height, width), self.runtime.facts, self._settings)
        return _Under(answer, reading)


@dataclass(frozen=True, slots=True)
class Reading:
    """What is needed to turn raw output into detections of one picture size."""

    box: Letterbox
    picture: tuple[int, int]
    """(height, width) of the source picture."""
    facts: NetworkFacts
    settings: YoloSettings

    def read(self, raw: Float32) -> Detections:
        """Return the people in (4 + classes + 3·K, A) raw output, by falling score."""
        classes = len(self.facts.classes)
        person = self.facts.classes.index("person")
        scores = raw[4 + person]
        likely = scores > self.settings.confidence
        if classes > 1:
            likely &= raw[4 : 4 + classes].argmax(axis=0) == person
        if not likely.any():
            return self._nobody()
        found = raw[:, likely].T
        centre, half = found[:, :2], found[:, 2:4] / 2
        boxes = np.concatenate([centre - half, centre + half], axis=1)
        kept = suppress(boxes, found[:, 4 + person], self.settings.iou, self.settings.most)
        corners = self.box.undo(boxes[kept].reshape(-1, 2, 2))
        height, width = self.picture
        corners = np.clip(corners, 0, np.array([width, height], np.float32))
        sure = found[kept, 4 + person]
        return Detections(corners.reshape(-1, 4), sure, self._keypoints(found[kept, 4 + classes :]))

    def _nobody(self) -> Detections:
        if not self.facts.keypoints:
            return NO_DETECTIONS
        empty = np.empty((0, self.facts.keypoints, 3), np.float32)
        return Detections(NO_DETECTIONS.boxes, NO_DETECTIONS.scores, empty)

    def _keypoints(self, rows: Float32) -> Float32 | None:
        if not self.facts.keypoints:
            return None
        points = rows.reshape(len(rows), self.facts.keypoints, 3).copy()
        points[..., :2] = self.box.undo(points[..., :2])
        return points


@dataclass(frozen=True, slots=True)
class _Under:
    """Detections under way."""

    answer: Answer
    reading: Reading

    def result(self) -> list[Detections]:
        """Wait for the network and return the people in each frame."""
        return [self.reading.read(raw) for raw in self.answer()]
