"""Pieces of tracks on one grid: a row for every frame, a column for every keypoint of everybody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.ndimage import median_filter

from sdpose_track.records import Float64, Provenance, TrackArrays, box_heights
from sdpose_track.smooth.band import Workspace
from sdpose_track.smooth.choices import SmoothSettings
from sdpose_track.smooth.measuring import confidence, measured_where, somewhere, usable_heights

SLACK_S = 1e-6
"""Times that differ by less are the same."""

_HEIGHT_ROWS = 31
_PAST_THE_END_S = 1 / 30

Mask: TypeAlias = npt.NDArray[np.bool_]


class FrameTimes(NamedTuple):
    """The times of consecutive frames."""

    first: int
    """Index of the first of them."""
    seconds: Float64
    """(T,) from the recording's first frame; frame `i` has `seconds[i - first]`."""


def with_gaps(piece: TrackArrays, times: FrameTimes, max_gap_s: float) -> tuple[TrackArrays, Mask]:
    """Return `piece` with an empty frame for each one missing in its short gaps, and (G,) which."""
    before, after = piece.indices[:-1], piece.indices[1:]
    short = (after - before > 1) & (np.diff(piece.times) <= max_gap_s + SLACK_S)
    gaps = [np.arange(a + 1, b) for a, b in zip(before[short], after[short], strict=True)]
    if not gaps:
        return piece, np.zeros(len(piece), np.bool_)
    indices = np.sort(np.concatenate([piece.indices, *gaps])).astype(np.int32)
    at = np.searchsorted(indices, piece.indices)
    filled = np.ones(indices.size, np.bool_)
    filled[at] = False
    when = times.seconds[indices - times.first]
    when[at] = piece.times
    keypoints = np.full((indices.size, *piece.keypoints.shape[1:]), np.nan, np.float32)
    scores = np.zeros(keypoints.shape[:2], np.float32)
    origin = np.full(keypoints.shape[:2], Provenance.FILLED, np.uint8)
    box_scores = np.zeros(indices.size, np.float32)
    keypoints[at], scores[at], origin[at] = piece.keypoints, piece.scores, piece.provenance
    box_scores[at] = piece.box_scores
    boxes = np.column_stack([np.interp(when, piece.times, side) for side in piece.boxes.T])
    boxes[at] = piece.boxes
    full = TrackArrays(
        piece.track_id, indices, when, boxes.astype(np.float32), box_scores,
        keypoints, scores, origin,
    )  # fmt: skip
    return full, filled


