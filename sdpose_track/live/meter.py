"""How a live run is doing: latency, rates and stage times of the last seconds.

Every time is handed in, in seconds of one clock, so that nothing here reads one. Memory is bounded
by rings; any thread may tell and ask.
"""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from sdpose_track.live.scheduling import StageTimes

WINDOW_S = 10.0
"""What is shown and planned with is of the last so many seconds."""
MEMORY_S = 600.0
"""How long it is remembered what a pass over so many people took: after that it may be tried again,
should the device have been busy with something else then."""
_MOST = 4096
"""Values kept of each kind: 10 s of a camera with 400 frames a second."""
_PASSES = 32
"""Passes kept, for each number of people."""
_HIGH = 95.0
"""The percentile that a latency budget is about."""


@dataclass(frozen=True, slots=True)
class LiveStats:
    """What the stats line and the viewer show of a live run; None where it is not known."""

    latency_p50_ms: float | None
    """From a frame's arrival to its being shown, over the last 10 s."""
    latency_p95_ms: float | None
    frames_in: float | None
    """Arriving, per second."""
    frames_out: float | None
    """Shown, per second."""
    dropped: Mapping[str, int]
    """Frames left out since the start, by the place: `detect`, `pose`."""
    waiting: Mapping[str, int]
    """Frames that wait, by stage."""
    gpu_bytes: int | None
    people: int
    detector_size: int | None
    """Side of the detector's input, in pixels."""
    crops: int | None
    """People a pass of the pose model; None without one."""
    pose_rate: float | None
    """Passes of the pose model per second."""
    recorded: int | None
    """Frames in the recording; None: nothing is recorded."""

    def to_json(self) -> dict[str, Any]:
        """Return the figures as JSON values, by name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {k: dict(v) if isinstance(v, Mapping) else v for k, v in values.items()}


class _Ring:
    """Values with the times at which they came; the oldest are forgotten."""

    def __init__(self, most: int = _MOST, keep_s: float = 2 * WINDOW_S) -> None:
        """Keep at most so many values, and none that is older than `keep_s` when another comes."""
        self._items: deque[tuple[float, float]] = deque(maxlen=most)
        self._keep_s = keep_s
        self.told = 0
        """How many came, forgotten ones included."""

    def add(self, now: float, value: float) -> None:
        self._items.append((now, value))
        self.told += 1
        while self._items[0][0] < now - self._keep_s:
            self._items.popleft()

    @property
    def newest(self) -> float:
        return self._items[-1][0] if self._items else 0.0

    def since(self, begin: float) -> list[float]:
        return [value for at, value in self._items if at > begin]

    def settled(self, begin: float) -> list[float]:
        """Return the values since `begin` without the very first that came."""
        values = self.since(begin)
        return values[1:] if len(values) == self.told else values

    def at_since(self, begin: float) -> list[float]:
        return sorted(at for at, _ in self._items if at > begin)

    def rate(self, now: float) -> float | None:
        """Return how many came per second; None before the second one, 0.0 once none comes."""
        if self.told < 2:
            return None
        at = self.at_since(now - WINDOW_S)
        return (len(at) - 1) / (now - at[0]) if at and now > at[0] else 0.0


class Meter:
    """Gathers what the threads of a live run tell. `now` is when they do, `s` how long it took."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest = 0.0
        self._latency = _Ring()
        self._arrived = _Ring()
        self._shown = _Ring()
        self._stages: defaultdict[str, _Ring] = defaultdict(_Ring)
        self._detections: defaultdict[int, _Ring] = defaultdict(_Ring)
        self._best: dict[int, float] = {}
        """Median seconds of a detection in the best time, by size."""
        self._load = 1.0
        """How many times as long detections take now."""
        self._passes: defaultdict[int, _Ring] = defaultdict(lambda: _Ring(_PASSES, MEMORY_S))
        self._passed = _Ring()

    # -- told by those who work ------------------------------------------------------------------

    def arrived(self, now: float) -> None:
        """A frame has arrived."""
        self._add(self._arrived, now, 0.0)

    def shown(self, now: float) -> None:
        """A frame is shown."""
        self._add(self._shown, now, 0.0)

    def latency(self, now: float, s: float) -> None:
        """A frame is shown that arrived `s` seconds ago."""
        self._add(self._latency, now, s)

    def stage(self, name: str, now: float, s: float) -> None:
        """A frame was in the stage `name`, any but detection and the pose model, for `s`."""
        with self._lock:
            ring = self._stages[name]
        self._add(ring, now, s)

    def detection(self, now: float, size: int, s: float) -> None:
        """The detector took `s` for a frame at an input of `size` pixels.

        The first of each size is left out: a device prepares itself for it.
        """
        with self._lock:
            ring = self._detections[size]
        self._add(ring, now, s)

    def pose_pass(self, now: float, crops: int, s: float) -> None:
        """A pass of the pose model over `crops` people took `s`.

        The first over so many is left out: a device prepares itself for it.
        """
        self._add(self._passed, now, s)
        with self._lock:
            ring = self._passes[crops]
        self._add(ring, now, s)

    def _add(self, ring: _Ring, now: float, value: float) -> None:
        with self._lock:
            self._newest = max(self._newest, now)
            ring.add(now, value)

    # -- asked by those who show and plan --------------------------------------------------------

    def latency_percentile(self, p: float, now: float | None = None) -> float | None:
        """Return the `p`-th percentile, 0 to 100, of the latency in seconds; None without frames.

        `now` None is the newest time that was told.
        """
        with self._lock:
            return _percentile(self._latency, p, self._newest if now is None else now)

    def rate_in(self, now: float) -> float | None:
        """Return how many frames arrive per second."""
        with self._lock:
            return self._arrived.rate(now)

    def rate_out(self, now: float) -> float | None:
        """Return how many frames are shown per second."""
        with self._lock:
            return self._shown.rate(now)

    def pose_rate(self, now: float) -> float | None:
        """Return how many passes the pose model makes per second."""
        with self._lock:
            return self._passed.rate(now)

    def times(self, now: float) -> StageTimes:
        """Return what a plan is made from."""
        with self._lock:
            passes = {crops: ring.settled(now - MEMORY_S) for crops, ring in self._passes.items()}
            fixed, each = _line({crops: spent for crops, spent in passes.items() if spent})
            rests = (_percentile(ring, _HIGH, now) for ring in self._stages.values())
            arrivals = self._arrived.at_since(now - WINDOW_S)
            gaps = len(arrivals) - 1
            interval = (arrivals[-1] - arrivals[0]) / gaps if gaps > 0 else 0.0
            rest = sum(spent for spent in rests if spent is not None)
            return StageTimes(self._detect_s(now), fixed, each, rest, interval)

    def _detect_s(self, now: float) -> dict[int, float]:
        """Return what a detection takes now, by size.

        One that is not in use is judged by what it took at its best, and by how far the one in use
        is from its own best: else a machine that was busy once would stay at a small size. A size
        that is first used on a busy machine is taken to be as far from its best as the one before.
        """
        recent = {size: ring.settled(now - WINDOW_S) for size, ring in self._detections.items()}
        usual = {size: float(np.median(spent)) for size, spent in recent.items() if spent}
        high = {size: float(np.percentile(recent[size], _HIGH)) for size in usual}
        for size, spent in usual.items():
            self._best[size] = min(spent, self._best.get(size, spent / self._load))
        load = 1.0
        if usual:
            in_use = max(usual, key=lambda size: self._detections[size].newest)
            self._load = usual[in_use] / self._best[in_use]
            load = high[in_use] / self._best[in_use]
        return {size: high.get(size, load * best) for size, best in sorted(self._best.items())}


