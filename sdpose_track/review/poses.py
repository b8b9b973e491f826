"""Poses that no body can have had: keypoints too fast, bones too long, sides exchanged, all unsure.

Each rule looks at one person over the whole recording, at the keypoints of the body that the
estimator was sure of: hands and face are too small for it, and guesses may jump.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sdpose_track.kinematics.bones import TOO_LONG, BoneLengths, bone_lengths
from sdpose_track.kinematics.rolling import Rows, rolling_quantile
from sdpose_track.records import Float64
from sdpose_track.review.evidence import Signs, Subject, Words, severity

FASTEST = 5.0
"""Body heights per second, above which a keypoint jumps."""
HALF_A_BONE = 0.5
"""Of the bone's usual length: so near the place of the other side sides are exchanged."""
STRIDE = 2.0
"""Body heights per second: in a stride one foot rests, so both are never as fast as this."""
AROUND_S = 0.5
"""A bone jumps where it is too long for the median of so long before and after."""
WEAK = 0.3
"""Mean confidence of the body, below which nobody may be there at all."""
WEAK_S = 1.0
"""How long confidence must be that low."""
_TYPICAL = {"upper_arm": 0.186, "forearm": 0.146, "thigh": 0.245, "shank": 0.246, "trunk": 0.288}
"""Lengths of adults in body heights (Winter, Biomechanics, 2009): as much is never too long, as for
a forearm that has pointed at the camera all the time."""
_ENDS = {"elbow": "upper_arm", "wrist": "forearm", "knee": "thigh", "ankle": "shank"}
"""Keypoints that come in pairs, and the bone that ends there."""


class Steps(NamedTuple):
    """What a person's keypoints do from each frame in which they are seen to the next."""

    ways: Float64
    """(F - 1, K, 2) body heights; NaN where one end is not sure."""
    seconds: Float64
    """(F - 1,) NaN between frames of the same time."""

    @property
    def lengths(self) -> Float64:
        """(F - 1, K) body heights."""
        return np.asarray(np.hypot(self.ways[..., 0], self.ways[..., 1]))


def steps_of(person: Subject) -> Steps:
    """Return the steps of `person`, in heights of the body at their ends."""
    sure = person.sure
    ways = np.diff(sure.points[:, list(person.body)].astype(np.float64), axis=0)
    seconds = np.diff(sure.times)
    return Steps(ways / sure.heights[1:, None, None], np.where(seconds > 0, seconds, np.nan))


def sides(person: Subject) -> Signs:
    """Return where left and right jump to each other's place, and where they jump back.

    Smoothing exchanges those back that end soon (`smooth.sides`); here the others count as well.
    """
    found = np.zeros((len(person.track) - 1, len(_ENDS)))
    sure, steps, bones = person.sure, steps_of(person), bone_lengths(person.sure)
    for column, (joint, bone) in enumerate(_ENDS.items()):
        left, right = (person.skeleton.index(f"{side}_{joint}") for side in ("left", "right"))
        reach = HALF_A_BONE * bones.usual_body_heights[bones.names.index(f"{bone}_left")]
        stayed = np.minimum(steps.lengths[:, left], steps.lengths[:, right])
        across = (sure.points[:-1, right] - sure.points[:-1, left]) / sure.heights[1:, None]
        to_right = np.hypot(*(steps.ways[:, left] - across).T)
        to_left = np.hypot(*(steps.ways[:, right] + across).T)
        ratio = stayed / np.maximum(reach, STRIDE * steps.seconds)
        swapped = (np.maximum(to_left, to_right) < reach) & (ratio > 1)
        found[swapped, column] = ratio[swapped]
    joints = tuple(_ENDS)

    def words(_row: int, worst: int, others: int) -> Words:
        more = f" and {others} more" if others else ""
        return Words(f"left and right {joints[worst]}{more} of {person.called} exchange places")

    return _of_steps(person, found, words)


