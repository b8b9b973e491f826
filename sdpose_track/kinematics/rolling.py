"""Order statistics of a window that slides over uneven times."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sdpose_track.records import Float64

Rows = npt.NDArray[np.intp]

_BLOCK = 1 << 20
"""Values that are sorted at a time."""


def rolling_quantile(
    values: Float64, times: Float64, half_width_s: float, quantile: float = 0.5
) -> Float64:
    """Return (F,) the quantile of the known `values` (F,) within `half_width_s` of each moment.

    `times` (F,) are ascending seconds. A quantile between two values is the lower one's, so the
    result is always one of `values`; NaN where none is known in the whole window.
    """
    first = np.searchsorted(times, times - half_width_s)
    last = np.searchsorted(times, times + half_width_s, side="right")
    widest = int((last - first).max(initial=1))
    step = max(1, _BLOCK // widest)
    parts = [
        _quantiles(values, first[start : start + step], last[start : start + step], quantile)
        for start in range(0, values.size, step)
    ]
    return np.concatenate([np.empty(0), *parts])


def _quantiles(values: Float64, first: Rows, last: Rows, quantile: float) -> Float64:
    columns = first[:, None] + np.arange(int((last - first).max()))
    inside = columns < last[:, None]
    window = np.where(inside, values[np.minimum(columns, values.size - 1)], np.nan)
    window.sort(axis=1)  # what is unknown comes last
    known = np.isfinite(window).sum(axis=1)
    rank = (quantile * np.maximum(known - 1, 0)).astype(np.intp)
    return np.asarray(window[np.arange(rank.size), rank])
