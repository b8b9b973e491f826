"""The live view: a causal filter that needs only what has been seen, and adds no frame of lag.

A constant-velocity filter that calms people who stand still drags behind fast limbs, and one that
keeps up with limbs calms nobody. So each keypoint carries its own agility, the density of its
acceleration: a surprise that its present agility does not explain raises it, at most to what
bodies can do, and it fades within a fraction of a second. A surprise far outside the gate is an
outlier: the keypoint goes on as predicted. Several in a row are a real jump, and are followed.

All figures are in body heights and seconds, so one setting serves every resolution and frame rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sdpose_track.records import (
    Float32,
    Float64,
    Int32,
    Provenance,
    TrackArrays,
    UInt8,
    box_heights,
)
from sdpose_track.smooth.choices import SmoothSettings
from sdpose_track.smooth.measuring import (
    measured_where,
    noise_variance,
    somewhere,
    usable_heights,
)
from sdpose_track.smooth.motion import Motion, choose, correct, move, shake, start

_NEVER = -np.inf

_RISE = 1.6
"""Surprises beyond this many standard deviations raise the agility until they lie here."""


_AGREEMENT = 0.7
"""Cosine of the angle between two surprises above which they tell the same."""


class _People(NamedTuple):
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


def _rows(people: _People, which: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> _People:
    return _People._make(values[which] for values in people)


def _joined(people: _People, others: _People) -> _People:
    pairs = zip(people, others, strict=True)
    return _People._make(np.concatenate([mine, theirs]) for mine, theirs in pairs)


def _strangers(ids: npt.NDArray[np.int64], keypoints: int, time_s: float) -> _People:
    """Return people of whom nothing is known yet."""
    flat, wide = np.zeros((ids.size, keypoints)), np.zeros((ids.size, keypoints, 2))
    now, never = np.full(ids.size, time_s), np.full_like(flat, _NEVER)
    return _People(ids, now, wide, wide, flat + 1, flat, flat + 1, flat, flat, wide, never)


class _Seen(NamedTuple):
    """One frame's measurements of N people."""

    time_s: Float64  # (N,)
    position: Float64  # (N, K, 2) finite
    noise: Float64  # (N, K) variance; infinite where nothing was measured
    height: Float64  # (N, K) of the body in pixels


class LiveSmoother:
    """Filters the keypoints of everybody in one call per frame. Deterministic; not thread-safe."""

    def __init__(self, settings: SmoothSettings | None = None) -> None:
        self._settings = settings or SmoothSettings()
        self._people: _People | None = None

    def update(
        self, time_s: float, track_ids: Int32, keypoints: Float32, scores: Float32, heights: Float32
    ) -> tuple[Float32, UInt8]:
        """Return the (N, K, 2) filtered keypoints in pixels and their (N, K) `Provenance`.

        `track_ids` (N,) are distinct; `keypoints` (N, K, 2) are pixels, NaN where missing; `scores`
        (N, K) are 0 or more, and those above 1 count as 1; `heights` (N,) are those of the boxes in
        pixels. What has neither a measurement nor a recent past is NaN. Somebody not seen for
        `forget_s` is forgotten, and so is everybody when `time_s` jumps back by as much; a smaller
        step back counts as none.
        Raises ValueError when the number of keypoints is not that of the people remembered.
        """
        ids, count = np.asarray(track_ids, np.int64), keypoints.shape[1]
        if self._people is None:
            self._people = _strangers(ids[:0], count, time_s)
        if self._people.p00.shape[1] != count:
            known = self._people.p00.shape[1]
            raise ValueError(f"{count} keypoints a person after {known}; use another LiveSmoother")
        here, elsewhere = _recall(self._people, ids, time_s, self._settings.forget_s)
        moments = np.full(ids.size, time_s)
        seen = _measured(moments, keypoints, scores, heights, self._settings)
        here, origin = _step(here, seen, self._settings)
        self._people = _joined(elsewhere, here)
        return _shown(here), origin


def _measured(
    times: Float64, keypoints: Float32, scores: Float32, heights: Float32, settings: SmoothSettings
) -> _Seen:
    usable = measured_where(keypoints, scores, settings)
    position = np.where(usable[..., None], keypoints, 0.0).astype(np.float64)
    height = np.repeat(usable_heights(heights)[:, None], scores.shape[1], axis=1)
    noise = noise_variance(scores, height, settings)
    return _Seen(times, position, np.where(usable, noise, np.inf), height)


def _shown(people: _People) -> Float32:
    """Return the (N, K, 2) positions of `people`, NaN where nothing has been measured of late."""
    known = np.isfinite(people.believed)[..., None]
    return np.where(known, people.position, np.nan).astype(np.float32)


def _recall(
    people: _People, ids: npt.NDArray[np.int64], time_s: float, forget_s: float
) -> tuple[_People, _People]:
    """Return the (N,) people `ids` in that order, new ones included, and the others remembered."""
    fresh = _rows(people, np.abs(time_s - people.seen) <= forget_s)
    new = ids[~np.isin(ids, fresh.ids)]
    everybody = _joined(fresh, _strangers(new, people.p00.shape[1], time_s))
    order = np.argsort(everybody.ids, kind="stable")
    here = _rows(everybody, order[np.searchsorted(everybody.ids[order], ids)])
    return here, _rows(fresh, ~np.isin(fresh.ids, ids))


