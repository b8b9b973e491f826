"""Left and right limbs that the estimator confused for a moment, exchanged back.

In a confusion both limbs of a pair jump to each other's place at once, and jump back a few frames
later. So two things are looked for: a frame where both are where the other one was headed, judged
from the frames before, and soon after it one where the same holds judged from the frames behind it.
People who turn round or cross their legs do not jump, and a confusion that does not end is left
alone: it may as well be the end of one. Below 20 frames a second limbs that alternate or cross do
reach each other's place from frame to frame, and nothing is exchanged.

An arm is judged joint by joint, as is a leg; what lies too near its counterpart to be told from it
goes with the rest of the limb where that fits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import median_filter

from sdpose_track.records import Float32, Float64, Provenance, TrackArrays, box_heights
from sdpose_track.skeletons import Skeleton
from sdpose_track.smooth.choices import SmoothSettings
from sdpose_track.smooth.grid import SLACK_S, Mask
from sdpose_track.smooth.measuring import measured_where, usable_heights

LONGEST_S = 0.5
"""A confusion that lasts longer is not taken for one."""

_NEAR_S = 0.15
"""Frames farther apart tell nothing of where a limb is headed."""
_LONGEST_STEP_S = 0.05
"""Where frames usually are farther apart than this, fast limbs look like confused ones."""
_STEPS = 9
"""Steps around a frame that say what is usual there: one lost frame is no low frame rate."""
_APART = 0.08
"""Limbs nearer to each other than this cannot be told apart, in body heights."""
_BETTER = 0.4
"""How much nearer than as labelled joints must be when exchanged, both squares summed."""
_ROUNDS = 2
"""Confusions that follow each other closely are found one after another."""

_LIMBS = (("shoulder", "elbow", "wrist", "hand"), ("hip", "knee", "ankle", "foot"))
_EVERY = {"hand": 8, "foot": 3}
"""Of a hand its root and two finger tips are looked at, of a foot the big toe."""
_FOOT = ("big_toe", "small_toe", "heel")


class _Joint(NamedTuple):
    """Keypoints that change sides together."""

    limb: int
    left: tuple[int, ...]
    right: tuple[int, ...]
    every: int = 1
    """One of how many keypoints is looked at."""


@cache
def _joints(skeleton: Skeleton) -> tuple[_Joint, ...]:
    """Return the joints of arms and legs that `skeleton` has."""
    found = []
    for limb, parts in enumerate(_LIMBS):
        for part in parts:
            names = [f"left_{name}" for name in (_FOOT if part == "foot" else (part,))]
            left = [skeleton.index(name) for name in names if name in skeleton.keypoints]
            if part == "hand":
                left = list(skeleton.group("left_hand"))
            if left:
                right = tuple(skeleton.mirror[k] for k in left)
                found.append(_Joint(limb, tuple(left), right, _EVERY.get(part, 1)))
    return tuple(found)


def confused_sides(piece: TrackArrays, skeleton: Skeleton, settings: SmoothSettings) -> Mask:
    """Return (F, K) where `piece` has left and right exchanged; `sum()` counts keypoints.

    Keypoints that a person put in place are never meant.
    """
    found = np.zeros(piece.scores.shape, np.bool_)
    current = piece
    for _ in range(_ROUNDS):
        more = _confused_once(current, skeleton, settings)
        if not more.any():
            break
        found ^= more
        current = exchanged(current, skeleton, more)
    return found


def repaired(piece: TrackArrays, skeleton: Skeleton, settings: SmoothSettings) -> TrackArrays:
    """Return `piece` with confused sides exchanged back, their scores as well.

    They stay measured: the estimator saw them there, and gave them the wrong name.
    """
    wrong = confused_sides(piece, skeleton, settings)
    return exchanged(piece, skeleton, wrong) if wrong.any() else piece


def exchanged(piece: TrackArrays, skeleton: Skeleton, where: Mask) -> TrackArrays:
    """Return `piece` in which what is named in `where` (F, K) is that of the other side."""
    mirror = np.array(skeleton.mirror)
    return replace(
        piece,
        keypoints=np.where(where[..., None], piece.keypoints[:, mirror], piece.keypoints),
        scores=np.where(where, piece.scores[:, mirror], piece.scores),
        provenance=np.where(where, piece.provenance[:, mirror], piece.provenance),
    )


def _confused_once(piece: TrackArrays, skeleton: Skeleton, settings: SmoothSettings) -> Mask:
    wrong = np.zeros(piece.scores.shape, np.bool_)
    joints = _joints(skeleton)
    if len(piece) < 5 or not joints:
        return wrong
    edited = piece.provenance == Provenance.EDITED
    seen = measured_where(piece.keypoints, piece.scores, settings) & ~edited
    points = np.where(seen[..., None], piece.keypoints, np.float32(np.nan))
    heights = usable_heights(box_heights(piece.boxes))
    for limb in range(len(_LIMBS)):
        own = [joint for joint in joints if joint.limb == limb]
        begins = _votes(own, points, piece.times, heights)
        if not (begins.sign > 0).any():
            continue
        behind = _votes(own, points[::-1], -piece.times[::-1], heights[::-1])
        ends = _Votes._make(votes[:, ::-1] for votes in behind)
        for rows, members in _runs(begins, ends, piece.times):
            for member in members:
                joint = own[member]
                both = np.array(joint.left + joint.right)
                fixed = edited[rows][:, both].any()
                wrong[rows, both[:, None]] |= not fixed
    return wrong


class _Votes(NamedTuple):
    """What is to be said of leaps of joints to the other side, (J, F) or (F,)."""

    sign: Float64
    """1 for a leap, -1 for none, 0 where sides are too near to be told apart for certain."""
    gain: Float64
    """By how much exchanging the sides brings them nearer to where they were headed, pixels²."""


def _votes(joints: Sequence[_Joint], points: Float32, times: Float64, heights: Float64) -> _Votes:
    """Return the (J, F) votes of `joints`."""
    votes = [_leaps(points, times, heights, joint) for joint in joints]
    return _Votes(np.stack([vote.sign for vote in votes]), np.stack([vote.gain for vote in votes]))


def _leaps(points: Float32, times: Float64, heights: Float64, joint: _Joint) -> _Votes:
    """Return the (F,) votes of a joint, judged from the two frames before."""
    left, right = points[:, joint.left[:: joint.every]], points[:, joint.right[:: joint.every]]
    dt = np.diff(times)
    ratio = np.full(len(times), np.nan)
    usual = median_filter(dt, _STEPS, mode="nearest")[1:]
    usable = (dt[1:] < _NEAR_S) & (dt[:-1] < _NEAR_S) & (dt[:-1] > 0)
    usable &= usual <= _LONGEST_STEP_S + SLACK_S
    ratio[2:][usable] = dt[1:][usable] / dt[:-1][usable]
    to_left, to_right = _headed(left, ratio), _headed(right, ratio)
    kept = _square(left - to_left) + _square(right - to_right)
    crossed = _square(left - to_right) + _square(right - to_left)
    apart = np.sqrt(_square(left - right)) > _APART * heights
    leapt = apart & (crossed < _BETTER**2 * kept)
    stayed = apart & (kept < crossed)
    return _Votes(leapt.astype(np.float64) - stayed, np.nan_to_num(kept - crossed))


def _headed(points: Float32, ratio: Float64) -> Float32:
    """Return (F, J, 2) where `points` (F, J, 2) would be, had they gone on from the two before."""
    there = np.full_like(points, np.nan)
    there[2:] = points[1:-1] + (points[1:-1] - points[:-2]) * ratio[2:, None, None].astype(
        np.float32
    )
    return there


def _square(vectors: Float32) -> Float64:
    """Return (F,) the mean squared length of `vectors` (F, J, 2) that are known; NaN for none."""
    square = vectors[..., 0] ** 2 + vectors[..., 1] ** 2
    known = np.isfinite(square)
    count = known.sum(axis=1)
    total = np.where(known, square, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _runs(begins: _Votes, ends: _Votes, times: Float64) -> list[tuple[slice, npt.NDArray[np.intp]]]:
    """Return the rows of each confusion of a limb, and which of its J joints take part.

    `begins` and `ends` are the votes of the joints on leaps into and out of it.
    """
    found: list[tuple[slice, npt.NDArray[np.intp]]] = []
    free = 0
    leaves = np.flatnonzero((ends.sign > 0).any(axis=0))
    for first in np.flatnonzero((begins.sign > 0).any(axis=0)).tolist():
        if first < free:
            continue
        most = np.searchsorted(times, times[first] + LONGEST_S)
        for last in leaves[(leaves >= first) & (leaves < most)].tolist():
            votes = np.stack([begins.sign[:, first], ends.sign[:, last]])
            # A second leap to the other side can only mean that the first one was taken back.
            again = (begins.sign[:, first + 2 : last + 1] > 0).any(axis=1)
            sure = (votes > 0).all(axis=0) & ~again
            if sure.any():
                follows = begins.gain[:, first] + ends.gain[:, last] > 0
                members = sure | ((votes >= 0).all(axis=0) & follows)
                found.append((slice(first, last + 1), np.flatnonzero(members)))
                free = last + 1
                break
    return found
