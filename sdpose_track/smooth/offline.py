"""The view of a finished recording: every frame is estimated from those before and after it.

Mistakes are taken out (Hampel), a Kalman filter runs forward and the Rauch-Tung-Striebel smoother
backward, and the same estimates fill gaps of up to half a second. How agile a keypoint is at each
moment is not guessed: the smoother runs with several densities of acceleration, from calm to
agile, and each moment takes the mixture that foretells the measurements around it best when they
are left out (leave-one-out cross-validation, which for this smoother needs no second run). So a
person who stands is still, and a fast limb is not cut short.

What was measured is never changed: this computes another view of it, in seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from sdpose_track.records import Float64, Provenance, TrackArrays, box_heights
from sdpose_track.smooth.blocks import MARGIN_S, Timeline, smooth_blocks
from sdpose_track.smooth.kalman import (
    SmoothSettings,
    measured_where,
    noise_variance,
    usable_heights,
)
from sdpose_track.smooth.motion import Smoothed
from sdpose_track.smooth.outliers import hampel

_DENSITIES = 4
_REACH = 3.0
"""The most agile of them over the live filter's: no harm where the mixture can do without it."""
_AROUND_S = 0.2
"""Standard deviation of the window over which densities are compared."""
_SHARPNESS = 6.0
"""How much the better density is preferred; its weight is error to the power of minus this."""
_EDITED_NOISE = 1e-4
"""What a person put in place is this much surer than a measurement."""
_REFUSED_NOISE = 1e6
"""What was refused as an outlier is this much less sure."""
_SLACK_S = 1e-6
_STRETCH = 1 << 16
"""Frames times keypoints that are worked on at a time."""

Mask: TypeAlias = npt.NDArray[np.bool_]
Rows: TypeAlias = npt.NDArray[np.intp]


def smooth_track(
    track: TrackArrays, frame_times: Float64, settings: SmoothSettings | None = None
) -> TrackArrays:
    """Return `track` smoothed, its short gaps filled; `track` itself is not changed.

    `frame_times` (T,) are the seconds of every frame of the recording, so that filled frames get
    their own times. Between two measurements at most `max_gap_s` apart every frame has a position;
    longer gaps stay missing and nothing is smoothed across them, nor is anything added outside the
    track's first and last frame. Edited keypoints stay where they are. A keypoint that was not
    measured takes the lower score of its two neighbours in time.
    Raises ValueError if the track has frames beyond the last of `frame_times`.
    """
    if not len(track):
        return track
    if int(track.indices[-1]) >= len(frame_times):
        raise ValueError(f"frame {track.indices[-1]} of the track has no time in frame_times")
    chosen = settings or SmoothSettings()
    grid, filled = _with_gaps(track, np.asarray(frame_times, np.float64), chosen.max_gap_s)
    height = _sane_heights(grid)
    keypoints, scores = np.empty_like(grid.keypoints), np.empty_like(grid.scores)
    origin = np.empty_like(grid.provenance)
    for rows, core in _stretches(grid.times, grid.scores.shape[1]):
        part = _smoothed(_cut(grid, rows), filled[rows], height[rows], chosen)
        inner = slice(core.start - rows.start, core.stop - rows.start)
        keypoints[core], scores[core] = part.keypoints[inner], part.scores[inner]
        origin[core] = part.provenance[inner]
    return replace(grid, keypoints=keypoints, scores=scores, provenance=origin)


