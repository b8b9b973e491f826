"""What a run is asked to do: one frozen value, checked when it is made.

The command line and the viewer both build it, so a wish that cannot work is refused in the same
words in both. Messages name the option as it is typed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from sdpose_track.errors import SettingsError

PRECISIONS = ("auto", "fp32", "bf16", "fp16")
DEFAULT_CONFIDENCE = 0.25
DETECTOR_FLOOR = 0.1
"""The tracker's second stage wants boxes down to here (ByteTrack, arXiv 2110.06864)."""

_DEVICE = re.compile(r"auto|cpu|cuda(:[0-9]{1,3})?")
_CLOCK = re.compile(r"(?:([0-9]{1,4}):)?([0-5]?[0-9]):([0-5]?[0-9](?:\.[0-9]+)?)")


@dataclass(frozen=True, slots=True)
class TrackSettings:
    """What `track` does with one source. Raises SettingsError if a value cannot work."""

    detector: str = "auto"
    """A name in the manifest, or the path of an ultralytics checkpoint."""
    pose: str = "auto"
    """A name in the manifest, or the path of a checkpoint."""
    boxes: Path | None = None
    """Person boxes from a file; the detector is not run."""
    device: str = "auto"
    """`auto`, `cpu`, `cuda` or `cuda:N`."""
    precision: str = "auto"
    batch: int | None = None
    """Pictures in one pass on a GPU; None chooses."""
    start: Fraction = Fraction(0)
    """Seconds from the first frame at which to begin."""
    end: Fraction | None = None
    """Seconds from the first frame at which to stop, that frame left out; None is the end."""
    max_people: int | None = None
    """How many people are followed at once; None for all."""
    confidence: float = DEFAULT_CONFIDENCE
    """A person must be this sure to be followed, in 0..1."""

    def __post_init__(self) -> None:
        if not _DEVICE.fullmatch(self.device):
            raise SettingsError(f"--device {self.device}: expected auto, cpu, cuda or cuda:N")
        if self.precision not in PRECISIONS:
            raise SettingsError(
                f"--precision {self.precision}: expected one of {', '.join(PRECISIONS)}"
            )
        if self.batch is not None and not 1 <= self.batch <= 1024:
            raise SettingsError(f"--batch {self.batch}: expected a number from 1 to 1024")
        if self.max_people is not None and self.max_people < 1:
            raise SettingsError(f"--max-people {self.max_people}: expected 1 or more")
        if not 0 < self.confidence < 1:
            raise SettingsError(f"--conf {self.confidence}: expected a number between 0 and 1")
        if self.start < 0:
            raise SettingsError(f"--start {float(self.start):g}: expected 0 or more seconds")
        if self.end is not None and self.end <= self.start:
            raise SettingsError(
                f"--end {float(self.end):g}: expected more than --start {float(self.start):g}"
            )

    @property
    def floor(self) -> float:
        """The least confidence with which the detector is asked, in 0..1."""
        return min(DETECTOR_FLOOR, self.confidence)

    def results_key(self) -> dict[str, Any]:
        """Return what changes the results, as JSON values: a run is resumed under equal ones."""
        return {
            "start": str(self.start),
            "end": None if self.end is None else str(self.end),
            "max_people": self.max_people,
            "confidence": self.confidence,
        }


def parse_time(text: str) -> Fraction:
    """Return the seconds in `12.5` or `H:MM:SS.mmm`. Raises SettingsError otherwise."""
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text):
        return Fraction(text)
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise SettingsError(f"{text!r} is no time: expected seconds (12.5) or H:MM:SS.mmm")
    hours, minutes, seconds = match.groups()
    return int(hours or 0) * 3600 + int(minutes) * 60 + Fraction(seconds)
