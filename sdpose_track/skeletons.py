"""Keypoint sets: names, edges, mirror pairs and maps between them.

The only place with keypoint numbers; whoever needs a shoulder asks for it by name. The order of
`COCO17` is that of the COCO keypoint challenge, the order of `WHOLEBODY133` that of COCO-WholeBody
(Jin et al., ECCV 2020); `OPENPOSE18` and `BODY25` are OpenPose's layouts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sdpose_track.records import Float32


@dataclass(frozen=True, slots=True)
class Skeleton:
    """An ordered set of K keypoints."""

    name: str
    """As it stands in files: `coco17`, `wholebody133`."""
    keypoints: tuple[str, ...]
    """K names, in the order of the arrays."""
    edges: tuple[tuple[int, int], ...]
    """Bones as pairs of 0-based keypoint numbers, in the order in which they are drawn."""
    sigmas: tuple[float, ...]
    """K constants of COCO's object keypoint similarity: how far annotators are apart, relative to
    the square root of the person's area."""
    mirror: tuple[int, ...]
    """K numbers: which keypoint each one becomes when the picture is mirrored left to right."""
    groups: tuple[tuple[str, range], ...]
    """Parts of a person and their keypoints: `body`, and `feet`, `face`, `left_hand` and
    `right_hand` where the skeleton has them."""
    contours: tuple[tuple[int, int], ...] = ()
    """Lines along the face, as pairs like those of `edges`; they are drawn, but are no bones."""

    def __len__(self) -> int:
        return len(self.keypoints)

    def index(self, keypoint: str) -> int:
        """Return the 0-based number of a keypoint. Raises ValueError if there is none such."""
        return self.keypoints.index(keypoint)

    def group(self, name: str) -> range:
        """Return the keypoints of a part of a person; none if the skeleton does not have it."""
        return dict(self.groups).get(name, range(0))


_BODY = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear",
    "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
    "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip
_BODY_EDGES = (
    (15, 13), (13, 11), (16, 14), (14, 12), (11, 12), (5, 11), (6, 12), (5, 6), (5, 7), (6, 8),
    (7, 9), (8, 10), (1, 2), (0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 6),
)  # fmt: skip
_BODY_SIGMAS = (
    0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062,
    0.107, 0.107, 0.087, 0.087, 0.089, 0.089,
)  # fmt: skip

_FEET = (
    "left_big_toe", "left_small_toe", "left_heel", "right_big_toe", "right_small_toe", "right_heel",
)  # fmt: skip
_FEET_EDGES = ((15, 17), (15, 18), (15, 19), (16, 20), (16, 21), (16, 22))
_FEET_SIGMAS = (0.068, 0.066, 0.066, 0.092, 0.094, 0.094)

_FACE = tuple(f"face-{i}" for i in range(68))
_FACE_SIGMAS = (
    0.042, 0.043, 0.044, 0.043, 0.04, 0.035, 0.031, 0.025, 0.02, 0.023, 0.029, 0.032, 0.037, 0.038,
    0.043, 0.041, 0.045, 0.013, 0.012, 0.011, 0.011, 0.012, 0.012, 0.011, 0.011, 0.013, 0.015,
    0.009, 0.007, 0.007, 0.007, 0.012, 0.009, 0.008, 0.016, 0.01, 0.017, 0.011, 0.009, 0.011, 0.009,
    0.007, 0.013, 0.008, 0.011, 0.012, 0.01, 0.034, 0.008, 0.008, 0.009, 0.008, 0.008, 0.007, 0.01,
    0.008, 0.009, 0.009, 0.009, 0.007, 0.007, 0.008, 0.011, 0.008, 0.008, 0.008, 0.01, 0.008,
)  # fmt: skip
_FACE_LINES: tuple[Sequence[int], ...] = (
    range(17),  # jaw
    range(17, 27),  # eyebrows
    *((i,) for i in range(27, 31)),  # bridge of the nose
    range(31, 36),  # nostrils
    (36, 37, 38, 39, 42, 43, 44, 45), (41, 40, 47, 46),  # upper and lower eyelids
    range(48, 55), range(59, 54, -1),  # lips, outside
    range(60, 65), range(67, 64, -1),  # lips, inside
)  # fmt: skip
"""The points of the face (iBUG's order) in lines across it: backwards, each is its mirror image."""

