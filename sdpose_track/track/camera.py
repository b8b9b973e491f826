"""How the camera moved from one picture to the next, and where a film is cut.

Corners of the background are followed by sparse optical flow (Lucas and Kanade, in pyramids) in
small grey copies of the pictures, and a similarity (turn, zoom, shift) is fitted to them robustly.
People move by themselves, so the ground that their boxes cover gives no corners. Only the picture
before is remembered: what is told of a frame follows from that frame and the one before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from sdpose_track.records import Float32, UInt8

LONG_SIDE = 320
"""Longer side of the small copies in pixels: enough for a shift of a few thousandths of it."""
_CORNERS = 80
_APART = 2.5
"""Pixels between two corners at half the size of a small copy."""
_WINDOW = (11, 11)
"""Pixels of a small copy about a corner, by which it is known again."""
_STEPS = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 10, 0.02)
"""When flow has found a corner: after so many steps, or one of fewer pixels of a small copy."""
_FEWEST = 12
"""Corners that must agree before anything is said of the camera."""
_STRAY = 1.5
"""Pixels of a small copy by which a corner may miss the fitted motion and still agree with it."""
_BACK = 1.0
"""Pixels by which a corner that is followed there and back may come to lie beside itself."""
_MARGIN = 0.1
"""Of a box's size, around it: flow looks at neighbourhoods, and boxes are cut tight."""

_BINS = 16
_CUT_COLOURS = 0.8
"""Share of the colours in common, 0..1, below which two pictures may show different scenes: it was
above in 1 of 210 pairs of scenes."""
_CUT_CORNERS = 5
"""Corners that must agree on a motion if the scene is the same: 4 or fewer did in 210 pairs of
scenes, 5 or more in successive frames of one, blends of two frames included."""


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """What is kept of a picture."""

    grey: UInt8
    colours: Float32
    corners: Float32
    """(P, 1, 2) pixels of the small copy."""


@dataclass(frozen=True, slots=True, eq=False)
class CameraMove:
    """What happened between the picture before and this one."""

    moved: Float32 | None
    """(2, 3): a point `p` of the picture before is at `moved @ (x, y, 1)` in this one, in pixels;
    None where that could not be told."""
    is_cut: bool
    """The two pictures show different scenes."""


class CameraFollower:
    """Compares each picture with the one before. Deterministic; not thread-safe."""

    def __init__(self) -> None:
        self._before: _Look | None = None

    def follow(self, image: UInt8, boxes: Float32) -> CameraMove:
        """Return what happened since the last call.

        Args:
            image: (H, W, 3) BGR.
            boxes: (N, 4) `x1, y1, x2, y2` in pixels: people, whose motion is not the camera's.
        """
        before, scale = self._before, min(1.0, LONG_SIDE / max(image.shape[:2]))
        now = self._before = _look(image, boxes, scale)
        if before is None or before.grey.shape != now.grey.shape:
            return CameraMove(None, is_cut=before is not None)
        there, here = _followed(before, now)
        old, new = _agreeing(there, here)
        common = float(np.minimum(before.colours, now.colours).sum())
        can_tell = len(before.corners) >= _FEWEST
        if can_tell and len(old) < _CUT_CORNERS and common < _CUT_COLOURS:
            return CameraMove(None, is_cut=True)
        sure = len(old) >= max(_FEWEST, len(there) / 2)
        return CameraMove(_similarity(old, new, scale) if sure else None, is_cut=False)


def _look(image: UInt8, boxes: Float32, scale: float) -> _Look:
    small = _small(image, scale)
    # Equalised, since flow takes brightness to be constant: a flash or an exposure is no cut.
    grey: Any = cv2.equalizeHist(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY))
    return _Look(grey, _colours(small), _corners(grey, boxes * np.float32(scale)))


