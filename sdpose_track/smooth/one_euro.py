"""The One-Euro filter (Casiez, Roussel and Vogel, CHI 2012), in body heights and seconds.

A causal low-pass whose cutoff rises with speed: calm at rest, quick in motion, and simple. Its
figures depend on the unit of length, so speeds are in body heights: one setting serves every
resolution. Nothing is refused and nothing is filled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from sdpose_track.records import Float32, Float64, Provenance, TrackArrays, box_heights
from sdpose_track.smooth.choices import SmoothSettings
from sdpose_track.smooth.grid import SLACK_S, Mask
from sdpose_track.smooth.measuring import measured_where, somewhere, usable_heights

_SHORTEST_S = 1e-4


class _State(NamedTuple):
    """What the filter remembers of N people with K keypoints each."""

    position: Float64  # (N, K, 2)
    velocity: Float64  # (N, K, 2)
    seen: Float64  # (N, K) seconds: when it was last measured; minus infinity for never


class _Seen(NamedTuple):
    """One row of N pieces."""

    times: Float64  # (N, 1)
    heights: Float64  # (N, 1)
    position: Float64  # (N, K, 2)
    measured: Mask  # (N, K)
    edited: Mask  # (N, K)


def one_euro_pieces(pieces: Sequence[TrackArrays], settings: SmoothSettings) -> list[TrackArrays]:
    """Return each of `pieces` filtered from its start on; what was not measured is NaN."""
    longest_first = sorted(range(len(pieces)), key=lambda i: -len(pieces[i]))
    rows = len(pieces[longest_first[0]]) if pieces else 0
    keypoints = [np.full_like(piece.keypoints, np.nan) for piece in pieces]
    state: _State | None = None
    for row in range(rows):
        there = [i for i in longest_first if len(pieces[i]) > row]
        seen = _row([pieces[i] for i in there], row, settings)
        if state is None:
            nothing = np.zeros(seen.position.shape)
            state = _State(nothing, nothing, np.full(seen.measured.shape, -np.inf))
        state = _step(_State._make(values[: len(there)] for values in state), seen, settings)
        for i, position, measured in zip(there, state.position, seen.measured, strict=True):
            keypoints[i][row][measured] = position[measured]
    return [_kept(piece, points) for piece, points in zip(pieces, keypoints, strict=True)]


def _row(pieces: Sequence[TrackArrays], row: int, settings: SmoothSettings) -> _Seen:
    keypoints = np.stack([piece.keypoints[row] for piece in pieces])
    scores = np.stack([piece.scores[row] for piece in pieces])
    by_hand = np.stack([piece.provenance[row] for piece in pieces]) == Provenance.EDITED
    edited = by_hand & somewhere(keypoints)
    measured = measured_where(keypoints, scores, settings) | edited
    boxes = np.stack([piece.boxes[row] for piece in pieces])
    return _Seen(
        np.array([[piece.times[row]] for piece in pieces]),
        usable_heights(box_heights(boxes))[:, None],
        np.where(measured[..., None], keypoints, 0.0).astype(np.float64),
        measured,
        edited,
    )


def _step(state: _State, seen: _Seen, settings: SmoothSettings) -> _State:
    dt = seen.times - state.seen
    known = dt <= settings.max_gap_s + SLACK_S
    dt = np.clip(dt, _SHORTEST_S, settings.max_gap_s + _SHORTEST_S)
    pace = (seen.position - state.position) / dt[..., None]
    velocity = _mixed(state.velocity, pace, settings.d_cutoff_hz * dt)
    speed = np.hypot(velocity[..., 0], velocity[..., 1]) / seen.heights
    cutoff = settings.min_cutoff_hz + settings.beta * speed
    position = _mixed(state.position, seen.position, cutoff * dt)
    exact = (seen.edited | ~known)[..., None]
    position = np.where(exact, seen.position, position)
    velocity = np.where(known[..., None], velocity, 0.0)
    follows = seen.measured[..., None]
    return _State(
        np.where(follows, position, state.position),
        np.where(follows, velocity, state.velocity),
        np.where(seen.measured, seen.times, state.seen),
    )


def _mixed(old: Float64, new: Float64, cycles: Float64) -> Float64:
    """Return `old` drawn to `new` by a low-pass; `cycles` are those of its cutoff in the step."""
    ratio = (2 * np.pi * cycles)[..., None]
    mixed: Float64 = old + (new - old) * (ratio / (1 + ratio))
    return mixed


def _kept(piece: TrackArrays, keypoints: Float32) -> TrackArrays:
    there = somewhere(keypoints)
    scores = np.where(there, piece.scores, 0.0).astype(np.float32)
    origin = np.where(there, piece.provenance, Provenance.PREDICTED).astype(np.uint8)
    return replace(piece, keypoints=keypoints, scores=scores, provenance=origin)
