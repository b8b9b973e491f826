"""What can be chosen of the tracker. Scores are 0..1, times are seconds: nothing counts frames."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sdpose_track.errors import SettingsError


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """How boxes become identities. Scores and second stage as in ultralytics' `bytetrack.yaml`."""

    high: float = 0.25
    """Score from which a detection is strong, 0..1."""
    low: float = 0.1
    """Score below which a detection is ignored, 0..`high`."""
    new: float = 0.25
    """Score from which an unclaimed strong detection begins a track, 0..1."""
    match: float = 0.85
    """Cost below which a strong detection may continue a track; cost = 1 - overlap × score."""
    second_match: float = 0.5
    """Cost below which a weak detection may continue a track; cost = 1 - overlap."""
    unconfirmed_match: float = 0.7
    """Cost below which a strong detection may continue a track that has no name yet."""
    fuse_score: bool = True
    """Weigh overlaps with the detection's score; if not, cost = 1 - overlap throughout."""
    confirm_s: float = 0.15
    """Seconds over which somebody must have been seen without a gap to be a person."""
    buffer_s: float = 2.0
    """Seconds for which somebody who is out of sight is looked for where they should be."""
    return_s: float = 10.0
    """Seconds for which somebody is remembered by their looks, where there are cues."""
    max_people: int | None = None
    """Most people at once, those looked for included: who is known goes first. None: no limit."""

    def __post_init__(self) -> None:
        fractions = ("high", "low", "new", "match", "second_match", "unconfirmed_match")
        for name in fractions:
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise SettingsError(f"{name} is {getattr(self, name)}; choose a number from 0 to 1")
        if self.low > self.high:
            raise SettingsError(f"low is {self.low}, above high {self.high}; choose a lower one")
        for name in ("confirm_s", "buffer_s", "return_s"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0.0):
                raise SettingsError(f"{name} is {value}; choose 0 seconds or more")
        if self.max_people is not None and self.max_people < 1:
            raise SettingsError(f"max_people is {self.max_people}; choose 1 or more, or no limit")
