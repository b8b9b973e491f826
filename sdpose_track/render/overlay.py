"""Draws people on a picture: keypoints, boxes and identities, readable on anything.

The colour of a person follows their track id (Okabe-Ito, apart also to colour-blind eyes) and a
tag tells the number, so colour is never the only sign. `figure` says how keypoints look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from sdpose_track.records import Float32, Pose, UInt8
from sdpose_track.render.figure import OUTLINE, WHITE, Colour, Mask, Pen, draw_figure, parts_of
from sdpose_track.skeletons import Skeleton

PALETTE = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7")
"""Okabe and Ito's colours for tracks 1, 2, 3 ..., repeated from the eighth on."""

DETAILS_FROM = 150.0
"""Longer side of a person's box, in pixels, below which hands and face cannot be read."""
FONT = cv2.FONT_HERSHEY_DUPLEX


@dataclass(frozen=True, slots=True)
class Style:
    """What is drawn of each person."""

    skeleton: bool = True
    boxes: bool = False
    ids: bool = True
    trails: bool = False
    """Where each person was in the last second or so."""
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
    reach, parts = Reach.of(image), parts_of(skeleton)
    for pose in people:
        width = line_width(image, pose, look)
        if look.boxes:
            _draw_box(image, reach, pose, width)
        shown = reach.holds(pose.keypoints) & (pose.scores >= look.threshold)
        if look.skeleton and shown.any():
            pen = Pen(track_colour(pose.track_id), width, is_large(pose))
            draw_figure(image, pose, shown, parts, pen)
    if look.ids:
        _draw_tags(image, reach, people, look)


@dataclass(frozen=True, slots=True)
class Reach:
    """Where OpenCV is asked to draw: the picture and as much again around it.

    Beyond that nothing could be seen, and its fixed-point coordinates would overflow.
    """

    low: Float32
    high: Float32

    @classmethod
    def of(cls, image: UInt8) -> Reach:
        height, width = image.shape[:2]
        return cls.around(width, height)

    @classmethod
    def around(cls, width: int, height: int) -> Reach:
        """Return the reach of a picture of so many pixels."""
        size = np.array((width, height), np.float32)
        margin = max(float(size.max()), 64.0)
        return cls(np.full(2, -margin, np.float32), size + np.float32(margin))

    def holds(self, points: Float32) -> Mask:
        """Say of (K, 2) points whether each is near enough; NaN is not."""
        return np.asarray(((points >= self.low) & (points <= self.high)).all(axis=-1))


def line_width(image: UInt8, pose: Pose, style: Style) -> int:
    """Return the width of a bone in pixels: by the picture, thinner on somebody far away."""
    return max(1, min(round(style.scale * bone_width(min(image.shape[:2]), pose)), 64))


def bone_width(side: float, pose: Pose, zoom: float = 1.0) -> float:
    """Return the width of a bone where the shorter side of what is seen is `side`.

    `zoom` is the size of a pixel of the picture in the unit of `side` and of the width.
    """
    most = side / 200
    tall = zoom * (float(pose.box[3]) - float(pose.box[1]))
    return min(tall / 130, most) if np.isfinite(tall) and tall > 0 else most / 2


def is_large(pose: Pose, zoom: float = 1.0) -> bool:
    """Tell whether somebody is large enough for feet, hands and face; without a box they are."""
    x1, y1, x2, y2 = pose.box.tolist()
    return not zoom * max(x2 - x1, y2 - y1) < DETAILS_FROM


def _draw_box(image: UInt8, reach: Reach, pose: Pose, width: int) -> None:
    corners = pose.box.reshape(2, 2)
    if not np.isfinite(corners).all():
        return
    (x1, y1), (x2, y2) = np.rint(np.clip(corners, reach.low, reach.high)).astype(int).tolist()
    thin = (2 * width // 3) | 1  # odd widths lie evenly about their line
    for colour, thick in ((OUTLINE, thin + 2), (track_colour(pose.track_id), thin)):
        cv2.rectangle(image, (x1, y1), (x2, y2), colour, thick)


# -- identities ----------------------------------------------------------------------------------


def _draw_tags(image: UInt8, reach: Reach, people: Sequence[Pose], style: Style) -> None:
    """Put a tag with their number above each person, inside the picture, none upon another."""
    height, width = image.shape[:2]
    letters = max(10, min(round(style.scale * min(height, width) / 36), 160))
    taken: list[tuple[int, int, int, int]] = []
    for pose in people:
        top = top_of(reach, pose, style.threshold)
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


def top_of(reach: Reach, pose: Pose, threshold: float) -> tuple[float, float] | None:
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
