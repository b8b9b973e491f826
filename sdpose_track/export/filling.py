"""Fills gaps for animation formats, which cannot say that something is not known.

Only here are positions and angles made up for an export, and whoever asks for it learns which, to
say so in the description. Formats that can leave something out do that instead.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import PchipInterpolator

from sdpose_track.kinematics.trace import Mask
from sdpose_track.records import Float64

EASE_S = 1 / 3
"""Seconds: the longest gap that is bridged; at the end of a longer one, what it takes to go on."""
_SLACK_S = 1e-6


def filled(values: Float64, times: Float64) -> tuple[Float64, Mask]:
    """Return `values` without gaps, and which of them were made up.

    A gap of at most `EASE_S` between two known values is bridged by a curve that overshoots
    neither (PCHIP, Fritsch and Butland 1984; the gap length is Sports2D's 10 frames at 30 per
    second). In a longer one the last value holds, and goes over to the next in the last `EASE_S`
    with no jump. Before its first known value a column has that value already, and it keeps its
    last: nothing is extrapolated.

    Args:
        values: (F, C) with NaN where unknown; angles must not jump by whole turns.
        times: (F,) seconds, ascending.

    Returns:
        (F, C) values, where a column that is never known stays NaN; and (F, C) made up.
    """
    out = np.array(values, np.float64)
    for column in out.T:
        _fill(column, times)
    return out, np.isfinite(out) & ~np.isfinite(values)


def _fill(column: Float64, times: Float64) -> None:
    """Fill one (F,) column in place."""
    known, missing = np.flatnonzero(np.isfinite(column)), np.flatnonzero(np.isnan(column))
    if not known.size or not missing.size:
        return
    after = np.searchsorted(known, missing)
    one, other = known[np.maximum(after - 1, 0)], known[np.minimum(after, known.size - 1)]
    left = times[other] - times[missing]
    done = np.clip(1 - left / EASE_S, 0, 1)
    eased = done * done * (3 - 2 * done)
    made = column[one] + (column[other] - column[one]) * eased
    # No gap where only one side is known: both are that side.
    gap = times[other] - times[one]
    short = (gap > 0) & (gap <= EASE_S + _SLACK_S)
    if short.any():
        moments, rows = np.unique(times[known], return_index=True)
        made[short] = PchipInterpolator(moments, column[known[rows]])(times[missing[short]])
    column[missing] = made
