"""One step of the causal filter: what is remembered of everybody, and what measuring does to it.

A constant-velocity filter that calms people who stand still drags behind fast limbs, and one that
keeps up with limbs calms nobody. So each keypoint carries its own agility, the density of its
acceleration: a surprise that its present agility does not explain raises it, at most to what
bodies can do, and it fades within a fraction of a second. A surprise far outside the gate is an
outlier: the keypoint goes on as predicted. Several in a row are a real jump, and are followed.

All figures are in body heights and seconds, so one setting serves every resolution and frame rate.
Nothing here is changed in place: what was remembered at a moment can be kept, and gone on from.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sdpose_track.records import Float32, Float64, Provenance, UInt8
from sdpose_track.smooth.choices import SmoothSettings
from sdpose_track.smooth.measuring import measured_where, noise_variance, usable_heights
from sdpose_track.smooth.motion import Motion, choose, correct, move, shake, start

_NEVER = -np.inf

_RISE = 1.6
"""Surprises beyond this many standard deviations raise the agility until they lie here."""

_AGREEMENT = 0.7
"""Cosine of the angle between two surprises above which they tell the same."""


class People(NamedTuple):
    """What the filter remembers: n people with K keypoints each."""

    ids: npt.NDArray[np.int64]  # (n,)
    seen: Float64  # (n,) seconds: when the person was last there
    position: Float64  # (n, K, 2)
    velocity: Float64  # (n, K, 2)
    p00: Float64  # (n, K)
    p01: Float64  # (n, K)
    p11: Float64  # (n, K)
    agility: Float64  # (n, K) body heights² per s³
    refused: Float64  # (n, K) outliers in a row
    surprise: Float64  # (n, K, 2) from the prediction to the last outlier, pixels
    believed: Float64  # (n, K) seconds: when a measurement was last followed; _NEVER: not known


def rows(people: People, which: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> People:
    """Return some of `people`."""
    return People._make(values[which] for values in people)


def joined(people: People, others: People) -> People:
    """Return both."""
    pairs = zip(people, others, strict=True)
    return People._make(np.concatenate([mine, theirs]) for mine, theirs in pairs)


def strangers(ids: npt.NDArray[np.int64], keypoints: int, time_s: float) -> People:
    """Return people of whom nothing is known yet."""
    flat, wide = np.zeros((ids.size, keypoints)), np.zeros((ids.size, keypoints, 2))
    now, never = np.full(ids.size, time_s), np.full_like(flat, _NEVER)
    return People(ids, now, wide, wide, flat + 1, flat, flat + 1, flat, flat, wide, never)


class Seen(NamedTuple):
    """One frame's measurements of N people."""

    time_s: Float64  # (N,)
    position: Float64  # (N, K, 2) finite
    noise: Float64  # (N, K) variance; infinite where nothing was measured
    height: Float64  # (N, K) of the body in pixels
    shared: Float64  # (N, K) variance of an error that all before had in common, and this has not


def measured(
    times: Float64, keypoints: Float32, scores: Float32, heights: Float32, settings: SmoothSettings
) -> Seen:
    """Return what (N, K, 2) `keypoints` with (N, K) `scores` of (N,) `heights` tell."""
    usable = measured_where(keypoints, scores, settings)
    position = np.where(usable[..., None], keypoints, 0.0).astype(np.float64)
    height = np.repeat(usable_heights(heights)[:, None], scores.shape[1], axis=1)
    noise = np.where(usable, noise_variance(scores, height, settings), np.inf)
    return Seen(times, position, noise, height, np.zeros_like(noise))


def shown(people: People) -> Float32:
    """Return the (N, K, 2) positions of `people`, NaN where nothing has been measured of late."""
    known = np.isfinite(people.believed)[..., None]
    return np.where(known, people.position, np.nan).astype(np.float32)


def recent(people: People, time_s: float, forget_s: float) -> People:
    """Return those of `people` who are remembered at `time_s`."""
    return rows(people, np.abs(time_s - people.seen) <= forget_s)


