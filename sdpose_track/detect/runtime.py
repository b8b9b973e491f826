"""What runs a YOLO network: letterboxed pictures in, its raw output out."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sdpose_track.records import Float32, UInt8

Answer = Callable[[], list[Float32]]
"""Waits for and returns one raw output a picture: (4 + classes + 3·K, A) of A anchors, that is
`cx, cy, w, h` in input pixels, class scores in 0..1, then `x, y, confidence` of each keypoint."""


@dataclass(frozen=True, slots=True)
class NetworkFacts:
    """What must be known of a YOLO network to read its output."""

    classes: tuple[str, ...]
    keypoints: int
    """K; 0 for a plain detector."""
    stride: int


class Runtime(Protocol):
    """A loaded network. All calls come from one thread."""

    facts: NetworkFacts
    batch: int
    """How many pictures one `start` takes at most."""
    in_flight: int
    """How many answers may be waited for at the same time."""
    described: str
    """Device and precision, for the user: `CPU (OpenVINO, bf16)`."""

    def expect(self, height: int, width: int) -> None:
        """Prepare for input of this size now rather than at the first picture."""

    def start(self, pictures: Sequence[UInt8]) -> Answer:
        """Start the network on (h, w, 3) BGR pictures of one size."""

    def close(self) -> None:
        """Give the device's memory back."""


def cpu_count() -> int:
    """Return how many CPU cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
