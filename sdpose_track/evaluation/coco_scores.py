"""COCO's own evaluation code on our records: average precision and recall by name.

pycocotools is asked for nothing but the comparison; what it prints is thrown away.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import Any

import numpy as np

from sdpose_track.evaluation.annotations import Person
from sdpose_track.records import Float64
from sdpose_track.skeletons import COCO17

KEYPOINT_SCORES = ("AP", "AP50", "AP75", "APm", "APl", "AR", "AR50", "AR75", "ARm", "ARl")
"""In the order of COCO's table; m and l are people of 32² to 96² pixels and larger ones."""
BOX_SCORES = ("box_AP", "box_AP50")
MOST_POSES, MOST_BOXES = 20, 100
"""COCO looks at so many in one picture, the surest ones."""
_PERSON = 1
_FAR = 1e7
"""Pixels: where a keypoint without a position is, so that it is near nothing."""

Scores = dict[str, float | None]
"""By name, in 0..1; None where the ground truth has nobody of that size."""


@dataclass(frozen=True, slots=True, eq=False)
class FoundPose:
    """A pose to be scored."""

    picture: int
    """Number of the picture among the annotated ones."""
    keypoints: Float64
    """(K, 3) x, y, confidence; NaN without a position."""
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class FoundBox:
    """A box to be scored."""

    picture: int
    box: tuple[float, float, float, float]
    """Left, top, width, height in pixels."""
    score: float


def keypoint_scores(
    truth: Sequence[Person],
    found: Iterable[FoundPose],
    pictures: int,
    sigmas: Sequence[float],
    columns: range,
) -> Scores:
    """Return the scores of the keypoints `columns` in `pictures` pictures.

    `sigmas` has one constant for each of `columns`. People in whom none of these keypoints is
    annotated are neither missed nor wrongly found, and poses with none of them do not count, as in
    COCO-WholeBody's evaluation.
    """
    rows = list(columns)
    people = [
        _entry(
            person.picture,
            keypoints=person.keypoints[rows].ravel(),
            num_keypoints=person.labelled(columns),
            bbox=list(person.box),
            area=person.area,
            iscrowd=int(person.is_crowd),
        )
        for person in truth
    ]
    poses = [
        _entry(
            pose.picture,
            keypoints=_placed(pose.keypoints[rows]),
            bbox=[0.0, 0.0, 0.0, 0.0],
            area=_extent(pose.keypoints[: len(COCO17)]),
            score=pose.score,
        )
        for pose in found
        if (pose.keypoints[rows, 2] > 0).any()
    ]
    stats = _compared(people, poses, pictures, "keypoints", np.asarray(sigmas))
    return dict(zip(KEYPOINT_SCORES, stats, strict=True))


def box_scores(truth: Sequence[Person], found: Iterable[FoundBox], pictures: int) -> Scores:
    """Return the scores of person boxes in `pictures` pictures."""
    people = [
        _entry(p.picture, bbox=list(p.box), area=p.area, iscrowd=int(p.is_crowd)) for p in truth
    ]
    boxes = [
        _entry(b.picture, bbox=list(b.box), area=b.box[2] * b.box[3], score=b.score) for b in found
    ]
    stats = _compared(people, boxes, pictures, "bbox", None)
    return dict(zip(BOX_SCORES, stats, strict=False))


def _entry(picture: int, **values: Any) -> dict[str, Any]:
    return {"image_id": picture, "category_id": _PERSON, **values}


def _placed(points: Float64) -> Float64:
    """Return (K, 3) keypoints as one row in which every one has a position."""
    return np.where(np.isfinite(points), points, _FAR).ravel()


def _extent(points: Float64) -> float:
    """Return the area around the known ones of (K, 3) keypoints, in square pixels."""
    known = points[np.isfinite(points).all(axis=1), :2]
    return float(np.prod(np.ptp(known, axis=0))) if len(known) else 0.0


def _compared(
    truth: list[dict[str, Any]],
    found: list[dict[str, Any]],
    pictures: int,
    kind: str,
    sigmas: Float64 | None,
) -> list[float | None]:
    from pycocotools.cocoeval import COCOeval

    with redirect_stdout(StringIO()):
        comparison = COCOeval(_indexed(truth, pictures), _indexed(found, pictures), kind)
        if sigmas is not None:
            comparison.params.kpt_oks_sigmas = sigmas
        comparison.evaluate()
        comparison.accumulate()
        comparison.summarize()
    return [float(value) if value >= 0 else None for value in comparison.stats]


def _indexed(entries: list[dict[str, Any]], pictures: int) -> Any:
    from pycocotools.coco import COCO

    coco = COCO()
    coco.dataset = {
        "images": [{"id": i} for i in range(pictures)],
        "categories": [{"id": _PERSON, "name": "person"}],
        # a match is stored as the id of its partner, where 0 means none
        "annotations": [{"id": i, **entry} for i, entry in enumerate(entries, start=1)],
    }
    coco.createIndex()
    return coco
