"""Which measurements may be refused: those in whose place there is something to put.

A refused measurement is replaced by a path through others. Where those are few or far, the path is
a guess that can lie anywhere, and a doubtful measurement is better than that.
"""

from __future__ import annotations

import numpy as np

from sdpose_track.smooth.grid import SLACK_S, Columns, Mask, between, holes

_FEWEST = 3
"""Measurements used that a stretch needs before any other of it is refused."""
_NEAR_S = 0.15
"""At the ends of a stretch, where one side is all there is, the used one must be this near."""


def scarce(columns: Columns, used: Mask) -> Mask:
    """Return (L, C) the stretches that have fewer than three measurements `used` (L, C)."""
    channels = used.shape[1]
    if not columns.starts.any():
        few: Mask = used.sum(axis=0) < _FEWEST
        return np.broadcast_to(few, used.shape)
    stretch = columns.starts.cumsum(axis=0) * channels + np.arange(channels)
    counts = np.bincount(stretch[used], minlength=int(stretch.max()) + 1)
    return np.asarray(counts[stretch] < _FEWEST)


def foretold(columns: Columns, used: Mask, max_gap_s: float) -> Mask:
    """Return `used` (L, C) and the other measurements that those do not foretell.

    Refused stays what has two used ones around it, at most `max_gap_s` from one another, or lies
    beyond the used ones of its stretch, but hardly so.
    """
    found = used | (columns.measured & scarce(columns, used))
    hole = holes(columns, found)
    refused = columns.measured[hole.rows, hole.columns]
    inside = between(found, columns.starts)[hole.rows, hole.columns]
    near = np.minimum(hole.since, hole.until) <= min(_NEAR_S, max_gap_s) + SLACK_S
    replaced = np.where(inside, hole.since + hole.until <= max_gap_s + SLACK_S, near)
    back = refused & ~replaced
    found[hole.rows[back], hole.columns[back]] = True
    return found
