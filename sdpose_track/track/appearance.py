"""What people wear: a short description of the colours of each, to tell them apart by.

The upper and the lower half of a body are described on their own, each by how its lightness and its
two colour values are spread in CIELAB, where equal distances look about equally different. The
square roots of the shares are kept: the dot product of two descriptions is then the Bhattacharyya
coefficient, the usual likeness of histograms (Comaniciu et al., CVPR 2000).
"""

from __future__ import annotations

import cv2
import numpy as np

from sdpose_track.records import Float32, Float64, UInt8

_COLUMNS, _ROWS = 8, 12
"""Pixels that are looked at in each part of a body."""
_WIDTH = (0.3, 0.7)
"""Of the box's width: the middle, where a body is and the background is not."""
_PARTS = ((0.15, 0.5), (0.5, 0.85))
"""Of the box's height: below the head to the hips, and the legs."""
_BINS = 12
_RANGES = ((0.0, 256.0), (104.0, 152.0), (104.0, 152.0))
"""Of 8-bit lightness, and of the colour values about grey (128): clothes are seldom brighter."""

SIZE = len(_PARTS) * len(_RANGES) * _BINS
"""Numbers in a description."""


def describe(image: UInt8, boxes: Float32) -> UInt8:
    """Return the (N, `SIZE`) descriptions of the people in `boxes`.

    Args:
        image: (H, W, 3) BGR.
        boxes: (N, 4) `x1, y1, x2, y2` in pixels. What lies outside the picture is taken from its
            border; the description of a box that is not finite says nothing.
    """
    parts = [_lab(image, boxes, part) for part in _PARTS]
    spread = np.concatenate([_spread(part) for part in parts], axis=1)
    return np.asarray(np.rint(255 * np.sqrt(spread)), dtype=np.uint8)


def _lab(image: UInt8, boxes: Float32, part: tuple[float, float]) -> UInt8:
    """Return (N, pixels, 3) of CIELAB, sampled on a grid in one part of each box."""
    across = np.linspace(*_WIDTH, _COLUMNS, dtype=np.float32)
    down = np.linspace(*part, _ROWS, dtype=np.float32)
    known = np.nan_to_num(boxes, posinf=0.0, neginf=0.0)
    size = known[:, 2:] - known[:, :2]
    x = known[:, :1] + size[:, :1] * across
    y = known[:, 1:2] + size[:, 1:] * down
    height, width = image.shape[:2]
    columns = np.clip(x, 0, width - 1).astype(np.intp)
    rows = np.clip(y, 0, height - 1).astype(np.intp)
    pixels = image[rows[:, :, None], columns[:, None, :]].reshape(len(boxes), _ROWS * _COLUMNS, 3)
    if not len(boxes):
        return pixels
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2LAB), np.uint8)


def _spread(lab: UInt8) -> Float64:
    """Return (N, 3 · bins) shares: each pixel counts for the two bins that it lies between."""
    people, pixels = lab.shape[:2]
    low, high = np.array(_RANGES).T
    at = np.clip((lab - low) / (high - low) * (_BINS - 1), 0, _BINS - 1)
    lower = np.minimum(at.astype(np.intp), _BINS - 2)
    share = at - lower
    first = (np.arange(people)[:, None, None] * 3 + np.arange(3)) * _BINS + lower
    counts = np.zeros(people * 3 * _BINS)
    np.add.at(counts, first.ravel(), (1 - share).ravel())
    np.add.at(counts, first.ravel() + 1, share.ravel())
    return np.asarray(counts.reshape(people, 3 * _BINS) / pixels, np.float64)
