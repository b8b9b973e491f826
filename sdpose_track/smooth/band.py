"""The constant-velocity smoother as a least-squares problem, solved for many channels at once.

A keypoint keeps its velocity, and every change of it costs; every distance from a measurement costs
as well. The path that costs least is

    minimise  Σ weight_k (y_k - x_k)²  +  Σ strength_k (v_k+1 - v_k)² / ((dt_k + dt_k+1) / 2)

with v_k = (x_k - x_k-1) / dt_k the velocity on the way to moment k. It is what a Kalman filter that
starts knowing nothing, followed by the Rauch-Tung-Striebel smoother (AIAA J. 3, 1965), gives for
x' = x + dt v, v' = v + white noise; the tests hold it against filterpy's. Its normal equations have
five diagonals, and elimination costs a fraction of carrying means and covariances. Uneven times
are in the velocities, a missing measurement has no weight, and a change of velocity that costs
nothing cuts a path in two.

One step of the elimination is done for all channels before the next, so numpy does the work. The
time goes to memory rather than arithmetic: what can be computed again is not kept.

L moments, C channels, M scales that are tried side by side.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from sdpose_track.records import Float64

LEAST_WEIGHT = 1e-13
"""Where nothing was measured: too little to matter, enough for every path to have a place."""

SHORTEST_S = 1e-4
"""Moments nearer than this count as this far apart."""

_ROWS = 16
"""Rows worked on at a time, so that they stay in the cache."""


class Workspace:
    """Memory that is used again, as fresh memory costs as much as the arithmetic done in it."""

    def __init__(self) -> None:
        self._memory: dict[str, Float64] = {}

    def take(self, name: str, *shape: int) -> Float64:
        """Return an uninitialised array; what `name` stood for before is overwritten."""
        size = int(np.prod(shape))
        if name not in self._memory or self._memory[name].size < size:
            self._memory[name] = np.empty(size)
        return self._memory[name][:size].reshape(shape)


class Bending(NamedTuple):
    """What changes of velocity cost: the diagonal of a symmetric matrix and the two beside it."""

    main: Float64
    """(L, C) entries k, k."""
    first: Float64
    """(L, C) entries k, k - 1; the first row is not used."""
    second: Float64
    """(L, C) entries k, k - 2; the first two rows are not used."""


def bending(times: Float64, strength: Float64, memory: Workspace) -> Bending:
    """Return the cost of changes of velocity of P people with K keypoints, C = P·K.

    `times` (L, P) are ascending seconds, `strength` (L, P, K) says what a change at each moment
    costs, in s³; in the first and the last row it counts for nothing. A keypoint with zero at
    moments k - 1 and k has separate paths until k - 1 and from k on. The arrays lie in `memory`.
    """
    length, people, keypoints = strength.shape
    gap = np.maximum(np.diff(times, axis=0), SHORTEST_S)
    before, here, after = np.zeros((3, length + 2, people, 1))
    root = np.sqrt((gap[1:] + gap[:-1]) / 2)
    before[2:-2, :, 0], after[2:-2, :, 0] = 1 / (root * gap[:-1]), 1 / (root * gap[1:])
    here -= before + after
    bands = memory.take("bending", 3, length, people, keypoints)
    for begin in range(0, length, _ROWS):
        end = min(begin + _ROWS, length)
        past, now, next_ = (slice(begin + i, end + i) for i in range(3))  # into the padded shares
        cost = strength[begin:end]
        cost_before = _rows(strength, begin - 1, end - 1)
        cost_after = _rows(strength, begin + 1, end + 1)
        main, first, second = bands[:, begin:end]
        np.multiply(cost, np.square(here[now]), out=main)
        main += cost_before * np.square(after[past])
        main += cost_after * np.square(before[next_])
        np.multiply(cost, here[now] * before[now], out=first)
        first += cost_before * (after[past] * here[past])
        np.multiply(cost_before, after[past] * before[past], out=second)
    main, first, second = bands.reshape(3, length, people * keypoints)
    return Bending(main, first, second)


def _rows(values: Float64, begin: int, end: int) -> Float64:
    """Return rows of `values`; beyond its ends, the first or the last of them again."""
    if begin >= 0 and end <= len(values):
        return values[begin:end]
    return values[np.clip(np.arange(begin, end), 0, len(values) - 1)]


class System(NamedTuple):
    """Channels whose cheapest paths are asked for."""

    weight: Float64
    """(L, C) at least `LEAST_WEIGHT`."""
    target: Float64
    """(L, 2, C) x and y, finite."""
    cost: Bending
    scales: Float64
    """(M,) factors by which the weights are multiplied, one after another."""


class Moment(NamedTuple):
    """One moment of the cheapest paths; the arrays are overwritten with the next."""

    row: int
    position: Float64
    """(2, M, C) x and y, in the unit of the targets."""
    spread: Float64
    """(M, C) the inverse matrix's diagonal: the path's variance where weights are one over it."""


def solve(system: System, memory: Workspace, *, spread: bool = False) -> Iterator[Moment]:
    """Yield every moment of the cheapest paths, the last one first; `spread` only if asked for."""
    length, channels = system.weight.shape
    flat = (length, system.scales.size, channels)
    factors = _Factors(
        memory.take("inverse", *flat),
        memory.take("near", *flat),
        memory.take("paths", length, 2, *flat[1:]),
    )
    _eliminate(factors, system)
    return _substitute(factors, system.cost.second, spread=spread)


class _Factors(NamedTuple):
    """The matrix as L D Lᵀ. The entries of L at k, k - 2 are `inverse[k - 2] * second[k]`."""

    inverse: Float64
    """(L, M, C) one over the diagonal of D."""
    near: Float64
    """(L, M, C) the entries of L at k, k - 1."""
    paths: Float64
    """(L, 2, M, C) the targets, multiplied by the inverse of L."""


def _eliminate(factors: _Factors, system: System) -> None:
    """Fill `factors`."""
    scales = system.scales[:, None]
    least = LEAST_WEIGHT * float(scales.min())
    weight, far, side, once = (np.empty_like(factors.inverse[0]) for _ in range(4))
    push = np.empty_like(factors.paths[0])
    inverse, near, paths = (list(rows) for rows in factors)
    main, first, second = (list(rows) for rows in system.cost)
    for k in range(len(inverse)):
        diagonal, here = inverse[k], paths[k]
        np.multiply(system.weight[k], scales, out=weight)
        np.multiply(system.target[k][:, None], weight, out=here)
        np.add(weight, main[k], out=diagonal)
        if k > 1:
            np.multiply(inverse[k - 2], second[k], out=far)
            diagonal -= np.multiply(far, second[k], out=once)
            here -= np.multiply(far, paths[k - 2], out=push)
            np.multiply(near[k - 1], second[k], out=side)
            np.subtract(first[k], side, out=side)
        elif k:
            side[:] = first[k]
        if k:
            np.multiply(inverse[k - 1], side, out=near[k])
            diagonal -= np.multiply(near[k], side, out=once)
            here -= np.multiply(near[k], paths[k - 1], out=push)
        np.maximum(diagonal, least, out=diagonal)  # what it is at least, but for rounding
        np.divide(1.0, diagonal, out=diagonal)


def _substitute(factors: _Factors, second: Float64, *, spread: bool) -> Iterator[Moment]:
    """Yield the moments; the inverse near its diagonal by Takahashi, Fagan and Chin (1973)."""
    inverse, near, paths = (list(rows) for rows in factors)
    last = len(inverse) - 1
    here, next_, after, push = (np.zeros_like(paths[0]) for _ in range(4))
    far, once = (np.zeros_like(inverse[0]) for _ in range(2))
    # the inverse's entries: k + 1, k + 1 and k + 2, k + 2, and minus those beside the diagonal
    wide, wide_next, wide_after, beside, aslant, two_away = (
        np.zeros_like(inverse[0]) for _ in range(6)
    )
    for k in range(last, -1, -1):
        np.multiply(paths[k], inverse[k], out=here)
        if k < last - 1:
            np.multiply(inverse[k], second[k + 2], out=far)
            here -= np.multiply(far, after, out=push)
        if k < last:
            here -= np.multiply(near[k + 1], next_, out=push)
        if spread:
            wide[:] = inverse[k]
        if spread and k < last:
            np.multiply(near[k + 1], wide_next, out=aslant)
            aslant -= np.multiply(far, beside, out=once)
            np.multiply(far, wide_after, out=two_away)
            two_away -= np.multiply(near[k + 1], beside, out=once)
            wide += np.multiply(far, two_away, out=once)
            wide += np.multiply(near[k + 1], aslant, out=once)
        yield Moment(k, here, wide)
        here, next_, after = after, here, next_
        wide, wide_next, wide_after = wide_after, wide, wide_next
        beside, aslant = aslant, beside