def _percentile(ring: _Ring, p: float, now: float) -> float | None:
    values = ring.since(now - WINDOW_S)
    return float(np.percentile(values, p)) if values else None


def _line(passes: Mapping[int, list[float]]) -> tuple[float, float]:
    """Return the seconds `(fixed, each)` of passes that take `fixed + n * each` for n people.

    `passes` are the times measured, by n, one or more of each. A line through their medians, with
    neither part below 0; (0, 0) without passes. Where all had the same n, half of it is taken to be
    fixed: what is true is known as soon as another n was tried.
    """
    if not passes:
        return 0.0, 0.0
    n = np.array(list(passes), np.float64)
    medians = np.array([np.median(spent) for spent in passes.values()])
    weights = np.array([len(spent) for spent in passes.values()], np.float64)
    if n.size == 1:
        return float(medians[0]) / 2, float(medians[0]) / (2 * float(n[0]))
    mean_n, mean_s = np.average(n, weights=weights), np.average(medians, weights=weights)
    each = np.sum(weights * (n - mean_n) * (medians - mean_s)) / np.sum(weights * (n - mean_n) ** 2)
    if each < 0:
        return float(mean_s), 0.0
    if mean_s < each * mean_n:
        return 0.0, float(np.sum(weights * n * medians) / np.sum(weights * n**2))
    return float(mean_s - each * mean_n), float(each)
