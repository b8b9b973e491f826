"""Which box belongs to which track: overlaps, and the cheapest one-to-one assignment."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from sdpose_track.boxes import overlap
from sdpose_track.records import Float32, Float64

Rows: TypeAlias = npt.NDArray[np.intp]


def overlaps(
    first: Float32 | Float64, second: Float32 | Float64, margin: Float64 | None = None
) -> Float64:
    """Return the (N, M) intersection over union, 0..1, of (N, 4) and (M, 4) corner boxes.

    With `margin` (N,) both boxes of a pair are first grown on each side by that part of their size,
    so that boxes which have just lost touch can still be told near from far (the buffered overlap
    of Yang et al., arXiv 2211.14317).
    """
    a, b = first.astype(np.float64)[:, None], second.astype(np.float64)[None]
    if margin is not None:
        by = margin[:, None, None]
        a, b = _grown(a, by), _grown(b, by)
    return overlap(a, b)


def _grown(boxes: Float64, by: Float64) -> Float64:
    edge = by * (boxes[..., 2:] - boxes[..., :2])
    return np.concatenate([boxes[..., :2] - edge, boxes[..., 2:] + edge], axis=-1)


def assign(cost: Float64, limit: float) -> tuple[Rows, Rows]:
    """Return the rows and columns of the cheapest pairs of `cost` (N, M), each used once at most.

    Leaving a row and a column alone costs `limit`, and no returned pair costs that much or more.
    """
    if not cost.size:
        return np.empty(0, np.intp), np.empty(0, np.intp)
    # Beyond the limit all pairs are equally bad: without the cap one hopeless pair could be bought
    # with a good one, which is not the optimum once hopeless pairs are dropped.
    rows, columns = linear_sum_assignment(np.minimum(cost, limit))
    near = cost[rows, columns] < limit
    return rows[near], columns[near]
