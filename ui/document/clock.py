"""The frames of what is open and their times. Pure arithmetic; a frame is never `time * rate`."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from sdpose_track.records import Float64, SourceInfo


@dataclass(frozen=True, slots=False, eq=False)
class FrameClock:
    """When each of F frames, numbered without holes, is shown."""

    first: int
    """Index of the first frame."""
    seconds: Float64
    """(F,) from the first frame of the source, never falling."""
    rate: Fraction
    """Nominal frames per second."""

    @classmethod
    def of_source(cls, info: SourceInfo, pts: list[int]) -> FrameClock:
        """Return the clock of a source whose frames have the stamps `pts`."""
        since = np.array(pts, np.int64) - info.first_pts
        base = info.time_base
        seconds = np.asarray(since * (base.numerator / base.denominator), np.float64)
        return cls(0, seconds, info.rate)

    @property
    def indices(self) -> range:
        """The frame indices."""
        return range(self.first, self.first + len(self.seconds))

    @property
    def last(self) -> int:
        """Index of the last frame; `first` where there is none."""
        return max(self.first, self.first + len(self.seconds) - 1)

    @cached_property
    def duration(self) -> float:
        """Seconds from the first frame's beginning to the last one's end."""
        if not len(self.seconds):
            return 0.0
        return float(self.seconds[-1] - self.seconds[0]) + self.usual_s

    @cached_property
    def usual_s(self) -> float:
        """How long a frame usually lasts, in seconds."""
        return float(1 / self.rate) if self.rate > 0 else 0.04

    def time_of(self, index: int) -> float:
        """Return the seconds at which a frame begins; of one outside, those of the nearest."""
        return float(self.seconds[self.clamped(index) - self.first]) if len(self.seconds) else 0.0

    def end_of(self, index: int) -> float:
        """Return the seconds at which a frame gives way to the next."""
        return self.time_of(index + 1) if index < self.last else self.time_of(index) + self.usual_s

    def at(self, seconds: float) -> int:
        """Return the frame that is shown at a time; the nearest end outside."""
        place = int(np.searchsorted(self.seconds, seconds + 1e-9, side="right")) - 1
        return self.clamped(self.first + place)

    def clamped(self, index: int) -> int:
        """Return the nearest index that there is."""
        return min(max(index, self.first), self.last)

    def moved(self, index: int, seconds: float) -> int:
        """Return the frame that is `seconds` away from `index`, and never `index` itself."""
        there = self.at(self.time_of(index) + seconds)
        if there == index:
            there += 1 if seconds > 0 else -1
        return self.clamped(there)


NO_FRAMES = FrameClock(0, np.empty(0), Fraction(25))
