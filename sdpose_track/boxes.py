"""What is computed from boxes alone, for every room that compares them.

Whoever needs more than corners, such as time, people or confidences, does it in a room of its own.
"""

from __future__ import annotations

import numpy as np

from sdpose_track.records import Float64


def overlap(one: Float64, other: Float64) -> Float64:
    """Return the (...) intersection over union, 0..1, of each box of `one` with that of `other`.

    Both are (..., 4) corners `x1, y1, x2, y2` in pixels, of shapes that fit each other as numpy
    has it: (N, 1, 4) and (1, M, 4) are everyone with everyone. NaN where a corner is NaN.
    """
    low, high = np.maximum(one[..., :2], other[..., :2]), np.minimum(one[..., 2:], other[..., 2:])
    shared = np.prod(np.maximum(high - low, 0.0), axis=-1)
    either = _area(one) + _area(other) - shared
    return np.asarray(shared / np.maximum(either, 1e-12))


def _area(boxes: Float64) -> Float64:
    return np.asarray(np.prod(boxes[..., 2:] - boxes[..., :2], axis=-1))
