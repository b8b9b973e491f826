"""Which measurements are mistakes, judged by their neighbours in time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sdpose_track.records import Float64

WINDOW = 7
"""Frames that a measurement is compared within, itself included."""
_FEWEST = 4
_GATE = 3.5
_NORMAL = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""


def hampel(
    positions: Float64, measured: npt.NDArray[np.bool_], least: Float64
) -> npt.NDArray[np.bool_]:
    """Return (T, K) where a measurement lies far from the median of its window.

    `positions` is (T, K, 2), `measured` (T, K); what is not measured is neither judged nor
    compared with. Far is more than 3.5 scaled median absolute deviations in x or in y, and more
    than `least` (T, K) pixels. With fewer than four measurements in the window nothing is judged.
    (Hampel, J. Am. Stat. Assoc. 69, 1974.)
    """
    side = WINDOW // 2
    known = np.where(measured[..., None], positions, np.nan)
    padded = np.pad(known, ((side, side), (0, 0), (0, 0)), constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW, axis=0)
    middle = _median(windows)
    spread = _NORMAL * _median(np.abs(windows - middle[..., None]))
    far = np.abs(known - middle) > np.maximum(_GATE * spread, least[..., None])
    enough = np.isfinite(windows).sum(axis=-1) >= _FEWEST
    outliers: npt.NDArray[np.bool_] = (far & enough).any(axis=-1)
    return outliers


def _median(values: Float64) -> Float64:
    """Return the median over the last axis of what is not NaN; NaN where everything is.

    `np.nanmedian` warns of the latter, and is slow.
    """
    ordered = np.sort(values, axis=-1)
    count = np.isfinite(values).sum(axis=-1, keepdims=True)
    low = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=-1)
    high = np.take_along_axis(ordered, np.minimum(count // 2, np.maximum(count - 1, 0)), axis=-1)
    middle: Float64 = (low + high)[..., 0] / 2
    return middle
