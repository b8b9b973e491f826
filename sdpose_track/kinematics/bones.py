"""How long the bones of a person are in the picture, and how much that varies.

A bone of the body keeps its length; its image can only be shorter, by foreshortening. So the usual
length is near the longest seen, and one far above it is a mistake: a keypoint that jumped, or left
and right that swapped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sdpose_track.kinematics.trace import MID_HIP, NECK, Mask, Place, Trace, distance, has, keypoint
from sdpose_track.records import Float64

TOO_LONG = 1.3
"""Times the usual length, from which a bone's length is a mistake."""


@dataclass(frozen=True, slots=True)
class Bone:
    """A stiff part of the body."""

    name: str
    ends: tuple[Place, Place]
    partner: str
    """The same bone of the other side; itself for a bone that is there once."""


def _pair(name: str, one: str, other: str) -> list[Bone]:
    return [
        Bone(
            f"{name}_{side}",
            (keypoint(f"{side}_{one}"), keypoint(f"{side}_{other}")),
            f"{name}_{'left' if side == 'right' else 'right'}",
        )
        for side in ("left", "right")
    ]


BONES: tuple[Bone, ...] = (
    *_pair("upper_arm", "shoulder", "elbow"),
    *_pair("forearm", "elbow", "wrist"),
    *_pair("thigh", "hip", "knee"),
    *_pair("shank", "knee", "ankle"),
    Bone("trunk", (NECK, MID_HIP), "trunk"),
    Bone("shoulders", (keypoint("left_shoulder"), keypoint("right_shoulder")), "shoulders"),
    Bone("hips", (keypoint("left_hip"), keypoint("right_hip")), "hips"),
    *_pair("foot", "heel", "big_toe"),
    *_pair("hand", "hand_root", "middle_finger1"),
)


@dataclass(frozen=True, slots=True, eq=False)
class BoneLengths:
    """The lengths of a person's B bones over F frames."""

    names: tuple[str, ...]
    """B names, of `BONES`."""
    px: Float64
    """(F, B) pixels; NaN where an end is unknown."""
    body_heights: Float64
    """(F, B) the same over the body height of the moment, which takes out the distance from the
    camera."""
    usual_px: Float64
    """(B,) 90th percentile of `px`, the longer of left and right; NaN for a bone never seen."""
    usual_body_heights: Float64
    """(B,) the same of `body_heights`."""
    variation: Float64
    """(B,) standard deviation of `body_heights` over its mean: 0 is stiff. The quality figure."""
    too_long: npt.NDArray[np.bool_]
    """(F, B) `body_heights` is more than 1.3 times the usual one."""


def bone_lengths(person: Trace) -> BoneLengths:
    """Return the lengths of every bone that the skeleton of `person` has the points for."""
    bones = [bone for bone in BONES if has(person.skeleton, *bone.ends)]
    lengths = [distance(person.at(bone.ends[0]), person.at(bone.ends[1])) for bone in bones]
    px = np.stack(lengths, axis=1)
    relative = px / person.heights[:, None]
    usual = _usual(bones, relative)
    with np.errstate(invalid="ignore"):
        too_long: Mask = relative > TOO_LONG * usual
    return BoneLengths(
        tuple(bone.name for bone in bones),
        px,
        relative,
        _usual(bones, px),
        usual,
        np.array([_variation(column) for column in relative.T]),
        too_long,
    )


def _usual(bones: list[Bone], lengths: Float64) -> Float64:
    of_each = {
        bone.name: _percentile(column) for bone, column in zip(bones, lengths.T, strict=True)
    }
    return np.array([np.fmax(of_each[bone.name], of_each[bone.partner]) for bone in bones])


def _percentile(lengths: Float64) -> float:
    known = lengths[np.isfinite(lengths)]
    return float(np.percentile(known, 90)) if known.size else np.nan


def _variation(lengths: Float64) -> float:
    known = lengths[np.isfinite(lengths)]
    mean = known.mean() if known.size else 0.0
    return float(known.std() / mean) if mean > 0 else np.nan
