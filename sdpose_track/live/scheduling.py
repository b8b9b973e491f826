"""What a live run can afford: from measured times and a latency budget to what is run.

Pure arithmetic: no threads, no clocks, no networks. A frame that is shown has waited for the
detector, which was busy with the one before; the newest frame wins, so it waited no longer than the
next one took to arrive. It was then detected and, where both models compute on one device, a whole
pass of the pose model may have come first. With `x` for all that the device does in that time,

    latency = min(frame interval, x) + x + rest,        x = detection [+ one pass of the pose model]

and the budget for `x` follows. It is divided between detector and pose model in a way that gives
neither less when the budget grows. What is run grows as soon as there is room for it, and shrinks
only when the budget itself would be broken: measurements that waver do not move it to and fro.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

ROOM = 0.8
"""Part of the latency budget that is planned with; the rest is for what nobody expected."""
STEADY = 1.25
"""A choice becomes smaller only if it would be too great for times this many times shorter, too.
Times that waver by 10 % (1.1 / 0.9 < 1.25) move it no more than upwards, and what is kept at worst
fills the budget (1.25 × ROOM = 1)."""
SLOWEST_S = 0.1
"""Seconds between detections beyond which motion is lost: a smaller picture is better then."""
POSE_SHARE = 0.5
"""Part of a shared device that is the pose model's if it has use for it."""
USEFUL_S = 0.4
"""Seconds that a pass of the pose model may take: what it saw earlier helps the filter little."""
_LONGEST_S = 3600.0
_ROUNDING_S = 1e-9
"""What is left of a budget may be exactly what is needed."""

Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True)
class StageTimes:
    """How long things take, in seconds; 0 where it is not known yet."""

    detect_s: Mapping[int, float]
    """By the side of the detector's input in pixels, of the sizes measured: the 95th percentile of
    one detection, without waiting for a device that was busy with the pose model."""
    pose_fixed_s: float
    """A pass of the pose model over n people takes `pose_fixed_s + n * pose_each_s`."""
    pose_each_s: float
    rest_s: float
    """All else between a frame's arrival and its being shown, 95th percentile."""
    frame_s: float
    """Between two frames that arrive."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of a live run. Raises ValueError without sizes in ascending order."""

    latency_s: float
    """From a frame's arrival to its being shown, 95th percentile."""
    sizes: tuple[int, ...]
    """Of the detector's input that may be used, in pixels, ascending; one if a user chose it."""
    shared: bool
    """Detector and pose model compute on one device."""
    people: int
    """Who are there now."""
    most: int
    """How many people fit into a pass of the pose model."""
    has_pose: bool
    """There is a pose model beside the detector."""

    def __post_init__(self) -> None:
        if not self.sizes or self.sizes[0] < 1 or list(self.sizes) != sorted(set(self.sizes)):
            raise ValueError(f"sizes are {self.sizes}, expected some, positive and ascending")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run."""

    detector_size: int
    """Side of the detector's input, in pixels."""
    detect_every_s: float
    """Least time between the beginnings of two detections; 0: every frame that can be had."""
    crops: int
    """People a pass of the pose model; 0 without one."""
    fits: bool
    """The budget is expected to be kept."""


def plan(times: StageTimes, wish: Wish, before: Plan | None = None) -> Plan:
    """Return what is to be run; `before` is what was, which stays where it is nearly right."""
    best = _Outlook(times, wish, 1.0)
    if before is None:
        size, crops = best.size(), best.crops()
        every = best.every_s(size, crops)
        return Plan(size, every, crops, best.keeps_budget(size, crops))
    worse, better = _Outlook(times, wish, STEADY), _Outlook(times, wish, 1 / STEADY)
    size = before.detector_size
    if size not in wish.sizes or times.detect_s:
        size = _settled(size, best.size(), (best.size(), better.size()))
    crops = _settled(before.crops, best.crops(), (best.crops(), better.crops()))
    every = _settled(
        before.detect_every_s,
        best.every_s(size, crops),
        (better.every_s(size, crops), worse.every_s(size, crops)),
    )
    return Plan(size, every, crops, best.keeps_budget(size, crops))


