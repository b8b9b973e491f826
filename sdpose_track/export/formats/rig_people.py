"""What the formats with a rig have in common: whose it is, and what is honestly said about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from sdpose_track.export.axes import CM_PER_M, metres_per_pixel
from sdpose_track.export.job import Job
from sdpose_track.export.rig import Clip, Rig, make_rig
from sdpose_track.kinematics.trace import Mask, is_sure
from sdpose_track.records import Float64

PLANAR = (
    "The rig is flat: it lies in the plane of the picture and turns about the axis through it only."
    " Limbs have the direction that they have in the picture and always the same length, so one"
    " that points at the camera ends too far out; turns of the body and depth are not there."
)


def moments(job: Job) -> Float64:
    """Return the (M,) seconds of all moments of an export from its first one."""
    start = job.start
    return np.array([float(head.time - start) for head in job.heads()])


def rigs(job: Job, times: Float64) -> Iterator[Rig]:
    """Yield the rig of everyone of whom a keypoint is seen in the moments `times` (M,)."""
    view, least = job.view, job.options.least
    clip = Clip(view.skeleton, times, view.source.height, least, job.options.bridge)
    for track, _ in job.tracks():
        sure = is_sure(track.scores, track.provenance, least)
        if (sure & np.isfinite(track.keypoints[..., 0])).any():
            yield make_rig(track, job.rows(track), clip)


def scale_of(job: Job, height_px: float) -> float:
    """Return the metres of a pixel where somebody of the chosen height is `height_px` tall."""
    return metres_per_pixel(height_px, job.options.height_cm / CM_PER_M)


def describe(job: Job, unit: str, people: Mapping[str, Any]) -> None:
    """Say in the description what the rigs are; `people` are `described` by id."""
    job.added["rig"] = {
        "planar": PLANAR,
        "units": {"xyz": unit, "y": "up", "angle": "deg", "time": "s"},
        "height_cm": job.options.height_cm,
        "threshold": job.options.least,
        "bridge": job.options.bridge,
        "people": people,
    }


def described(job: Job, rig: Rig, metres: float) -> dict[str, Any]:
    """Return what the description says of a person whose pixels are `metres` wide.

    Frames are numbered as everywhere in the description; ranges of them are `[first, last]`.
    """
    first = job.indices.start + rig.rows.start
    return {
        "first_frame": first,
        "start_s": round(float(rig.times[0]), 6),
        "frames": len(rig),
        "faces_camera": rig.rest.faces_camera,
        "height_px": round(rig.height_px, 3),
        "cm_per_px": round(metres * CM_PER_M, 6),
        "joint_error_rms_cm": round(rig.error_px * metres * CM_PER_M, 3),
        "joint_error_rms_percent_of_height": round(100 * rig.error_px / rig.height_px, 3),
        "filled": {joint: _ranges(when, first) for joint, when in rig.made_up.items()},
        "never_seen": list(rig.never_seen),
    }


def _ranges(which: Mask, first: int) -> list[list[int]]:
    edges = np.flatnonzero(np.diff(which, prepend=False, append=False))
    return [[first + int(a), first + int(b) - 1] for a, b in edges.reshape(-1, 2)]
