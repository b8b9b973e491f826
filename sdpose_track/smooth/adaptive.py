"""The offline estimate: every moment from those before and after it, as agile as it has to be.

A smoother that calms people who stand still cuts fast limbs short. So the smoother of `band` runs
with a few strengths side by side, from calm to agile, and each moment takes the strength that
foretells the measurements around it best when they are left out (leave-one-out cross-validation,
which for a linear smoother needs no second run). Measurements that even this cannot foretell are
mistakes. A last run, with the strengths chosen and without the mistakes, is the estimate.

A path exists only between the first and the last measurement used of a stretch, as beyond them it
would be a guess that grows with time; the few mistakes there take the nearest position of the path.

Strengths are in s³: the variance of a measurement over the density of acceleration. What a
measurement counts is relative to those around it, so a limb that is seen badly throughout is
smoothed over the same time as one seen well, and the filters forget equally fast; ADR 0013.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sdpose_track.records import Float32, Float64
from sdpose_track.smooth.band import LEAST_WEIGHT, Bending, System, Workspace, bending, solve
from sdpose_track.smooth.choices import SmoothSettings
from sdpose_track.smooth.grid import Columns, Holes, Mask, between, holes
from sdpose_track.smooth.outliers import hampel
from sdpose_track.smooth.trusting import foretold, scarce

STRENGTHS = 3
"""How many strengths are tried."""
_REACH = 3.0
"""The most agile of them over the live filter's: no harm where the choice can do without it."""
_AROUND_S = 0.2
"""Time in which what is around a moment counts a third for the choice of its strength."""
_CALMER = 1.4
"""A strength is preferred to the next more agile one until it foretells worse by this factor: what
is measured by networks errs alike from frame to frame, which looks like motion."""
_EDITED_WEIGHT = 1e4
"""What a person put in place is this much surer than a measurement."""
_LEAST_REST = 0.01
"""A measurement that moves the path nearly all the way to itself says little of how far off it was;
less than this is not believed."""
_MOST_ERROR = 1e3
"""Squared distances beyond this many variances count as this many: at the ends of a piece, where
one side is all there is, they have no bound, and must not reach the middle."""
_LITTLE = np.float32(1e-6)
_ROWS = 8
"""Rows worked on at a time, so that they stay in the cache."""


class Estimate(NamedTuple):
    """Where keypoints were, of columns (L, C)."""

    position: Float64
    """(L, 2, C) pixels; they mean something where `known`."""
    known: Mask
    """(L, C) from the first to the last measurement of every stretch."""
    used: Mask
    """(L, C) measurements that the estimate rests on."""
    holes: Holes
    """Where none was used."""


def estimate(columns: Columns, settings: SmoothSettings, memory: Workspace) -> Estimate:
    """Return the paths of `columns`, mistakes taken out; the positions lie in `memory`."""
    used = foretold(columns, _without_wild(columns, settings), settings.max_gap_s)
    fade = columns.wide(_fade(columns.times)).astype(np.float32)
    weight = _weights(columns, used, fade)
    cost = _even_cost(columns, between(used, columns.starts), memory)
    system = System(weight, columns.position, cost, 1 / _strengths(settings))
    errors = _left_out_errors(columns, settings, used, system, memory)
    strength, far = _judge(errors, used & ~columns.edited, fade, settings)
    few = scarce(columns, used & ~far)
    used = foretold(columns, used & ~far, settings.max_gap_s)
    weight[used & (weight <= LEAST_WEIGHT)] = 1  # first taken for wild: like those around it
    weight[~used] = LEAST_WEIGHT
    weight[used & few] = _EDITED_WEIGHT
    inside = between(used, columns.starts)
    strength *= inside
    position = _paths(columns, weight, strength, memory)
    known = columns.measured | between(columns.measured, columns.starts)
    found = Estimate(position, known, used, holes(columns, used))
    _hold(found, inside)
    return found


def _without_wild(columns: Columns, settings: SmoothSettings) -> Mask:
    """Return the (L, C) measurements that their neighbours do not contradict."""
    least = columns.wide(2 * settings.noise * columns.heights)
    wild = hampel(columns.position, columns.measured, columns.starts, least)
    return columns.measured & (columns.edited | ~wild)


def _hold(found: Estimate, inside: Mask) -> None:
    """Give what is known, but not `inside` (L, C) a path, the nearest position of that path."""
    hole = found.holes
    ends = found.known[hole.rows, hole.columns] & ~inside[hole.rows, hole.columns]
    nearest = np.where(hole.since <= hole.until, hole.before, hole.after)[ends]
    columns = hole.columns[ends]
    found.position[hole.rows[ends], :, columns] = found.position[nearest, :, columns]


def _paths(columns: Columns, weight: Float64, strength: Float64, memory: Workspace) -> Float64:
    shape = (*columns.times.shape, columns.keypoints)
    cost = bending(columns.times, strength.reshape(shape), memory)
    position = memory.take("estimate", *columns.position.shape)
    for moment in solve(System(weight, columns.position, cost, np.ones(1)), memory):
        position[moment.row] = moment.position[:, 0]
    return position


def _strengths(settings: SmoothSettings) -> Float64:
    """Return the (M,) strengths to try, the calm one first."""
    densities = np.geomspace(settings.calm, _REACH * settings.agile, STRENGTHS)
    return np.asarray(settings.noise**2 / densities)


