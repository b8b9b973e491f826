"""Is a source regular, and at which rate: told from its time stamps, not from its header."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from statistics import median_low

_UNEVEN = Fraction(2, 100)  # of the median duration: a frame that differs by more is irregular
_LARGEST = 2**31 - 1  # both parts of a rate, in FFmpeg and so in every video that is written
_MOST_UNEVEN = Fraction(1, 100)  # of the frames may be irregular before the source is


@dataclass(frozen=True, slots=True)
class Timing:
    """How the frames of a source lie in time."""

    time_base: Fraction
    """Seconds per unit of a time stamp."""
    rate: Fraction
    """Frames per second: exact where the source is regular, else the mean."""
    is_vfr: bool
    duration: Fraction
    """Seconds from the first frame's time to the end of the last frame."""


def typical_step(stamps: Sequence[int]) -> int:
    """Return the median distance of ascending `stamps`, in their unit; 0 with fewer than two."""
    steps = [b - a for a, b in pairwise(stamps)]
    return median_low(steps) if steps else 0


def regular_rate(
    stamps: Sequence[int], time_base: Fraction, claims: Sequence[Fraction | None]
) -> tuple[Fraction, bool]:
    """Return the rate in frames per second, and whether the source is of variable frame rate.

    A container that stores milliseconds rounds 24 frames per second to steps of 41 and 42, so the
    stamps are also held against the grid of each rate that the header claims: where all lie
    within one unit of it, the source is regular and that is its exact rate.
    """
    likely = [rate for rate in claims if rate]
    step = typical_step(stamps)
    if not step:
        return (likely or [Fraction(25)])[0], False
    rate, is_vfr = _found_rate(stamps, time_base, likely, step)
    return _writable(rate), is_vfr


def _found_rate(
    stamps: Sequence[int], time_base: Fraction, likely: Sequence[Fraction], step: int
) -> tuple[Fraction, bool]:
    mean = Fraction(len(stamps) - 1, stamps[-1] - stamps[0]) / time_base
    for rate in (*likely, 1 / (step * time_base), mean):
        if _on_grid(stamps, 1 / (rate * time_base)):
            return rate, False
    uneven = sum(abs(b - a - step) > _UNEVEN * step for a, b in pairwise(stamps))
    if uneven > _MOST_UNEVEN * (len(stamps) - 1):
        return mean.limit_denominator(1001) or mean, True
    return 1 / (step * time_base), False


def _writable(rate: Fraction) -> Fraction:
    """Return the rate nearest to `rate` that a video's header can hold."""
    if rate < 1:
        return rate.limit_denominator(_LARGEST) or Fraction(1, _LARGEST)
    return 1 / ((1 / rate).limit_denominator(_LARGEST) or Fraction(1, _LARGEST))


def _on_grid(stamps: Sequence[int], step: Fraction) -> bool:
    up, down = step.numerator, step.denominator
    first = stamps[0]
    return all(abs((stamp - first) * down - i * up) <= down for i, stamp in enumerate(stamps))