def recall(
    people: People, ids: npt.NDArray[np.int64], time_s: float, forget_s: float
) -> tuple[People, People]:
    """Return the (N,) people `ids` in that order, new ones included, and the others remembered."""
    fresh = recent(people, time_s, forget_s)
    new = ids[~np.isin(ids, fresh.ids)]
    everybody = joined(fresh, strangers(new, people.p00.shape[1], time_s))
    order = np.argsort(everybody.ids, kind="stable")
    here = rows(everybody, order[np.searchsorted(everybody.ids[order], ids)])
    return here, rows(fresh, ~np.isin(fresh.ids, ids))


def step(people: People, seen: Seen, settings: SmoothSettings) -> tuple[People, UInt8]:
    """Return `people` after `seen`, and the (N, K) provenance of their keypoints."""
    dt = np.maximum(seen.time_s - people.seen, 0.0)[:, None]
    ahead = move(_coasting(people, dt, settings.coast_s), dt)
    usable = np.isfinite(seen.noise)
    now = seen.time_s[:, None]
    alive = now - people.believed <= settings.hold_s + 1e-9
    agility, outlier = _judge(people, seen, ahead, dt, settings)
    outlier &= usable & alive
    leap = outlier & (people.refused + 1 >= settings.believe_after)
    refuse = outlier & ~leap
    ahead = shake(ahead, dt, agility * np.square(seen.height))
    ahead = ahead._replace(p00=ahead.p00 + seen.shared)
    known = correct(ahead, seen.position, np.where(refuse, np.inf, seen.noise))
    anew = start(seen.position, seen.noise, seen.height)
    known = choose(usable & (leap | ~alive), anew, known)
    followed = usable & ~refuse
    believed = np.where(followed, now, np.where(alive, people.believed, _NEVER))
    refused = np.where(refuse, people.refused + 1, np.where(usable, 0.0, people.refused))
    surprise = np.where(refuse[..., None], seen.position - ahead.position, people.surprise)
    origin = np.where(followed, Provenance.MEASURED, Provenance.PREDICTED).astype(np.uint8)
    return People(people.ids, seen.time_s, *known, agility, refused, surprise, believed), origin


def _coasting(people: People, dt: Float64, coast_s: float) -> Motion:
    """Return the motion of `people`, slowed where the last frame had no measurement to follow.

    A limb that is not seen has most likely stopped, and the velocity may come from an outlier that
    was followed: without this the keypoint would fly off.
    """
    unseen = people.believed < people.seen[:, None]
    slower = np.where(unseen, np.exp(-dt / coast_s), 1.0)
    return Motion(
        people.position, slower[..., None] * people.velocity, people.p00, people.p01, people.p11
    )


def _judge(
    people: People, seen: Seen, ahead: Motion, dt: Float64, settings: SmoothSettings
) -> tuple[Float64, npt.NDArray[np.bool_]]:
    """Return the (N, K) agility that explains what was seen, and where none does.

    One surprise beyond the gate teaches nothing, as most of them are mistakes of the estimator; a
    second one in the same direction is a limb that has set off, and raises the agility before it
    is judged.
    """
    surprise = seen.position - ahead.position
    miss = np.square(surprise).sum(axis=-1)
    before = np.square(people.surprise).sum(axis=-1)
    again = (surprise * people.surprise).sum(axis=-1) > _AGREEMENT * np.sqrt(miss * before)
    unrest = np.square(seen.height) * np.maximum(dt, 1e-6) ** 3 / 3
    expected = ahead.p00 + seen.noise + seen.shared
    faded = np.maximum(people.agility * np.exp(-dt / settings.fade_s), settings.calm)
    doubted = miss > settings.gate**2 * (expected + faded * unrest)
    wanted = np.clip((miss / _RISE**2 - expected) / unrest, settings.calm, settings.agile)
    teaches = np.isfinite(seen.noise) & (~doubted | (again & (people.refused > 0)))
    agility = np.where(teaches, np.maximum(faded, wanted), faded)
    return agility, miss > settings.gate**2 * (expected + agility * unrest)
