"""Live, two models at once: a fast one that measures every frame, and a slow one that is late.

The slow model is right more often, and its answer is about a frame that is over. So it is applied
at that frame's own time, to the filter as it was then, and what was measured since is applied again
on top: a ring of what was seen, and of what was remembered before it, makes that possible. Quality
rises, and no frame waits.

The fast model errs in a way that lasts: a wrist a little too far in, a hip too high, for as long as
the pose is much the same. Averaging frames does not cure that. Where both models looked at one
frame, the difference tells the error, and it is taken off what the fast model measures from then
on, the less trusted the older it is. Keypoints that only the slow model knows (hands, face, feet)
are carried by one that both know: a hand by its wrist.

Lengths are in body (box) heights, so one setting serves every resolution.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sdpose_track.records import Float32, Float64, Int32, Provenance, UInt8
from sdpose_track.skeletons import Skeleton
from sdpose_track.smooth.causal import People, Seen, joined, recall, shown, step, strangers
from sdpose_track.smooth.choices import SmoothSettings
from sdpose_track.smooth.measuring import measured_where, noise_variance, usable_heights

Ids = npt.NDArray[np.int64]
_MOST = 256
"""Frames in the ring, whatever their times are."""
_CARRIERS = {
    "feet": ("left_ankle",) * 3 + ("right_ankle",) * 3,
    "face": ("nose",) * 68,
    "left_hand": ("left_wrist",) * 21,
    "right_hand": ("right_wrist",) * 21,
}
"""By group: the body's keypoint with which each of the group's moves."""


@dataclass(frozen=True, slots=True)
class FuseSettings:
    """How the two models err. Lengths are standard deviations in body heights."""

    smooth: SmoothSettings = field(default_factory=lambda: SmoothSettings(hold_s=0.4))
    """The filter's, with the slow model's noise."""
    fast_noise: float = 0.01
    """Of the fast model, from frame to frame, at confidence 1."""
    bias: float = 0.02
    """Of the fast model, lasting. 0: it is the only model, and what it says is what there is."""
    bias_s: float = 1.5
    """Time in which a lasting error falls to a third: in another pose it is another one."""
    carried: float = 0.05
    """How far a carried keypoint strays from where it was carried to, once it is not measured."""
    ring_s: float = 3.0
    """How late the slow model may be, in seconds."""


class Fused(NamedTuple):
    """Where N people are now."""

    keypoints: Float32  # (N, K, 2) pixels; NaN where nothing is known
    scores: Float32  # (N, K) of the last measurement followed; 0 where NaN
    provenance: UInt8  # (N, K) MEASURED, MEASURED_FAST or PREDICTED
    doubt: Float64  # (N,) mean standard deviation of the keypoints, in body heights


class _Lean(NamedTuple):
    """What the fast model gets wrong about n people, in body heights."""

    ids: Ids  # (n,)
    offset: Float64  # (n, K, 2) what it measures, less what is
    variance: Float64  # (n, K) of the offset; infinite: nothing is known
    score: Float64  # (n, K) of the last measurement followed


class _Memory(NamedTuple):
    """All that is remembered between two frames."""

    people: People
    lean: _Lean


@dataclass(slots=True, eq=False)
class _Moment:
    """One frame in the ring: N people."""

    index: int
    time_s: float
    ids: Ids  # (N,)
    height: Float64  # (N, K) pixels
    fast: Float64  # (N, K, 2) pixels
    fast_noise: Float64  # (N, K) pixels²; infinite where it measured nothing
    fast_score: Float64  # (N, K)
    slow: Float64  # (N, K, 2) pixels
    slow_noise: Float64  # (N, K) pixels²; infinite where it was not asked or saw nothing
    slow_score: Float64  # (N, K)
    before: _Memory


class Fuser:
    """Filters the keypoints of everybody, frame by frame. Deterministic; not thread-safe."""

    def __init__(self, skeleton: Skeleton, settings: FuseSettings | None = None) -> None:
        self._settings = settings or FuseSettings()
        self._count = len(skeleton)
        self._carrier = _carriers(skeleton)
        self._is_carried = self._carrier != np.arange(self._count)
        self._prior = np.where(self._is_carried, np.inf, self._settings.bias**2)
        spread = np.where(self._is_carried, self._settings.carried, self._settings.bias)
        self._limit = np.square(spread)
        self._ring: deque[_Moment] = deque(maxlen=_MOST)
        nobody = np.empty(0, np.int64)
        self._memory = _Memory(strangers(nobody, self._count, 0.0), _unlearned(nobody, self._prior))
        self._fused = _nobody(self._count)

    def update(
        self, index: int, time_s: float, track_ids: Int32, fast: Float32 | None, heights: Float32
    ) -> Fused:
        """Return where everybody is in a new frame.

        Args:
            index: Number of the frame, above those before.
            time_s: Its time in seconds.
            track_ids: (N,) distinct.
            fast: (N, M, 3) `x, y` in pixels and confidence of the fast model, of the first M of the
                K keypoints; None if it measures none.
            heights: (N,) of the people's boxes in pixels.
        """
        ids = np.asarray(track_ids, np.int64)
        points, scores = self._widened(fast, ids.size)
        height = np.repeat(usable_heights(heights)[:, None], self._count, axis=1)
        usable = measured_where(points, scores, self._settings.smooth)
        noise = noise_variance(
            scores, height, replace(self._settings.smooth, noise=self._settings.fast_noise)
        )
        moment = _Moment(
            index,
            time_s,
            ids,
            height,
            np.where(usable[..., None], points, 0.0).astype(np.float64),
            np.where(usable, noise, np.inf),
            np.where(usable, scores, 0.0).astype(np.float64),
            np.zeros((ids.size, self._count, 2)),
            np.full((ids.size, self._count), np.inf),
            np.zeros((ids.size, self._count)),
            self._memory,
        )
        self._ring.append(moment)
        while time_s - self._ring[0].time_s > self._settings.ring_s:
            self._ring.popleft()
        self._replay([moment])
        return self._fused

    def late(self, index: int, track_ids: Int32, keypoints: Float32, scores: Float32) -> bool:
        """Apply what the slow model saw in frame `index`; False if that is too long ago.

        `track_ids` (M,) are among those of that frame, others are left out; `keypoints` (M, K, 2)
        are pixels, NaN where missing, and `scores` (M, K) their confidence.
        """
        place = next((i for i, m in enumerate(self._ring) if m.index == index), None)
        if place is None:
            return False
        moment = self._ring[place]
        asked = np.asarray(track_ids, np.int64)
        known = np.isin(asked, moment.ids)
        rows = np.array([int(np.flatnonzero(moment.ids == one)[0]) for one in asked[known]], int)
        points, sure = keypoints[known], scores[known]
        usable = measured_where(points, sure, self._settings.smooth)
        noise = noise_variance(sure, moment.height[rows], self._settings.smooth)
        moment.slow[rows] = np.where(usable[..., None], points, 0.0)
        moment.slow_noise[rows] = np.where(usable, noise, np.inf)
        moment.slow_score[rows] = np.where(usable, sure, 0.0)
        self._memory = moment.before
        self._replay(islice(self._ring, place, None))
        return True

    @property
    def now(self) -> Fused:
        """Where everybody is in the newest frame, after what came late."""
        return self._fused

    # -- inside ------------------------------------------------------------------------------------

    def _widened(self, fast: Float32 | None, people: int) -> tuple[Float32, Float32]:
        """Return (N, K, 2) keypoints and (N, K) scores; those not measured by their carrier's."""
        points = np.full((people, self._count, 3), np.nan, np.float32)
        points[..., 2] = 0.0
        if fast is not None:
            points[:, : fast.shape[1]] = fast
        points = points[:, self._carrier]
        return points[..., :2], points[..., 2]

    def _replay(self, moments: Iterable[_Moment]) -> None:
        for moment in moments:
            moment.before = self._memory
            self._memory, self._fused = self._after(self._memory, moment)

    def _after(self, memory: _Memory, moment: _Moment) -> tuple[_Memory, Fused]:
        """Return what is remembered after a frame, and where everybody is in it."""
        smooth = self._settings.smooth
        here, elsewhere = recall(memory.people, moment.ids, moment.time_s, smooth.forget_s)
        passed = np.maximum(moment.time_s - here.seen, 0.0)
        lean = self._faded(_of(memory.lean, moment.ids, self._prior), passed)
        area = np.square(moment.height)
        slow = np.isfinite(moment.slow_noise)
        unsure = np.where(np.isfinite(lean.variance), lean.variance, 0.0) * area
        lean = self._taught(lean, moment)
        noise = np.where(slow, moment.slow_noise, moment.fast_noise + lean.variance * area)
        corrected = moment.fast - lean.offset * moment.height[..., None]
        place = np.where(slow[..., None], moment.slow, corrected)
        place = np.where(np.isfinite(noise)[..., None], place, 0.0)
        times = np.full(moment.ids.size, moment.time_s)
        seen = Seen(times, place, noise, moment.height, np.where(slow, unsure, 0.0))
        here, origin = step(here, seen, smooth)
        followed = origin == Provenance.MEASURED
        by_fast = followed & ~slow
        measured = np.where(slow, moment.slow_score, moment.fast_score)
        score = np.where(followed & ~(by_fast & self._is_carried), measured, lean.score)
        if self._settings.bias:
            told = np.where(self._is_carried, Provenance.PREDICTED, Provenance.MEASURED_FAST)
            origin = np.where(by_fast, told, origin).astype(np.uint8)
        lean = lean._replace(score=score)
        kept = _rows(memory.lean, np.isin(memory.lean.ids, elsewhere.ids))
        memory = _Memory(joined(elsewhere, here), _joined(kept, lean))
        return memory, _told(here, score, origin, moment.height)

    def _faded(self, lean: _Lean, passed: Float64) -> _Lean:
        """Return `lean` after the (N,) seconds `passed`: what is not seen again is less sure."""
        left = np.exp(-passed / self._settings.bias_s)[:, None]
        offset = np.where(self._is_carried, 1.0, left)[..., None] * lean.offset
        known = np.isfinite(lean.variance)
        before = np.where(known, lean.variance, 0.0)
        variance = self._limit + np.square(left) * (before - self._limit)
        return lean._replace(offset=offset, variance=np.where(known, variance, np.inf))

    def _taught(self, lean: _Lean, moment: _Moment) -> _Lean:
        """Return `lean` after what both models say of one frame."""
        if not self._settings.bias:
            return lean
        area = np.square(moment.height)
        noise = (moment.fast_noise + moment.slow_noise) / area
        both = np.isfinite(noise)
        if not both.any():
            return lean
        noise = np.where(both, noise, 1.0)
        differs = (moment.fast - moment.slow) / moment.height[..., None]
        surprise = differs - lean.offset
        limit = self._settings.smooth.gate**2 * (lean.variance + noise)
        learns = both & (np.square(surprise).sum(axis=-1) <= limit)
        fresh = np.isinf(lean.variance)
        known = np.where(fresh, 1.0, lean.variance)
        gain = np.where(fresh, 1.0, known / (known + noise))
        gain = np.where(learns, gain, 0.0)
        variance = np.where(fresh, noise, (1 - gain) * known)
        return lean._replace(
            offset=lean.offset + gain[..., None] * surprise,
            variance=np.where(learns, variance, lean.variance),
        )