_FACE_CURVES = (range(17), range(17, 22), range(22, 27), range(27, 31), range(31, 36))
_FACE_LOOPS = (range(36, 42), range(42, 48), range(48, 60), range(60, 68))
_FACE_CONTOURS = (
    *(pair for curve in _FACE_CURVES for pair in pairwise(curve)),
    *(pair for loop in _FACE_LOOPS for pair in pairwise((*loop, loop[0]))),
)

_FINGERS = ("thumb", "forefinger", "middle_finger", "ring_finger", "pinky_finger")
_HAND = ("hand_root", *(f"{finger}{joint}" for finger in _FINGERS for joint in (1, 2, 3, 4)))
_HAND_EDGES = tuple((0 if k % 4 == 1 else k - 1, k) for k in range(1, len(_HAND)))
_HAND_SIGMAS = (
    0.029, 0.022, 0.035, 0.037, 0.047, 0.026, 0.025, 0.024, 0.035, 0.018, 0.024,
    0.022, 0.026, 0.017, 0.021, 0.021, 0.032, 0.02, 0.019, 0.022, 0.031,
)  # fmt: skip


def _mirror(keypoints: tuple[str, ...]) -> tuple[int, ...]:
    """Return the number of each keypoint's mirror image."""
    face = {
        f"face-{a}": f"face-{b}"
        for line in _FACE_LINES
        for a, b in zip(line, line[::-1], strict=True)
    }

    def image(name: str) -> str:
        side, _, part = name.partition("_")
        other = {"left": f"right_{part}", "right": f"left_{part}"}
        return other.get(side) or face.get(name, name)

    return tuple(keypoints.index(image(name)) for name in keypoints)


COCO17 = Skeleton(
    "coco17", _BODY, _BODY_EDGES, _BODY_SIGMAS, _mirror(_BODY), (("body", range(17)),)
)

_LEFT_HAND, _RIGHT_HAND = (tuple(f"{side}_{part}" for part in _HAND) for side in ("left", "right"))
_WHOLEBODY = _BODY + _FEET + _FACE + _LEFT_HAND + _RIGHT_HAND
WHOLEBODY133 = Skeleton(
    "wholebody133",
    _WHOLEBODY,
    _BODY_EDGES
    + _FEET_EDGES
    + tuple((root + a, root + b) for root in (91, 112) for a, b in _HAND_EDGES),
    _BODY_SIGMAS + _FEET_SIGMAS + _FACE_SIGMAS + _HAND_SIGMAS + _HAND_SIGMAS,
    _mirror(_WHOLEBODY),
    (
        ("body", range(17)),
        ("feet", range(17, 23)),
        ("face", range(23, 91)),
        ("left_hand", range(91, 112)),
        ("right_hand", range(112, 133)),
    ),
    tuple((23 + a, 23 + b) for a, b in _FACE_CONTOURS),
)

SKELETONS: dict[str, Skeleton] = {s.name: s for s in (COCO17, WHOLEBODY133)}


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
"""The layouts of a body that can be asked for."""

FACE70 = Layout("face_70", tuple((name,) for name in (*_FACE, "right_eye", "left_eye")))
"""OpenPose's face: the 68 points, and the pupils, for which the eyes of the body stand."""
LEFT_HAND21 = Layout("hand_left_21", tuple((name,) for name in _LEFT_HAND))
RIGHT_HAND21 = Layout("hand_right_21", tuple((name,) for name in _RIGHT_HAND))
