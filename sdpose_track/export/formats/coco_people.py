"""What the formats that grew out of COCO's have in common: ids, members, rounding, boxes.

Formats: cocodataset.org, "Data format", keypoint detection; github.com/jin-s13/COCO-WholeBody.
"""

from __future__ import annotations

import numpy as np

from sdpose_track.export.formats.json_lists import flat
from sdpose_track.records import Float64, FramePoses, Pose

PERSON = 1
"""COCO's number of the category "person"."""

MEMBERS = {
    "body": "keypoints",
    "feet": "foot_kpts",
    "face": "face_kpts",
    "left_hand": "lefthand_kpts",
    "right_hand": "righthand_kpts",
}
"""Which member of an annotation holds each group of the skeleton: the body's is COCO's own, those
of the others are COCO-WholeBody's."""


def image_id(frame: FramePoses) -> int:
    """Return by which number annotations and results refer to a frame: its index, from 1."""
    return frame.index + 1


def rounded(pose: Pose) -> Float64:
    """Return (K, 3) `x, y, confidence`, zeros where there is no keypoint.

    Pixels have 3 decimals, confidences 6 and are as stored, about 0..1.
    """
    here = np.isfinite(pose.keypoints[:, 0])
    points = np.zeros((len(here), 3), np.float64)
    points[here, :2] = np.round(pose.keypoints[here].astype(np.float64), 3)
    points[here, 2] = np.round(pose.scores[here].astype(np.float64), 6)
    return points + 0.0  # -0.0 would be written as such


def box_xyxy(pose: Pose) -> list[float]:
    """Return `x1, y1, x2, y2` with 3 decimals: of the stored box, else around the keypoints.

    Zeros if neither is known.
    """
    box = pose.box.astype(np.float64)
    if not np.isfinite(box).all():
        known = pose.keypoints[np.isfinite(pose.keypoints[:, 0])].astype(np.float64)
        if not len(known):
            return [0.0, 0.0, 0.0, 0.0]
        box = np.concatenate([known.min(axis=0), known.max(axis=0)])
    return flat(np.round(box, 3))


def box_xywh(pose: Pose) -> list[float]:
    """Return `box_xyxy` as `x, y, width, height`."""
    x1, y1, x2, y2 = box_xyxy(pose)
    return [x1, y1, round(x2 - x1, 3), round(y2 - y1, 3)]