def _carriers(skeleton: Skeleton) -> npt.NDArray[np.intp]:
    """Return the (K,) number of the keypoint with which each moves: itself, for the body's."""
    carrier = np.arange(len(skeleton))
    for name, carriers in _CARRIERS.items():
        group = skeleton.group(name)
        carrier[group.start : group.stop] = [skeleton.index(c) for c in carriers][: len(group)]
    return carrier


def _unlearned(ids: Ids, prior: Float64) -> _Lean:
    """Return what is known of people of whom nothing was learned."""
    flat = np.zeros((ids.size, prior.size))
    return _Lean(ids, np.zeros((ids.size, prior.size, 2)), flat + prior, flat)


def _of(lean: _Lean, ids: Ids, prior: Float64) -> _Lean:
    """Return what is known of the people `ids`, in that order."""
    new = ids[~np.isin(ids, lean.ids)]
    everybody = _joined(lean, _unlearned(new, prior))
    order = np.argsort(everybody.ids, kind="stable")
    return _rows(everybody, order[np.searchsorted(everybody.ids[order], ids)])


def _rows(lean: _Lean, which: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> _Lean:
    return _Lean._make(values[which] for values in lean)


def _joined(lean: _Lean, others: _Lean) -> _Lean:
    pairs = zip(lean, others, strict=True)
    return _Lean._make(np.concatenate([mine, theirs]) for mine, theirs in pairs)


def _told(people: People, score: Float64, origin: UInt8, height: Float64) -> Fused:
    keypoints = shown(people)
    known = np.isfinite(keypoints[..., 0])
    deviation = np.sqrt(np.where(known, people.p00, 0.0)) / height
    doubt = deviation.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return Fused(keypoints, np.where(known, score, 0.0).astype(np.float32), origin, doubt)


def _nobody(keypoints: int) -> Fused:
    return Fused(
        np.empty((0, keypoints, 2), np.float32),
        np.empty((0, keypoints), np.float32),
        np.empty((0, keypoints), np.uint8),
        np.empty(0),
    )
