"""Joint and segment angles as Sports2D defines them, in degrees of the picture's plane.

The definitions are those of Sports2D and Pose2Sim (Pagnon et al., JOSS 2022 and 2024), written
anew: for a person who faces right, an upright stance with hanging arms has joint angles of 0, and
bending a joint the usual way is positive. Neck and mid-hip are plain means; the left wrist is
measured like the right one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from sdpose_track.errors import SettingsError
from sdpose_track.kinematics.trace import MID_EAR, MID_HIP, NECK, Place, at, distance, has, keypoint
from sdpose_track.records import Float32, Float64
from sdpose_track.skeletons import Skeleton

_ASIDE = 1 / 8
"""Of the trunk. The nose is about 0.2 from the ears seen from the side, and less than 0.1 from the
front; a foot is longer than that."""

Facing = Literal["auto", "right", "left"]
FACINGS: tuple[Facing, ...] = ("auto", "right", "left")


@dataclass(frozen=True, slots=True)
class Angle:
    """How an angle is measured: `(raw + offset) * sign`."""

    name: str
    places: tuple[Place, ...]
    """Two: the direction of the first seen from the second, against the horizontal. Three: at the
    second. Four: between the line from the first to the second and that from the third to the
    fourth."""
    offset: float
    sign: int
    is_line: bool = False
    """It has no front end: -90 up to 90 degrees, where others are from -180 up to 180."""


def _sided(name: str, joints: tuple[str | Place, ...], offset: float, sign: int) -> list[Angle]:
    return [
        Angle(
            f"{name}_{side}",
            tuple(keypoint(f"{side}_{j}") if isinstance(j, str) else j for j in joints),
            offset,
            sign,
        )
        for side in ("left", "right")
    ]


JOINTS: tuple[Angle, ...] = (
    *_sided("ankle", ("knee", "ankle", "big_toe", "heel"), 90, 1),
    *_sided("knee", ("ankle", "knee", "hip"), -180, 1),
    *_sided("hip", ("knee", "hip", MID_HIP, NECK), 0, -1),
    *_sided("shoulder", ("elbow", "shoulder", MID_HIP, NECK), 0, -1),
    *_sided("elbow", ("wrist", "elbow", "shoulder"), 180, -1),
    *_sided("wrist", ("elbow", "wrist", "forefinger1"), -180, 1),
)
"""Between two parts of the body."""

SEGMENTS: tuple[Angle, ...] = (
    *_sided("foot", ("big_toe", "heel"), 0, -1),
    *_sided("shank", ("ankle", "knee"), 0, -1),
    *_sided("thigh", ("knee", "hip"), 0, -1),
    Angle("pelvis", (keypoint("left_hip"), keypoint("right_hip")), 0, -1, is_line=True),
    Angle("trunk", (NECK, MID_HIP), 0, -1),
    Angle(
        "shoulders", (keypoint("left_shoulder"), keypoint("right_shoulder")), 0, -1, is_line=True
    ),
    Angle("head_mid_ear", (MID_EAR, NECK), 0, -1),
    *_sided("arm", ("elbow", "shoulder"), 0, -1),
    *_sided("forearm", ("wrist", "elbow"), 0, -1),
)
"""Of one part of the body against the horizontal, counter-clockwise."""


def angles(
    keypoints: Float32 | Float64, skeleton: Skeleton, facing: Facing = "auto"
) -> dict[str, Float64]:
    """Return the (F,) degrees of every angle that `skeleton` has the points for, by name.

    Args:
        keypoints: (F, K, 2) pixels, y down; NaN where there is no position.
        skeleton: Its points.
        facing: Which way the person looks; angles of somebody who looks left are measured in the
            mirrored picture. `auto` asks `facing_of`.

    Returns:
        By the names of `JOINTS` and `SEGMENTS`, from -180 up to 180, of lines from -90 up to 90;
        the upper end is never reached, also not as float32. NaN where a point is missing or two
        coincide.

    Raises:
        SettingsError: there is no such `facing`.
    """
    if facing not in FACINGS:
        raise SettingsError(f"nobody faces {facing!r}; choose one of {', '.join(FACINGS)}")
    side = facing_of(keypoints, skeleton) if facing == "auto" else facing
    upright = np.asarray(keypoints, np.float64) * (-1.0 if side == "left" else 1.0, 1.0)
    return {
        angle.name: _measured(upright, skeleton, angle)
        for angle in (*JOINTS, *SEGMENTS)
        if has(skeleton, *angle.places)
    }


def facing_of(keypoints: Float32 | Float64, skeleton: Skeleton) -> Literal["right", "left"]:
    """Return which way a person looks in most frames of `keypoints` (F, K, 2).

    Every frame has a voice for each foot, by whether the big toe is right of the heel; if that
    decides nothing, one by whether the nose is right of the ears. Only what is clearly aside, by an
    eighth of the trunk, is counted: frames that show somebody from the front say nothing. As many
    to either side count as right.
    """
    fronts = [(keypoint(f"{side}_big_toe"), keypoint(f"{side}_heel")) for side in ("left", "right")]
    balance = sum(_balance(keypoints, skeleton, *ends) for ends in fronts)
    if not balance:
        balance = _balance(keypoints, skeleton, keypoint("nose"), MID_EAR)
    return "left" if balance < 0 else "right"


def _balance(keypoints: Float32 | Float64, skeleton: Skeleton, front: Place, back: Place) -> int:
    """Return in how many more frames `front` is right of `back` than left of it."""
    if not has(skeleton, front, back):
        return 0
    ahead = at(keypoints, skeleton, front)[:, 0] - at(keypoints, skeleton, back)[:, 0]
    trunk = distance(at(keypoints, skeleton, NECK), at(keypoints, skeleton, MID_HIP))
    clear = _ASIDE * trunk
    return int(np.count_nonzero(ahead > clear) - np.count_nonzero(ahead < -clear))


def _measured(keypoints: Float64, skeleton: Skeleton, angle: Angle) -> Float64:
    points = [at(keypoints, skeleton, place) for place in angle.places]
    if len(points) == 2:
        raw = _direction(points[0] - points[1])
    elif len(points) == 3:
        raw = _between(points[0] - points[1], points[2] - points[1])
    else:
        raw = _between(points[1] - points[0], points[3] - points[2])
    half = 90.0 if angle.is_line else 180.0
    turned = (((raw + angle.offset) * angle.sign) + half) % (2 * half) - half
    # A hair below the end of the range would be rounded to it, as float32 in columns at the latest.
    return np.where(turned.astype(np.float32) >= half, -half, turned)


def _direction(arrow: Float64) -> Float64:
    return np.where(arrow.any(axis=1), np.degrees(np.arctan2(arrow[:, 1], arrow[:, 0])), np.nan)


def _between(one: Float64, other: Float64) -> Float64:
    cross = one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]
    dot = (one * other).sum(axis=1)
    exists = one.any(axis=1) & other.any(axis=1)
    return np.where(exists, -np.degrees(np.arctan2(cross, dot)), np.nan)
