"""Non-maximum suppression: of boxes that overlap much, the surest stays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sdpose_track.records import Float32


def iou_matrix(a: Float32, b: Float32) -> Float32:
    """Return (N, M) intersection over union of (N, 4) and (M, 4) boxes `x1, y1, x2, y2`."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    inner = np.prod(np.clip(high - low, 0, None), axis=2)
    area_a = np.prod(np.clip(a[:, 2:] - a[:, :2], 0, None), axis=1)
    area_b = np.prod(np.clip(b[:, 2:] - b[:, :2], 0, None), axis=1)
    union = area_a[:, None] + area_b[None, :] - inner
    return np.asarray(inner / np.maximum(union, 1e-9), dtype=np.float32)


def suppress(boxes: Float32, scores: Float32, iou: float, most: int) -> npt.NDArray[np.intp]:
    """Return the rows that stay, by falling score, at most `most` of them.

    `boxes` is (N, 4) and `scores` (N,). A box falls if it overlaps a surer one that stays by more
    than `iou`; equal scores stay in their order, so the answer is always the same.
    """
    order = np.argsort(-scores, kind="stable")
    overlap = iou_matrix(boxes[order], boxes[order]) > iou
    alive = np.ones(len(order), bool)
    kept: list[int] = []
    for row in range(len(order)):
        if alive[row]:
            kept.append(row)
            if len(kept) == most:
                break
            alive &= ~overlap[row]
    return order[kept]
