"""How a keypoint moves between two moments: constant velocity, shaken by white acceleration.

Every coordinate is a channel with a position and a velocity. The acceleration is continuous white
noise of spectral density `q`, so the process noise over `dt` is

    q · [[dt³/3, dt²/2], [dt²/2, dt]]

and two steps of any lengths are the same as one of their sum: uneven frame rates need no special
care. x and y of a keypoint share one covariance, whose three numbers are kept as arrays and
updated in closed form; the tests hold this against filterpy's matrices.

In all shapes `...` is any number of channels; arrays without it broadcast.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sdpose_track.records import Float64

START_SPEED = 1.0
"""Standard deviation of the velocity of a channel that has just begun, in body heights per s."""


class Motion(NamedTuple):
    """Mean and covariance of channels. Units are pixels and seconds."""

    position: Float64
    """(..., 2) x, y."""
    velocity: Float64
    """(..., 2) per second."""
    p00: Float64
    """(...) variance of a coordinate's position."""
    p01: Float64
    """(...) covariance of position and velocity."""
    p11: Float64
    """(...) variance of the velocity."""


class Smoothed(NamedTuple):
    """Estimates from the measurements before and after each moment."""

    position: Float64
    """(L, M, C, 2) pixels."""
    p00: Float64
    """(L, M, C) variance of a coordinate."""


def start(position: Float64, noise: Float64, height: Float64) -> Motion:
    """Return channels at rest at `position` (..., 2), measured with variance `noise` (...).

    `height` (...) is the body's in pixels: it says how fast a limb may turn out to be.
    """
    speed = np.square(START_SPEED * height) * np.ones_like(noise)
    return Motion(position, np.zeros_like(position), noise, np.zeros_like(noise), speed)


def move(m: Motion, dt: Float64) -> Motion:
    """Return `m` after `dt` (...) seconds in which nothing shook it."""
    return Motion(
        m.position + dt[..., None] * m.velocity,
        m.velocity,
        m.p00 + dt * (2 * m.p01 + dt * m.p11),
        m.p01 + dt * m.p11,
        m.p11,
    )


def shake(m: Motion, dt: Float64, q: Float64) -> Motion:
    """Add to `m` the uncertainty of `dt` (...) seconds under acceleration of density `q` (...)."""
    p00, p01 = m.p00 + q * dt**3 / 3, m.p01 + q * dt**2 / 2
    return Motion(m.position, m.velocity, p00, p01, m.p11 + q * dt)


def correct(m: Motion, measured: Float64, noise: Float64) -> Motion:
    """Return `m` after seeing finite `measured` (..., 2) with variance `noise` (...).

    Infinite noise stands for no measurement and leaves `m` as it is.
    """
    total = m.p00 + noise
    gain, push = m.p00 / total, m.p01 / total
    surprise = measured - m.position
    return Motion(
        m.position + gain[..., None] * surprise,
        m.velocity + push[..., None] * surprise,
        m.p00 - gain * m.p00,
        m.p01 - gain * m.p01,
        m.p11 - push * m.p01,
    )


def choose(where: npt.NDArray[np.bool_], yes: Motion, no: Motion) -> Motion:
    """Return `yes` where `where` (...) is True, `no` elsewhere."""
    wide = where[..., None]
    return Motion(
        np.where(wide, yes.position, no.position),
        np.where(wide, yes.velocity, no.velocity),
        np.where(where, yes.p00, no.p00),
        np.where(where, yes.p01, no.p01),
        np.where(where, yes.p11, no.p11),
    )


class Measurements(NamedTuple):
    """What was seen of C channels at L moments."""

    dt: Float64
    """(L, C) seconds since the moment before, >= 0; the first row is not used."""
    position: Float64
    """(L, C, 2) pixels, finite."""
    noise: Float64
    """(L, C) variance of a coordinate; infinite where nothing was seen."""
    height: Float64
    """(L, C) of the body, in pixels: the unit of motion."""
    starts: npt.NDArray[np.bool_]
    """(L, C) where a channel is measured for the first time, or anew after a long gap."""


