"""Pieces of tracks smoothed side by side: one loop over time serves many people and stretches.

A long recording is cut into chunks of `CHUNK` frames at fixed places. A piece is a chunk with
`MARGIN_S` seconds on each side, and only the chunk is kept: the filters forget faster than that, so
chunks fit together, and one can be computed without the others when somebody looks at a frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from sdpose_track.records import Float64, Provenance, TrackArrays
from sdpose_track.skeletons import Skeleton
from sdpose_track.smooth.adaptive import Estimate, estimate
from sdpose_track.smooth.band import Workspace
from sdpose_track.smooth.choices import Smoothing, SmoothSettings
from sdpose_track.smooth.filters import filtered
from sdpose_track.smooth.grid import (
    SLACK_S,
    Columns,
    FrameTimes,
    Holes,
    Mask,
    holes,
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
_LIVE_MARGIN_S = 5.0
"""The same for the live filter, which sees one side only, and forgets its start more slowly."""

_CELLS = 1_060_000
"""Frames times keypoints worked on at a time, some 250 MB: twelve whole bodies in a chunk."""


def margin_s(smoothing: Smoothing, settings: SmoothSettings) -> float:
    """Return the seconds before and after a chunk that a piece should have.

    What lies farther away moves nothing by a hundredth of a pixel (live: by a few).
    """
    own = _LIVE_MARGIN_S if smoothing is Smoothing.LIVE else MARGIN_S
    return own + settings.max_gap_s


def smooth_pieces(
    pieces: Sequence[TrackArrays],
    times: FrameTimes,
    smoothing: Smoothing,
    skeleton: Skeleton | None = None,
    settings: SmoothSettings | None = None,
) -> list[TrackArrays]:
    """Return each of `pieces` smoothed; the pieces themselves are not changed.

    All have the same keypoints, those of `skeleton`; without one, left and right are not repaired.
    Between two measurements at most `max_gap_s` apart every frame has a position (`LIVE` and
    `ONE_EURO` fill nothing); longer gaps stay missing and nothing is smoothed across them, nor is
    anything added outside a piece's first and last frame. Edited keypoints stay exactly where they
    are. A keypoint that was not measured takes the lower score of its two neighbours in time.
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
        guesses = _Guesses.of(columns, found, settings)
        position = found.position
        if self._smoothing is not Smoothing.OFFLINE:
            known = guesses.known_everywhere(found.used)
            position = filtered(columns, found, known, self._smoothing, settings)
        return list(_results(grids, columns, position, guesses))


class _Guesses(NamedTuple):
    """The places at which no measurement was used."""

    holes: Holes
    known: Mask
    """(S,) whether there is enough around to say where the keypoint was."""
    beside: Mask
    """(2, S) whether the measurement before, and the one after, is near enough to count."""

    @classmethod
    def of(cls, columns: Columns, found: Estimate, settings: SmoothSettings) -> _Guesses:
        hole, most = holes(columns, found.used), settings.max_gap_s + SLACK_S
        beside = np.stack([hole.since, hole.until]) <= most
        # An outlier at the end of a channel has neighbours on one side only, but the keypoint is
        # there.
        refused = columns.measured[hole.rows, hole.columns]
        known = (hole.since + hole.until <= most) | (refused & beside.any(axis=0))
        return cls(hole, known, beside)

    def known_everywhere(self, used: Mask) -> Mask:
        known = used.copy()
        known[self.holes.rows[self.known], self.holes.columns[self.known]] = True
        return known


def _results(
    grids: Sequence[_Grid], columns: Columns, position: Float64, guesses: _Guesses
) -> Iterator[TrackArrays]:
    """Yield the pieces with their new positions, and NaN where too little is known."""
    hole, keypoints = guesses.holes, columns.keypoints
    edges = np.searchsorted(hole.columns, np.arange(len(grids) + 1) * keypoints)
    for i, (piece, filled) in enumerate(grids):
        own = slice(i * keypoints, (i + 1) * keypoints)
        points = position[: len(piece), :, own].swapaxes(1, 2).astype(np.float32)
        edited = columns.edited[: len(piece), own]
        points[edited] = piece.keypoints[edited]
        scores, origin = piece.scores.copy(), piece.provenance.copy()
        spots = np.arange(edges[i], edges[i + 1])
        spots = spots[hole.rows[spots] < len(piece)]
        rows, cols = hole.rows[spots], hole.columns[spots] - own.start
        known, (before, after) = guesses.known[spots], guesses.beside[:, spots]
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
