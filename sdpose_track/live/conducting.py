"""Decides, during a live run, what is run: measured times in, the plan of `scheduling` out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from sdpose_track.live.detecting import ChangingDetector
from sdpose_track.live.fusing import Asking
from sdpose_track.live.meter import Meter
from sdpose_track.live.scheduling import ROOM, Plan, Wish, plan

PLAN_S = 1.0
"""Seconds between two looks at the measured times."""
WARM_S = 3.0
"""Seconds at the beginning in which the plan stays: everything is slower than it will be."""
UNFIT = 8
"""Plans in a row without hope, after which the user is told."""


class Conductor:
    """Holds the plan. `every_s` is read on the detector's thread, `asking` on the fusing one's."""

    def __init__(
        self,
        meter: Meter,
        wish: Wish,
        detector: ChangingDetector,
        notice: Callable[[str], None],
    ) -> None:
        """Plan by what `meter` tells for `wish`, in which the number of people is kept up to date.

        `detector` is told which size is wanted, `notice` once if the budget cannot be kept.
        """
        self._meter = meter
        self._wish = wish
        self._detector = detector
        self._notice = notice
        self._unfit = 0
        """Plans in a row that do not keep the budget."""
        self._planned: float | None = None
        """When the plan was made last; None: nothing runs yet."""
        self._times = meter.times(time.monotonic())
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
        if self._planned is None:
            self._planned = now + WARM_S - PLAN_S
        if now - self._planned >= PLAN_S:
            self._plan(people, now)
        crops = self.plan.crops
        return Asking(crops, self._patience(min(crops, people), now - arrived))

    def _plan(self, people: int, now: float) -> None:
        self._planned = now
        self._times = self._meter.times(now)
        refused = self._detector.refused
        sizes = tuple(size for size in self._wish.sizes if size not in refused)
        self._wish = replace(self._wish, people=people, sizes=sizes or (self._detector.size,))
        self.plan = plan(self._times, self._wish, self.plan)
        self._detector.want(self.plan.detector_size)
        self._judge(now)

    def _judge(self, now: float) -> None:
        """Tell once if the budget was neither kept nor planned for of late."""
        late = self._meter.latency_percentile(95, now)
        is_over = late is not None and late > self._wish.latency_s and not self.plan.fits
        self._unfit = self._unfit + 1 if is_over else 0
        if late is not None and self._unfit == UNFIT:
            self._notice(
                f"a latency of {1000 * self._wish.latency_s:g} ms cannot be kept on this machine,"
                f" it is {1000 * late:.0f} ms (95 of 100 frames are faster); --latency takes a"
                " larger budget"
            )

    def _patience(self, people: int, passed_s: float) -> float:
        """Return how long a frame may wait for the pose model; 0 where that would not do."""
        takes = self._times.pose_fixed_s + people * self._times.pose_each_s
        left = ROOM * self._wish.latency_s - passed_s
        return left if 0 < takes <= min(left, self._times.frame_s) else 0.0
