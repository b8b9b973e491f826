"""What a run is asked to do: one frozen value, checked when it is made.

The command line and the viewer both build it, so a wish that cannot work is refused in the same
words in both. Messages name the option as it is typed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import Any

from sdpose_track.errors import SettingsError

PRECISIONS = ("auto", "fp32", "bf16", "fp16")
CROPS = ("udp", "stretch")
LATENTS = ("mode", "sample")
INPUTS = {"768x1024": (768, 1024), "576x768": (576, 768), "384x512": (384, 512)}
"""(width, height) of SDPose's input in pixels; it was trained at the first."""
DETECTOR_SIZES = (640, 960, 1280)
"""Longer side of the detector's input in pixels; it was trained at the first."""
FAST_SIZES = (320, 480)
"""Smaller ones, for those in a hurry: people must be large in the picture."""
DETECTOR_CHOICES = ("auto", *map(str, (*FAST_SIZES, *DETECTOR_SIZES)))
LATENCIES_MS = (10, 10_000)
"""Least and most latency budget, in milliseconds."""
DEFAULT_CONFIDENCE = 0.25
DETECTOR_FLOOR = 0.1
"""The tracker's second stage wants boxes down to here (ByteTrack, arXiv 2110.06864)."""

_CHOICES = {
    "detector_size": DETECTOR_CHOICES,
    "precision": PRECISIONS,
    "crop": CROPS,
    "input": tuple(INPUTS),
    "latent": LATENTS,
}
SDPOSE_ONLY = ("crop", "input", "latent", "seed", "flip_test")
"""Fields of `ModelSettings` that other pose models do not heed."""
_DEVICE = re.compile(r"auto|cpu|cuda(:[0-9]{1,3})?")
_CLOCK = re.compile(r"(?:([0-9]{1,4}):)?([0-5]?[0-9]):([0-5]?[0-9](?:\.[0-9]{1,9})?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """Which models look at the pictures, and how. Raises SettingsError if a value cannot work."""

    detector: str = "auto"
    """A name in the manifest, or the path of an ultralytics checkpoint."""
    detector_size: str = "auto"
    """Pixels at which the detector looks: one of `DETECTOR_SIZES`, or `auto`, which is the first of
    them, and for `track` what suits the size of the people."""
    pose: str = "auto"
    """A name in the manifest, or the path of a checkpoint."""
    trust_checkpoint: bool = False
    """A `.pt` file that the manifest does not know may be loaded all the same. Such a file can run
    code when it is loaded, so say so only if you trust who made it; it is said for one run."""
    trusted_sha256: frozenset[str] = frozenset()
    """The same for files with these hashes only, in hex: what somebody has looked at and chosen."""
    boxes: Path | None = None
    """Person boxes from a file; the detector is not run."""
    device: str = "auto"
    """`auto`, `cpu`, `cuda` or `cuda:N`."""
    precision: str = "auto"
    batch: int | None = None
    """Pictures or people in one pass; None chooses by the memory that is free."""
    confidence: float = DEFAULT_CONFIDENCE
    """A person must be this sure to be followed, in 0..1."""
    crop: str = "udp"
    """How SDPose cuts a person out: a name in `CROPS`."""
    input: str = "768x1024"
    """Width × height at which SDPose looks at a person: a name in `INPUTS`."""
    latent: str = "mode"
    """Of SDPose's image encoder: the `mode` of its distribution, or a `sample`."""
    seed: int = 0
    """Of the samples."""
    flip_test: bool = False
    """SDPose averages with the mirrored picture, at twice the time."""

    def __post_init__(self) -> None:
        if not _DEVICE.fullmatch(self.device):
            raise SettingsError(f"--device {self.device}: expected auto, cpu, cuda or cuda:N")
        for option, known in _CHOICES.items():
            value = getattr(self, option)
            if value not in known:
                raise SettingsError(
                    f"--{option.replace('_', '-')} {value}: expected one of {', '.join(known)}"
                )
        if self.boxes is not None and self.detector_size != "auto":
            raise SettingsError("--detector-size: with boxes from a file nothing is detected")
        if self.batch is not None and not 1 <= self.batch <= 1024:
            raise SettingsError(f"--batch {self.batch}: expected a number from 1 to 1024")
        if not 0 < self.confidence < 1:
            raise SettingsError(f"--conf {self.confidence}: expected a number between 0 and 1")
        if not 0 <= self.seed < 2**63:
            raise SettingsError(f"--seed {self.seed}: expected a number from 0 to 2^63 - 1")
        if self.seed and self.latent != "sample":
            raise SettingsError("--seed: nothing is drawn by chance without --latent sample")

    def trusts(self, sha256: str) -> bool:
        """Tell whether an unknown `.pt` file with this hash may be loaded."""
        return self.trust_checkpoint or sha256 in self.trusted_sha256

    @property
    def floor(self) -> float:
        """The least confidence with which the detector is asked, in 0..1."""
        return min(DETECTOR_FLOOR, self.confidence)

    @property
    def detector_pixels(self) -> int | None:
        """Longer side of the detector's input in pixels; None where it is to be chosen."""
        return None if self.detector_size == "auto" else int(self.detector_size)

    @property
    def input_size(self) -> tuple[int, int]:
        """The (width, height) at which SDPose looks at a person, in pixels."""
        return INPUTS[self.input]

    def for_sdpose(self) -> list[str]:
        """Return the options that were chosen and that only SDPose heeds, as they are typed."""
        return [f"--{name.replace('_', '-')}" for name in self._look()]

    def _look(self) -> dict[str, Any]:
        """Return what was chosen of SDPose's options; what is as always is not told."""
        return {
            field.name: getattr(self, field.name)
            for field in fields(ModelSettings)
            if field.name in SDPOSE_ONLY and getattr(self, field.name) != field.default
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackSettings(ModelSettings):
    """What `track` does with one source. Raises SettingsError if a value cannot work."""

    start: Fraction = Fraction(0)
    """Seconds from the first frame at which to begin."""
    end: Fraction | None = None
    """Seconds from the first frame at which to stop, that frame left out; None is the end."""
    max_people: int | None = None
    """How many people are followed at once; None for all."""

    def __post_init__(self) -> None:
        ModelSettings.__post_init__(self)
        _check_people(self.max_people)
        if self.start < 0:
            raise SettingsError(f"--start {float(self.start):g}: expected 0 or more seconds")
        if self.end is not None and self.end <= self.start:
            raise SettingsError(
                f"--end {float(self.end):g}: expected more than --start {float(self.start):g}"
            )

    def results_key(self) -> dict[str, Any]:
        """Return what changes the results, as JSON values: a run is resumed under equal ones.

        What the run itself chooses or loads is not in it: models, devices, the detector's size.
        """
        return {
            "start": str(self.start),
            "end": None if self.end is None else str(self.end),
            "max_people": self.max_people,
            "confidence": self.confidence,
            **self._look(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSettings(ModelSettings):
    """What `live` does with one source. Raises SettingsError if a value cannot work."""

    latency_ms: float = 100.0
    """From a frame's arrival to its being shown; all but one frame in twenty are to be faster."""
    max_people: int | None = None
    """How many people are followed at once; None for all."""

    def __post_init__(self) -> None:
        ModelSettings.__post_init__(self)
        least, most = LATENCIES_MS
        if not least <= self.latency_ms <= most:
            raise SettingsError(
                f"--latency {self.latency_ms:g}: expected {least} to {most} milliseconds"
            )
        if self.boxes is not None:
            raise SettingsError("--boxes: people are always detected in a live run; leave it out")
        _check_people(self.max_people)

    def results_key(self) -> dict[str, Any]:
        """Return what changes the results, as JSON values for a recording."""
        return {
            "latency_ms": self.latency_ms,
            "max_people": self.max_people,
            "confidence": self.confidence,
            **self._look(),
        }


def _check_people(most: int | None) -> None:
    if most is not None and most < 1:
        raise SettingsError(f"--max-people {most}: expected 1 or more")


def parse_time(text: str) -> Fraction:
    """Return the seconds in `12.5` or `H:MM:SS.mmm`. Raises SettingsError otherwise."""
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text):
        return Fraction(text)
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise SettingsError(f"{text!r} is no time: expected seconds (12.5) or H:MM:SS.mmm")
    hours, minutes, seconds = match.groups()
    return int(hours or 0) * 3600 + int(minutes) * 60 + Fraction(seconds)
