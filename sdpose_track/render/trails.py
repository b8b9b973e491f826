"""Draws where people came from: behind each a trail of the last second, fading and tapering."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from math import ceil, dist, isfinite
from typing import NamedTuple

import cv2
import numpy as np

from sdpose_track.records import Pose, UInt8
from sdpose_track.render.figure import OUTLINE, SHIFT, Colour
from sdpose_track.render.overlay import Reach, Style, line_width, track_colour
from sdpose_track.skeletons import Skeleton

LASTS_S = 1.0
"""Seconds after which nothing is left of where somebody was."""
JUMP = 0.5
"""Nobody goes so far from one frame to the next, in longer sides of their box: it is a cut."""
OPACITY, RIM_OPACITY = 0.95, 0.4
"""Of a trail, and of the dark rim that it has on bright ground, where the person is now, 0..1."""
FADING = 0.6
"""The power of the time left with which a trail fades: below 1 it is clear for most of its length.
"""
WIDTH = 2.0
"""Of a trail where the person is now, in widths of a bone."""
PIECE = 4.0
"""Pixels that are drawn with one width and opacity."""


class Trails:
    """Where the people of the frames so far were. Frames come in order; going back starts anew."""

    def __init__(self, skeleton: Skeleton, style: Style | None = None) -> None:
        self._style = style or Style()
        names = skeleton.keypoints
        self._hips = [names.index(name) for name in ("left_hip", "right_hip") if name in names]
        self._frames: deque[tuple[float, dict[int, _Spot]]] = deque()

    def add(self, seconds: float, people: Sequence[Pose]) -> None:
        """Take in where `people` are at the time `seconds`, of a frame after those before."""
        if self._frames and seconds < self._frames[-1][0]:
            self._frames.clear()
        spots = ((pose.track_id, self._spot(pose)) for pose in people)
        self._frames.append((seconds, {i: spot for i, spot in spots if spot is not None}))
        while self._frames[0][0] < seconds - LASTS_S:
            self._frames.popleft()

    def draw(self, image: UInt8) -> None:
        """Draw the trails in place on `image`, a writable (H, W, 3) BGR picture of any size."""
        reach = Reach.of(image)
        for track_id in self.track_ids:
            steps = [
                step for step in self.steps(track_id) if reach.holds(np.array(step.ends)).all()
            ]
            if steps:
                width = WIDTH * line_width(image, steps[-1].pose, self._style)
                _draw(image, steps, width, track_colour(track_id))

    def _spot(self, pose: Pose) -> _Spot | None:
        """Return the middle of the hips, or of the box if they are not seen."""
        hips, scores = pose.keypoints[self._hips], pose.scores[self._hips]
        is_hip = len(hips) == 2 and bool((scores >= self._style.threshold).all())
        (x1, y1), (x2, y2) = (hips if is_hip else pose.box.reshape(2, 2)).tolist()
        x, y = (x1 + x2) / 2, (y1 + y2) / 2
        return _Spot(x, y, is_hip, pose) if isfinite(x) and isfinite(y) else None

    @property
    def track_ids(self) -> list[int]:
        """Everyone who has a trail, ascending."""
        return sorted({i for _, spots in self._frames for i in spots})

    def steps(self, track_id: int) -> Iterator[Step]:
        """Yield the ways that somebody went from one frame to the next, from the oldest on."""
        now = self._frames[-1][0] if self._frames else 0.0
        before: tuple[float, _Spot] | None = None
        for seconds, spots in self._frames:
            spot = spots.get(track_id)
            if spot is None:
                before = None
                continue
            if before is not None and spot.follows(before[1]):
                one, other = before[1], spot
                ages = now - before[0], now - seconds
                yield Step(((one.x, one.y), (other.x, other.y)), ages, spot.pose)
            before = (seconds, spot)


class _Spot(NamedTuple):
    """Where somebody was in a frame."""

    x: float
    y: float
    is_hip: bool
    pose: Pose

    def follows(self, before: _Spot) -> bool:
        """Tell whether the person went from `before` to here, and was not merely found here."""
        x1, y1, x2, y2 = self.pose.box.tolist()
        longest = JUMP * max(x2 - x1, y2 - y1)
        way = dist((self.x, self.y), (before.x, before.y))
        return self.is_hip == before.is_hip and not way > longest


class Step(NamedTuple):
    """The way that somebody went from one frame to the next."""

    ends: tuple[tuple[float, float], tuple[float, float]]
    ages: tuple[float, float]
    """Seconds since each end."""
    pose: Pose


def _draw(image: UInt8, steps: Sequence[Step], width: float, colour: Colour) -> None:
    """Lay the trail, and under it a dark rim, over the part of `image` where it is."""
    rim = max(0.5, width / 5)
    height, wide = image.shape[:2]
    ends = np.array([step.ends for step in steps]).reshape(-1, 2)
    low = np.floor(ends.min(axis=0) - width - rim).astype(int).clip(0, (wide, height))
    high = np.ceil(ends.max(axis=0) + width + rim + 1).astype(int).clip(0, (wide, height))
    part = image[low[1] : high[1], low[0] : high[0]]
    if not part.size:
        return
    for ink, extra, opacity in ((OUTLINE, 2 * rim, RIM_OPACITY), (colour, 0.0, OPACITY)):
        mask = np.zeros(part.shape[:2], np.uint8)
        for step in steps:
            _draw_step(mask, step, low.tolist(), (width, extra))
        inked = mask > 0
        share = mask[inked, None] * np.float32(opacity / 255)
        part[inked] = np.rint(part[inked] * (1 - share) + np.array(ink, np.float32) * share)


def _draw_step(mask: UInt8, step: Step, corner: Sequence[int], widths: tuple[float, float]) -> None:
    """Draw a step in pieces, each fainter and thinner the older it is."""
    width, extra = widths
    pieces = ceil(max(dist(*step.ends) / PIECE, 1))
    shares = np.linspace(0, 1, pieces + 1)
    one, other = (np.array(end) - corner for end in step.ends)
    points = np.rint((one + (other - one) * shares[:, None]) * (1 << SHIFT)).astype(int).tolist()
    left = 1 - np.interp(shares, (0, 1), step.ages) / LASTS_S
    for start, end, rest in zip(points, points[1:], left[1:].tolist(), strict=False):
        thick = max(1, round(width * rest + extra))
        cv2.line(mask, start, end, 255 * rest**FADING, thick, cv2.LINE_AA, SHIFT)
