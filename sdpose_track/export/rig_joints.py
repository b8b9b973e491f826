"""The joints of the flat skeleton at rest: a T-pose of somebody who faces the camera.

The names are those that retargeting tools know. Lengths come from the person, see `rig`.
"""

from __future__ import annotations

from dataclasses import dataclass

from sdpose_track.kinematics.trace import MID_EAR, MID_HIP, NECK, Place, keypoint

Stretch = tuple[str, float, float]
"""A bone of `proportions.SHARES`, and how much of its length goes right and up."""


@dataclass(frozen=True, slots=True)
class Joint:
    """A joint, and what tells of it in a picture."""

    name: str
    parent: str
    """Empty for the root."""
    offset: tuple[Stretch, ...] = ()
    """From the parent: the sum of these."""
    place: Place | None = None
    """Where it is seen."""
    aim: Place | None = None
    """Where the far end of its bone is seen; None for a joint that goes on like its parent."""
    rest: tuple[float, float] = (0, 0)
    """The direction, right and up, from `place` to `aim`."""
    bone: str = ""
    """What lies between them, of `proportions.SHARES`."""
    end: Stretch | None = None
    """From a joint without children to the end of its bone."""


def _arm(side: str, out: float) -> tuple[Joint, ...]:
    parts = ("shoulder", "elbow", "wrist")
    shoulder, elbow, wrist = (keypoint(f"{side.lower()}_{part}") for part in parts)
    arm, fore, hand = f"{side}Arm", f"{side}ForeArm", f"{side}Hand"
    root = (("shoulders", out / 2, 0.0), ("trunk", 0.0, 0.5))
    return (
        Joint(arm, "Spine", root, shoulder, elbow, (out, 0), "upper_arm"),
        Joint(fore, arm, (("upper_arm", out, 0),), elbow, wrist, (out, 0), "forearm"),
        Joint(hand, fore, (("forearm", out, 0),), wrist, end=("forearm", 0.3 * out, 0)),
    )


def _leg(side: str, out: float) -> tuple[Joint, ...]:
    hip, knee, ankle = (keypoint(f"{side.lower()}_{part}") for part in ("hip", "knee", "ankle"))
    thigh, shank, foot = f"{side}UpLeg", f"{side}Leg", f"{side}Foot"
    return (
        Joint(thigh, "Hips", (("hips", out / 2, 0),), hip, knee, (0, -1), "thigh"),
        Joint(shank, thigh, (("thigh", 0, -1),), knee, ankle, (0, -1), "shank"),
        Joint(foot, shank, (("shank", 0, -1),), ankle, end=("shank", 0, -0.25)),
    )


_HALF_TRUNK = (("trunk", 0.0, 0.5),)
JOINTS: tuple[Joint, ...] = (
    Joint("Hips", "", (), MID_HIP, NECK, (0, 1), "trunk"),
    Joint("Spine", "Hips", _HALF_TRUNK),
    Joint("Neck", "Spine", _HALF_TRUNK, NECK, MID_EAR, (0, 1), "head", ("head", 0, 1)),
    *_arm("Left", 1),
    *_arm("Right", -1),
    *_leg("Left", 1),
    *_leg("Right", -1),
)
"""Depth first: every joint comes after its parent, and what hangs on it right after it."""
NAMES = tuple(joint.name for joint in JOINTS)
PARENTS = tuple(NAMES.index(joint.parent) if joint.parent else -1 for joint in JOINTS)
"""Of each joint, the number of its parent; -1 for the root."""
