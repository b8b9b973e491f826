"""OpenPose's folder of JSON files, one a frame: what Pose2Sim, editors and control tools read.

Format: OpenPose 1.7 `doc/02_output.md` and `peopleJsonSaver`, version 1.3 (with `person_id`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sdpose_track.export.files import strict_json
from sdpose_track.export.formats.json_lists import flat
from sdpose_track.export.formats.openpose_people import PARTS, placed
from sdpose_track.export.job import Job
from sdpose_track.records import Pose
from sdpose_track.skeletons import BODY25, LAYOUTS, OPENPOSE18, Layout, Skeleton


def write(job: Job, part: Path) -> None:
    """Fill the folder `part` with `{stem}_{frame:012d}_keypoints.json` for every frame.

    Coordinates are pixels with 3 decimals, confidences have 6 and are cut to 0..1. A missing
    keypoint is `0, 0, 0`; an unsure one is written like any other. What the skeleton has no
    keypoints for is an empty list.
    """
    skeleton, least = job.view.skeleton, job.options.least
    parts = _parts(_layout(job.options.layout, skeleton), skeleton)
    for frame in job.frames():
        people = [_person(parts, skeleton, pose, least) for pose in frame.people]
        text = strict_json({"version": 1.3, "people": people})
        path = part / f"{job.stem}_{frame.index:012d}_keypoints.json"
        path.write_text(text, encoding="utf-8")


def _layout(name: str | None, skeleton: Skeleton) -> Layout:
    if name is None:
        return BODY25 if skeleton.group("feet") else OPENPOSE18
    return LAYOUTS[name]


def _parts(body: Layout, skeleton: Skeleton) -> dict[str, Layout | None]:
    """Return the layouts by their names in the file, in its order; None for what is not known."""
    others = {name: part if skeleton.group(group) else None for name, group, part in PARTS}
    return {"pose": body, **others}


def _person(
    parts: dict[str, Layout | None], skeleton: Skeleton, pose: Pose, least: float
) -> dict[str, Any]:
    person: dict[str, Any] = {"person_id": [pose.track_id]}
    for name, layout in parts.items():
        points: list[float] = []
        if layout is not None:
            points = flat(placed(layout.arrange(skeleton, pose.keypoints, pose.scores, least)))
        person[f"{name}_keypoints_2d"] = points
    return person | {f"{name}_keypoints_3d": [] for name in parts}
