"""The moments at which an export says where everyone is: the source's own, or a constant rate's.

Many formats know nothing but a number of frames per second. Where the source's frames are not as
regular as that, or the user wants another rate, people are moved to a grid of moments here, and
nowhere else. A position between two frames lies on the line between them; nothing is made up where
one of them does not know it, nor across a long pause between frames.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm
from typing import Literal

import numpy as np
import numpy.typing as npt

from sdpose_track.records import (
    Float32,
    Float64,
    FramePoses,
    FrameState,
    Int64,
    Pose,
    Provenance,
    TrackArrays,
    UInt8,
)

Between = Literal["linear", "nearest"]
"""What is said of a moment between two frames: the line between them, or the nearer of them."""

HIT_S = 1e-6
"""Seconds: a frame that is so near to a moment is taken as it is."""
LONGEST_STEP_S = 0.2
"""Seconds between two frames beyond which nothing is said of the time between them, where frames
usually come sooner."""
WHOLE_RATES = tuple(
    Fraction(n) for n in (8, 10, 12, 15, 16, 20, 24, 25, 30, 48, 50, 60, 90, 120, 240)
)
TELEVISION_RATES = tuple(Fraction(n * 1000, 1001) for n in (24, 30, 48, 60, 120))
"""Frames per second that cameras and editing programs have."""
_THE_SAME, _NEAR = Fraction(1, 10_000), Fraction(1, 50)
_DROPPED = 1.5
"""From so many usual steps on, frames were left out between two."""
_NEIGHBOURS = 0.2
"""Share of the frames of a camera that at least are followed by the very next."""
ROUNDED = 0.045
"""By how much of a frame the times of a camera are off whose times are rounded to milliseconds."""
_FROM_SURE = (
    Provenance.MEASURED,
    Provenance.EDITED,
    Provenance.MEASURED_FAST,
    Provenance.PREDICTED,
    Provenance.FILLED,
)
_BY_RANK = np.array(_FROM_SURE, np.uint8)
_RANK = np.array([_FROM_SURE.index(origin) for origin in sorted(_FROM_SURE)], np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """G moments of a constant rate, each between two of the F frames that there are."""

    rate: Fraction
    """Moments per second."""
    start: Fraction
    """Seconds from the source's first frame to the first moment: that of the first frame."""
    after: Int64
    """(G,) the first of the frames, counted from 0, that is not before the moment."""
    share: Float64
    """(G,) how far the moment is from the frame before towards `after`, in 0..1; 1 is `after`."""
    is_known: npt.NDArray[np.bool_]
    """(G,) the two frames are near enough to each other to say something of the time between."""

    def __len__(self) -> int:
        return int(self.after.size)

    @property
    def nearest(self) -> Int64:
        """(G,) the frame, counted from 0, that is nearest to each moment."""
        return np.asarray(self.after - (self.share < 0.5), np.int64)

    def time(self, row: int) -> Fraction:
        """Return the seconds from the source's first frame to a moment."""
        return self.start + row / self.rate

    @property
    def times(self) -> Float64:
        """(G,) the same of all moments."""
        unit = lcm(self.start.denominator, self.rate.numerator)
        first, step = int(self.start * unit), int(unit / self.rate)
        return np.array([(first + row * step) / unit for row in range(len(self))], np.float64)

    def shares(self, between: Between) -> Float64:
        """Return `share` as it is used: whole for `nearest`, NaN where nothing is said."""
        share = np.where(self.share < 0.5, 0.0, 1.0) if between == "nearest" else self.share
        return np.where(self.is_known, share, np.nan)

    def cut(self, count: int) -> Grid:
        """Return the first `count` moments."""
        after, share, known = self.after[:count], self.share[:count], self.is_known[:count]
        return replace(self, after=after, share=share, is_known=known)


def make_grid(seconds: Float64, start: Fraction, rate: Fraction) -> Grid:
    """Return the moments of `rate` from the first frame to the last.

    Args:
        seconds: (F,) times of the frames, ascending.
        start: The exact time of the first frame.
        rate: Moments per second, above 0.
    """
    if not seconds.size:
        nothing = np.empty(0, np.int64)
        return Grid(rate, start, nothing, np.empty(0), np.empty(0, np.bool_))
    since = seconds - seconds[0]
    count = int(np.floor(since[-1] * float(rate) + HIT_S)) + 1
    moments = np.arange(count) * float(1 / rate)
    after = np.searchsorted(since, moments - HIT_S).clip(max=since.size - 1)
    before = np.maximum(after - 1, 0)
    step = since[after] - since[before]
    hit = (since[after] - moments <= HIT_S) | (step <= 0)
    share = np.where(hit, 1.0, (moments - since[before]) / np.where(step > 0, step, 1.0))
    return Grid(rate, start, after, share, hit | (step <= _longest_step(since) + HIT_S))


def _longest_step(seconds: Float64) -> float:
    """Return between what two of the frames at `seconds` something can be said of the time."""
    steps = np.diff(seconds)
    steps = steps[steps > 0]
    return max(LONGEST_STEP_S, _DROPPED * float(np.median(steps)) if steps.size else 0.0)


