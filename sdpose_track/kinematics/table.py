"""All that is measured of a person, as columns over the frames in which they are present."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

import numpy as np

from sdpose_track.errors import SettingsError
from sdpose_track.kinematics.angles import FACINGS, Facing, angles, facing_of
from sdpose_track.kinematics.bones import BoneLengths, bone_lengths
from sdpose_track.kinematics.contacts import ContactSettings, foot_contacts
from sdpose_track.kinematics.speeds import centre_speed, speeds
from sdpose_track.kinematics.trace import LEAST_SCORE, Trace, trace
from sdpose_track.records import Float32, Float64, Int32, TrackArrays
from sdpose_track.skeletons import Skeleton

SPEEDS = ("left_wrist", "right_wrist", "left_ankle", "right_ankle")
"""The keypoints whose speed has a column; `speeds.speeds` gives it for all."""


@dataclass(frozen=True, slots=True)
class KinematicsSettings:
    """How a person is measured."""

    least_score: float = LEAST_SCORE
    """Confidence (0..1) from which a keypoint is believed; below it, it counts as unknown."""
    facing: Facing = "auto"
    """Which way everybody looks: `right`, `left`, or `auto`, what most frames of a person say."""
    camera_moves: bool = False
    """The background moves, so there are no foot contacts."""
    contacts: ContactSettings = field(default_factory=ContactSettings)

    def __post_init__(self) -> None:
        if not 0 <= self.least_score <= 1:
            raise SettingsError(
                f"least_score is {self.least_score}; choose a confidence from 0 to 1"
            )
        if self.facing not in FACINGS:
            raise SettingsError(f"facing is {self.facing!r}; choose one of {', '.join(FACINGS)}")


@dataclass(frozen=True, slots=True, eq=False)
class Kinematics:
    """What one person does over the F frames in which they are present."""

    track_id: int
    facing: Literal["right", "left"]
    """Which way they look in most frames."""
    indices: Int32
    """(F,) frame indices, ascending, with gaps."""
    times: Float64
    """(F,) seconds."""
    columns: MappingProxyType[str, Float32]
    """(F,) each, by a name that ends in its unit; NaN unknown. Ready to be plotted."""
    bones: BoneLengths
    """The quality figures too: usual lengths and variation."""

    def __len__(self) -> int:
        return int(self.indices.shape[0])

    @property
    def units(self) -> dict[str, str]:
        """The unit of every column.

        `deg`, `px`, `bh/s` (body heights per second), `count`, or `bool` (1 or 0).
        """
        return {name: _unit(name) for name in self.columns}


def kinematics(
    track: TrackArrays, skeleton: Skeleton, settings: KinematicsSettings | None = None
) -> Kinematics:
    """Measure one person.

    Args:
        track: Their arrays; smoothed ones (`Smoothing.OFFLINE`), or speeds measure the noise.
        skeleton: The keypoints of `track`. Ankles, wrists and feet need its feet and hands.
        settings: How; None for the defaults.

    Returns:
        With the columns of `column_units`.
    """
    chosen = settings or KinematicsSettings()
    person = trace(track, skeleton, chosen.least_score)
    facing = facing_of(person.points, skeleton) if chosen.facing == "auto" else chosen.facing
    bones = bone_lengths(person)
    columns = {"body_height_px": person.heights}
    for name, degrees in angles(person.points, skeleton, facing).items():
        columns[f"{name}_deg"] = degrees
    for name, lengths in zip(bones.names, bones.px.T, strict=True):
        columns[f"length_{name}_px"] = lengths
    columns["bones_too_long"] = bones.too_long.sum(axis=1)
    columns |= _speeds(person)
    contacts = foot_contacts(person, chosen.contacts, camera_moves=chosen.camera_moves)
    for side in ("left", "right"):
        unknown = np.full(len(person), np.nan)
        columns[f"contact_{side}"] = unknown if contacts is None else contacts[side]
    ready = {name: _column(values) for name, values in columns.items()}
    return Kinematics(
        track.track_id, facing, track.indices, track.times, MappingProxyType(ready), bones
    )


def _speeds(person: Trace) -> dict[str, Float64]:
    numbers = [person.skeleton.index(name) for name in SPEEDS]
    of_some = speeds(person, numbers) / person.heights[:, None]
    found = {"speed_centre_bh_s": centre_speed(person) / person.heights}
    return found | {f"speed_{name}_bh_s": of_some[:, i] for i, name in enumerate(SPEEDS)}


def _column(values: Float64) -> Float32:
    own = values.astype(np.float32)
    own.flags.writeable = False
    return own


def column_units(skeleton: Skeleton) -> dict[str, str]:
    """Return the `Kinematics.units` of everybody with `skeleton`."""
    return kinematics(_nobody(len(skeleton)), skeleton).units


def _unit(column: str) -> str:
    if column == "bones_too_long":
        return "count"
    endings = {"_deg": "deg", "_px": "px", "_bh_s": "bh/s"}
    return next((unit for ending, unit in endings.items() if column.endswith(ending)), "bool")


def _nobody(keypoints: int) -> TrackArrays:
    return TrackArrays(
        track_id=1,
        indices=np.empty(0, np.int32),
        times=np.empty(0),
        boxes=np.empty((0, 4), np.float32),
        box_scores=np.empty(0, np.float32),
        keypoints=np.empty((0, keypoints, 2), np.float32),
        scores=np.empty((0, keypoints), np.float32),
        provenance=np.empty((0, keypoints), np.uint8),
    )
