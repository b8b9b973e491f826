"""Zero-phase filters that users know from other tools: Butterworth and Savitzky-Golay.

They smooth what the offline estimate made whole: measurements where they were believed, and its
own positions in their place where they were missing or mistaken. Cutoff and window are in hertz and
seconds of the time stamps, never of a nominal rate.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline
from scipy.signal import butter, sosfiltfilt

from sdpose_track.records import Float64
from sdpose_track.smooth.adaptive import Estimate
from sdpose_track.smooth.choices import Smoothing, SmoothSettings
from sdpose_track.smooth.grid import Columns, Mask

_EVEN = 0.05
"""Steps within this share of their mean are even: what rounding to milliseconds does at 60 Hz."""
_FINE_HZ = 240.0
"""Uneven times are brought to a grid of this rate, or of an octave above."""
_JITTER_S = 0.005
"""A frame this much beyond a window is in it: time stamps are rounded."""
_FEWEST = 5
"""Frames in a window: a parabola through three would smooth nothing."""


def filtered(
    columns: Columns, found: Estimate, smoothing: Smoothing, settings: SmoothSettings
) -> Float64:
    """Return (L, 2, C) the positions filtered, within each stretch that is known."""
    position = np.where(found.used[:, None], columns.position, found.position)
    for person, rows, cols in _stretches(columns, found.known):
        times = columns.times[rows, person]
        values = position[rows][:, :, cols].reshape(times.size, -1)
        if smoothing is Smoothing.BUTTERWORTH:
            smooth = butterworth(times, values, settings.cutoff_hz)
        else:
            smooth = savitzky_golay(times, values, settings.window_s)
        position[rows, :, cols] = smooth.reshape(times.size, 2, -1)
    return position


def _stretches(columns: Columns, known: Mask) -> Iterator[tuple[int, slice, npt.NDArray[np.intp]]]:
    """Yield of each person the stretches without a break, and the columns that have them."""
    alike: dict[tuple[int, bytes], list[int]] = {}
    begins = known.copy()
    begins[1:] &= ~known[:-1] | columns.starts[1:]
    both = np.ascontiguousarray((known + 2 * begins.astype(np.uint8)).T)
    for column in range(known.shape[1]):
        key = (column // columns.keypoints, both[column].tobytes())
        alike.setdefault(key, []).append(column)
    for (person, _), cols in alike.items():
        there = np.append(known[:, cols[0]], False)
        for first in np.flatnonzero(begins[:, cols[0]]):
            ends = ~there[first + 1 :]
            ends[:-1] |= begins[first + 1 :, cols[0]]
            yield person, slice(first, first + 1 + int(ends.argmax())), np.array(cols)


def butterworth(times: Float64, values: Float64, cutoff_hz: float) -> Float64:
    """Return (T, N) `values` at `times` (T,) without what is faster than `cutoff_hz`.

    A second-order filter forward and backward: order 4, no delay, half the amplitude at the cutoff.
    Values at uneven times are brought to a fine grid and back by cubic splines; a clock that steps
    back counts as standing still. What has fewer frames than four, or a rate of no more than twice
    the cutoff, is returned as it is.
    """
    if times.size < 4:
        return values
    times = np.maximum.accumulate(times)
    step = (times[-1] - times[0]) / (times.size - 1)
    if step <= 0 or 2 * cutoff_hz * step >= 1:
        return values
    if np.abs(np.diff(times) - step).max() <= _EVEN * step:
        return _low_pass(values, cutoff_hz, 1 / step)
    rate = _FINE_HZ * 2.0 ** max(np.ceil(np.log2(2 / step / _FINE_HZ)), 0)
    # On multiples of the step, so that two pieces of a recording share their grid.
    grid = np.arange(np.floor(times[0] * rate), np.ceil(times[-1] * rate) + 1) / rate
    distinct = np.append(True, np.diff(times) > 0)
    fine = CubicSpline(times[distinct], values[distinct])(grid)
    return np.asarray(CubicSpline(grid, _low_pass(fine, cutoff_hz, rate))(times))


def _low_pass(values: Float64, cutoff_hz: float, rate: float) -> Float64:
    sections = butter(2, cutoff_hz, fs=rate, output="sos")
    beyond = min(int(np.ceil(2 * rate / cutoff_hz)), len(values) - 1)
    return np.asarray(sosfiltfilt(sections, values, axis=0, padlen=beyond))


def savitzky_golay(times: Float64, values: Float64, window_s: float) -> Float64:
    """Return (T, N) `values` at `times` (T,) on parabolas fitted to the time around.

    The window reaches `window_s` from its first to its last frame and has at least five frames; at
    both ends the last whole window serves what is left. At even times this is Savitzky and Golay's
    filter (Anal. Chem. 36, 1964) of polynomial order 2.
    """
    count, half, times = times.size, window_s / 2, np.maximum.accumulate(times)
    if count < 3:
        return values
    reach = min(half, (times[-1] - times[0]) / 2)
    middle = np.clip(times, times[0] + reach, times[-1] - reach)
    first = np.searchsorted(times, middle - half - _JITTER_S)
    end = np.searchsorted(times, middle + half + _JITTER_S, side="right")
    few = end - first < _FEWEST
    nearest = np.clip(np.searchsorted(times, middle - _JITTER_S) - _FEWEST // 2, 0, None)
    first = np.where(few, np.minimum(nearest, max(count - _FEWEST, 0)), first)
    end = np.where(few, np.minimum(first + _FEWEST, count), end)
    around = first[:, None] + np.arange((end - first).max())
    inside = around < end[:, None]
    around = np.minimum(around, count - 1)
    away = (times[around] - times[:, None]) / half
    powers = np.stack([np.ones_like(away), away, away * away], axis=-1) * inside[..., None]
    normal = np.einsum("tip,tiq->tpq", powers, powers)
    share = np.einsum("tip,tp->ti", powers, np.linalg.pinv(normal, hermitian=True)[:, 0])
    out = np.zeros_like(values)
    for i in range(share.shape[1]):
        out += share[:, i, None] * values[around[:, i]]
    return out