def _even_cost(columns: Columns, inside: Mask, memory: Workspace) -> Bending:
    """Return the cost of changes of velocity with one strength throughout, `inside` (L, C) only."""
    free = inside.reshape(*columns.times.shape, columns.keypoints).astype(np.float64)
    if (free != free[..., :1]).any():
        return bending(columns.times, free, memory)
    # The same for all keypoints of a person: an eighth of the work.
    return Bending(*(columns.wide(band) for band in bending(columns.times, free[..., :1], memory)))


def _fade(times: Float64) -> Float64:
    """Return (L, P) how much of the row before counts in each row."""
    return np.exp(-np.diff(times, axis=0, prepend=times[:1]) / _AROUND_S)


def _around(values: Float32, fade: Float32) -> Float32:
    """Return (L, N, C) sums of `values` (L, N, C) over the time around, the farther the less."""
    total = np.empty_like(values)
    total[0] = values[0]
    for k in range(1, len(values)):
        np.multiply(total[k - 1], fade[k], out=total[k])
        total[k] += values[k]
    later = np.zeros_like(values[0])
    for k in range(len(values) - 2, -1, -1):
        later += values[k + 1]
        later *= fade[k + 1]
        total[k] += later
    return total


def _weights(columns: Columns, used: Mask, fade: Float32) -> Float64:
    """Return (L, C) how much each measurement counts, against those around it."""
    square = np.where(used, np.square(columns.confidence), 0)
    total = _around(np.stack([square, used], axis=1, dtype=np.float32), fade)
    weight = square * (total[:, 1] / np.maximum(total[:, 0], _LITTLE))
    weight[columns.edited] = _EDITED_WEIGHT
    return np.maximum(weight, LEAST_WEIGHT, out=weight)


class _Errors(NamedTuple):
    """Of measurements, for each strength, from the paths found without them."""

    square: Float32
    """(L, M, C) squared distances in variances of the measurement; 0 where none was used."""
    rest: Float32
    """(L, M, C) 1 - leverage: how well the path was known without the measurement."""


def _left_out_errors(
    columns: Columns, settings: SmoothSettings, used: Mask, system: System, memory: Workspace
) -> _Errors:
    """Return how well every measurement is foretold by the others.

    For a linear smoother, its distance from the path without it is that from the path over
    1 - leverage, and its leverage is its weight times the path's variance.
    """
    sure = columns.confidence / columns.wide(settings.noise * columns.heights)
    sure[~used] = 0
    shape = (system.scales.size, used.shape[1])
    square, rests = np.empty((2, len(used), *shape), np.float32)
    scales = system.scales[:, None]
    away, rest, factor = np.empty((2, *shape)), np.empty(shape), np.empty(shape)
    for k, position, spread in solve(system, memory, spread=True):
        np.multiply(system.weight[k], scales, out=rest)
        rest *= spread
        np.subtract(1, rest, out=rest)
        np.maximum(rest, _LEAST_REST, out=rest)
        np.divide(sure[k], rest, out=factor)
        np.subtract(position, columns.position[k][:, None], out=away)
        away *= factor
        away *= away
        np.add(away[0], away[1], out=factor)
        np.minimum(factor, _MOST_ERROR, out=square[k], casting="same_kind")
        rests[k] = rest
    return _Errors(square, rests)


def _judge(
    errors: _Errors, counted: Mask, fade: Float32, settings: SmoothSettings
) -> tuple[Float64, Mask]:
    """Return the (L, C) strengths that suit each moment, and which measurements are mistakes."""
    total = _around(errors.square, fade)
    count = _around(counted[:, None].astype(np.float32), fade)[:, 0]
    steps = np.log(_strengths(settings)).astype(np.float32)[:, None]
    preference = np.float32(_CALMER) ** (-6 * np.arange(STRENGTHS, dtype=np.float32))[:, None]
    strength, far = np.empty(counted.shape), np.zeros_like(counted)
    for begin in range(0, len(counted), _ROWS):
        rows = slice(begin, begin + _ROWS)
        local = total[rows]
        local += _LITTLE
        share = local.min(axis=1, keepdims=True) / local
        share *= share * share
        share *= share
        share *= preference
        shares = share.sum(axis=1)
        np.exp((share * steps).sum(axis=1) / shares, out=strength[rows])
        # Where all around is as far off, the motion is beyond the model, not the measurement.
        local *= share
        usual = np.maximum(local.sum(axis=1) / (4 * count[rows] + _LITTLE), shares)
        error = (share * errors.square[rows]).sum(axis=1)
        doubted = error > settings.gate**2 * usual
        row, column = np.unravel_index(np.flatnonzero(doubted), doubted.shape)
        # What hardly anything foretells, such as the last moment before a gap, is easily missed.
        known = np.sqrt(errors.rest[begin + row, :, column])
        known *= errors.square[begin + row, :, column] * share[row, :, column]
        own = error[row, column] / (4 * count[begin + row, column])
        others = np.maximum(usual[row, column] - own, shares[row, column])
        sure = known.sum(axis=1) > settings.gate**2 * others
        far[begin + row[sure], column[sure]] = True
    return strength, far & counted
