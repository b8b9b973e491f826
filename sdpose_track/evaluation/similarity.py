"""How alike two poses are, by COCO's object keypoint similarity (OKS), and what follows from it.

Source: cocodataset.org/#keypoints-eval. Scoring and suppression are those of mmpose's evaluation of
top-down models, with which SDPose's published figures were made.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sdpose_track.pose.cropping import INPUT_SIZE, PADDING
from sdpose_track.records import Float64

SURE = 0.2
"""Keypoints with a confidence above count for the score of a pose."""


def looked_at_areas(boxes: Float64) -> Float64:
    """Return the (N,) areas in square pixels of what the network sees of (N, 4) `x1, y1, x2, y2`.

    That is the box padded and grown to the input's proportions, as `cropping.udp_crop` does. mmpose
    puts this area into its suppression, not that of the box itself.
    """
    size = (boxes[:, 2:] - boxes[:, :2]) * PADDING
    aspect = INPUT_SIZE[0] / INPUT_SIZE[1]
    width = np.maximum(size[:, 0], size[:, 1] * aspect)
    return np.asarray(width * width / aspect, dtype=np.float64)


def keypoint_means(scores: Float64) -> Float64:
    """Return the (N,) mean confidence of the sure ones of (N, K) keypoints; 0 where none is."""
    sure = scores > SURE
    total = np.where(sure, scores, 0).sum(axis=1)
    return np.asarray(total / np.maximum(sure.sum(axis=1), 1), dtype=np.float64)


def suppress_alike(
    points: Float64, areas: Float64, scores: Float64, sigmas: Sequence[float], most: float
) -> npt.NDArray[np.intp]:
    """Return the rows that stay, by falling score.

    A pose falls if it is more alike than `most` (0..1) to a surer one that stays.

    Args:
        points: (N, K, 2) pixels; NaN is like nothing.
        areas: (N,) square pixels.
        scores: (N,).
        sigmas: K constants of the similarity.
        most: 1 lets all stay.
    """
    order = np.argsort(-scores, kind="stable")
    if most >= 1:
        return order
    kept: list[int] = []
    while len(order):
        first, others = order[0], order[1:]
        kept.append(int(first))
        area = (areas[first] + areas[others]) / 2
        alike = similarity(points[first], points[others], area, sigmas)
        order = others[alike <= most]
    return np.array(kept, dtype=np.intp)


def similarity(one: Float64, others: Float64, areas: Float64, sigmas: Sequence[float]) -> Float64:
    """Return the (N,) similarity, 0..1, of a (K, 2) pose to (N, K, 2) others.

    `areas` (N,) is, for each pair, the area in square pixels that distances are relative to.
    """
    squared = ((others - one) ** 2).sum(axis=2)
    spread = 2 * (2 * np.asarray(sigmas)) ** 2 * (areas[:, None] + np.spacing(1))
    return np.asarray(np.nan_to_num(np.exp(-squared / spread), nan=0.0).mean(axis=1))
