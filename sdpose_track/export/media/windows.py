"""A window that follows somebody through the pictures, as a calm camera would."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from sdpose_track.records import Float32, Float64, UInt8
from sdpose_track.render.letterbox import Size

MARGIN = 1.25
"""Side of a window, in that of the box which 95 % of the frames do not exceed."""
CALM_S = 1.0
"""Seconds over which the middle of a window is averaged, half of them to come."""
SMALLEST, LARGEST = 16, 8192
"""Pixels a side that a window has for somebody, however small or large they are."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A part of the pictures that keeps its size, in M moments."""

    middles: Float64
    """(M, 2) its middle in the source, in pixels."""
    width: float
    """In the source, in pixels."""
    height: float
    size: Size
    """Of what is made of it, in pixels."""

    def cut(self, image: UInt8, moment: int) -> UInt8:
        """Return the (h, w, 3) picture of `size` at `moment`; black beyond `image` (H, W, 3)."""
        wide, high = self.size
        shrink = max(self.width / wide, 1.0)  # averaged after the cut: sampling would flicker
        sampled = round(wide * shrink), round(high * shrink)
        step = self.width / sampled[0]
        corner = self.middles[moment] - (self.width / 2, self.height / 2) + (step - 1) / 2
        to_source = np.array([[step, 0, corner[0]], [0, step, corner[1]]])
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        part = cv2.warpAffine(image, to_source, sampled, flags=flags)
        if sampled != self.size:
            part = cv2.resize(part, self.size, interpolation=cv2.INTER_AREA)
        return np.asarray(part, np.uint8)


def follow(seconds: Float64, boxes: Float32, size: Size | None, picture: Size) -> Window:
    """Return the window that follows a person through M moments.

    Args:
        seconds: (M,) when they are, ascending.
        boxes: (M, 4) where the person is then, in pixels; NaN where they are absent, and there the
            window rests.
        size: Of what is made of it, in pixels; None for a square as large as the window.
        picture: Width and height of the source; shown whole where the person has no box at all.
    """
    here = np.asarray(np.isfinite(boxes).all(axis=1))
    if not here.any():
        boxes, here = np.array([(0, 0, *picture)], np.float32), np.ones(1, np.bool_)
    known = boxes[here].astype(np.float64)
    sides = known[:, 2:] - known[:, :2]
    if size is None:
        even = 2 * round(_usual(sides.max(axis=1)) / 2)
        size, step = (even, even), 1.0
    else:
        step = max(_usual(sides[:, 0]) / size[0], _usual(sides[:, 1]) / size[1])
    latest = np.maximum.accumulate(np.where(here, np.arange(len(here)), -1))
    rows = np.searchsorted(np.flatnonzero(here), latest.clip(min=0))
    middles = (known[:, :2] + known[:, 2:])[np.broadcast_to(rows, seconds.shape)] / 2
    return Window(_calm(seconds, middles), size[0] * step, size[1] * step, size)


def _usual(sides: Float64) -> float:
    """Return the side of a window for boxes with (M,) `sides`, in pixels."""
    return float((np.percentile(sides, 95) * MARGIN).clip(SMALLEST, LARGEST))


def _calm(seconds: Float64, middles: Float64) -> Float64:
    """Return (M, 2) `middles` averaged twice, which together reaches as far as once `CALM_S`."""
    half = CALM_S / 2 / np.sqrt(2)
    low, high = (seconds + way for way in (-half, half))
    low, high = low.clip(min=seconds[0]), high.clip(max=seconds[-1])
    span = high - low
    if not (span > 0).all():
        return middles
    for _ in range(2):
        steps = (middles[1:] + middles[:-1]) / 2 * np.diff(seconds)[:, None]
        area = np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
        middles = np.stack(
            [(np.interp(high, seconds, a) - np.interp(low, seconds, a)) / span for a in area.T],
            axis=1,
        )
    return middles