def _stretches(times: Float64, keypoints: int) -> Iterator[tuple[slice, slice]]:
    """Yield stretches of a track to work on one after another, and which rows are their results.

    They overlap by what the filters remember, so memory follows a stretch and not the recording.
    """
    size = max(_STRETCH // keypoints, 512)
    for begin in range(0, times.size, size):
        end = min(begin + size, times.size)
        first = int(np.searchsorted(times, times[begin] - MARGIN_S))
        last = int(np.searchsorted(times, times[end - 1] + MARGIN_S, side="right"))
        yield slice(min(first, begin), max(last, end)), slice(begin, end)


def _cut(track: TrackArrays, rows: slice) -> TrackArrays:
    return TrackArrays(
        track.track_id,
        track.indices[rows],
        track.times[rows],
        track.boxes[rows],
        track.box_scores[rows],
        track.keypoints[rows],
        track.scores[rows],
        track.provenance[rows],
    )


def _smoothed(
    grid: TrackArrays, filled: Mask, height: Float64, chosen: SmoothSettings
) -> TrackArrays:
    """Return `grid`, a track without holes in its short gaps, with (G,) `height` smoothed."""
    edited = (grid.provenance == Provenance.EDITED) & np.isfinite(grid.keypoints).all(axis=-1)
    measured = edited | measured_where(grid.keypoints, grid.scores, chosen)
    noise = noise_variance(grid.scores, height[:, None], chosen)
    noise[edited] *= _EDITED_NOISE
    raw = np.where(measured[..., None], grid.keypoints, 0.0).astype(np.float64)
    least = np.broadcast_to(2 * chosen.noise * height[:, None], measured.shape)
    used = measured & (edited | ~hampel(raw, measured, least))
    view = _View(grid.times, raw, np.where(measured, noise, np.inf), height, edited, chosen)
    position, outliers = _estimate(view, used)
    if outliers.any():
        used &= ~outliers
        position, _ = _estimate(view, used)
    found = _Found(position, measured, used, edited)
    return _result(grid, filled, found, chosen.max_gap_s)


class _View(NamedTuple):
    """What is estimated from: G frames, K keypoints."""

    times: Float64  # (G,)
    raw: Float64  # (G, K, 2) pixels, finite
    noise: Float64  # (G, K) variance; infinite where nothing was measured
    height: Float64  # (G,) pixels
    edited: Mask  # (G, K)
    settings: SmoothSettings


class _Found(NamedTuple):
    position: Float64  # (G, K, 2)
    measured: Mask  # (G, K)
    used: Mask  # (G, K) measurements that the estimate rests on
    edited: Mask  # (G, K)


def _sane_heights(track: TrackArrays) -> Float64:
    """Return the (G,) heights of the boxes, none of them beyond eight times the usual one."""
    heights = usable_heights(box_heights(track.boxes))
    usual = float(np.median(heights))
    return np.clip(heights, usual / 8, usual * 8)


def _with_gaps(track: TrackArrays, times: Float64, max_gap_s: float) -> tuple[TrackArrays, Mask]:
    """Return `track` with an empty frame for each one missing in its short gaps, and (G,) which."""
    before, after = track.indices[:-1], track.indices[1:]
    short = (after - before > 1) & (np.diff(track.times) <= max_gap_s + _SLACK_S)
    gaps = [np.arange(a + 1, b) for a, b in zip(before[short], after[short], strict=True)]
    if not gaps:
        return track, np.zeros(len(track), np.bool_)
    indices = np.sort(np.concatenate([track.indices, *gaps])).astype(np.int32)
    at = np.searchsorted(indices, track.indices)
    filled = np.ones(indices.size, np.bool_)
    filled[at] = False
    when = times[indices].copy()
    when[at] = track.times
    keypoints = np.full((indices.size, *track.keypoints.shape[1:]), np.nan, np.float32)
    scores = np.zeros(keypoints.shape[:2], np.float32)
    origin = np.full(keypoints.shape[:2], Provenance.FILLED, np.uint8)
    box_scores = np.zeros(indices.size, np.float32)
    keypoints[at], scores[at], origin[at] = track.keypoints, track.scores, track.provenance
    box_scores[at] = track.box_scores
    boxes = np.column_stack([np.interp(when, track.times, side) for side in track.boxes.T])
    boxes[at] = track.boxes
    full = TrackArrays(
        track.track_id,
        indices,
        when,
        boxes.astype(np.float32),
        box_scores,
        keypoints,
        scores,
        origin,
    )
    return full, filled


def _estimate(view: _View, used: Mask) -> tuple[Float64, Mask]:
    """Return the (G, K, 2) positions, and which of the `used` (G, K) measurements are far off."""
    settings = view.settings
    measured = np.isfinite(view.noise)
    since, _ = _distances(measured, view.times)
    starts = measured & (since > settings.max_gap_s + _SLACK_S)
    # A refused measurement keeps a trace of weight, so that a channel can begin or end with one.
    noise = view.noise * np.where(used, 1.0, _REFUSED_NOISE)
    line = Timeline(view.times, view.raw, noise, view.height, starts)
    densities = np.geomspace(settings.calm, _REACH * settings.agile, _DENSITIES)
    found = smooth_blocks(line, densities.tolist())
    error = _left_out_errors(view, used, found)
    counted = used & ~view.edited
    local = _local_mean(error, counted, view.times)
    weight = np.power(local / local.min(axis=1, keepdims=True), -_SHARPNESS)
    weight /= weight.sum(axis=1, keepdims=True)
    position = (weight[..., None] * found.position).sum(axis=1)
    # Where everything around is as far off, the motion is beyond the model, not the measurement.
    usual = np.maximum((weight * local).sum(axis=1) / 4, 1.0)
    far = counted & ((weight * error).sum(axis=1) > settings.gate**2 * usual)
    return position, far


def _left_out_errors(view: _View, used: Mask, found: Smoothed) -> Float64:
    """Return (G, M, K) squared distances, in noise variances, of measurements from the estimates
    that would have been made without them.

    For a linear smoother this is the plain distance over 1 - leverage, and the leverage of a
    measurement is the estimate's variance over its own. 0 where nothing was used.
    """
    noise = np.where(used, view.noise, 1.0)[:, None]
    rest = np.maximum(1 - found.p00 / noise, 0.01)
    square = np.square(view.raw[:, None] - found.position).sum(axis=-1)
    return np.where(used[:, None], square / (noise * rest * rest), 0.0)


def _local_mean(error: Float64, counted: Mask, times: Float64) -> Float64:
    """Return (G, M, K) the mean of `error` over what is `counted` (G, K) in the time around."""
    step = float(np.median(np.diff(times))) if times.size > 1 else 1.0
    width = _AROUND_S / max(step, 1e-4)
    near = gaussian_filter1d(counted.astype(np.float64), width, axis=0, mode="constant")
    kept = np.where(counted[:, None], error, 0.0)
    total = gaussian_filter1d(kept, width, axis=0, mode="constant")
    mean: Float64 = (total + 1e-6) / (near + 1e-6)[:, None]
    return mean


def _neighbours(used: Mask) -> tuple[Rows, Rows]:
    """Return (G, K) the last used frame before, and the first after, each frame; -1 for none."""
    count = used.shape[0]
    frame = np.arange(count)[:, None]
    none = np.full((1, used.shape[1]), -1)
    until = np.maximum.accumulate(np.where(used, frame, -1), axis=0)
    onward = np.minimum.accumulate(np.where(used, frame, count)[::-1], axis=0)[::-1]
    before = np.concatenate([none, until[:-1]])
    after = np.concatenate([onward[1:], none])
    return before, np.where(after == count, -1, after)


def _distances(used: Mask, times: Float64) -> tuple[Float64, Float64]:
    """Return (G, K) seconds to the used frame before, and to the one after; infinite for none."""
    before, after = _neighbours(used)
    since = np.where(before < 0, np.inf, times[:, None] - times[before])
    until = np.where(after < 0, np.inf, times[after] - times[:, None])
    return since, until


def _result(grid: TrackArrays, filled: Mask, found: _Found, max_gap_s: float) -> TrackArrays:
    """Return `grid` with the estimates where they rest on enough, and NaN elsewhere."""
    since, until = _distances(found.used, grid.times)
    most = max_gap_s + _SLACK_S
    known = found.used | (since + until <= most)
    # An outlier at the end of a channel has neighbours on one side only, but the keypoint is there.
    known |= found.measured & (np.minimum(since, until) <= most)
    keypoints = np.where(known[..., None], found.position, np.nan).astype(np.float32)
    keypoints[found.edited] = grid.keypoints[found.edited]
    before, after = _neighbours(found.used)
    column = np.arange(known.shape[1])
    lower = np.minimum(
        np.where(since <= most, grid.scores[before, column], np.inf),
        np.where(until <= most, grid.scores[after, column], np.inf),
    )
    scores = np.where(found.used, grid.scores, np.where(known, lower, 0.0)).astype(np.float32)
    guessed = np.where(filled[:, None], Provenance.FILLED, Provenance.PREDICTED)
    origin = np.where(found.used, grid.provenance, guessed).astype(np.uint8)
    return replace(grid, keypoints=keypoints, scores=scores, provenance=origin)