def is_regular(seconds: Float64, rate: Fraction, slack: float = 0.5) -> bool:
    """Tell whether frames at `seconds` (F,) are those of `rate`, none missing, none twice.

    `slack` is by how much of a frame each may be early or late.
    """
    due = np.arange(seconds.size) * float(1 / rate)
    late = seconds - seconds[:1] - due
    return bool((np.abs(late) < slack / float(rate)).all())


def usual_rate(seconds: Float64, otherwise: Fraction) -> Fraction:
    """Return the constant rate that suits uneven frames: a common one, if one is near.

    Cameras whose frames are uneven have whole rates; one of television must fit exactly.

    Args:
        seconds: (F,) times of the frames, ascending.
        otherwise: The answer where there are no two frames.
    """
    steps = np.diff(seconds)
    steps = steps[steps > 0]
    if not steps.size:
        return otherwise
    usual = steps[steps < _DROPPED * np.median(steps)].mean()
    for rate in WHOLE_RATES:
        counts = np.maximum(np.rint(steps * float(rate)), 1)
        off = np.percentile(np.abs(steps * float(rate) - counts), 90)
        if off < ROUNDED and (counts == 1).mean() >= _NEIGHBOURS:
            usual = steps.sum() / counts.sum()  # some frames of a regular camera are missing
            break
    wanted = Fraction(float(1 / usual))
    for rates, reach in ((TELEVISION_RATES, _THE_SAME), (WHOLE_RATES, _NEAR)):
        best = min(rates, key=lambda rate: abs(rate - wanted))
        if abs(best - wanted) <= reach * wanted:
            return best
    return round(wanted, 3)


def frames_on_grid(
    frames: Iterator[FramePoses], grid: Grid, between: Between
) -> Iterator[FramePoses]:
    """Yield everyone at each moment of `grid`; `frames` are all F, in order.

    Index and time stamp of what is yielded are the number of the moment.
    """
    shares = grid.shares(between).tolist()
    row = 0
    before: FramePoses | None = None
    for number, frame in enumerate(frames):
        while row < len(grid) and grid.after[row] == number:
            people, state = _people(before or frame, frame, shares[row])
            yield FramePoses(row, row, grid.time(row), people, state)
            row += 1
        if row == len(grid):
            return
        before = frame


def track_on_grid(track: TrackArrays, first: int, grid: Grid, between: Between) -> TrackArrays:
    """Return a person at the moments of `grid`; `first` is the index of the first frame."""
    share = grid.shares(between)
    after = _rows_of(track, grid.after + first)
    before = _rows_of(track, grid.after - 1 + first)
    needed = np.isfinite(share)
    needed &= (after >= 0) | (share <= 0)
    needed &= (before >= 0) | (share >= 1)
    rows = np.flatnonzero(needed)
    share = share[rows]
    one = np.where(share >= 1, after[rows], before[rows])
    other = np.where(share <= 0, before[rows], after[rows])
    return TrackArrays(
        track.track_id,
        rows.astype(np.int32),
        grid.times[rows],
        _mixed(track.boxes[one], track.boxes[other], share[:, None]),
        np.minimum(track.box_scores[one], track.box_scores[other]),
        _mixed(track.keypoints[one], track.keypoints[other], share[:, None, None]),
        np.minimum(track.scores[one], track.scores[other]),
        _less_sure(track.provenance[one], track.provenance[other]),
    )


def _rows_of(track: TrackArrays, frames: Int64) -> Int64:
    """Return the (G,) rows of `track` that are of `frames`; -1 where it is not there."""
    if not len(track):
        return np.full(frames.size, -1, np.int64)
    rows = np.searchsorted(track.indices, frames.astype(np.int32)).clip(max=len(track) - 1)
    return np.where(track.indices[rows] == frames, rows, -1)


def _people(
    before: FramePoses, after: FramePoses, share: float
) -> tuple[tuple[Pose, ...], FrameState]:
    """Return who is where between two frames, and how well that could be seen."""
    if share >= 1:
        return after.people, after.state
    if share <= 0:
        return before.people, before.state
    state = max(before.state, after.state)
    if np.isnan(share):
        return (), state
    there = {pose.track_id: pose for pose in after.people}
    pairs = ((p, there[p.track_id]) for p in before.people if p.track_id in there)
    return tuple(_between(one, other, share) for one, other in pairs), state


def _between(one: Pose, other: Pose, share: float) -> Pose:
    keypoints = _mixed(one.keypoints, other.keypoints, share)
    return Pose(
        one.track_id,
        _mixed(one.box, other.box, share),
        min(one.score, other.score),
        keypoints,
        np.minimum(one.scores, other.scores),
        _less_sure(one.provenance, other.provenance),
    )


def _mixed(one: Float32, other: Float32, share: Float64 | float) -> Float32:
    """Return what lies `share` of the way from `one` to `other`; NaN where one of them is."""
    begin = one.astype(np.float64)
    return np.asarray(begin + (other - begin) * share, np.float32)


def _less_sure(one: UInt8, other: UInt8) -> UInt8:
    return np.asarray(_BY_RANK[np.maximum(_RANK[one], _RANK[other])])
