"""How long the bones of a person are, and how tall that makes them where the legs are not seen.

Pixels throughout. No rig, format or scale belongs here.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sdpose_track.kinematics.bones import bone_lengths
from sdpose_track.kinematics.trace import Trace

SHARES: Mapping[str, float] = {
    "trunk": 0.288, "head": 0.117, "shoulders": 0.259, "hips": 0.191,
    "upper_arm": 0.186, "forearm": 0.146, "thigh": 0.245, "shank": 0.246,
}  # fmt: skip
"""Lengths of bones as shares of the body height (Winter, Biomechanics, 2009)."""


def usual_lengths(person: Trace) -> dict[str, float]:
    """Return how long each bone of `SHARES` is but the head, the longer of left and right.

    That is what nine in ten of its images do not exceed: a picture shows a bone shorter than it is,
    never longer. NaN for one that is never seen.
    """
    bones = bone_lengths(person)
    usual = dict(zip(bones.names, bones.usual_px.tolist(), strict=True))
    names = (bone for bone in SHARES if bone != "head")
    return {bone: usual[bone if bone in usual else f"{bone}_left"] for bone in names}


def build_px(lengths: Mapping[str, float]) -> float:
    """Return how tall somebody with bones of these lengths is: half of the bones say more.

    NaN if none has a known length.
    """
    heights = [length / SHARES[bone] for bone, length in lengths.items() if length > 0]
    return float(np.median(heights)) if heights else float("nan")
