"""Pieces of tracks smoothed side by side: one loop over time serves many people and stretches.

A long recording is cut into chunks of `CHUNK` frames at fixed places. A piece is a chunk with
a margin of seconds on each side, and only the chunk is kept: filters that look ahead forget faster
than that, so chunks fit together, and one can be computed without the others when somebody looks at
a frame. Causal filters never quite forget; a piece for them is a track from its first frame on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from sdpose_track.records import Provenance, TrackArrays
from sdpose_track.skeletons import Skeleton
from sdpose_track.smooth.adaptive import Estimate, estimate
from sdpose_track.smooth.band import Workspace
from sdpose_track.smooth.choices import Smoothing, SmoothSettings
from sdpose_track.smooth.filters import filtered
from sdpose_track.smooth.grid import (
    SLACK_S,
    Columns,
    FrameTimes,
    Mask,
    side_by_side,
    with_gaps,
)
from sdpose_track.smooth.kalman import live_pieces
from sdpose_track.smooth.one_euro import one_euro_pieces
from sdpose_track.smooth.sides import repaired

CHUNK = 512
"""Frames of a recording that are kept of a piece; chunk `k` begins with frame `k * CHUNK`."""

MARGIN_S = 2.0
"""Seconds before and after a chunk that a piece needs, beside `max_gap_s`; see `margin_s`."""

_CELLS = 300_000
"""Frames times keypoints worked on at a time, some 80 MB: three whole bodies in a chunk."""


def margin_s(smoothing: Smoothing, settings: SmoothSettings) -> float:
    """Return the seconds before and after a chunk that a piece should have.

    What lies farther away moves nothing by a hundredth of a pixel. Infinite for causal filters,
    which need all that came before.
    """
    return math.inf if smoothing.is_causal else MARGIN_S + settings.max_gap_s


def smooth_pieces(
    pieces: Sequence[TrackArrays],
    times: FrameTimes,
    smoothing: Smoothing,
    skeleton: Skeleton | None = None,
    settings: SmoothSettings | None = None,
) -> list[TrackArrays]:
    """Return each of `pieces` smoothed; the pieces themselves are not changed.

    All have the same keypoints, those of `skeleton`; without one, left and right are not repaired.
    Every measurement, and every frame between two of them at most `max_gap_s` apart, has a
    position (`LIVE` and `ONE_EURO` fill nothing); longer gaps stay missing and nothing is smoothed
    across them, nor is anything added outside a piece's first and last frame. A measurement is
    replaced only where others that are used lie on both sides, at most `max_gap_s` apart, or where
    it is at the end of a stretch without a long gap and one lies within 0.15 s; a stretch with
    fewer than three that can be used is left as it is. Edited keypoints stay exactly where they
    are. A keypoint without a used measurement takes the lower score of its neighbours in time.
    Raises ValueError if a piece has frames outside `times`.
    """
    chosen = settings or SmoothSettings()
    for piece in pieces:
        _check(piece, times)
    if smoothing is Smoothing.OFF:
        return list(pieces)
    work = {Smoothing.LIVE: live_pieces, Smoothing.ONE_EURO: one_euro_pieces}.get(
        smoothing
    ) or _Acausal(times, smoothing, skeleton)
    return _in_groups(pieces, lambda group: work(group, chosen))


def _check(piece: TrackArrays, times: FrameTimes) -> None:
    end = times.first + len(times.seconds)
    outside = piece.indices[(piece.indices < times.first) | (piece.indices >= end)]
    if outside.size:
        raise ValueError(f"frame {outside[0]} of the track has no time in frame_times")


def _in_groups(
    pieces: Sequence[TrackArrays], work: Callable[[list[TrackArrays]], list[TrackArrays]]
) -> list[TrackArrays]:
    """Return what `work` makes of `pieces`, those of like length together."""
    out = list(pieces)
    order = sorted(
        (i for i, piece in enumerate(pieces) if len(piece)), key=lambda i: len(pieces[i])
    )
    most = max((piece.scores.size for piece in pieces), default=0)
    each = max(_CELLS // max(most, 1), 1)
    for begin in range(0, len(order), each):
        group = order[begin : begin + each]
        for i, done in zip(group, work([pieces[i] for i in group]), strict=True):
            out[i] = done
    return out


class _Grid(NamedTuple):
    """A piece with a row for each frame of its short gaps."""

    piece: TrackArrays
    filled: Mask  # (G,)


class _Acausal:
    """The smoothers that look ahead: they share all but the last step."""

    def __init__(self, times: FrameTimes, smoothing: Smoothing, skeleton: Skeleton | None) -> None:
        self._times = times
        self._smoothing = smoothing
        self._skeleton = skeleton
        self._memory = Workspace()

    def __call__(
        self, pieces: Sequence[TrackArrays], settings: SmoothSettings
    ) -> list[TrackArrays]:
        if settings.repair_sides and self._skeleton is not None:
            pieces = [repaired(piece, self._skeleton, settings) for piece in pieces]
        grids = [_Grid(*with_gaps(piece, self._times, settings.max_gap_s)) for piece in pieces]
        columns = side_by_side([grid.piece for grid in grids], settings, self._memory)
        found = estimate(columns, settings, self._memory)
        if self._smoothing is not Smoothing.OFFLINE:
            position = filtered(columns, found, self._smoothing, settings)
            found = found._replace(position=position)
        return list(_results(grids, columns, found, settings))


def _results(
    grids: Sequence[_Grid], columns: Columns, found: Estimate, settings: SmoothSettings
) -> Iterator[TrackArrays]:
    """Yield the pieces with their new positions, and NaN where too little is known."""
    hole, keypoints = found.holes, columns.keypoints
    near = np.stack([hole.since, hole.until]) <= settings.max_gap_s + SLACK_S
    edges = np.searchsorted(hole.columns, np.arange(len(grids) + 1) * keypoints)
    for i, (piece, filled) in enumerate(grids):
        own = slice(i * keypoints, (i + 1) * keypoints)
        points = found.position[: len(piece), :, own].swapaxes(1, 2).astype(np.float32)
        edited = columns.edited[: len(piece), own]
        points[edited] = piece.keypoints[edited]
        scores, origin = piece.scores.copy(), piece.provenance.copy()
        spots = np.arange(edges[i], edges[i + 1])
        spots = spots[hole.rows[spots] < len(piece)]
        rows, cols = hole.rows[spots], hole.columns[spots] - own.start
        known, (before, after) = found.known[rows, hole.columns[spots]], near[:, spots]
        lower = np.minimum(
            np.where(before, piece.scores[hole.before[spots], cols], np.inf),
            np.where(after, piece.scores[hole.after[spots] % len(piece), cols], np.inf),
        )
        scores[rows, cols] = np.where(known, lower, 0)
        points[rows[~known], cols[~known]] = np.nan
        origin[rows, cols] = np.where(filled[rows], Provenance.FILLED, Provenance.PREDICTED)
        yield replace(
            piece, keypoints=np.ascontiguousarray(points), scores=scores, provenance=origin
        )
