"""Draws people on a picture: bones, joints, boxes and identities, readable on anything.

The colour of a person follows their track id (Okabe-Ito, apart also to colour-blind eyes) and a
tag tells the number, so colour is never the only sign. The left side of a body is tinted towards
white, its right side is the colour itself. What the estimator did not see is told apart: a joint
that a filter predicted or filled in is a ring, and its bones are thin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from sdpose_track.records import Float32, Int32, Pose, Provenance, UInt8
from sdpose_track.skeletons import Skeleton

Colour = tuple[int, int, int]
"""Blue, green, red in 0..255."""

PALETTE = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7")
"""Okabe and Ito's colours for tracks 1, 2, 3 ..., repeated from the eighth on."""

OUTLINE: Colour = (24, 20, 18)
WHITE: Colour = (255, 255, 255)
TINT = 0.45
"""How far towards white the left side of a body is."""

SHIFT = 4
"""Bits of sub-pixel position that OpenCV draws with."""
FONT = cv2.FONT_HERSHEY_DUPLEX


@dataclass(frozen=True, slots=True)
class Style:
    """What is drawn of each person."""

    skeleton: bool = True
    boxes: bool = False
    ids: bool = True
    threshold: float = 0.3
    """Keypoints with less confidence (0..1) are left out."""
    scale: float = 1.0
    """Widths and letters, relative to what suits the size of the picture."""


def track_colour(track_id: int) -> Colour:
    """Return the colour of a person, the same in every picture and window."""
    text = PALETTE[(track_id - 1) % len(PALETTE)]
    return int(text[5:7], 16), int(text[3:5], 16), int(text[1:3], 16)


def draw_people(
    image: UInt8, people: Sequence[Pose], skeleton: Skeleton, style: Style | None = None
) -> None:
    """Draw `people` in place on `image`, a writable (H, W, 3) BGR picture of any size.

    Positions may lie anywhere, also far outside of the picture; there nothing is drawn.
    """
    look = style or Style()
    reach = _Reach.of(image)
    for pose in people:
        width = _line_width(image, pose, look)
        if look.boxes:
            _draw_box(image, reach, pose, width)
        if look.skeleton:
            _draw_skeleton(image, reach, pose, skeleton, (width, look.threshold))
    if look.ids:
        _draw_tags(image, reach, people, look)


@dataclass(frozen=True, slots=True)
class _Reach:
    """Where OpenCV is asked to draw: the picture and as much again around it.

    Beyond that nothing could be seen, and its fixed-point coordinates would overflow.
    """

    low: Float32
    high: Float32

    @classmethod
    def of(cls, image: UInt8) -> _Reach:
        size = np.array(image.shape[1::-1], np.float32)
        margin = max(float(size.max()), 64.0)
        return cls(np.full(2, -margin, np.float32), size + np.float32(margin))

    def holds(self, points: Float32) -> npt.NDArray[np.bool_]:
        """Say of (K, 2) points whether each is near enough; NaN is not."""
        return np.asarray(((points >= self.low) & (points <= self.high)).all(axis=-1))


def _fixed(points: Float32) -> Int32:
    """Return pixel coordinates as OpenCV's integers with `SHIFT` fractional bits."""
    return np.asarray(np.rint(points * np.float32(1 << SHIFT)), dtype=np.int32)


def _line_width(image: UInt8, pose: Pose, style: Style) -> int:
    """Return the width of a bone in pixels: by the picture, thinner on somebody far away."""
    most: float = min(image.shape[:2]) / 200
    tall = float(pose.box[3]) - float(pose.box[1])
    wanted = min(tall / 130, most) if np.isfinite(tall) and tall > 0 else most / 2
    return max(1, min(round(style.scale * wanted), 64))


# -- bodies --------------------------------------------------------------------------------------


@lru_cache(maxsize=8)
def _sides(skeleton: Skeleton) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    """Return the (E, 2) edges of a skeleton and whether each belongs to the left side."""
    edges = np.array(skeleton.edges, np.intp).reshape(-1, 2)
    left = [all(skeleton.keypoints[i].startswith("left_") for i in edge) for edge in edges]
    return edges, np.array(left, np.bool_)


@lru_cache(maxsize=8)
def _left_joints(skeleton: Skeleton) -> tuple[bool, ...]:
    return tuple(name.startswith("left_") for name in skeleton.keypoints)


