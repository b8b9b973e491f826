"""A long recording cut into overlapping blocks, so that one loop over time serves them all.

The filters forget within a fraction of a second, so what a block computes a few seconds from its
edges is what the whole recording would give. Ten thousand frames cost some hundred turns of the
loop, and memory does not grow with the recording.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sdpose_track.records import Float64
from sdpose_track.smooth.motion import Measurements, Smoothed, smooth

MARGIN_S = 3.0
"""Seconds on each side of a block whose results are thrown away."""

_CORE = 256
_MOST_CHANNELS = 4096


class Timeline(NamedTuple):
    """What was seen of K keypoints at T moments."""

    times: Float64
    """(T,) seconds, ascending."""
    position: Float64
    """(T, K, 2) pixels, finite."""
    noise: Float64
    """(T, K) variance; infinite where nothing was seen."""
    height: Float64
    """(T,) of the body in pixels."""
    starts: npt.NDArray[np.bool_]
    """(T, K) where a keypoint is measured for the first time, or anew after a long gap."""


def smooth_blocks(line: Timeline, densities: Sequence[float]) -> Smoothed:
    """Return `motion.smooth` of the whole `line`: (T, M, K, 2) positions, (T, M, K) variances."""
    frames, keypoints = line.noise.shape
    position = np.empty((frames, len(densities), keypoints, 2))
    variance = np.empty(position.shape[:-1])
    for rows, core in _groups(line.times, keypoints * len(densities)):
        found = smooth(_gather(line, rows), densities)
        shape = (*found.p00.shape[:2], rows.shape[1], keypoints)
        part, spread = found.position.reshape(*shape, 2), found.p00.reshape(shape)
        for block in range(rows.shape[1]):
            inside = core[:, block]
            position[rows[inside, block]] = part[inside, :, block]
            variance[rows[inside, block]] = spread[inside, :, block]
    return Smoothed(position, variance)


def _groups(
    times: Float64, channels: int
) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]]:
    """Yield (L, B) frame numbers of B blocks side by side, and which of them are results.

    Numbers outside the recording are clipped to its ends; those are never results.
    """
    frames = times.size
    step = float(np.median(np.diff(times))) if frames > 1 else 1.0
    margin = min(max(math.ceil(MARGIN_S / max(step, 1e-4)), 16), frames)
    size = max(_CORE, 2 * margin)
    firsts = np.arange(0, frames, size) if frames > size + 2 * margin else np.array([0])
    size = size if firsts.size > 1 else frames
    margin = margin if firsts.size > 1 else 0
    each = max(_MOST_CHANNELS // channels, 1)
    offsets = np.arange(-margin, size + margin)
    for begin in range(0, firsts.size, each):
        rows = firsts[begin : begin + each] + offsets[:, None]
        core = (offsets[:, None] >= 0) & (offsets[:, None] < size) & (rows < frames)
        yield np.clip(rows, 0, frames - 1), core


def _gather(line: Timeline, rows: npt.NDArray[np.intp]) -> Measurements:
    """Return the measurements of blocks `rows` (L, B) as (L, B·K) channels."""
    keypoints = line.noise.shape[1]
    repeated = np.zeros(rows.shape, np.bool_)
    repeated[1:] = rows[1:] == rows[:-1]
    dt = np.diff(line.times[rows], axis=0, prepend=line.times[rows[:1]])
    noise = np.where(repeated[..., None], np.inf, line.noise[rows])
    seen = np.isfinite(noise)
    first = seen & (np.cumsum(seen, axis=0) == 1)
    starts = seen & (line.starts[rows] | first)
    length = rows.shape[0]
    return Measurements(
        np.repeat(dt, keypoints, axis=1),
        line.position[rows].reshape(length, -1, 2),
        noise.reshape(length, -1),
        np.repeat(line.height[rows], keypoints, axis=1),
        starts.reshape(length, -1),
    )
