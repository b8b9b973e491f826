"""What a user chooses: how keypoints are smoothed, and with which figures.

Only names and numbers may enter here; every filter reads them, and so do command line and windows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from enum import Enum

from sdpose_track.errors import SettingsError


class Smoothing(Enum):
    """How raw keypoints are turned into those shown."""

    OFF = "off"
    """As the estimator gave them."""
    LIVE = "live"
    """Causal Kalman filter with a gate against outliers: what a live run shows."""
    OFFLINE = "offline"
    """Sides repaired, outliers out, forward-backward Kalman smoother, short gaps filled."""
    BUTTERWORTH = "butterworth"
    """As offline, but smoothed by a zero-phase Butterworth filter of order 4 at the true rate."""
    SAVGOL = "savgol"
    """As offline, but smoothed by parabolas fitted to the time around (Savitzky-Golay)."""
    ONE_EURO = "one-euro"
    """Causal low-pass whose cutoff rises with speed; nothing is refused or filled."""

    @property
    def is_causal(self) -> bool:
        """Only what has been seen counts: what is shown of a frame needs everything before it."""
        return self in (Smoothing.LIVE, Smoothing.ONE_EURO)

    @property
    def label(self) -> str:
        """The word in file names: `raw`, `live`, `smooth`, `butterworth`, `savgol`, `one-euro`."""
        return {"off": "raw", "offline": "smooth"}.get(self.value, self.value)


@dataclass(frozen=True, slots=True)
class SmoothSettings:
    """How keypoints move and how well they are measured. Lengths are in body (box) heights."""

    noise: float = 0.006
    """Standard deviation of a coordinate measured with confidence 1, in body heights."""
    calm: float = 0.003
    """Density of the acceleration of somebody who stands still, in body heights² per s³."""
    agile: float = 20.0
    """Density of the acceleration of the fastest limbs, in body heights² per s³."""
    gate: float = 3.5
    """Mahalanobis distance beyond which a measurement is an outlier, in standard deviations."""
    believe_after: int = 3
    """Live: how many outliers in a row are a real jump; the last of them is followed."""
    min_score: float = 0.05
    """Confidence below which a keypoint counts as not measured, 0..1."""
    max_gap_s: float = 0.5
    """Longest time between two measurements that is filled in, in seconds; live fills nothing."""
    hold_s: float = 0.2
    """Live: how long a keypoint goes on without a measurement, in seconds."""
    coast_s: float = 0.1
    """Live: time in which a keypoint that is not measured slows down to a third, in seconds."""
    fade_s: float = 0.25
    """Live: time in which agility falls to a third once a limb is at rest, in seconds."""
    forget_s: float = 1.0
    """Live: how long somebody who is not seen is remembered, in seconds."""
    repair_sides: bool = True
    """Exchange left and right limbs back where the estimator confused them; not live."""
    cutoff_hz: float = 6.0
    """Butterworth: frequency of which half the amplitude passes, in Hz."""
    window_s: float = 0.2
    """Savitzky-Golay: time from the first to the last frame of a window, in seconds."""
    min_cutoff_hz: float = 2.0
    """One-Euro: cutoff for what is at rest, in Hz."""
    beta: float = 4.0
    """One-Euro: how much the cutoff rises, in Hz per body height per second."""
    d_cutoff_hz: float = 1.0
    """One-Euro: cutoff for the speed itself, in Hz."""

    def __post_init__(self) -> None:
        zero_allowed = {"min_score", "max_gap_s", "hold_s", "beta", "repair_sides"}
        for field in fields(self):
            value = getattr(self, field.name)
            if (
                not math.isfinite(value)
                or value < 0
                or (value == 0 and field.name not in zero_allowed)
            ):
                least = "0 or more" if field.name in zero_allowed else "more than 0"
                raise SettingsError(f"{field.name} is {value}; choose {least}")
        if self.agile < self.calm:
            raise SettingsError(
                f"agile is {self.agile}, below calm {self.calm}; choose a higher one"
            )
        if self.min_score > 1:
            raise SettingsError(f"min_score is {self.min_score}; choose a number from 0 to 1")