def _draw_skeleton(
    image: UInt8, reach: _Reach, pose: Pose, skeleton: Skeleton, stroke: tuple[int, float]
) -> None:
    width, threshold = stroke
    made = (pose.provenance == Provenance.PREDICTED) | (pose.provenance == Provenance.FILLED)
    shown = reach.holds(pose.keypoints) & (pose.scores >= threshold)
    if not shown.any():
        return
    points = _fixed(np.where(shown[:, None], pose.keypoints, np.float32(0)))
    edges, left = _sides(skeleton)
    drawn = shown[edges].all(axis=1)
    guessed = made[edges].any(axis=1)
    base = track_colour(pose.track_id)
    pale = _mixed(base, WHITE, TINT)
    thin = max(1, width // 2)
    strokes = (
        (drawn & ~guessed & left, pale, width),
        (drawn & ~guessed & ~left, base, width),
        (drawn & guessed & left, pale, thin),
        (drawn & guessed & ~left, base, thin),
    )
    edge = _outline(width)
    for (
        chosen,
        _,
        thick,
    ) in strokes:  # under the smooth lines, plain ones look alike, 3 times faster
        _draw_bones(image, points[edges[chosen]], OUTLINE, (thick + 2 * edge, cv2.LINE_8))
    for chosen, colour, thick in strokes:
        _draw_bones(image, points[edges[chosen]], colour, (thick, cv2.LINE_AA))
    colours = [pale if is_left else base for is_left in _left_joints(skeleton)]
    _draw_joints(image, points, np.flatnonzero(shown).tolist(), colours, (width, made.tolist()))


def _draw_bones(image: UInt8, ends: Int32, colour: Colour, stroke: tuple[int, int]) -> None:
    """Draw (B, 2, 2) `ends` of bones; `stroke` is their width and OpenCV's kind of line."""
    if len(ends):
        closed = False
        cv2.polylines(image, list(ends), closed, colour, *stroke, SHIFT)


def _draw_joints(
    image: UInt8,
    points: Int32,
    shown: list[int],
    colours: list[Colour],
    stroke: tuple[int, list[bool]],
) -> None:
    """Draw discs at the `shown` ones of (K, 2) points, rings where `stroke` says hollow."""
    width, hollow = stroke
    radius = round((0.85 * width + 0.4) * (1 << SHIFT))
    grown = radius + (_outline(width) << SHIFT)
    ring = max(1, width // 3)
    for k, centre in zip(shown, points[shown].tolist(), strict=True):
        cv2.circle(image, centre, grown, OUTLINE, cv2.FILLED, cv2.LINE_8, SHIFT)
        fill = ring if hollow[k] else cv2.FILLED
        cv2.circle(image, centre, radius, colours[k], fill, cv2.LINE_AA, SHIFT)


def _outline(width: int) -> int:
    """Return the width in pixels of the dark line around a stroke."""
    return max(1, width // 4)


def _draw_box(image: UInt8, reach: _Reach, pose: Pose, width: int) -> None:
    corners = pose.box.reshape(2, 2)
    if not np.isfinite(corners).all():
        return
    (x1, y1), (x2, y2) = np.rint(np.clip(corners, reach.low, reach.high)).astype(int).tolist()
    thin = (width // 2) | 1  # odd widths lie evenly about their line
    for colour, thick in ((OUTLINE, thin + 2), (track_colour(pose.track_id), thin)):
        cv2.rectangle(image, (x1, y1), (x2, y2), colour, thick)


def _mixed(colour: Colour, other: Colour, part: float) -> Colour:
    """Return `colour` moved by `part` (0..1) of the way towards `other`."""
    b, g, r = (round(a + (z - a) * part) for a, z in zip(colour, other, strict=True))
    return b, g, r


# -- identities ----------------------------------------------------------------------------------


def _draw_tags(image: UInt8, reach: _Reach, people: Sequence[Pose], style: Style) -> None:
    """Put a tag with their number above each person, inside the picture, none upon another."""
    height, width = image.shape[:2]
    letters = max(10, min(round(style.scale * min(height, width) / 36), 160))
    taken: list[tuple[int, int, int, int]] = []
    for pose in people:
        top = _top_of(reach, pose, style.threshold)
        if top is None:
            continue
        tag = _tag(str(pose.track_id), track_colour(pose.track_id), letters)
        h, w = tag.shape[:2]
        if h > height or w > width:
            continue
        x = min(max(round(top[0] - w / 2), 0), width - w)
        y = min(max(round(top[1] - 1.3 * h), 0), height - h)
        while any(x < x2 and x + w > x1 and y < y2 and y + h > y1 for x1, y1, x2, y2 in taken):
            y += h
        y = min(y, height - h)
        taken.append((x, y, x + w, y + h))
        image[y : y + h, x : x + w] = tag


def _top_of(reach: _Reach, pose: Pose, threshold: float) -> tuple[float, float] | None:
    """Return the middle of the top of a person: above what is seen of the head, or of the box."""
    corners = pose.box.reshape(2, 2)
    if np.isfinite(corners).all():
        (x1, y1), (x2, _) = np.clip(corners, reach.low, reach.high).tolist()
        return (x1 + x2) / 2, y1
    seen = reach.holds(pose.keypoints) & (pose.scores >= threshold)
    if not seen.any():
        return None
    x, y = pose.keypoints[seen][int(pose.keypoints[seen][:, 1].argmin())].tolist()
    return x, y


@lru_cache(maxsize=512)
def _tag(text: str, colour: Colour, letters: int) -> UInt8:
    """Return a read-only (h, w, 3) picture of `text` on `colour`; `letters` is their height."""
    scale = cv2.getFontScaleFromHeight(FONT, round(letters * 0.72), 1)
    thick = max(1, round(letters / 14))
    (wide, high), _ = cv2.getTextSize(text, FONT, scale, thick)
    pad = max(2, round(letters * 0.28))
    tag = np.full((high + 2 * pad, max(wide + 2 * pad, high + 2 * pad), 3), colour, np.uint8)
    where = ((tag.shape[1] - wide) // 2, pad + high)
    b, g, r = colour
    ink = WHITE if 0.114 * b + 0.587 * g + 0.299 * r < 120 else OUTLINE
    cv2.putText(tag, text, where, FONT, scale, ink, thick, cv2.LINE_AA)
    cv2.rectangle(tag, (0, 0), (tag.shape[1] - 1, tag.shape[0] - 1), OUTLINE, 1)
    tag.flags.writeable = False
    return tag
