"""Bodies and hands as the pose pictures show them that video models were trained to follow.

A model reads such a picture by its exact colours and shapes. So every pixel follows the rules that
the tools share (OpenPose's 18 keypoints, DWPose, comfyui_controlnet_aux): whole pixels, nothing
smoothed, coordinates cut to integers as they do. Only the rules are theirs; the code is not.

Pictures are (H, W, 3) RGB here, unlike elsewhere: nothing drawn is ever black.
"""

from __future__ import annotations

import colorsys
import math
from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np

from sdpose_track.records import FARTHEST, Float32, Int32, UInt8

Point = tuple[float, float]
"""`x, y` in pixels."""
Colour = tuple[float, float, float]
"""Red, green, blue in 0..255."""

PALETTE: tuple[Colour, ...] = (
    (255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0),
    (0, 255, 0), (0, 255, 85), (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255),
    (0, 0, 255), (85, 0, 255), (170, 0, 255), (255, 0, 255), (255, 0, 170), (255, 0, 85),
)  # fmt: skip
"""Of the 18 keypoints, in OpenPose's order; a limb has the colour of its number, darker."""
LIMBS = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12),
    (12, 13), (1, 0), (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip
"""Pairs of OpenPose's 18 keypoints, in the order in which they are drawn."""
SHADE = 0.6
"""Brightness of a limb, relative to its colour."""

FINGERS = tuple((0, *range(first, first + 4)) for first in range(1, 21, 4))
"""Of the 21 keypoints of a hand, from the wrist to each tip."""
FINGER_EDGES = tuple(edge for finger in FINGERS for edge in pairwise(finger))
FINGER_COLOURS: tuple[Colour, ...] = tuple(
    (255 * r, 255 * g, 255 * b)
    for r, g, b in (colorsys.hsv_to_rgb(i / len(FINGER_EDGES), 1, 1) for i in range(20))
)
KNUCKLE: Colour = (0, 0, 255)


def seen(points: Float32, threshold: float) -> list[Point | None]:
    """Return the positions of (L, 3) `x, y, confidence`; None below `threshold` or unknown."""
    return [
        (x, y) if confidence > 0 and confidence >= threshold and _is_near(x, y) else None
        for x, y, confidence in points.tolist()
    ]


def draw_limbs(
    image: UInt8,
    points: Sequence[Point | None],
    limbs: Sequence[tuple[int, int]],
    colours: Sequence[Colour],
    half_width: int,
) -> None:
    """Draw in place each of `limbs` whose two ends are known, as an ellipse in its own colour."""
    for (one, other), colour in zip(limbs, colours, strict=False):
        a, b = points[one], points[other]
        if a is not None and b is not None:
            shaded = [int(SHADE * channel) for channel in colour]
            cv2.fillConvexPoly(image, _ellipse(a, b, half_width), shaded)


def draw_dots(
    image: UInt8, points: Sequence[Point | None], colours: Sequence[Colour], radius: int
) -> None:
    """Draw in place a disc at each known point, in its own colour."""
    for point, colour in zip(points, colours, strict=False):
        if point is not None:
            cv2.circle(image, _pixel(point), radius, colour, cv2.FILLED)


def draw_hand(image: UInt8, points: Sequence[Point | None], width: int, radius: int) -> None:
    """Draw in place the fingers of 21 points as lines `width` pixels wide, and the knuckles."""
    shown = inside(points)
    for (one, other), colour in zip(FINGER_EDGES, FINGER_COLOURS, strict=True):
        a, b = shown[one], shown[other]
        if a is not None and b is not None:
            cv2.line(image, _pixel(a), _pixel(b), colour, width)
    draw_dots(image, shown, [KNUCKLE] * len(shown), radius)


def inside(points: Sequence[Point | None]) -> list[Point | None]:
    """Return `points` without those left of or above the second pixel: the tools take no others."""
    return [None if p is None or min(_pixel(p)) <= 0 else p for p in points]


def _ellipse(a: Point, b: Point, half_width: int) -> Int32:
    """Return the outline of the limb from `a` to `b`, one point a degree."""
    (xa, ya), (xb, yb) = a, b
    centre = int((xa + xb) / 2), int((ya + yb) / 2)
    axes = int(math.hypot(xa - xb, ya - yb) / 2), half_width
    turned = int(math.degrees(math.atan2(ya - yb, xa - xb)))
    return np.asarray(cv2.ellipse2Poly(centre, axes, turned, 0, 360, 1), np.int32)


def _pixel(point: Point) -> tuple[int, int]:
    return int(point[0]), int(point[1])


def _is_near(x: float, y: float) -> bool:
    """Tell whether a point may be drawn at all: it is no mistake, and OpenCV can count so far."""
    return max(abs(x), abs(y)) <= FARTHEST
