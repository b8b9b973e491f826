"""As many points as a screen can show: of a pixel's width the least and the greatest value.

So a curve of an hour is drawn as fast as one of a second, and no spike is lost.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sdpose_track.records import Float64

_PLENTY = 4
"""Points a pixel, up to which all of them are drawn."""
_BEYOND = 0.5
"""Of the height of the smoothed values: so far beyond them an axis has room for raw ones."""
_MARGIN = 0.06
"""Of an axis' height, above and below."""


def within(seconds: Float64, start: float, stop: float) -> slice:
    """Return which of the ascending `seconds` (N,) are shown: one more at each end, to lead out."""
    first = int(np.searchsorted(seconds, start, side="left")) - 1
    end = int(np.searchsorted(seconds, stop, side="right")) + 1
    return slice(max(0, first), min(len(seconds), end))


def thinned(
    seconds: Float64, values: Float64, start: float, stop: float, pixels: int
) -> tuple[Float64, Float64]:
    """Return the points of a curve that show in `pixels` columns from `start` to `stop` seconds.

    Args:
        seconds: (N,) ascending.
        values: (N,) NaN breaks the line.
        start: Seconds at the left edge.
        stop: Seconds at the right edge, after `start`.
        pixels: Width of the picture, 1 or more.

    Returns:
        (M,) seconds and values, M at most about 4 a pixel; breaks wider than a pixel are kept.
    """
    shown = within(seconds, start, stop)
    seconds, values = seconds[shown], values[shown]
    if len(seconds) <= _PLENTY * pixels:
        return seconds, values
    known = np.flatnonzero(np.isfinite(values))
    if not known.size:
        return seconds[:0], values[:0]
    columns = np.floor((seconds[known] - start) * (pixels / (stop - start))).astype(np.int64)
    steps = np.diff(columns)
    begins = np.concatenate([[0], np.flatnonzero(steps) + 1])
    wide = (np.diff(known) > 1) & (steps > 1)
    return _spans(seconds[known], values[known], begins, wide[begins[1:] - 1])


def _spans(
    seconds: Float64, values: Float64, begins: np.ndarray[tuple[int], np.dtype[np.int64]],
    is_broken: np.ndarray[tuple[int], np.dtype[np.bool_]],
) -> tuple[Float64, Float64]:  # fmt: skip
    """Return least and greatest of each run of points, and a NaN after those before a break."""
    low, high = np.minimum.reduceat(values, begins), np.maximum.reduceat(values, begins)
    ends = np.append(begins[1:], len(values)) - 1
    falls = values[ends] < values[begins]
    pairs = np.stack([np.where(falls, high, low), np.where(falls, low, high)], axis=1)
    times = np.repeat(seconds[begins], 2)
    after = 2 * (np.flatnonzero(is_broken) + 1)
    return np.insert(times, after, times[after - 1]), np.insert(pairs.ravel(), after, np.nan)


def extent(smooth: Float64, raw: Float64, always: Sequence[float] = ()) -> tuple[float, float]:
    """Return the least and the greatest value that an axis has room for.

    All of the smoothed values and those of `always`, and the raw ones but for those far beyond,
    which would press everything else flat. 0 to 1 where nothing is known.
    """
    known, found = smooth[np.isfinite(smooth)], raw[np.isfinite(raw)]
    ends = [*always, *_ends(known)] or _ends(found) or [0.0, 1.0]
    low, high = min(ends), max(ends)
    if found.size and high > low:
        far = _BEYOND * (high - low)
        low = max(low - far, min(low, float(found.min())))
        high = min(high + far, max(high, float(found.max())))
    room = _MARGIN * (high - low) or 0.5
    return low - room, high + room


def _ends(values: Float64) -> list[float]:
    return [float(values.min()), float(values.max())] if values.size else []