def speed(person: Subject) -> Signs:
    """Return where keypoints move faster than bodies do.

    What jumps away and at once back is wrong in the frame between.
    """
    steps = steps_of(person)
    ratio = steps.lengths / steps.seconds[:, None] / FASTEST
    fast = np.where(ratio > 1, ratio, 0.0)
    back = (fast[:-1] > 0) & (fast[1:] > 0) & ((steps.ways[:-1] * steps.ways[1:]).sum(axis=-1) < 0)
    back[1:] &= ~back[:-1]
    fast[:-1][back] = np.maximum(fast[:-1], fast[1:])[back]
    fast[1:][back] = 0.0
    names = [person.skeleton.keypoints[k].replace("_", " ") for k in person.body]
    known = np.isfinite(ratio).sum(axis=1)

    def words(row: int, worst: int, others: int) -> Words:
        if 1 + others >= 0.5 * known[row - 1]:
            frame = person.track.indices[row]
            return Words(f"{person.called} jumps", f"split {person.track.track_id} {frame}")
        more = f" and {others} more" if others else ""
        jump = "jump" if others else "jumps"
        return Words(f"the {names[worst]}{more} of {person.called} {jump}")

    return _of_steps(person, fast, words)


def bones(person: Subject) -> Signs:
    """Return where a limb is suddenly longer than it can be."""
    lengths = bone_lengths(person.sure)
    limbs = [i for i, name in enumerate(lengths.names) if name.startswith(tuple(_TYPICAL))]
    excess = np.stack([_excess(person, lengths, i) for i in limbs], axis=1)
    rows = np.flatnonzero(excess.max(axis=1) > TOO_LONG)
    worst = excess[rows].argmax(axis=1)

    def words(at: int) -> Words:
        name = lengths.names[limbs[worst[at]]]
        percent = round(100 * (excess[rows[at], worst[at]] - 1))
        part, _, side = name.rpartition("_")
        called = f"{side} {part.replace('_', ' ')}" if part else side
        return Words(f"the {called} of {person.called} is {percent} % longer than usual")

    ratios = (excess[rows, worst] - 1) / (TOO_LONG - 1)
    return _signs(person, rows, severity(ratios), words)


def weak(person: Subject) -> Signs:
    """Return where the whole body is unsure for long."""
    track = person.track
    mean = track.scores[:, list(person.body)].mean(axis=1).astype(np.float64)
    usual = rolling_quantile(mean, track.times, WEAK_S / 2)
    rows = _lasting(np.flatnonzero(usual < WEAK), track.times)
    ratios = WEAK / np.maximum(usual[rows], 1e-6)

    def words(at: int) -> Words:
        says = f"the pose of {person.called} has a confidence of {usual[rows[at]]:.2f} only"
        return Words(says, f"delete {track.track_id}" if rows.size > len(track) / 2 else "")

    return _signs(person, rows, severity(ratios), words)


def _lasting(rows: Rows, times: Float64) -> Rows:
    """Return the `rows` that follow each other for `WEAK_S`, or are all of `times` (F,)."""
    runs = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    long = [
        run
        for run in runs
        if run.size == times.size or (run.size and times[run[-1]] - times[run[0]] >= WEAK_S)
    ]
    return np.concatenate([np.empty(0, np.intp), *long])


def _excess(person: Subject, lengths: BoneLengths, bone: int) -> Float64:
    """Return (F,) how many times too long a bone is, for all its frames and for those around."""
    px, relative = lengths.px[:, bone], lengths.body_heights[:, bone]
    usual = max(lengths.usual_body_heights[bone], _typical(lengths.names[bone]))
    around = rolling_quantile(px, person.sure.times, AROUND_S)
    with np.errstate(invalid="ignore", divide="ignore"):
        excess = np.fmin(relative / usual, px / around)
    return np.asarray(np.where(np.isfinite(px) & np.isfinite(excess), excess, 0.0))


def _typical(bone: str) -> float:
    return next(length for name, length in _TYPICAL.items() if bone.startswith(name))


def _of_steps(person: Subject, ratios: Float64, tell: Callable[[int, int, int], Words]) -> Signs:
    """Return the steps with `ratios` (F - 1, n) above their thresholds; 0 where they are not.

    `tell` is given the row of a frame, the number of the worst of n, and how many others there are.
    """
    rows = np.flatnonzero((ratios > 0).any(axis=1))
    worst = ratios[rows].argmax(axis=1)
    others = (ratios[rows] > 0).sum(axis=1) - 1

    def words(at: int) -> Words:
        return tell(int(rows[at]) + 1, int(worst[at]), int(others[at]))

    return _signs(person, rows + 1, severity(ratios[rows, worst]), words)


def _signs(
    person: Subject, rows: Rows, severities: Float64, words: Callable[[int], Words]
) -> Signs:
    track = person.track
    return Signs((track.track_id,), track.indices[rows], severities, words)
