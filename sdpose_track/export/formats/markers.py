"""What formats of markers have in common: names as in OpenPose, and how long a pixel is."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from sdpose_track.export.axes import CM_PER_M, MM_PER_M, metres_per_pixel
from sdpose_track.export.job import Job
from sdpose_track.kinematics.trace import MID_HIP, NECK, Place, keypoint
from sdpose_track.skeletons import Skeleton

_SIDES = {"left": "L", "right": "R"}


def marker_places(skeleton: Skeleton) -> dict[str, Place]:
    """Return the places of the body that have a marker, by its name.

    They are the keypoints in their order, and `Hip` and `Neck`, the middles of hips and shoulders,
    which Sports2D and Pose2Sim have too.
    """
    points = {marker_name(name): keypoint(name) for name in skeleton.keypoints}
    return points | {"Hip": MID_HIP, "Neck": NECK}


def marker_name(name: str) -> str:
    """Return the name that OpenPose's family has for a keypoint: `LBigToe` for `left_big_toe`."""
    side, *rest = re.split("[_-]", name)
    return _SIDES.get(side, side.capitalize()) + "".join(part.capitalize() for part in rest)


def metres_per_px(job: Job, heights_px: Sequence[float]) -> float:
    """Return the scale that was chosen for an export, or else follows from how tall people are.

    Args:
        job: The export.
        heights_px: How tall the people are in pixels, `axes.body_height_px`. With several, half of
            them come out taller than the height of the options, and half smaller.
    """
    options = job.options
    if options.mm_per_px is not None:
        return options.mm_per_px / MM_PER_M
    height_px = float(np.median(heights_px)) if heights_px else 1.0
    return metres_per_pixel(height_px, options.height_cm / CM_PER_M)
