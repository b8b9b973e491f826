"""COCO keypoint annotations, with the track ids and frame times that COCO has no place for.

Format: cocodataset.org, "Data format", keypoint detection; `videos` and `track_id` as in TAO and
in mmpose's tracking sets; feet, face and hands as in COCO-WholeBody, beside the 17 keypoints of
the body. Written as it goes: nothing of it but one frame is in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sdpose_track.export.files import strict_json
from sdpose_track.export.formats.coco_people import (
    MEMBERS,
    PERSON,
    box_xywh,
    image_id,
    rounded,
)
from sdpose_track.export.formats.json_lists import flat, write_list
from sdpose_track.export.job import Job, ratio
from sdpose_track.records import Float64, FramePoses, FrameState, Pose
from sdpose_track.skeletons import Skeleton

MISSING, WEAK, VISIBLE = 0, 1, 2
"""COCO's `v` of a keypoint."""


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
        file.write(',\n"images":')
        write_list(file, _images(job))
        file.write(',\n"annotations":')
        write_list(file, _annotations(job))
        file.write("}\n")


def _member(key: str, value: Any) -> str:
    return f'"{key}":{strict_json(value)}'


def _video(job: Job) -> dict[str, Any]:
    source = job.view.source
    rate = job.rate or source.rate
    return {
        "id": 1,
        "name": Path(source.name).name,
        "fps": float(rate),
        "fps_exact": ratio(rate),
        "width": source.width,
        "height": source.height,
    }


def _category(skeleton: Skeleton) -> dict[str, Any]:
    body = skeleton.group("body")
    return {
        "id": PERSON,
        "name": "person",
        "supercategory": "person",
        "keypoints": [skeleton.keypoints[k] for k in body],
        "skeleton": [[a + 1, b + 1] for a, b in skeleton.edges if a in body and b in body],
    }


def _images(job: Job) -> Iterator[dict[str, Any]]:
    source = job.view.source
    for head in job.heads():
        image = {
            "id": image_id(head),
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
            points = _points(pose, job.options.least)
            yield _annotation(number, frame, pose) | _keypoints(job.view.skeleton, points)


def _points(pose: Pose, threshold: float) -> Float64:
    """Return (K, 3) `x, y, v` of the keypoints, zeros where there is none."""
    points = rounded(pose)
    here = np.isfinite(pose.keypoints[:, 0])
    points[:, 2] = np.where(here, np.where(pose.scores >= threshold, VISIBLE, WEAK), MISSING)
    return points


def _annotation(number: int, frame: FramePoses, pose: Pose) -> dict[str, Any]:
    box = box_xywh(pose)
    return {
        "id": number,
        "image_id": image_id(frame),
        "category_id": PERSON,
        "track_id": pose.track_id,
        "bbox": box,
        "area": round(box[2] * box[3], 3),
        "iscrowd": 0,
        "score": round(pose.score, 6),
    }


def _keypoints(skeleton: Skeleton, points: Float64) -> dict[str, Any]:
    """Return the members of an annotation that hold (K, 3) `x, y, v`."""
    members: dict[str, Any] = {}
    for group, columns in skeleton.groups:
        name, part = MEMBERS[group], points[columns]
        known = int((part[:, 2] > MISSING).sum())
        members[name] = [int(n) if i % 3 == 2 else n for i, n in enumerate(flat(part))]
        if group == "body":
            members["num_keypoints"] = known
        else:
            members[name.replace("_kpts", "_valid")] = known > 0
    return members
