"""Live, two models at once: a fast one that measures every frame, and a slow one that is late.

The slow model is right more often, and its answer is about a frame that is over. So it is applied
at that frame's own time, to the filter as it was then, and what was measured since is applied again
on top: a ring of what was seen, and of what was remembered before it, makes that possible. Quality
rises, and no frame waits.

What the fast model gets wrong for a while is taken off what it measures (`leaning`). Keypoints that
only the slow model knows (hands, face, feet) are carried by one that both know: a hand by its
wrist.

Lengths are in body (box) heights, so one setting serves every resolution.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sdpose_track.records import Float32, Float64, Int32, Provenance, UInt8
from sdpose_track.skeletons import Skeleton
from sdpose_track.smooth.causal import (
    People,
    Seen,
    joined,
    recall,
    recent,
    shown,
    step,
    strangers,
)
from sdpose_track.smooth.leaning import (
    Difference,
    FuseSettings,
    Ids,
    Lean,
    Leanings,
    both_of,
    lean_of,
    some,
    unlearned,
)
from sdpose_track.smooth.measuring import measured_where, noise_variance, usable_heights

__all__ = ["FuseSettings", "Fused", "Fuser"]

_MOST = 256
"""Frames in the ring, whatever their times are."""
_CARRIERS = {
    "feet": ("left_ankle",) * 3 + ("right_ankle",) * 3,
    "face": ("nose",) * 68,
    "left_hand": ("left_wrist",) * 21,
    "right_hand": ("right_wrist",) * 21,
}
"""By group: the body's keypoint with which each of the group's moves."""


class Fused(NamedTuple):
    """Where N people are now."""

    keypoints: Float32  # (N, K, 2) pixels; NaN where nothing is known
    scores: Float32  # (N, K) of the last measurement followed; 0 where NaN
    provenance: UInt8  # (N, K) MEASURED, MEASURED_FAST or PREDICTED
    doubt: Float64  # (N,) mean standard deviation of the keypoints, in body heights


class _Memory(NamedTuple):
    """All that is remembered between two frames."""

    people: People
    lean: Lean
    lasting: float  # variance of the errors that last, in body heights²


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

    def difference(self) -> Difference:
        """Return what both models say of the people."""
        places = (self.fast - self.slow) / self.height[..., None]
        return Difference(
            self.time_s, places, (self.fast_noise + self.slow_noise) / np.square(self.height)
        )


class Fuser:
    """Filters the keypoints of everybody, frame by frame. Deterministic; not thread-safe."""

    def __init__(self, skeleton: Skeleton, settings: FuseSettings | None = None) -> None:
        self._settings = settings or FuseSettings()
        self._count = len(skeleton)
        self._carrier = _carriers(skeleton)
        self._is_carried = self._carrier != np.arange(self._count)
        self._leanings = Leanings(self._settings, self._carrier)
        self._ring: deque[_Moment] = deque(maxlen=_MOST)
        nobody = np.empty(0, np.int64)
        lasting = self._settings.bias**2
        self._memory = _Memory(
            strangers(nobody, self._count, 0.0),
            unlearned(nobody, self._leanings.prior(lasting)),
            lasting,
        )
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
        remembered = recent(memory.people, moment.time_s, smooth.forget_s).ids
        learned = some(memory.lean, np.isin(memory.lean.ids, remembered))
        lean = lean_of(learned, moment.ids, self._leanings.prior(memory.lasting))
        lean = self._leanings.faded(lean, passed, memory.lasting)
        area = np.square(moment.height)
        slow = np.isfinite(moment.slow_noise)
        unsure = np.where(np.isfinite(lean.variance), lean.variance, 0.0) * area
        lean, lasting = self._leanings.taught(lean, moment.difference(), memory.lasting)
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
        kept = some(learned, np.isin(learned.ids, elsewhere.ids))
        memory = _Memory(joined(elsewhere, here), both_of(kept, lean), lasting)
        return memory, _told(here, score, origin, moment.height)


def _carriers(skeleton: Skeleton) -> npt.NDArray[np.intp]:
    """Return the (K,) number of the keypoint with which each moves: itself, for the body's."""
    carrier = np.arange(len(skeleton))
    for name, carriers in _CARRIERS.items():
        group = skeleton.group(name)
        carrier[group.start : group.stop] = [skeleton.index(c) for c in carriers][: len(group)]
    return carrier


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
