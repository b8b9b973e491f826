"""AlphaPose's results: one list of people over all frames, which converters and action nets read.

Format: `alphapose-results.json` as AlphaPose's `write_json` makes it from a video with tracking,
for models of COCO's 17 or COCO-WholeBody's 133 keypoints.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sdpose_track.export.formats.coco_people import PERSON, box_xywh, rounded
from sdpose_track.export.formats.json_lists import flat, write_list
from sdpose_track.export.job import Job
from sdpose_track.records import Pose

OF_BEST = 1.25
"""How much the best keypoint counts in AlphaPose's score of a person."""


def write(job: Job, part: Path) -> None:
    """Write a JSON list with an object for every person of every frame.

    `image_id` is the frame's index from 0 with `.jpg`, the name that AlphaPose gives the frames of
    a video; `keypoints` is `x, y, confidence` of all keypoints in pixels with 3 decimals, zeros
    where unknown; `box` is `x, y, width, height`; `idx` is the track id. `score` is AlphaPose's:
    the detector's confidence, plus the mean of the keypoints', plus 1.25 times the best of them.
    """
    with part.open("w", encoding="utf-8", newline="\n") as file:
        write_list(file, _results(job))
        file.write("\n")


def _results(job: Job) -> Iterator[dict[str, Any]]:
    for frame in job.frames():
        for pose in frame.people:
            yield {
                "image_id": f"{frame.index}.jpg",
                "category_id": PERSON,
                "keypoints": flat(rounded(pose)),
                "score": _score(pose),
                "box": box_xywh(pose),
                "idx": pose.track_id,
            }


def _score(pose: Pose) -> float:
    return round(pose.score + float(pose.scores.mean() + OF_BEST * pose.scores.max()), 6)
