"""What the fast model gets wrong for a while, and how much of that is known.

The fast model errs in a way that lasts: a wrist a little too far in, a hip too high, for as long as
the pose is much the same. Averaging frames does not cure that. Where both models looked at one
frame, the difference tells the error, the less trusted the older it is. How much of the errors
lasts is learned too, from two looks in a row: where errors do not last, nothing is taken off.

A difference far from all that was learned is a slip of one of them, unless the look before told the
same: then it is an error that lasts, however great.

A keypoint that only the slow model knows is compared with the one that carries it, as if the fast
model had it in the wrong place: what is learned then is how far away it is. That may change at once
(a hand turns about its wrist), and is believed where the fast model had the carrier right.

Only arithmetic on arrays enters; nothing is changed in place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sdpose_track.records import Float64
from sdpose_track.smooth.choices import SmoothSettings

Ids = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_LESSONS = 100
"""Keypoints seen twice by both models that teach as much as all those before."""
_WILD = 3.0
"""Differences count as no more than this many times `FuseSettings.bias`: most beyond are another
limb, and would drown all else."""
_LEAST = 0.15
"""Of `FuseSettings.bias`: errors that last are never taken for smaller."""


@dataclass(frozen=True, slots=True)
class FuseSettings:
    """How the two models err. Lengths are standard deviations in body heights."""

    smooth: SmoothSettings = field(default_factory=lambda: SmoothSettings(hold_s=0.4))
    """The filter's, with the slow model's noise."""
    fast_noise: float = 0.01
    """Of the fast model, from frame to frame, at confidence 1."""
    bias: float = 0.02
    """Of the fast model, lasting, before anything was learned of it. 0: it is the only model, and
    what it says is what there is."""
    bias_s: float = 1.5
    """Time in which a lasting error falls to a third: in another pose it is another one."""
    carried: float = 0.05
    """How far a carried keypoint strays from where it was carried to, once it is not measured."""
    ring_s: float = 3.0
    """How late the slow model may be, in seconds."""


class Lean(NamedTuple):
    """What the fast model gets wrong about n people, in body heights."""

    ids: Ids  # (n,)
    offset: Float64  # (n, K, 2) what it measures, less what is
    variance: Float64  # (n, K) of the offset; infinite: nothing is known
    score: Float64  # (n, K) of the last measurement followed
    differed: Float64  # (n, K, 2) between the models when both last looked; NaN: not known
    looked: Float64  # (n,) seconds: when that was


class Difference(NamedTuple):
    """What both models say of N people in one frame, in body heights."""

    time_s: float
    places: Float64  # (N, K, 2) of the fast model, less those of the slow one
    noise: Float64  # (N, K) variance; infinite where one of them saw nothing


class Leanings:
    """How what is known of the fast model's errors changes."""

    def __init__(self, settings: FuseSettings, carrier: npt.NDArray[np.intp]) -> None:
        """`carrier` (K,) says with which keypoint each moves, as the fast model does not know it;
        those that it knows with themselves.
        """
        self._settings = settings
        self._carrier = carrier
        self._is_carried: Mask = carrier != np.arange(carrier.size)

    def prior(self, lasting: float) -> Float64:
        """Return the (K,) variance of the error of somebody of whom nothing is known."""
        return np.where(self._is_carried, np.inf, lasting)

    def faded(self, lean: Lean, passed: Float64, lasting: float) -> Lean:
        """Return `lean` after the (N,) seconds `passed`: what is not seen again is less sure."""
        left = np.exp(-passed / self._settings.bias_s)[:, None]
        offset = np.where(self._is_carried, 1.0, left)[..., None] * lean.offset
        known = np.isfinite(lean.variance)
        before = np.where(known, lean.variance, 0.0)
        limit = np.where(self._is_carried, self._settings.carried**2, lasting)
        variance = limit + np.square(left) * (before - limit)
        return lean._replace(offset=offset, variance=np.where(known, variance, np.inf))

    def taught(self, lean: Lean, seen: Difference, lasting: float) -> tuple[Lean, float]:
        """Return `lean` and `lasting` after what both models say of one frame."""
        both: Mask = np.isfinite(seen.noise)
        if not self._settings.bias or not both.any():
            return lean, lasting
        noise = np.where(both, seen.noise, 1.0)
        surprise = seen.places - lean.offset
        limit = self._settings.smooth.gate**2 * (lean.variance + noise)
        near = _within(surprise, limit)
        lasts = _within(seen.places - lean.differed, limit) | _within(seen.places, limit)
        learns = both & (near | lasts | ~both)[:, self._carrier]
        fresh = np.isinf(lean.variance) | (self._is_carried & ~near)
        known = np.where(fresh, 1.0, lean.variance)
        gain = np.where(learns, np.where(fresh, 1.0, known / (known + noise)), 0.0)
        variance = np.where(fresh, noise, (1 - gain) * known)
        alike = np.asarray(both & ~self._is_carried)
        told = np.where(alike[..., None], seen.places, np.nan)
        lasting = self._lasting(lean, told, seen.time_s, lasting)
        asked = np.asarray(both.any(axis=1))
        return lean._replace(
            offset=lean.offset + gain[..., None] * surprise,
            variance=np.where(learns, variance, lean.variance),
            differed=np.where(asked[:, None, None], told, lean.differed),
            looked=np.where(asked, seen.time_s, lean.looked),
        ), lasting

    def _lasting(self, lean: Lean, differs: Float64, now: float, lasting: float) -> float:
        """Return the variance of the errors that last, by those that were alike in two looks."""
        wild = _WILD * self._settings.bias
        passed = now - lean.looked
        product = np.clip(differs, -wild, wild) * np.clip(lean.differed, -wild, wild)
        product *= np.exp(np.minimum(passed / self._settings.bias_s, 1.0))[:, None, None]
        recent = np.asarray(passed < self._settings.bias_s)
        counts = np.isfinite(product) & recent[:, None, None]
        if not counts.any():
            return lasting
        share = counts.sum() / (counts.sum() + _LESSONS)
        learned = lasting + share * (product[counts].mean() - lasting)
        return float(max(learned, (_LEAST * self._settings.bias) ** 2))


def _within(places: Float64, limit: Float64) -> Mask:
    """Return (...) which of `places` (..., 2), squared, are within `limit` (...); NaN is not."""
    near: Mask = np.square(places).sum(axis=-1) <= limit
    return near


def unlearned(ids: Ids, prior: Float64) -> Lean:
    """Return what is known of people of whom nothing was learned."""
    flat = np.zeros((ids.size, prior.size))
    wide = np.zeros((ids.size, prior.size, 2))
    return Lean(ids, wide, flat + prior, flat, wide + np.nan, np.zeros(ids.size))


def lean_of(lean: Lean, ids: Ids, prior: Float64) -> Lean:
    """Return what is known of the people `ids`, in that order."""
    new = ids[~np.isin(ids, lean.ids)]
    everybody = both_of(lean, unlearned(new, prior))
    order = np.argsort(everybody.ids, kind="stable")
    return some(everybody, order[np.searchsorted(everybody.ids[order], ids)])


def some(lean: Lean, which: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> Lean:
    """Return what is known of some of the people."""
    return Lean._make(values[which] for values in lean)


def both_of(lean: Lean, others: Lean) -> Lean:
    """Return what is known of all of them."""
    pairs = zip(lean, others, strict=True)
    return Lean._make(np.concatenate([mine, theirs]) for mine, theirs in pairs)
