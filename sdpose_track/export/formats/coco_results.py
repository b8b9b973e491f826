"""COCO results: what was found, to be scored against annotations with COCO's own evaluation.

Format: cocodataset.org, "Results format", keypoint detection; feet, face and hands as in
COCO-WholeBody's evaluation; with the track ids that COCO has no place for.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sdpose_track.export.formats.coco_people import MEMBERS, PERSON, image_id, rounded
from sdpose_track.export.formats.json_lists import flat, write_list
from sdpose_track.export.job import Job
from sdpose_track.records import FramePoses, Pose
from sdpose_track.skeletons import Skeleton

COUNTED = 0.2
"""Confidence above which a keypoint counts for the score of a person: mmpose's figure."""


def write(job: Job, part: Path) -> None:
    """Write a JSON list with an object for every person of every frame.

    `keypoints` is `x, y, confidence` of the body, in pixels with 3 decimals, zeros where unknown;
    the rest of a whole body is in `foot_kpts`, `face_kpts`, `lefthand_kpts` and `righthand_kpts`.
    `score` is mmpose's: the detector's confidence times the mean of the keypoints'. An image's id
    is the frame's index + 1, as in the annotations that the format `coco` writes.
    """
    with part.open("w", encoding="utf-8", newline="\n") as file:
        write_list(file, _results(job))
        file.write("\n")


def _results(job: Job) -> Iterator[dict[str, Any]]:
    for frame in job.frames():
        for pose in frame.people:
            yield _result(frame, pose, job.view.skeleton)


def _result(frame: FramePoses, pose: Pose, skeleton: Skeleton) -> dict[str, Any]:
    points = rounded(pose)
    return {
        "image_id": image_id(frame),
        "category_id": PERSON,
        **{MEMBERS[group]: flat(points[columns]) for group, columns in skeleton.groups},
        "score": _score(pose),
        "track_id": pose.track_id,
    }


def _score(pose: Pose) -> float:
    counted = pose.scores[pose.scores > COUNTED].astype(np.float64)
    return round(pose.score * float(counted.mean()), 6) if counted.size else 0.0