def _small(image: UInt8, scale: float) -> UInt8:
    """Return a copy of (H, W, 3) `image` that is `scale` times as large.

    An average over all pixels would take ten times as long where `scale` is no whole share. Some
    pixels are averaged in two steps: enough against noise, and as exact for the camera.
    """
    height, width = image.shape[:2]
    size = (max(1, round(scale * width)), max(1, round(scale * height)))
    twice = (min(2 * size[0], width), min(2 * size[1], height))
    some = cv2.resize(image, twice, interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.resize(some, size, interpolation=cv2.INTER_AREA), np.uint8)


def _corners(grey: UInt8, boxes: Float32) -> Float32:
    """Return the (P, 1, 2) corners of the ground that `boxes` leave free.

    They are looked for at half the size, which takes a quarter of the time: flow follows the
    neighbourhood of a point, and that need not lie on the very corner.
    """
    halves = (max(1, grey.shape[1] // 2), max(1, grey.shape[0] // 2))
    half: Any = cv2.resize(grey, halves, interpolation=cv2.INTER_AREA)
    free = _free_ground(half.shape, boxes * np.float32(0.5))
    found: Any = cv2.goodFeaturesToTrack(half, _CORNERS, 0.01, _APART, mask=free)
    if found is None:
        return np.empty((0, 1, 2), np.float32)
    return np.asarray(2 * found + 0.5, np.float32)


def _free_ground(shape: tuple[int, ...], boxes: Float32) -> UInt8:
    """Return an (H, W) mask: 255 where nobody is."""
    free = np.full(shape, 255, np.uint8)
    known = boxes[np.isfinite(boxes).all(axis=1)]
    margin = _MARGIN * (known[:, 2:] - known[:, :2])
    edges = np.clip(np.hstack([known[:, :2] - margin, known[:, 2:] + margin]), 0, max(shape))
    for x1, y1, x2, y2 in edges.round().astype(int):
        free[y1:y2, x1:x2] = 0
    return free


def _colours(small: UInt8) -> Float32:
    """Return how the picture's values are spread over blue, green and red: sums to 1."""
    rows = [cv2.calcHist([small], [i], None, [_BINS], [0, 256]).ravel() for i in range(3)]
    spread: npt.NDArray[np.float32] = np.concatenate(rows) / (3 * small.shape[0] * small.shape[1])
    return spread


def _followed(before: _Look, now: _Look) -> tuple[Float32, Float32]:
    """Return the (P, 2) corners of `before` that are found in `now`, there and here."""
    nothing = np.empty((0, 2), np.float32)
    if not len(before.corners):
        return nothing, nothing
    flow: Any = cv2.calcOpticalFlowPyrLK  # its annotations have no None, by which it makes its own
    how = {"winSize": _WINDOW, "criteria": _STEPS}
    there, ok, _ = flow(before.grey, now.grey, before.corners, None, **how)
    back, also, _ = flow(now.grey, before.grey, there, None, **how)
    near = np.abs(back - before.corners).max(axis=(1, 2)) < _BACK
    kept = (ok.ravel() > 0) & (also.ravel() > 0) & near
    return before.corners[kept, 0], there[kept, 0]


def _agreeing(old: Float32, new: Float32) -> tuple[Float32, Float32]:
    """Return those of the (P, 2) corners that moved as most of them did."""
    if len(old) < 2:
        return old[:0], new[:0]
    fit: Any = cv2.estimateAffinePartial2D  # may give None, which its annotations deny
    _, agree = fit(old, new, method=cv2.RANSAC, ransacReprojThreshold=_STRAY)
    kept = np.zeros(len(old), np.bool_) if agree is None else agree.ravel() > 0
    return old[kept], new[kept]


def _similarity(old: Float32, new: Float32, scale: float) -> Float32:
    """Return the turn, zoom and shift, (2, 3), that fits best in the sense of least squares.

    OpenCV's own fit is given in steps of a thousandth, which is a pixel at a picture's border.
    """
    before, after = (p[:, 0].astype(np.complex128) + 1j * p[:, 1] for p in (old, new))
    arms = before - before.mean()
    turn = np.vdot(arms, after - after.mean()) / max(np.vdot(arms, arms).real, 1e-9)
    shift = (after.mean() - turn * before.mean()) / scale
    rows = [[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]]
    return np.array(rows, np.float32)
