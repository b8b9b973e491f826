"""Which measurements are mistakes, judged by their neighbours in time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sdpose_track.records import Float32, Float64

WINDOW = 7
"""Frames that a measurement is compared within, itself included."""
_FEWEST = 4
_GATE = 3.5
_NORMAL = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""
_NOWHERE = np.float32(1e30)
"""Stands for what was not measured: larger than any coordinate, so that it is sorted last."""
_ROWS = 16
"""Rows judged at a time, so that what a window needs stays in the cache."""

_EXCHANGES = (
    (0, 6), (2, 3), (4, 5), (0, 2), (1, 4), (3, 6), (0, 1), (2, 5), (3, 4),
    (1, 2), (4, 6), (2, 3), (4, 5), (1, 2), (3, 4), (5, 6),
)  # fmt: skip
"""The shortest network that sorts seven (Knuth, The Art of Computer Programming 3, 5.3.4)."""


def hampel(
    positions: Float64,
    measured: npt.NDArray[np.bool_],
    starts: npt.NDArray[np.bool_],
    least: Float64,
) -> npt.NDArray[np.bool_]:
    """Return (T, C) where a measurement lies far from the median of its window.

    `positions` is (T, 2, C), `measured` (T, C); what is not measured is neither judged nor
    compared with. No window reaches across the beginning of a stretch, one of `starts` (T, C).
    Far is more than 3.5 scaled median absolute deviations in x or in y, and more than `least`
    (T, C) pixels. With fewer than four measurements in the window nothing is judged.
    (Hampel, J. Am. Stat. Assoc. 69, 1974.)
    """
    frames, side = measured.shape[0], WINDOW // 2
    known = np.full((frames + 2 * side, *positions.shape[1:]), _NOWHERE, np.float32)
    known[side : side + frames] = positions
    known[side : side + frames].swapaxes(1, 2)[~measured] = _NOWHERE
    outliers = np.zeros(measured.shape, np.bool_)
    for begin in range(0, frames, _ROWS):
        rows = slice(begin, min(begin + _ROWS, frames))
        window = _windows(known, starts, rows)
        middle = _median(window)
        doubted = (np.abs(window[side] - middle) > least[rows, None]) & measured[rows, None]
        # The spread is needed of what is far enough to be doubted only: little of most motion.
        spots = np.unravel_index(np.flatnonzero(doubted), doubted.shape)
        usual = middle[spots]
        away = [np.abs(part[spots] - usual) for part in window]
        far = away[side] > _GATE * _NORMAL * _median(away)
        far &= np.sum([part < _NOWHERE / 2 for part in away], axis=0) >= _FEWEST
        outliers[begin + spots[0][far], spots[2][far]] = True
    return outliers


def _windows(known: Float32, starts: npt.NDArray[np.bool_], rows: slice) -> list[Float32]:
    """Return what is beside each of `rows`, from the earliest to the latest."""
    side = WINDOW // 2
    window = [known[rows.start + i : rows.stop + i] for i in range(WINDOW)]
    near = np.arange(rows.start - side, rows.stop + side)
    begins = starts[np.clip(near, 0, len(starts) - 1)]
    if not begins.any():
        return window
    stretch = begins.cumsum(axis=0, dtype=np.int8)
    count = rows.stop - rows.start
    own = stretch[side : side + count]
    return [
        np.where((stretch[i : i + count] == own)[:, None], part, _NOWHERE)
        for i, part in enumerate(window)
    ]


def _median(values: Sequence[Float32]) -> Float32:
    """Return the median of seven equally shaped `values`, of what is somewhere.

    It means nothing where that is fewer than four.
    """
    ordered = list(values)
    for low, high in _EXCHANGES:
        one, other = ordered[low], ordered[high]
        ordered[low], ordered[high] = np.minimum(one, other), np.maximum(one, other)
    middle: Float32 = ordered[3]
    fewer = ordered[-1] >= _NOWHERE / 2
    if fewer.any():
        some = np.stack([part[fewer] for part in ordered])
        count, spot = (some < _NOWHERE / 2).sum(axis=0), np.arange(some.shape[1])
        lower, upper = some[np.maximum(count - 1, 0) // 2, spot], some[count // 2, spot]
        middle[fewer] = (lower + upper) / 2
    return middle
