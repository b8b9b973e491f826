"""How poses are found and scored. Figures made under different protocols cannot be compared.

Where detector and pose model are one network, a pose is scored as its box, the way YOLO is scored.
Otherwise the model is top-down and is scored as SDPose was, by mmpose's evaluation: box score times
mean confidence of the keypoints, then suppression of poses that are alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdpose_track.errors import SettingsError
from sdpose_track.pipeline.seats import Seats
from sdpose_track.pose.cropping import PADDING
from sdpose_track.pose.light import CutOutEstimator, SeenEstimator
from sdpose_track.settings import ModelSettings

DETECTOR, TRUTH = "detector", "truth"
"""Where boxes come from, if not from a file."""
BOX, BOX_KEYPOINT = "box", "box-keypoint"
"""What the score of a pose is: its box's, or that times the mean of its keypoints'."""
WEAKEST = 0.001
"""Confidence down to which a network gives poses for average precision (ultralytics' figure)."""
WEAKEST_TO_LOOK_AT = 0.05
"""The same where every box costs a pass of the pose model (mmdetection's figure)."""
OKS_NMS = 0.9
_LOOK = ("crop", "input", "latent", "flip_test")


@dataclass(frozen=True, slots=True, kw_only=True)
class PoseWish:
    """What to evaluate. Raises SettingsError if a value cannot work."""

    annotations: Path
    images: Path
    """The folder that the annotations' file names are relative to."""
    models: ModelSettings
    """Its `boxes` and `confidence` are not used: those below are."""
    boxes: str = DETECTOR
    """`detector`, `truth`, or the path of a COCO detection file or of a boxes file of ours."""
    confidence: float | None = None
    """Boxes below are not looked at, 0..1; None chooses."""
    score: str | None = None
    """`box` or `box-keypoint`; None chooses."""
    oks_nms: float | None = None
    """Poses more alike than this are one person, 0..1, where 1 keeps all; None chooses."""

    def __post_init__(self) -> None:
        if not self.boxes:
            raise SettingsError("--boxes: expected truth, detector or the name of a file")
        if self.confidence is not None and not 0 <= self.confidence < 1:
            raise SettingsError(f"--conf {self.confidence}: expected a number from 0 to below 1")
        if self.score not in (None, BOX, BOX_KEYPOINT):
            raise SettingsError(f"--score {self.score}: expected {BOX} or {BOX_KEYPOINT}")
        if self.oks_nms is not None and not 0 < self.oks_nms <= 1:
            raise SettingsError(f"--oks-nms {self.oks_nms}: expected a number above 0, at most 1")


@dataclass(frozen=True, slots=True)
class Protocol:
    """What was chosen."""

    boxes: str
    confidence: float
    score: str
    oks_nms: float
    look: dict[str, Any]
    """At which size the detector looked, and what SDPose was asked for."""

    @classmethod
    def of(cls, wish: PoseWish, seats: Seats) -> Protocol:
        """Return what `wish` asks for, and for the rest what suits the models in `seats`."""
        is_one_network = wish.boxes == DETECTOR and seats.detector_record == seats.pose_record
        score, oks_nms = (BOX, 1.0) if is_one_network else (BOX_KEYPOINT, OKS_NMS)
        confidence = 0.0
        if wish.boxes == DETECTOR:
            confidence = WEAKEST if is_one_network else WEAKEST_TO_LOOK_AT
        return cls(
            wish.boxes,
            confidence if wish.confidence is None else wish.confidence,
            score if wish.score is None else wish.score,
            oks_nms if wish.oks_nms is None else wish.oks_nms,
            _look(wish.models, seats),
        )

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values; `oks_nms` is null where nothing is suppressed."""
        return {
            "boxes": self.boxes,
            "confidence": self.confidence,
            "score": self.score,
            "oks_nms": None if self.oks_nms == 1 else self.oks_nms,
            **self.look,
        }


def _look(models: ModelSettings, seats: Seats) -> dict[str, Any]:
    size = {} if seats.detector_size is None else {"detector_size": seats.detector_size}
    if isinstance(seats.estimator, SeenEstimator | CutOutEstimator):
        return size
    padding = {"padding": PADDING} if models.crop == "udp" else {}
    return {**size, **{name: getattr(models, name) for name in _LOOK}, **padding}
