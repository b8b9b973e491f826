"""A flat skeleton with joint angles, made of the keypoints of one person.

It stands in the picture's plane: every turn is about the axis through the picture, and every bone
keeps one length. So a limb that points at the camera has its direction in the picture but ends too
far out, and a body that turns is not seen to turn. `Rig.error_px` tells how far that is off.

Pixels, x right, y up from the bottom of the picture, degrees counter-clockwise. No format, scale or
file belongs here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sdpose_track.export.axes import body_height_px, to_yup
from sdpose_track.export.filling import filled
from sdpose_track.export.proportions import SHARES, build_px, usual_lengths
from sdpose_track.export.rig_joints import JOINTS, NAMES, PARENTS, Stretch
from sdpose_track.kinematics.trace import (
    MID_EAR,
    MID_HIP,
    NECK,
    Mask,
    Place,
    Trace,
    distance,
    keypoint,
    trace,
)
from sdpose_track.records import Float64, Int64, TrackArrays
from sdpose_track.skeletons import Skeleton

POSITION = "position"
"""Where the root is, beside the directions of the joints."""
_NOSE = keypoint("nose")
_FEET = [NAMES.index("LeftFoot"), NAMES.index("RightFoot")]
_SHORTEST = 0.01
"""Of the body height: other programs take no bones without a length."""


class Clip(NamedTuple):
    """What a rig is made in."""

    skeleton: Skeleton
    times: Float64
    """(M,) ascending seconds of all moments of the export from its first."""
    picture_height: float
    """In pixels."""
    least: float
    """Confidence (0..1) from which a keypoint counts as seen."""
    bridge: float = 0.0
    """Share (0..1) of its bone below which the picture of a limb is too short to tell where it
    points; 0 believes every one."""


@dataclass(frozen=True, slots=True, eq=False)
class Rest:
    """A person's rig without a motion; J joints in the order of `JOINTS`."""

    offsets: Float64
    """(J, 2) pixels from the parent; zero for the root."""
    ends: Mapping[int, Float64]
    """(2,) pixels from a joint without children to the end of its bone."""
    directions: Float64
    """(J,) degrees of the bones that the picture turns."""
    reaches: Float64
    """(J,) pixels from a joint to where its bone ends."""
    legs_px: float
    """From the hips to the ankles."""
    trunk_px: float
    """From the hips to the neck."""
    faces_camera: bool
    """The left shoulder is mostly right of the right one in the picture."""

    def standing(self) -> Float64:
        """Return (J, 2) where the joints are from the point on the floor between the feet."""
        hips, still = np.array([[0.0, self.legs_px]]), np.zeros((1, len(JOINTS)))
        return np.asarray(_positions(hips, still, self.offsets)[0])


@dataclass(frozen=True, slots=True, eq=False)
class Rig:
    """A person's flat skeleton over T moments, from first to last seen."""

    track_id: int
    rows: range
    """The numbers, from 0, of the T moments among those of the export."""
    times: Float64
    """(T,) seconds of the moments from the first of the export."""
    rest: Rest
    hips: Float64
    """(T, 2) pixels: where the root is."""
    turns: Float64
    """(T, J) degrees against the parent: the first in (-180, 180], then without whole turns."""
    height_px: float
    """How tall the person is, see `axes.body_height_px`."""
    floor_px: float
    """The y of the lowest ankle of the rig, whose legs are longer than foreshortened ones."""
    error_px: float
    """Root mean square of how far the joints are from where they were seen."""
    made_up: Mapping[str, Mask]
    """(T,) by joint, when its direction was not seen and is filled in; also of `POSITION`."""
    never_seen: tuple[str, ...]
    """The joints whose direction was never seen and which stay at rest; also `POSITION`."""

    def __len__(self) -> int:
        return len(self.rows)

    def positions(self) -> Float64:
        """Return where the joints are: (T, J, 2) pixels."""
        world = np.zeros_like(self.turns)
        for j, parent in enumerate(PARENTS):
            world[:, j] = self.turns[:, j] + (world[:, parent] if parent >= 0 else 0)
        return _positions(self.hips, world, self.rest.offsets)


