"""People whose every angle is known: keypoints made of directions, and directions of keypoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from sessions import Script, source_info

from sdpose_track.records import Float32, Float64, Pose, TrackArrays
from sdpose_track.skeletons import COCO17

PICTURE = 480
"""Its height in pixels."""
LENGTHS = {
    "trunk": 90.0, "head": 40.0, "shoulders": 60.0, "hips": 40.0,
    "upper_arm": 50.0, "forearm": 45.0, "thigh": 70.0, "shank": 65.0,
}  # fmt: skip
LIMBS = {
    **{f"{s}Arm": (f"{s.lower()}_shoulder", f"{s.lower()}_elbow") for s in ("Left", "Right")},
    **{f"{s}ForeArm": (f"{s.lower()}_elbow", f"{s.lower()}_wrist") for s in ("Left", "Right")},
    **{f"{s}UpLeg": (f"{s.lower()}_hip", f"{s.lower()}_knee") for s in ("Left", "Right")},
    **{f"{s}Leg": (f"{s.lower()}_knee", f"{s.lower()}_ankle") for s in ("Left", "Right")},
}
"""The joint that a limb belongs to, and the keypoints at its ends."""
NEXT = {
    "Hips": "Neck", "LeftArm": "LeftForeArm", "LeftForeArm": "LeftHand", "LeftUpLeg": "LeftLeg",
    "LeftLeg": "LeftFoot", "RightArm": "RightForeArm", "RightForeArm": "RightHand",
    "RightUpLeg": "RightLeg", "RightLeg": "RightFoot",
}  # fmt: skip
"""Where the bone of a joint ends."""
HANGING = {"Hips": 90.0, "Neck": 90.0, **dict.fromkeys(LIMBS, -90.0)}
"""Degrees, counter-clockwise from the right, of a person who stands."""


def along(degrees: npt.ArrayLike, length: float) -> Float64:
    """Return (..., 2) with y up."""
    angle = np.radians(np.asarray(degrees, np.float64))
    return length * np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def body(
    directions: Mapping[str, npt.ArrayLike], hips: npt.ArrayLike = (200, 200), left: int = 1
) -> Float32:
    """Return (F, 17, 2) keypoints, y down, of a stiff body of `LENGTHS` with these directions.

    `left` -1 turns the person's back to the camera. What no direction is given for hangs.
    """
    given = {**HANGING, **directions}
    count = max(np.size(hips) // 2, *(np.size(angle) for angle in given.values()))
    turned = {name: np.broadcast_to(np.asarray(a, float), (count,)) for name, a in given.items()}
    hip = np.broadcast_to(np.asarray(hips, np.float64), (count, 2))
    neck = hip + along(turned["Hips"], LENGTHS["trunk"])
    head = neck + along(turned["Neck"], LENGTHS["head"])
    where = dict.fromkeys(COCO17.keypoints[:5], head)
    for side, out in (("Left", left), ("Right", -left)):
        aside = turned["Hips"] - 90 * out
        at = neck + along(aside, LENGTHS["shoulders"] / 2)
        low = side.lower()
        where[f"{low}_shoulder"] = at
        where[f"{low}_elbow"] = at = at + along(turned[f"{side}Arm"], LENGTHS["upper_arm"])
        where[f"{low}_wrist"] = at + along(turned[f"{side}ForeArm"], LENGTHS["forearm"])
        at = hip + along(aside, LENGTHS["hips"] / 2)
        where[f"{low}_hip"] = at
        where[f"{low}_knee"] = at = at + along(turned[f"{side}UpLeg"], LENGTHS["thigh"])
        where[f"{low}_ankle"] = at + along(turned[f"{side}Leg"], LENGTHS["shank"])
    points = np.stack([where[name] for name in COCO17.keypoints], axis=1)
    points[..., 1] = PICTURE - points[..., 1]
    return points.astype(np.float32)


def track_of(points: Float32, rows: npt.ArrayLike | None = None, track_id: int = 1) -> TrackArrays:
    """Return somebody with these (F, 17, 2) keypoints in the frames `rows` of 30 a second."""
    indices = np.arange(len(points)) if rows is None else np.asarray(rows)
    low, high = np.nanmin(points, axis=1), np.nanmax(points, axis=1)
    seen = np.isfinite(points[..., 0])
    return TrackArrays(
        track_id,
        indices.astype(np.int32),
        indices / 30,
        np.concatenate([low, high], axis=1),
        np.full(len(points), 0.9, np.float32),
        points,
        np.where(seen, 0.9, 0).astype(np.float32),
        np.zeros(seen.shape, np.uint8),
    )


def direction(one: Float64, other: Float64) -> Float64:
    """Return the degrees from points (..., 2), y up, to others."""
    arrow = np.asarray(other, np.float64) - one
    return np.asarray(np.degrees(np.arctan2(arrow[..., 1], arrow[..., 0])))


def seen_directions(points: Float32, height: float) -> dict[str, Float64]:
    """Return by joint the (F,) degrees of limbs, trunk and head in keypoints (F, K, 2), y down."""
    up = np.array(points, np.float64)
    up[..., 1] = height - up[..., 1]
    at = {name: up[:, k] for k, name in enumerate(COCO17.keypoints)}
    hips, neck, head = (
        (at[f"left_{part}"] + at[f"right_{part}"]) / 2 for part in ("hip", "shoulder", "ear")
    )
    found = {name: direction(at[one], at[other]) for name, (one, other) in LIMBS.items()}
    return found | {"Hips": direction(hips, neck), "Neck": direction(neck, head)}


def off(one: npt.ArrayLike, other: npt.ArrayLike) -> Float64:
    """Return the degrees between directions, whole turns apart or not."""
    apart = np.asarray(one, np.float64) - np.asarray(other, np.float64)
    return np.asarray(np.abs((apart + 180) % 360 - 180))


def script_of(points: Mapping[int, Float32], **source: Any) -> Script:
    """Return a session of people by id with (F, 17, 2) keypoints in all of F frames."""
    frames = len(next(iter(points.values())))
    tracks = {i: track_of(p, track_id=i) for i, p in points.items()}

    def pose(track: TrackArrays, row: int) -> Pose:
        return Pose(
            track.track_id, track.boxes[row], 0.9, track.keypoints[row], track.scores[row],
            track.provenance[row],
        )  # fmt: skip

    people = {row: tuple(pose(tracks[i], row) for i in sorted(tracks)) for row in range(frames)}
    return Script(source_info(count=frames, **source), range(frames), people)
