"""What a pose estimator takes and gives. The light model is one, SDPose another.

To add one: write a module with a class of this shape and one row in
`pipeline/seats.ESTIMATORS`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sdpose_track.records import Float32, Frame, UInt8
from sdpose_track.skeletons import Skeleton


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """One person to look at: a box of a frame."""

    frame: Frame
    box: Float32
    """(4,) `x1, y1, x2, y2` in pixels of the frame."""
    seen: Float32 | None = None
    """(K, 3) keypoints that the detector gave with the box, if it is a pose model."""


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """The keypoints of one person."""

    keypoints: Float32
    """(K, 2) `x, y` in pixels of the frame; NaN where there is no position."""
    scores: Float32
    """(K,) confidence, 0 or more and about 0..1; 0 where there is no position."""
    provenance: UInt8
    """(K,) of `records.Provenance`."""


class Underway(Protocol):
    """Estimates that a device may still be working on."""

    def result(self) -> list[Estimate]:
        """Wait for and return one estimate a subject, in order."""


class Ready:
    """An `Underway` whose result is there already."""

    def __init__(self, estimates: list[Estimate]) -> None:
        self._estimates = estimates

    def result(self) -> list[Estimate]:
        """Return the estimates."""
        return self._estimates


class Estimator(Protocol):
    """Finds the keypoints of people. One thread at a time calls, as for a detector."""

    skeleton: Skeleton

    @property
    def batch(self) -> int:
        """How many subjects fill a pass. May become smaller when a device's memory runs out."""

    @property
    def in_flight(self) -> int:
        """How many submissions may be under way before the oldest must be asked for its result."""

    def open(self) -> None:
        """Load the network onto its device."""

    def submit(self, subjects: Sequence[Subject]) -> Underway:
        """Start to look at `subjects`. The answer for one does not depend on the others."""

    def close(self) -> None:
        """Give the device's memory back."""


@dataclass(frozen=True, slots=True)
class Posing:
    """A built estimator, what it runs on, and how long it takes where that is long."""

    estimator: Estimator
    described: str
    """Device and precision, for the user and for the session."""
    seconds_a_person: float | None = None
    """About how long one person in one frame takes; None where that was not estimated."""
