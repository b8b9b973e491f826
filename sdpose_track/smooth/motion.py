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
