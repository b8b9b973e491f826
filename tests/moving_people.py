"""Sessions of people made of figures, in which every mistake is planted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import numpy as np
from sessions import Script, source_info, write

from sdpose_track.records import Float32, Pose
from sdpose_track.skeletons import COCO17

RATE = 30
WIDTH, HEIGHT = 1280, 720
TALL = 300.0
"""Pixels from the top of the head to the soles."""
_HALF = {
    "eye": (0.015, 0.06), "ear": (0.03, 0.065), "shoulder": (0.12, 0.18), "elbow": (0.14, 0.36),
    "wrist": (0.15, 0.5), "hip": (0.08, 0.48), "knee": (0.08, 0.72), "ankle": (0.08, 0.96),
}  # fmt: skip
"""Right of the middle and below the top of the head, in body heights."""
Change = Callable[[int, Float32, Float32], None]
"""Called with a frame, the (K, 2) keypoints and their (K,) confidences, to plant a mistake."""


def figure(x: float, y: float, tall: float = TALL) -> Float32:
    """Return the (K, 2) keypoints of somebody who faces us, with the top of the head at (x, y)."""
    points = np.empty((len(COCO17), 2), np.float32)
    for k, name in enumerate(COCO17.keypoints):
        side, _, part = name.partition("_")
        across, down = _HALF.get(part, (0.0, 0.07))
        points[k] = x + tall * across * (1 if side == "left" else -1), y + tall * down
    return points


class Person:
    """Somebody who walks from `start` (x, y) at `speed` pixels a frame."""

    def __init__(
        self,
        track_id: int,
        frames: Iterable[int],
        start: tuple[float, float] = (640.0, 200.0),
        speed: tuple[float, float] = (0.0, 0.0),
        change: Change | None = None,
    ) -> None:
        self.track_id = track_id
        self.frames = frozenset(frames)
        self._start, self._speed, self._change = start, speed, change

    def pose(self, frame: int) -> Pose:
        x, y = (s + frame * v for s, v in zip(self._start, self._speed, strict=True))
        box = np.array([x - 0.2 * TALL, y, x + 0.2 * TALL, y + TALL], np.float32)
        points, scores = figure(x, y), np.full(len(COCO17), 0.9, np.float32)
        if self._change is not None:
            self._change(frame, points, scores)
        made = np.zeros(len(COCO17), np.uint8)
        return Pose(self.track_id, box, 0.9, points, scores, made)


def session(
    path: Path, count: int, *people: Person, lost: Iterable[int] = (), rate: int = RATE
) -> Path:
    """Write a session of `count` frames with `people`."""
    gone = frozenset(lost)
    info = source_info(
        size=(WIDTH, HEIGHT), time_base=Fraction(1, rate), rate=Fraction(rate), count=count
    )
    there = {
        i: tuple(p.pose(i) for p in people if i in p.frames) for i in range(count) if i not in gone
    }
    return write(path, Script(info, range(count), there, gone))