class Columns(NamedTuple):
    """P pieces with K keypoints each side by side: C = P·K columns, L rows.

    A piece shorter than the longest one ends in rows in which nothing was measured.
    """

    times: Float64
    """(L, P) seconds, ascending."""
    heights: Float64
    """(L, P) of the bodies, in pixels: of each moment the usual one around it."""
    position: Float64
    """(L, 2, C) pixels; 0 where nothing was measured."""
    confidence: Float64
    """(L, C) 0.05 to 1."""
    measured: Mask
    """(L, C)."""
    edited: Mask
    """(L, C) measured by a person."""
    starts: Mask
    """(L, C) where a keypoint is measured anew after a long gap: a stretch begins."""

    @property
    def keypoints(self) -> int:
        """K."""
        return int(self.measured.shape[1] // self.times.shape[1])

    def wide(self, values: npt.NDArray[np.float64]) -> Float64:
        """Return (L, C) of `values` (L, P)."""
        return np.repeat(values, self.keypoints, axis=1)


def side_by_side(
    pieces: Sequence[TrackArrays], settings: SmoothSettings, memory: Workspace
) -> Columns:
    """Return the columns of `pieces`, which have at least a frame and equally many keypoints.

    The largest of them lie in `memory`.
    """
    length, keypoints = max(len(piece) for piece in pieces), pieces[0].scores.shape[1]
    shape = (length, len(pieces), keypoints)
    times, heights = np.empty(shape[:2]), np.ones(shape[:2])
    position = memory.take("position", length, 2, *shape[1:])
    sure = memory.take("confidence", *shape)
    position[:], sure[:] = 0, 1
    measured, edited = np.zeros((2, *shape), np.bool_)
    for i, piece in enumerate(pieces):
        here = slice(0, len(piece))
        # A clock that steps back stands still until it is where it was.
        times[here, i] = np.maximum.accumulate(piece.times)
        after = np.arange(1, length - len(piece) + 1) * _PAST_THE_END_S
        times[len(piece) :, i] = times[len(piece) - 1, i] + after
        heights[here, i] = _usual_heights(piece)
        by_hand = piece.provenance == Provenance.EDITED
        edited[here, i] = by_hand & somewhere(piece.keypoints)
        seen = measured_where(piece.keypoints, piece.scores, settings) | edited[here, i]
        measured[here, i] = seen
        np.copyto(position[here, :, i], piece.keypoints.swapaxes(1, 2), where=seen[:, None])
        np.copyto(sure[here, i], confidence(piece.scores), where=seen)
    flat = (length, -1)
    columns = Columns(
        times, heights, position.reshape(length, 2, -1), sure.reshape(flat),
        measured.reshape(flat), edited.reshape(flat), measured.reshape(flat),
    )  # fmt: skip
    return columns._replace(starts=_starts(columns, settings.max_gap_s))


def _usual_heights(piece: TrackArrays) -> Float64:
    """Return (F,) the median of the boxes' heights around: one freak box is no other body."""
    heights = usable_heights(box_heights(piece.boxes))
    return np.asarray(median_filter(heights, _HEIGHT_ROWS, mode="nearest"))


def between(marks: Mask, starts: Mask) -> Mask:
    """Return (L, C) what has some of `marks` (L, C) before it and after it in its own stretch."""
    found = np.zeros_like(marks)
    seen = np.zeros(marks.shape[1], np.bool_)
    for k in range(len(marks)):
        seen &= ~starts[k]
        found[k] = seen
        seen |= marks[k]
    seen[:] = False
    for k in range(len(marks) - 1, -1, -1):
        found[k] &= seen
        seen |= marks[k]
        seen &= ~starts[k]
    return found


class Holes(NamedTuple):
    """S places in columns at which there is nothing to rest on, column by column."""

    rows: npt.NDArray[np.intp]
    columns: npt.NDArray[np.intp]
    before: npt.NDArray[np.intp]
    """(S,) the last row with something before; -1 for none."""
    after: npt.NDArray[np.intp]
    """(S,) the first row with something after; L for none."""
    since: Float64
    """(S,) seconds from `before`; infinite for none."""
    until: Float64
    """(S,) seconds to `after`; infinite for none."""


def holes(columns: Columns, used: Mask) -> Holes:
    """Return where `used` (L, C) is False, and what is around it."""
    cols, rows = np.nonzero(~used.T)
    length, person = len(used), cols // columns.keypoints
    begins = np.ones(rows.size, np.bool_)
    begins[1:] = (np.diff(rows) != 1) | (np.diff(cols) != 0)
    first = np.flatnonzero(begins)
    size = np.diff(first, append=rows.size)
    before = np.repeat(rows[first] - 1, size)
    after = np.repeat(rows[first] + size, size)
    now = columns.times[rows, person]
    past, future = columns.times[before, person], columns.times[after % length, person]
    since = np.where(before < 0, np.inf, now - past)
    until = np.where(after == length, np.inf, future - now)
    return Holes(rows, cols, before, after, since, until)


def _starts(columns: Columns, max_gap_s: float) -> Mask:
    """Return (L, C) where a measurement is the first for more than `max_gap_s`."""
    most = max_gap_s + SLACK_S
    starts = np.zeros_like(columns.measured)
    late = np.diff(columns.times, axis=0) > most
    starts[1:] = np.repeat(late, columns.keypoints, axis=1)
    starts &= columns.measured
    hole = holes(columns, columns.measured)
    inside = (hole.before >= 0) & (hole.after < len(starts))
    long = inside & (hole.since + hole.until > most)
    starts[hole.after[long], hole.columns[long]] = True
    return starts
