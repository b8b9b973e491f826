"""What a detector is. YOLO is one; boxes from a file are another; a third is one more module."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from sdpose_track.records import Detections, Frame


class Pending(Protocol):
    """Detections under way."""

    def result(self) -> list[Detections]:
        """Wait for and return the detections of each frame submitted, in order."""


class Detector(Protocol):
    """Finds people. One thread at a time calls: the one that prepares a run, then the stage's."""

    @property
    def batch(self) -> int:
        """How many frames one `submit` takes at most."""

    @property
    def in_flight(self) -> int:
        """How many submissions may be under way before the oldest must be asked for its result."""

    def open(self) -> None:
        """Load the network onto its device."""

    def submit(self, frames: Sequence[Frame]) -> Pending:
        """Start to look for people in `frames`, at most `batch` of them."""

    def close(self) -> None:
        """Give the device's memory back."""


@runtime_checkable
class SizedDetector(Detector, Protocol):
    """A detector that shrinks pictures to a size of its own."""

    @property
    def size(self) -> int:
        """Longer side of the network's input, in pixels."""


class Done:
    """A `Pending` whose result is there already."""

    def __init__(self, detections: list[Detections]) -> None:
        self._detections = detections

    def result(self) -> list[Detections]:
        """Return the detections."""
        return self._detections
