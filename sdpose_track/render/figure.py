"""Draws the keypoints of one person: bones and joints, and finer the feet, the hands and the face.

The left side of a body, and the face, are tinted towards white; the right side is the person's
colour itself. What the estimator did not see is told apart: a joint that a filter predicted or
filled in is a ring and its bones are thin; the finer lines are darker there and have no dots.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from sdpose_track.records import Float32, Int32, Pose, Provenance, UInt8
from sdpose_track.skeletons import Skeleton

Colour = tuple[int, int, int]
"""Blue, green, red in 0..255."""
Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.intp]

OUTLINE: Colour = (24, 20, 18)
WHITE: Colour = (255, 255, 255)
TINT = 0.45
"""How far towards white the left side of a body and the face are."""
SHADE = 0.5
"""How far towards the outline a fine line is where the estimator saw nothing."""
SHIFT = 4
"""Bits of sub-pixel position that OpenCV draws with."""
SHADOW = np.int32(12)
"""Where the shadow of a fine line is: three quarters of a pixel to the right and down."""


class Pen(NamedTuple):
    """How one person is drawn."""

    colour: Colour
    width: int
    """Of a bone, in pixels."""
    draws_details: bool
    """Feet, hands and face are drawn too."""


def draw_figure(image: UInt8, pose: Pose, shown: Mask, parts: Parts, pen: Pen) -> None:
    """Draw in place the keypoints of `pose` that are `shown` (K,): finite and not far outside."""
    points = _fixed(np.where(shown[:, None], pose.keypoints, np.float32(0)))
    canvas = _Canvas(image, points, made_by_filter(pose))
    if not (pen.draws_details and len(parts.fine.ends)):
        _draw_body(canvas, parts, shown, pen)
        return
    _draw_body(canvas, parts, body_beside_face(parts, shown), pen)
    _draw_details(canvas, parts, shown, pen)


def made_by_filter(pose: Pose) -> Mask:
    """Return (K,) which keypoints the estimator did not see: a filter made them."""
    origin = pose.provenance
    return np.asarray((origin == Provenance.PREDICTED) | (origin == Provenance.FILLED))


def body_beside_face(parts: Parts, shown: Mask) -> Mask:
    """Return `shown` (K,) without the eyes and nose of the body where a face is drawn as well."""
    has_face = parts.face.size > 0 and shown[parts.face].mean() > 0.5
    return shown & ~parts.inside_face if has_face else shown


def mixed(colour: Colour, other: Colour, part: float) -> Colour:
    """Return `colour` moved by `part` (0..1) of the way towards `other`."""
    b, g, r = (round(a + (z - a) * part) for a, z in zip(colour, other, strict=True))
    return b, g, r


# -- which keypoints are what ----------------------------------------------------------------------


class Lines(NamedTuple):
    """E lines of a skeleton."""

    ends: Numbers
    """(E, 2) keypoints."""
    pale: Mask
    """(E,) of the left side, or of the face."""


class Parts(NamedTuple):
    """How the parts of a skeleton are drawn."""

    bones: Lines
    fine: Lines
    joints: Numbers
    """Of the body, drawn as discs."""
    dots: Numbers
    """Of the feet and hands."""
    face: Numbers
    inside_face: Mask
    """(K,) of the body, and shown better by the face where there is one."""
    left: Mask
    """(K,)."""


@lru_cache(maxsize=8)
def parts_of(skeleton: Skeleton) -> Parts:
    """Return how the keypoints of `skeleton` are drawn."""
    names, body, face = skeleton.keypoints, skeleton.group("body"), skeleton.group("face")
    left = np.array([name.startswith("left_") for name in names])
    pale = left.copy()
    pale[face] = True
    bones = [edge for edge in skeleton.edges if set(edge) <= set(body)]
    fine = [edge for edge in skeleton.edges if edge not in bones]
    return Parts(
        _lines(bones, left),
        _lines([*fine, *skeleton.contours], pale),
        np.array(body, np.intp),
        np.array([k for k in range(len(names)) if k not in body and k not in face], np.intp),
        np.array(face, np.intp),
        np.array([name in ("nose", "left_eye", "right_eye") for name in names]),
        left,
    )


def _lines(edges: list[tuple[int, int]], pale: Mask) -> Lines:
    ends = np.array(edges, np.intp).reshape(-1, 2)
    return Lines(ends, np.asarray(pale[ends].all(axis=1)))


# -- strokes ---------------------------------------------------------------------------------------


class _Canvas(NamedTuple):
    image: UInt8
    points: Int32
    """(K, 2) with `SHIFT` fractional bits."""
    made: Mask
    """(K,) not seen by the estimator but made by a filter."""


class _Ink(NamedTuple):
    pale: Colour
    strong: Colour
    width: int


class _Stroke(NamedTuple):
    ends: Int32
    """(E, 2, 2) points of lines."""
    colour: Colour
    width: int


def _draw_body(canvas: _Canvas, parts: Parts, shown: Mask, pen: Pen) -> None:
    """Draw bones with an outline, and on them discs, or rings where a filter made the joint."""
    pale, edge = mixed(pen.colour, WHITE, TINT), max(1, pen.width // 4)
    seen = _Ink(pale, pen.colour, pen.width)
    made = _Ink(pale, pen.colour, max(1, pen.width // 2))
    strokes = _strokes(canvas, parts.bones, shown, seen, made)
    for ends, _, width in strokes:  # under the smooth lines, plain ones look alike, 3 times faster
        _draw_lines(canvas.image, ends, OUTLINE, (width + 2 * edge, cv2.LINE_8))
    for ends, colour, width in strokes:
        _draw_lines(canvas.image, ends, colour, (width, cv2.LINE_AA))
    radius = round((0.85 * pen.width + 0.4) * (1 << SHIFT))
    grown, ring = radius + (edge << SHIFT), max(1, pen.width // 3)
    joints = parts.joints[shown[parts.joints]]
    for k, centre in zip(joints.tolist(), canvas.points[joints].tolist(), strict=True):
        colour = pale if parts.left[k] else pen.colour
        fill = ring if canvas.made[k] else cv2.FILLED
        cv2.circle(canvas.image, centre, grown, OUTLINE, cv2.FILLED, cv2.LINE_8, SHIFT)
        cv2.circle(canvas.image, centre, radius, colour, fill, cv2.LINE_AA, SHIFT)


def _draw_details(canvas: _Canvas, parts: Parts, shown: Mask, pen: Pen) -> None:
    """Draw feet, hands and face with fine lines and a shadow: an outline would fill them in."""
    pale, width = mixed(pen.colour, WHITE, TINT), max(1, pen.width // 4)
    seen = _Ink(pale, pen.colour, width)
    made = _Ink(mixed(pale, OUTLINE, SHADE), mixed(pen.colour, OUTLINE, SHADE), width)
    strokes = _strokes(canvas, parts.fine, shown, seen, made)
    for ends, _, thick in strokes:
        _draw_lines(canvas.image, ends + SHADOW * width, OUTLINE, (thick, cv2.LINE_AA))
    for ends, colour, thick in strokes:
        _draw_lines(canvas.image, ends, colour, (thick, cv2.LINE_AA))
    if pen.width == 1:
        return  # the joints of fingers would run together
    dots = parts.dots[shown[parts.dots] & ~canvas.made[parts.dots]]
    for chosen, colour in ((parts.left[dots], pale), (~parts.left[dots], pen.colour)):
        where = canvas.points[dots[chosen]]
        dot = np.stack([where, where], axis=1)  # a line without length is a disc
        _draw_lines(canvas.image, dot, colour, (2 * width, cv2.LINE_AA))


def _strokes(
    canvas: _Canvas, lines: Lines, shown: Mask, seen: _Ink, made: _Ink
) -> tuple[_Stroke, ...]:
    """Return the lines with both ends `shown` (K,), by what the estimator saw of them and side."""
    drawn = shown[lines.ends].all(axis=1)
    guessed = canvas.made[lines.ends].any(axis=1)
    at = canvas.points[lines.ends]
    return (
        _Stroke(at[drawn & ~guessed & lines.pale], seen.pale, seen.width),
        _Stroke(at[drawn & ~guessed & ~lines.pale], seen.strong, seen.width),
        _Stroke(at[drawn & guessed & lines.pale], made.pale, made.width),
        _Stroke(at[drawn & guessed & ~lines.pale], made.strong, made.width),
    )


def _draw_lines(image: UInt8, ends: Int32, colour: Colour, stroke: tuple[int, int]) -> None:
    """Draw (E, 2, 2) `ends` of lines; `stroke` is their width and OpenCV's kind of line."""
    if len(ends):
        closed = False
        cv2.polylines(image, list(ends), closed, colour, *stroke, SHIFT)


def _fixed(points: Float32) -> Int32:
    """Return pixel coordinates as OpenCV's integers with `SHIFT` fractional bits."""
    return np.asarray(np.rint(points * np.float32(1 << SHIFT)), dtype=np.int32)
