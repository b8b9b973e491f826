"""Decides, during a live run, what is run: measured times in, the plan of `scheduling` out."""

from __future__ import annotations

import time
from dataclasses import replace

from sdpose_track.live.detecting import ChangingDetector
from sdpose_track.live.fusing import Asking
from sdpose_track.live.meter import Meter
from sdpose_track.live.scheduling import ROOM, Plan, StageTimes, Wish, plan

PLAN_S = 1.0
"""Seconds between two looks at the measured times."""


class Conductor:
    """Holds the plan. `every_s` is read on the detector's thread, `asking` on the fusing one's."""

    def __init__(self, meter: Meter, wish: Wish, detector: ChangingDetector) -> None:
        """Plan by what `meter` tells for `wish`, in which the number of people is kept up to date.

        `detector` is told which size is wanted.
        """
        self._meter = meter
        self._wish = wish
        self._detector = detector
        self._planned = time.monotonic()
        self._times = meter.times(self._planned)
        self.plan: Plan = plan(self._times, wish)
        """What is run now."""
        self.people = 0
        """Who were there in the newest frame."""

    def every_s(self) -> float:
        """Return the least time between two detections, in seconds."""
        return self.plan.detect_every_s

    def asking(self, people: int, arrived: float) -> Asking:
        """Return what the pose model may be given with a frame of `people` that `arrived`."""
        now, self.people = time.monotonic(), people
        if now - self._planned >= PLAN_S:
            self._plan(people, now)
        crops = self.plan.crops
        return Asking(crops, self._patience(min(crops, people), now - arrived))

    def _plan(self, people: int, now: float) -> None:
        self._planned = now
        self._times = self._meter.times(now)
        self._wish = replace(self._wish, people=people)
        self.plan = plan(self._times, self._wish, self.plan)
        self._detector.want(self.plan.detector_size)

    def _patience(self, people: int, passed_s: float) -> float:
        """Return how long a frame may wait for the pose model; 0 where that would not do."""
        times: StageTimes = self._times
        takes = times.pose_fixed_s + people * times.pose_each_s
        left = ROOM * self._wish.latency_s - passed_s
        return left if 0 < takes <= min(left, times.frame_s) else 0.0