def make_rig(track: TrackArrays, rows: Int64, clip: Clip) -> Rig:
    """Return the rig of a person who is in at least one frame.

    The direction of every bone whose ends were both seen is exactly that in the picture; the others
    are filled in as `filling.filled` does. While the hips are not seen they hang below the neck as
    they did. Bones are as long as the longest tenth of their images, left and right alike, since a
    picture shows them shorter, never longer.

    Args:
        track: Their arrays.
        rows: (F,) numbers, from 0, of their frames among the moments of `clip`.
        clip: What it is made in.
    """
    seen = _Seen(trace(track, clip.skeleton, clip.least), track, rows - rows[0], clip)
    span = range(int(rows[0]), int(rows[-1]) + 1)
    times = clip.times[span.start : span.stop]
    height = body_height_px(track, clip.skeleton, clip.least)
    rest = _rest(seen, height)
    world, made = _world_turns(seen, rest, times, clip.bridge)
    hips, made[POSITION] = _hips(seen, rest, times), np.isnan(seen.at(MID_HIP)[:, 0])
    positions = _positions(hips, world, rest.offsets)
    return Rig(
        track_id=track.track_id,
        rows=span,
        times=times,
        rest=rest,
        hips=hips,
        turns=_against_parents(world),
        height_px=height,
        floor_px=float(positions[:, _FEET, 1].min()),
        error_px=_error(seen, positions),
        made_up={name: when for name, when in made.items() if when.any() and not when.all()},
        never_seen=tuple(name for name, when in made.items() if when.all()),
    )


class _Seen:
    """Where the places of a person are over T moments: (T, 2) with y up, NaN where not seen."""

    def __init__(self, person: Trace, track: TrackArrays, at: Int64, clip: Clip) -> None:
        """`at` (F,) are the numbers of the person's frames among the T moments."""
        self.person = person
        self._at, self._picture_height = at, clip.picture_height
        ears, nose = (np.isfinite(person.at(x)[:, 0]).sum() for x in (MID_EAR, _NOSE))
        self._head = MID_EAR if 2 * ears >= nose else _NOSE
        self.box_centres = self._spread(track.boxes.reshape(-1, 2, 2).mean(axis=1, dtype=float))

    def at(self, place: Place) -> Float64:
        """Return where `place` is. For the ears stands the nose if it is seen far more often."""
        return self._spread(self.person.at(self._head if place is MID_EAR else place))

    def _spread(self, points: Float64) -> Float64:
        out = np.full((int(self._at[-1]) + 1, 2), np.nan)
        out[self._at] = to_yup(points, self._picture_height)
        return out


def _rest(seen: _Seen, height_px: float) -> Rest:
    across = seen.at(keypoint("left_shoulder")) - seen.at(keypoint("right_shoulder"))
    known = across[np.isfinite(across[:, 0]), 0]
    faces = not known.size or bool(np.median(known) >= 0)
    mirror = np.array([1.0 if faces else -1.0, 1.0])
    lengths = _lengths(seen, height_px)
    right, up = (np.array([joint.rest for joint in JOINTS]) * mirror).T
    return Rest(
        offsets=np.array([_sum(joint.offset, lengths) for joint in JOINTS]) * mirror,
        ends={j: _sum([x.end], lengths) * mirror for j, x in enumerate(JOINTS) if x.end},
        directions=np.degrees(np.arctan2(up, right)),
        reaches=np.array([lengths.get(joint.bone, 0.0) for joint in JOINTS]),
        legs_px=lengths["thigh"] + lengths["shank"],
        trunk_px=lengths["trunk"],
        faces_camera=faces,
    )


def _sum(stretches: Iterable[Stretch], lengths: Mapping[str, float]) -> Float64:
    """Return (2,) pixels right and up."""
    parts = [(lengths[bone] * right, lengths[bone] * up) for bone, right, up in stretches]
    return np.asarray(np.sum([(0.0, 0.0), *parts], axis=0))


