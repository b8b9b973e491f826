"""MMPose's predictions: the JSON that its demos save of a video.

Format: `demo/topdown_demo_with_mmdet.py --save-predictions` of MMPose 1.x, `meta_info` as its
`parse_pose_metainfo` makes it, without colours.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sdpose_track.export.files import strict_json
from sdpose_track.export.formats.coco_people import box_xyxy, rounded
from sdpose_track.export.formats.json_lists import write_list
from sdpose_track.export.job import Job
from sdpose_track.records import Pose
from sdpose_track.skeletons import COCO17, WHOLEBODY133, Skeleton

DATASETS = {COCO17.name: "coco", WHOLEBODY133.name: "coco_wholebody"}
"""What MMPose calls the skeletons."""


def write(job: Job, part: Path) -> None:
    """Write a JSON object with `meta_info`, and in `instance_info` an object for every frame.

    `frame_id` starts at 1. Keypoints are `[x, y]` in pixels with 3 decimals; one that is unknown is
    `[0, 0]` with a score of 0. `bbox` is `[[x1, y1, x2, y2]]`, one level deeper than one thinks.
    `track_id` is our own addition.
    """
    with part.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f'{{"meta_info":{strict_json(_meta(job.view.skeleton))},\n"instance_info":')
        write_list(file, _frames(job))
        file.write("}\n")


def _frames(job: Job) -> Iterator[dict[str, Any]]:
    for frame in job.frames():
        yield {"frame_id": frame.index + 1, "instances": [_instance(p) for p in frame.people]}


def _instance(pose: Pose) -> dict[str, Any]:
    points = rounded(pose)
    return {
        "keypoints": points[:, :2].tolist(),
        "keypoint_scores": points[:, 2].tolist(),
        "bbox": [box_xyxy(pose)],
        "bbox_score": round(pose.score, 6),
        "track_id": pose.track_id,
    }


def _meta(skeleton: Skeleton) -> dict[str, Any]:
    return {
        "dataset_name": DATASETS[skeleton.name],
        "num_keypoints": len(skeleton),
        "keypoint_id2name": {str(k): name for k, name in enumerate(skeleton.keypoints)},
        "keypoint_name2id": {name: k for k, name in enumerate(skeleton.keypoints)},
        "flip_indices": list(skeleton.mirror),
        "flip_pairs": [[k, other] for k, other in enumerate(skeleton.mirror) if k < other],
        "num_skeleton_links": len(skeleton.edges),
        "skeleton_links": [list(edge) for edge in skeleton.edges],
        "sigmas": list(skeleton.sigmas),
    }