def _step(people: _People, seen: _Seen, settings: SmoothSettings) -> tuple[_People, UInt8]:
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
    known = correct(ahead, seen.position, np.where(refuse, np.inf, seen.noise))
    anew = start(seen.position, seen.noise, seen.height)
    known = choose(usable & (leap | ~alive), anew, known)
    followed = usable & ~refuse
    believed = np.where(followed, now, np.where(alive, people.believed, _NEVER))
    refused = np.where(refuse, people.refused + 1, np.where(usable, 0.0, people.refused))
    surprise = np.where(refuse[..., None], seen.position - ahead.position, people.surprise)
    origin = np.where(followed, Provenance.MEASURED, Provenance.PREDICTED).astype(np.uint8)
    return _People(people.ids, seen.time_s, *known, agility, refused, surprise, believed), origin


def _coasting(people: _People, dt: Float64, coast_s: float) -> Motion:
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
    people: _People, seen: _Seen, ahead: Motion, dt: Float64, settings: SmoothSettings
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
    expected = ahead.p00 + seen.noise
    faded = np.maximum(people.agility * np.exp(-dt / settings.fade_s), settings.calm)
    doubted = miss > settings.gate**2 * (expected + faded * unrest)
    wanted = np.clip((miss / _RISE**2 - expected) / unrest, settings.calm, settings.agile)
    teaches = np.isfinite(seen.noise) & (~doubted | (again & (people.refused > 0)))
    agility = np.where(teaches, np.maximum(faded, wanted), faded)
    return agility, miss > settings.gate**2 * (expected + agility * unrest)


def smooth_live(track: TrackArrays, settings: SmoothSettings | None = None) -> TrackArrays:
    """Return `track` as the live view would have shown it: causal, nothing filled in.

    Keypoints that a person put in place stay there, with their scores. A keypoint that follows no
    measurement has the score of the last one that it followed, and 0 where it has no position.
    """
    return live_pieces([track], settings or SmoothSettings())[0]


def live_pieces(pieces: Sequence[TrackArrays], settings: SmoothSettings) -> list[TrackArrays]:
    """Return each of `pieces` as `smooth_live` would, side by side: one step serves them all."""
    order = sorted(range(len(pieces)), key=lambda i: -len(pieces[i]))
    longest_first = [pieces[i] for i in order]
    keypoints = [piece.keypoints.copy() for piece in longest_first]
    origin = [piece.provenance.copy() for piece in longest_first]
    heights = [box_heights(piece.boxes) for piece in longest_first]
    people: _People | None = None
    for row in range(len(longest_first[0]) if pieces else 0):
        there = sum(len(piece) > row for piece in longest_first)
        now = np.array([piece.times[row] for piece in longest_first[:there]])
        people = _continued(people, now, keypoints[0].shape[1], settings.forget_s)
        seen = _measured(
            now,
            np.stack([piece.keypoints[row] for piece in longest_first[:there]]),
            np.stack([piece.scores[row] for piece in longest_first[:there]]),
            np.array([values[row] for values in heights[:there]], np.float32),
            settings,
        )
        people, came_from = _step(people, seen, settings)
        shown = _shown(people)
        for i in range(there):
            keypoints[i][row], origin[i][row] = shown[i], came_from[i]
    found = zip(longest_first, keypoints, origin, strict=True)
    done = [_kept(piece, points, came_from) for piece, points, came_from in found]
    return [done[order.index(i)] for i in range(len(pieces))]


def _continued(people: _People | None, now: Float64, keypoints: int, forget_s: float) -> _People:
    """Return the first of `people` (as many as `now`), those away for too long as strangers."""
    strangers = _strangers(np.arange(now.size), keypoints, 0.0)._replace(seen=now)
    if people is None:
        return strangers
    same = _rows(people, np.arange(now.size))
    gone = now - same.seen > forget_s
    if not gone.any():
        return same
    pairs = zip(same, strangers, strict=True)
    return _People._make(
        np.where(gone.reshape(-1, *[1] * (mine.ndim - 1)), new, mine) for mine, new in pairs
    )


def _kept(track: TrackArrays, keypoints: Float32, origin: UInt8) -> TrackArrays:
    """Return `track` with what was found, and with what a person put in place."""
    followed = (origin == Provenance.MEASURED) & somewhere(keypoints)
    rows = np.where(followed, np.arange(len(track))[:, None], 0)
    last = np.maximum.accumulate(rows, axis=0)
    measured = np.take_along_axis(track.scores, last, axis=0)
    edited = (track.provenance == Provenance.EDITED) & somewhere(track.keypoints)
    keypoints[edited], origin[edited] = track.keypoints[edited], Provenance.EDITED
    scores = np.where(somewhere(keypoints), measured, 0.0).astype(np.float32)
    scores[edited] = track.scores[edited]
    return replace(track, keypoints=keypoints, scores=scores, provenance=origin)
