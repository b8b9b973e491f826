"""Keypoint sets: names, edges, mirror pairs and maps between them.

The only place with keypoint numbers; whoever needs a shoulder asks for it by name. The order of
`COCO17` is that of the COCO keypoint challenge; `OPENPOSE18` and `BODY25` are OpenPose's layouts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sdpose_track.records import Float32


@dataclass(frozen=True, slots=True)
class Skeleton:
    """An ordered set of K keypoints."""

    name: str
    """As it stands in files: `coco17`."""
    keypoints: tuple[str, ...]
    """K names, in the order of the arrays."""
    edges: tuple[tuple[int, int], ...]
    """Bones as pairs of 0-based keypoint numbers, in the order in which they are drawn."""

    def __len__(self) -> int:
        return len(self.keypoints)

    def index(self, keypoint: str) -> int:
        """Return the 0-based number of a keypoint. Raises ValueError if there is none such."""
        return self.keypoints.index(keypoint)


COCO17 = Skeleton(
    "coco17",
    (
        "nose", "left_eye", "right_eye", "left_ear", "right_ear",
        "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
        "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
    ),
    (
        (15, 13), (13, 11), (16, 14), (14, 12), (11, 12), (5, 11), (6, 12), (5, 6), (5, 7), (6, 8),
        (7, 9), (8, 10), (1, 2), (0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 6),
    ),
)  # fmt: skip

SKELETONS: dict[str, Skeleton] = {s.name: s for s in (COCO17,)}


@dataclass(frozen=True, slots=True)
class Layout:
    """Another tool's keypoint order, as the source keypoint or the mean of two of each entry."""

    name: str
    entries: tuple[tuple[str, ...], ...]
    """One entry a keypoint: a name, two names whose midpoint it is, or none (never known)."""

    def __len__(self) -> int:
        return len(self.entries)

    def arrange(
        self, skeleton: Skeleton, keypoints: Float32, scores: Float32, least: float
    ) -> Float32:
        """Return (L, 3) `x, y, confidence` in this layout's order; missing is `0, 0, 0`.

        `keypoints` is (K, 2) and `scores` (K,) of `skeleton`. A midpoint exists only where both
        ends have at least confidence `least`; its confidence is the smaller of the two.
        """
        ends = _ends(self, skeleton)
        where = (keypoints[ends.one] + keypoints[ends.other]) / 2
        sure = np.minimum(scores[ends.one], scores[ends.other])
        known = ends.exists & np.isfinite(where).all(axis=1) & (ends.is_single | (sure >= least))
        out = np.zeros((len(self.entries), 3), np.float32)
        out[known, :2] = where[known]
        out[known, 2] = sure[known]
        return out


class _Ends(NamedTuple):
    """Of each of L entries of a layout, the two keypoints whose midpoint it is."""

    one: npt.NDArray[np.intp]
    other: npt.NDArray[np.intp]
    is_single: npt.NDArray[np.bool_]
    exists: npt.NDArray[np.bool_]


@cache
def _ends(layout: Layout, skeleton: Skeleton) -> _Ends:
    exists = [bool(e) and set(e) <= set(skeleton.keypoints) for e in layout.entries]
    rows = [
        (skeleton.index(entry[0]), skeleton.index(entry[-1])) if there else (0, 0)
        for entry, there in zip(layout.entries, exists, strict=True)
    ]
    one, other = np.array(rows).T
    return _Ends(one, other, one == other, np.array(exists))


_NECK = ("left_shoulder", "right_shoulder")
_OPENPOSE_ARMS = (
    ("nose",), _NECK, ("right_shoulder",), ("right_elbow",), ("right_wrist",),
    ("left_shoulder",), ("left_elbow",), ("left_wrist",),
)  # fmt: skip
_OPENPOSE_LEGS = (
    ("right_hip",), ("right_knee",), ("right_ankle",),
    ("left_hip",), ("left_knee",), ("left_ankle",),
)  # fmt: skip
_OPENPOSE_HEAD = (("right_eye",), ("left_eye",), ("right_ear",), ("left_ear",))
_OPENPOSE_FEET = (
    ("left_big_toe",), ("left_small_toe",), ("left_heel",),
    ("right_big_toe",), ("right_small_toe",), ("right_heel",),
)  # fmt: skip

OPENPOSE18 = Layout("body_18", _OPENPOSE_ARMS + _OPENPOSE_LEGS + _OPENPOSE_HEAD)
BODY25 = Layout(
    "body_25",
    (*_OPENPOSE_ARMS, ("left_hip", "right_hip"), *_OPENPOSE_LEGS, *_OPENPOSE_HEAD, *_OPENPOSE_FEET),
)
COCO17_LAYOUT = Layout("coco_17", tuple((name,) for name in COCO17.keypoints))

LAYOUTS: dict[str, Layout] = {x.name: x for x in (OPENPOSE18, BODY25, COCO17_LAYOUT)}
