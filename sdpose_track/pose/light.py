"""The light pose model: a YOLO pose network, which finds a person and their keypoints at once.

Where the detector is that same network, its keypoints are taken as they are (`SeenEstimator`):
nothing runs twice. For boxes from elsewhere the network looks at a cut-out around each box, and the
person in it who fits the box best is the answer (`CutOutEstimator`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sdpose_track.detect.detector import Detector
from sdpose_track.detect.nms import iou_matrix
from sdpose_track.pose.estimator import Estimate, Ready, Subject
from sdpose_track.records import Float32, measured
from sdpose_track.skeletons import COCO17, Skeleton

MARGIN = 1.25
"""Side of the cut-out over that of the box: limbs reach beyond boxes."""
LEAST_OVERLAP = 0.3
"""A person in the cut-out whose box overlaps the given one by less is somebody else."""


class SeenEstimator:
    """Takes the keypoints that the detector gave with each box."""

    batch = 1
    in_flight = 1

    def __init__(self, skeleton: Skeleton = COCO17) -> None:
        self.skeleton = skeleton

    def open(self) -> None:
        """Nothing to load."""

    def close(self) -> None:
        """Nothing to give back."""

    def submit(self, subjects: Sequence[Subject]) -> Ready:
        """Take what was seen. Raises ValueError for a subject without keypoints."""
        return Ready([self._taken(subject) for subject in subjects])

    def _taken(self, subject: Subject) -> Estimate:
        if subject.seen is None:
            raise ValueError("the detector gave a box without keypoints")
        return _estimate(subject.seen)


class CutOutEstimator:
    """Runs a YOLO pose network on a cut-out around each box."""

    batch = 1
    in_flight = 1

    def __init__(self, network: Detector, skeleton: Skeleton = COCO17) -> None:
        """Use `network`, a detector that is a pose model of `skeleton`."""
        self.skeleton = skeleton
        self._network = network

    def open(self) -> None:
        """Load the network."""
        self._network.open()

    def close(self) -> None:
        """Give the device's memory back."""
        self._network.close()

    def submit(self, subjects: Sequence[Subject]) -> Ready:
        """Look for the keypoints of each subject; all missing where the network sees nobody."""
        return Ready([_estimate(self._look(subject)) for subject in subjects])

    def _look(self, subject: Subject) -> Float32:
        x1, y1, x2, y2 = _cut_out(subject)
        missing = np.full((len(self.skeleton), 3), np.nan, np.float32)
        if x2 <= x1 or y2 <= y1:
            return missing
        image = np.ascontiguousarray(subject.frame.image[y1:y2, x1:x2])
        (found,) = self._network.submit([replace(subject.frame, image=image)]).result()
        if found.keypoints is None or not len(found):
            return missing
        offset = np.array([x1, y1], np.float32)
        fits = iou_matrix(found.boxes + np.tile(offset, 2), subject.box[None])[:, 0]
        best = int(fits.argmax())
        if fits[best] < LEAST_OVERLAP:
            return missing
        points: Float32 = found.keypoints[best].copy()
        points[:, :2] += offset
        return points


def _estimate(points: Float32) -> Estimate:
    known = np.asarray(np.isfinite(points).all(axis=1))
    where = np.where(known[:, None], points[:, :2], np.float32(np.nan))
    scores = np.where(known, np.clip(points[:, 2], 0, 1), np.float32(0))
    return Estimate(where, scores, measured(len(points)))


def _cut_out(subject: Subject) -> tuple[int, int, int, int]:
    """Return the part of the picture to look at, as whole pixels inside it."""
    height, width = subject.frame.image.shape[:2]
    low, high = subject.box[:2], subject.box[2:]
    grow = (high - low) * (MARGIN - 1) / 2
    x1, y1 = np.floor(np.clip(low - grow, 0, (width, height))).astype(int)
    x2, y2 = np.ceil(np.clip(high + grow, 0, (width, height))).astype(int)
    return int(x1), int(y1), int(x2), int(y2)