def smooth(seen: Measurements, densities: Sequence[float]) -> Smoothed:
    """Run the Kalman filter forward and the Rauch-Tung-Striebel smoother (1965) backward.

    `densities` are M figures for the acceleration, in body heights² per s³, tried side by side.
    Nothing passes a start: what is before it and what is after it do not know of each other.
    Estimates before a channel's first start mean nothing.
    """
    past = _forward(seen, np.asarray(densities)[:, None])
    return _backward(past, seen, np.asarray(densities)[:, None])


def _density(seen: Measurements, i: int, densities: Float64) -> Float64:
    density: Float64 = densities * np.square(seen.height[i])
    return density


def _forward(seen: Measurements, densities: Float64) -> list[Motion]:
    """Return the (M, C) estimates at each moment from what was seen until then."""
    shape = (densities.shape[0], seen.dt.shape[1])
    still, sure = np.zeros((*shape, 2)), np.ones(shape)
    now = Motion(still, still, sure, np.zeros(shape), sure)
    past = []
    for i in range(seen.dt.shape[0]):
        if i:
            now = shake(move(now, seen.dt[i]), seen.dt[i], _density(seen, i, densities))
        known = correct(now, seen.position[i], seen.noise[i])
        begins = seen.starts[i]
        if begins.any():
            begun = start(seen.position[i], seen.noise[i], seen.height[i])
            known = choose(np.broadcast_to(begins, shape), begun, known)
        now = known
        past.append(now)
    return past


def _backward(past: list[Motion], seen: Measurements, densities: Float64) -> Smoothed:
    """Return the estimates at each moment from everything that was seen."""
    later = past[-1]
    position = np.empty((len(past), *later.position.shape))
    variance = np.empty(position.shape[:-1])
    position[-1], variance[-1] = later.position, later.p00
    for i in range(len(past) - 2, -1, -1):
        dt = seen.dt[i + 1]
        ahead = shake(move(past[i], dt), dt, _density(seen, i + 1, densities))
        better = _look_back(past[i], ahead, later, dt)
        begins = seen.starts[i + 1]
        if begins.any():
            better = choose(np.broadcast_to(begins, variance.shape[1:]), past[i], better)
        later = better
        position[i], variance[i] = later.position, later.p00
    return Smoothed(position, variance)


def _look_back(now: Motion, ahead: Motion, later: Motion, dt: Float64) -> Motion:
    """Return `now` improved by `later`, the final estimate of what `ahead` had foretold."""
    # Equal times add no noise, and rounding may then take what is left of the determinant.
    largest = ahead.p00 * ahead.p11
    size = np.maximum(largest - ahead.p01 * ahead.p01, 1e-12 * largest)
    a, b, c = ahead.p11 / size, -ahead.p01 / size, ahead.p00 / size
    to_position, to_velocity = now.p00 + dt * now.p01, now.p01 + dt * now.p11
    g00, g01 = to_position * a + now.p01 * b, to_position * b + now.p01 * c
    g10, g11 = to_velocity * a + now.p11 * b, to_velocity * b + now.p11 * c
    shift, turn = later.position - ahead.position, later.velocity - ahead.velocity
    d00, d01, d11 = later.p00 - ahead.p00, later.p01 - ahead.p01, later.p11 - ahead.p11
    return Motion(
        now.position + g00[..., None] * shift + g01[..., None] * turn,
        now.velocity + g10[..., None] * shift + g11[..., None] * turn,
        now.p00 + g00 * g00 * d00 + 2 * g00 * g01 * d01 + g01 * g01 * d11,
        now.p01 + g00 * g10 * d00 + (g00 * g11 + g01 * g10) * d01 + g01 * g11 * d11,
        now.p11 + g10 * g10 * d00 + 2 * g10 * g11 * d01 + g11 * g11 * d11,
    )