def _settled(before: Number, best: Number, bounds: tuple[Number, Number]) -> Number:
    """Return `before` if it lies within the `bounds`, else `best`."""
    low, high = bounds
    return before if low <= before <= high else best


class _Outlook:
    """The best choices, should everything take `doubt` times as long as measured.

    More doubt, like a smaller budget, never makes a size or a number of people greater.
    """

    def __init__(self, times: StageTimes, wish: Wish, doubt: float) -> None:
        self._wish = wish
        self._shares = wish.shared and wish.has_pose
        self._detect = _detection_times(times.detect_s, wish.sizes, doubt)
        self._fixed = _bounded(times.pose_fixed_s * doubt)
        self._each = _bounded(times.pose_each_s * doubt)
        self._rest = _bounded(times.rest_s * doubt)
        interval = _bounded(times.frame_s)
        self._wait = interval * doubt if interval else _LONGEST_S
        self._interval = interval / doubt
        self._wanted = min(max(wish.people, 1), max(wish.most, 1))

    def size(self) -> int:
        """Return the largest size that keeps the budget and a useful rate, else the smallest."""
        smallest = self._wish.sizes[0]
        if not self._detect:
            return smallest
        useful = max(SLOWEST_S, self._interval)
        left = self._device_s()
        if self._shares:
            useful *= 1 - POSE_SHARE
            left -= max(self._pass_s(1), min(self._pass_room_s(), self._pass_s(self._wanted)))
        most_s = min(useful, left) + _ROUNDING_S
        fitting = [size for size, spent in self._detect.items() if spent <= most_s]
        return max(fitting, default=smallest)

    def crops(self) -> int:
        """Return how many people a pass takes: all who need it, if they fit."""
        if not self._wish.has_pose:
            return 0
        if not self._knows_pose:
            return 1
        room = self._pass_room_s() if self._shares else USEFUL_S
        room += _ROUNDING_S
        fitting = [n for n in range(1, self._wanted + 1) if self._pass_s(n) <= room]
        return max(fitting, default=1)

    def every_s(self, size: int, crops: int) -> float:
        """Return the least time between detections that leaves the pose model its share.

        It has use for no more than one pass a detection.
        """
        if not self._shares:
            return 0.0
        detect = self._detect.get(size, 0.0)
        share = detect * POSE_SHARE / (1 - POSE_SHARE)
        cycle = detect + (min(self._pass_s(crops), share) if self._knows_pose else share)
        return 0.0 if cycle <= self._interval else cycle

    def keeps_budget(self, size: int, crops: int) -> bool:
        """Tell whether the latency of that choice is within the whole budget."""
        busy = self._detect.get(size, 0.0) + (self._pass_s(crops) if self._shares else 0.0)
        return min(self._wait, busy) + busy + self._rest <= self._wish.latency_s + _ROUNDING_S

    @property
    def _knows_pose(self) -> bool:
        return self._fixed + self._each > 0

    def _pass_s(self, crops: int) -> float:
        return self._fixed + crops * self._each

    def _device_s(self) -> float:
        """Return how long the device may work for a frame: the `x` of the module's formula."""
        left = ROOM * self._wish.latency_s - self._rest
        return max(left / 2, left - self._wait)

    def _pass_room_s(self) -> float:
        """Return how long a pass may take on a shared device.

        That is its share, or what the largest detection leaves, but never what the smallest needs.
        """
        left = self._device_s()
        detect = self._detect.values()
        share = max(POSE_SHARE * left, left - max(detect, default=0.0))
        return min(USEFUL_S, share, left - min(detect, default=0.0))


def _detection_times(
    measured: Mapping[int, float], sizes: tuple[int, ...], doubt: float
) -> dict[int, float]:
    """Return the seconds of a detection at each of `sizes`; none without any that was measured.

    One that was not measured takes its time by its pixels from the nearest that was. That is too
    much for a larger one, part of whose work is the same at every size, so the way up is taken step
    by step; a larger size takes at least the time of a smaller one.
    """
    if not measured:
        return {}
    spent = 0.0
    found = {}
    for size in sizes:
        near = min(measured, key=lambda known: (max(known, size) / min(known, size), known))
        spent = max(spent, _bounded(measured[near] * doubt * (size / near) ** 2))
        found[size] = spent
    return found


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), _LONGEST_S)
