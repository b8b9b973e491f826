"""Pictures of a face as Wan-Animate reads them: cut out by its rule, 512 × 512 pixels.

Its rule (Wan 2.2, `get_face_bboxes` with scale 1.3) needs the 68 points of a face. Without them the
box that they would fill is judged from nose, eyes and ears, by how far apart those are on an
average head: good enough to find the face, not to tell how wide a mouth is open.
"""

from __future__ import annotations

import math
from itertools import combinations

import cv2
import numpy as np

from sdpose_track.records import Float32, Float64, UInt8
from sdpose_track.render.letterbox import Size
from sdpose_track.skeletons import Skeleton

SIDE = 512
"""Of the picture, in pixels."""
AREA = 1.3
"""Of the box that is cut out, relative to that of the points: so much for hair and chin."""
LEAST_SHARE = 0.5
"""Of the face's points that have to be seen."""

HEAD = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
FACE_MM = 140.0
"""Width and height of the box around the 68 points, on an average head seen from the front."""
BELOW_NOSE_MM = 5.0
"""How far the middle of that box is below the tip of the nose."""
APART_MM = {
    frozenset({"eye"}): 63.0,
    frozenset({"ear"}): 140.0,
    frozenset({"nose", "eye"}): 55.0,
    frozenset({"nose", "ear"}): 130.0,
    frozenset({"eye", "ear"}): 100.0,
}
"""How far keypoints are apart, in space: in a picture they may be nearer to each other."""

Box = tuple[int, int, int, int]
"""`x1, y1, x2, y2` in whole pixels, the last column and row excluded."""


def face_box(
    skeleton: Skeleton, keypoints: Float32, scores: Float32, threshold: float, picture: Size
) -> Box | None:
    """Return what to cut out of a picture of size `picture`; None where no face can be seen.

    Args:
        skeleton: What the K keypoints are.
        keypoints: (K, 2) `x, y` in pixels of the picture.
        scores: (K,) confidences; keypoints below `threshold` do not count.
        threshold: 0..1.
        picture: Width and height in pixels.
    """
    known = np.isfinite(keypoints).all(axis=1) & (scores >= threshold) & (scores > 0)
    face = np.array(skeleton.group("face"), np.intp)
    if face.size:
        seen = face[known[face]]
        if seen.size < LEAST_SHARE * face.size:
            return None
        points = keypoints[seen].astype(np.float64)
        return _grown(points.min(axis=0), points.max(axis=0), picture)
    names = [name for name in HEAD if known[skeleton.index(name)]]
    head = {name: keypoints[skeleton.index(name)].astype(np.float64) for name in names}
    return _from_head(head, picture)


def cut_face(image: UInt8, box: Box) -> UInt8:
    """Return `box` of a (H, W, 3) BGR picture as (512, 512, 3) RGB, stretched to a square."""
    x1, y1, x2, y2 = box
    part = image[y1:y2, x1:x2]
    shrinks = min(part.shape[:2]) > SIDE
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    square = cv2.resize(part, (SIDE, SIDE), interpolation=how)
    return np.asarray(cv2.cvtColor(square, cv2.COLOR_BGR2RGB), np.uint8)


def _grown(low: Float64, high: Float64, picture: Size) -> Box | None:
    """Return the box from `low` to `high` by Wan's rule: three parts of it upwards, one down."""
    more = (high - low) * (math.sqrt(AREA) - 1)
    x1, x2 = low[0] - more[0] / 2, high[0] + more[0] / 2
    y1, y2 = low[1] - 3 * more[1] / 4, high[1] + more[1] / 4
    width, height = picture
    left, right = (int(min(max(x, 0), width)) for x in (x1, x2))
    top, bottom = (int(min(max(y, 0), height)) for y in (y1, y2))
    return (left, top, right, bottom) if left < right and top < bottom else None


def _from_head(head: dict[str, Float64], picture: Size) -> Box | None:
    """Return the box of a face of which some of `HEAD` are known; None seen from behind."""
    if not head.keys() & {"nose", "left_eye", "right_eye"}:
        return None
    scales = [
        float(np.hypot(*(head[a] - head[b]))) / APART_MM[frozenset({_kind(a), _kind(b)})]
        for a, b in combinations(head, 2)
    ]
    if not scales:
        return None
    scale = max(scales)  # a distance is seen too short, never too long
    points = np.stack(list(head.values()))
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    if "nose" in head:
        middle[1] = head["nose"][1] + BELOW_NOSE_MM * scale
    half = FACE_MM * scale / 2
    return _grown(middle - half, middle + half, picture)


def _kind(name: str) -> str:
    return name.rpartition("_")[2]