def _lengths(seen: _Seen, height_px: float) -> dict[str, float]:
    """Return the pixels of every bone of `SHARES`; those never seen suit those that were."""
    found = usual_lengths(seen.person)
    heads = distance(seen.at(MID_EAR), seen.at(NECK))
    heads = heads[np.isfinite(heads)]
    found["head"] = float(np.percentile(heads, 90)) if heads.size else np.nan
    build = build_px(found)
    build = height_px if np.isnan(build) else build
    return {
        bone: max(build * SHARES[bone] if np.isnan(length) else length, _SHORTEST * height_px)
        for bone, length in found.items()
    }


def _world_turns(
    seen: _Seen, rest: Rest, times: Float64, bridge: float
) -> tuple[Float64, dict[str, Mask]]:
    """Return the (T, J) turns of the joints from rest in the picture, and (T,) by joint which are
    not seen. A direction that is never seen goes on like the parent's.
    """
    world = np.zeros((times.size, len(JOINTS)))
    unseen = {}
    for j, joint in enumerate(JOINTS):
        if PARENTS[j] >= 0:
            world[:, j] = world[:, PARENTS[j]]
        if joint.place is None or joint.aim is None:
            continue
        arrow = seen.at(joint.aim) - seen.at(joint.place)
        arrow[np.hypot(*arrow.T) < bridge * rest.reaches[j]] = np.nan
        turn = _direction(arrow) - rest.directions[j]
        known = np.isfinite(turn)
        unseen[joint.name] = ~known
        if known.any():
            turn[known] = np.unwrap(turn[known], period=360)
            world[:, j] = filled(turn[:, None], times)[0][:, 0]
    return world, unseen


def _direction(arrow: Float64) -> Float64:
    """Return the (T,) degrees of arrows (T, 2); NaN for unknown ones and those without a length."""
    return np.where(arrow.any(axis=1), np.degrees(np.arctan2(arrow[:, 1], arrow[:, 0])), np.nan)


def _hips(seen: _Seen, rest: Rest, times: Float64) -> Float64:
    """Return (T, 2) where the root is; the centre of the person's box if nothing ever tells."""
    hips, neck = seen.at(MID_HIP), seen.at(NECK)
    below_neck, _ = filled(hips - neck, times)
    below_neck = np.where(np.isfinite(below_neck), below_neck, (0, -rest.trunk_px))
    where, _ = filled(np.where(np.isfinite(hips), hips, neck + below_neck), times)
    return np.where(np.isfinite(where), where, filled(seen.box_centres, times)[0])


def _against_parents(world: Float64) -> Float64:
    """Return turns of joints (T, J) in the picture as those against their parents."""
    turns = world.copy()
    turns[:, 1:] -= world[:, PARENTS[1:]]
    turns = np.unwrap(turns, period=360, axis=0)
    return np.asarray(turns + (180 - (180 - turns[0]) % 360 - turns[0]))


def _positions(hips: Float64, world: Float64, offsets: Float64) -> Float64:
    """Return (T, J, 2) pixels of joints that are turned by `world` (T, J) degrees from rest."""
    where = np.empty((*world.shape, 2))
    where[:, 0] = hips
    cosine, sine = np.cos(np.radians(world)), np.sin(np.radians(world))
    for j, (parent, (x, y)) in enumerate(zip(PARENTS, offsets, strict=True)):
        if parent >= 0:
            c, s = cosine[:, parent], sine[:, parent]
            where[:, j] = where[:, parent] + np.stack([c * x - s * y, s * x + c * y], axis=1)
    return where


def _error(seen: _Seen, positions: Float64) -> float:
    """Return the root mean square distance of joints (T, J, 2) from where they were seen."""
    places = [(j, joint.place) for j, joint in enumerate(JOINTS) if joint.place and joint.parent]
    off = np.stack([distance(positions[:, j], seen.at(place)) for j, place in places])
    known = off[np.isfinite(off)]
    return float(np.sqrt(np.mean(known**2))) if known.size else 0.0
