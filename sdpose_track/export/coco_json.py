"""COCO keypoint annotations, with the track ids and frame times that COCO has no place for.

Format: cocodataset.org, "Data format", keypoint detection; `videos` and `track_id` as in TAO and
in mmpose's tracking sets; feet, face and hands as in COCO-WholeBody, beside the 17 keypoints of
the body. Written as it goes: nothing of it but one frame is in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from sdpose_track.export.files import strict_json
from sdpose_track.export.job import Job, ratio
from sdpose_track.records import Float64, FramePoses, FrameState, Pose
from sdpose_track.skeletons import Skeleton

MISSING, WEAK, VISIBLE = 0, 1, 2
"""COCO's `v` of a keypoint."""

MEMBERS = {
    "body": "keypoints",
    "feet": "foot_kpts",
    "face": "face_kpts",
    "left_hand": "lefthand_kpts",
    "right_hand": "righthand_kpts",
}
"""Which member of an annotation holds each group of the skeleton: the body's is COCO's own, those
of the others are COCO-WholeBody's."""


def write(job: Job, part: Path) -> None:
    """Write one JSON object with `info`, `videos`, `categories`, `images` and `annotations`.

    Coordinates are pixels with 3 decimals, boxes `x, y, width, height`. Every frame is an image,
    whose id is the frame's index + 1; all ids start at 1. `keypoints`, `num_keypoints` and the
    category are those of the body, which every reader of COCO expects; the rest of a whole body is
    in `foot_kpts`, `face_kpts`, `lefthand_kpts` and `righthand_kpts`, with `foot_valid` and so on.
    """
    with part.open("w", encoding="utf-8", newline="\n") as file:
        file.write("{" + _member("info", {"description": f"{job.stem}, poses by sdpose-track"}))
        file.write(",\n" + _member("videos", [_video(job)]))
        file.write(",\n" + _member("categories", [_category(job.view.skeleton)]))
        _write_list(file, "images", _images(job))
        _write_list(file, "annotations", _annotations(job))
        file.write("}\n")


def _member(key: str, value: Any) -> str:
    return f'"{key}":{strict_json(value)}'


def _write_list(file: TextIO, key: str, values: Iterable[dict[str, Any]]) -> None:
    file.write(f',\n"{key}":[')
    for i, value in enumerate(values):
        file.write((",\n" if i else "\n") + strict_json(value))
    file.write("]")


def _video(job: Job) -> dict[str, Any]:
    source = job.view.source
    return {
        "id": 1,
        "name": source.name,
        "fps": float(source.rate),
        "fps_exact": ratio(source.rate),
        "width": source.width,
        "height": source.height,
    }


def _category(skeleton: Skeleton) -> dict[str, Any]:
    body = skeleton.group("body")
    return {
        "id": 1,
        "name": "person",
        "supercategory": "person",
        "keypoints": [skeleton.keypoints[k] for k in body],
        "skeleton": [[a + 1, b + 1] for a, b in skeleton.edges if a in body and b in body],
    }


def _images(job: Job) -> Iterator[dict[str, Any]]:
    source = job.view.source
    for head in job.view.recording.frame_heads(job.view.indices):
        image = {
            "id": head.index + 1,
            "file_name": f"{job.stem}_{head.index:012d}.png",
            "width": source.width,
            "height": source.height,
            "video_id": 1,
            "frame_id": head.index,
            "frame_index": head.index,
            "timestamp": round(float(head.time), 6),
        }
        yield image | {"lost": True} if head.state is FrameState.LOST else image


def _annotations(job: Job) -> Iterator[dict[str, Any]]:
    number = 0
    for frame in job.frames():
        for pose in frame.people:
            number += 1
            points = _points(pose, job.options.threshold)
            annotation = _annotation(number, frame, pose, points)
            yield annotation | _keypoints(job.view.skeleton, points)


def _points(pose: Pose, threshold: float) -> Float64:
    """Return (K, 3) `x, y, v` of the keypoints, zeros where there is none."""
    here = np.isfinite(pose.keypoints[:, 0])
    points = np.zeros((len(here), 3), np.float64)
    points[here, :2] = np.round(pose.keypoints[here].astype(np.float64), 3)
    points[here, 2] = np.where(pose.scores[here] >= threshold, VISIBLE, WEAK)
    return points


def _annotation(number: int, frame: FramePoses, pose: Pose, points: Float64) -> dict[str, Any]:
    x, y, width, height = _box(pose, points[points[:, 2] > MISSING, :2])
    return {
        "id": number,
        "image_id": frame.index + 1,
        "category_id": 1,
        "track_id": pose.track_id,
        "bbox": [x, y, width, height],
        "area": round(width * height, 3),
        "iscrowd": 0,
        "score": round(pose.score, 6),
    }


def _keypoints(skeleton: Skeleton, points: Float64) -> dict[str, Any]:
    """Return the members of an annotation that hold (K, 3) `points`."""
    members: dict[str, Any] = {}
    for group, columns in skeleton.groups:
        name, part = MEMBERS[group], points[columns]
        known = int((part[:, 2] > MISSING).sum())
        members[name] = _flat(part)
        if group == "body":
            members["num_keypoints"] = known
        else:
            members[name.replace("_kpts", "_valid")] = known > 0
    return members


def _flat(points: Float64) -> list[float]:
    flat: list[float] = points.ravel().tolist()
    return [int(v) if i % 3 == 2 else v for i, v in enumerate(flat)]


def _box(pose: Pose, points: Float64) -> list[float]:
    """Return `x, y, width, height`: of the stored box, else around the keypoints, else zeros."""
    box = pose.box.astype(np.float64)
    if not np.isfinite(box).all():
        if not len(points):
            return [0.0, 0.0, 0.0, 0.0]
        box = np.concatenate([points.min(axis=0), points.max(axis=0)])
    x1, y1, x2, y2 = np.round(box, 3).tolist()
    return [x1, y1, round(x2 - x1, 3), round(y2 - y1, 3)]
