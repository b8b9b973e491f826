"""When a foot stands on the ground: a hint, from a picture, for a camera that does not move.

A foot stands when it neither moves nor is above where it was lowest a moment ago (a heuristic of
the kind that Sports2D uses to find the floor). Slow steps in the air and a floor that slopes
towards the camera deceive it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sdpose_track.kinematics.rolling import rolling_quantile
from sdpose_track.kinematics.trace import Mask, Place, Trace, consecutive, distance, has, keypoint
from sdpose_track.records import Float64

_SOLES = ("heel", "big_toe")
_STEP_S = 1.0
"""The ground is where the foot was lowest this long before and after: a stride takes about 1 s."""
_LOWEST = 0.95
"""Quantile that stands for the lowest: one jump of a keypoint does not move the ground."""

_SLACK_S = 1e-6


@dataclass(frozen=True, slots=True)
class ContactSettings:
    """When a foot counts as standing."""

    speed: float = 0.25
    """Slower than this, in body heights per second."""
    rise: float = 0.05
    """Less than this above its lowest place, in body heights."""
    reach_s: float = 0.1
    """Speed is measured from this long before to this long after, in seconds: a network that is
    unsure which foot is which lets a standing ankle tremble, but not go anywhere."""
    release: float = 1.5
    """A standing foot goes on standing up to this many times `speed` and `rise`."""
    least_s: float = 0.1
    """It stands for this long at least, in seconds, and for three frames."""


@dataclass(frozen=True, slots=True)
class Stance:
    """One foot on the ground without a break."""

    foot: str
    """`left` or `right`."""
    first: int
    """Frame index."""
    last: int
    start_s: float
    duration_s: float
    """From the first frame to the end of the last."""


def foot_contacts(
    person: Trace, settings: ContactSettings | None = None, *, camera_moves: bool = False
) -> dict[str, Float64] | None:
    """Return (F,) for `left` and `right`: 1 standing, 0 not, NaN unknown.

    By heel and big toe where the skeleton has feet, either of which may stand; else by the ankle.
    None for a camera that moves, since nothing stands still in its picture.
    """
    if camera_moves:
        return None
    chosen = settings or ContactSettings()
    return {side: _foot(person, side, chosen) for side in ("left", "right")}


def stances(person: Trace, contacts: dict[str, Float64]) -> list[Stance]:
    """Return when and how long each foot stood, by ascending start: steps to count and compare.

    `contacts` is what `foot_contacts` gave for `person`. A stance ends where a frame is missing.
    """
    frame_s = _frame_s(person.times)
    found = [
        Stance(
            side,
            int(person.indices[first]),
            int(person.indices[last]),
            float(person.times[first]),
            float(person.times[last] - person.times[first] + frame_s),
        )
        for side, standing in contacts.items()
        for first, last in _runs(standing == 1, consecutive(person.indices))
    ]
    return sorted(found, key=lambda stance: (stance.start_s, stance.foot))


def _foot(person: Trace, side: str, settings: ContactSettings) -> Float64:
    soles = [keypoint(f"{side}_{part}") for part in _SOLES]
    places = soles if has(person.skeleton, *soles) else [keypoint(f"{side}_ankle")]
    stands = np.stack([_place(person, place, settings) for place in places])
    return np.asarray(np.fmax.reduce(stands, axis=0))


def _place(person: Trace, place: Place, settings: ContactSettings) -> Float64:
    where = person.at(place)
    follows = consecutive(person.indices)
    speed = _drift(where, person.times, follows, settings.reach_s) / person.heights
    ground = rolling_quantile(where[:, 1], person.times, _STEP_S, _LOWEST)
    rise = (ground - where[:, 1]) / person.heights
    known = np.isfinite(speed)
    begins = known & (speed < settings.speed) & (rise < settings.rise)
    stays = known & (speed < settings.release * settings.speed)
    stays &= rise < settings.release * settings.rise
    standing = np.zeros(len(person), np.float64)
    frame_s = _frame_s(person.times)
    for first, last in _runs(stays, follows):
        seconds = person.times[last] - person.times[first] + frame_s
        is_long = last - first >= 2 and seconds >= settings.least_s - _SLACK_S
        if is_long and begins[first : last + 1].any():
            standing[first : last + 1] = 1
    return np.where(known, standing, np.nan)


def _drift(where: Float64, times: Float64, follows: Mask, reach_s: float) -> Float64:
    """Return (F,) pixels per second from `reach_s` before to `reach_s` after, a frame at least."""
    speed = np.full(times.size, np.nan)
    for first, last in _runs(np.isfinite(where[:, 0]), follows):
        here, when = where[first : last + 1], times[first : last + 1]
        row = np.arange(when.size)
        before = np.searchsorted(when, when - reach_s - _SLACK_S)
        after = np.searchsorted(when, when + reach_s + _SLACK_S, side="right") - 1
        before = np.minimum(before, np.maximum(row - 1, 0))
        after = np.maximum(after, np.minimum(row + 1, when.size - 1))
        seconds = when[after] - when[before]
        way = distance(here[after], here[before])
        np.divide(way, seconds, out=speed[first : last + 1], where=seconds > 0)
    return speed


def _runs(wanted: Mask, follows: Mask) -> npt.NDArray[np.intp]:
    """Return (R, 2) first and last rows of runs of `wanted` (F,) frames that follow each other."""
    joined = wanted[1:] & wanted[:-1] & follows
    no = np.zeros(1, np.bool_)
    starts = wanted & ~np.concatenate([no, joined])[: wanted.size]
    ends = wanted & ~np.concatenate([joined, no])[: wanted.size]
    return np.column_stack([np.flatnonzero(starts), np.flatnonzero(ends)])


def _frame_s(times: Float64) -> float:
    return float(np.median(np.diff(times))) if times.size > 1 else 0.0
