"""ComfyUI's POSE_KEYPOINT: what its pose nodes and pose editors load, one file for all frames.

Format: what `SavePoseKpsAsJsonFile` of comfyui_controlnet_aux writes, a list of frames. Its readers
are stricter than any text says:

- a keypoint counts only with a confidence of exactly 1.0, so there is 1.0 and 0.0 and nothing else;
- ComfyUI's own `SDPoseDrawKeypoints` needs every part at its full length, so there are zeros where
  nothing is known;
- each part is taken for fractions of the picture if its numbers are small enough, so a part that
  lies within two pixels of the corner, or beyond it, is left out;
- nodes that frame or paint a face take zeros in it for places, so a face is there with all its
  points or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sdpose_track.export.formats.json_lists import flat, write_list
from sdpose_track.export.formats.openpose_people import FEET6, PARTS, placed
from sdpose_track.export.job import Job
from sdpose_track.records import Float64, Pose
from sdpose_track.skeletons import FACE70, OPENPOSE18, WHOLEBODY133, Layout, Skeleton

FACE_POINTS = 68
"""Points of the face itself, without the pupils."""
LEAST_OF_FACE = 60
"""So many of them must be seen for the face to be written."""
SMALLEST = 2.0
"""Pixels: a part with no coordinate beyond this would be taken for fractions of the picture."""
_LAYOUTS: dict[str, tuple[str, Layout]] = {
    "pose": ("body", OPENPOSE18),
    "foot": ("feet", FEET6),
    **{name: (group, layout) for name, group, layout in PARTS},
}
"""By name in the file, the group of the skeleton that a part is of, and its layout."""
_PUPILS = {"right_eye": range(36, 42), "left_eye": range(42, 48)}
"""The points of the face around each."""


def write(job: Job, part: Path) -> None:
    """Write a JSON list with an object for every frame: `people`, `canvas_width`, `canvas_height`.

    People come by ascending id, which also is their `person_id`. Coordinates are pixels with 3
    decimals. A keypoint below the threshold is `0, 0, 0`; the neck is there if both shoulders are.
    The few points that a face lacks are put between their neighbours, and the description says how
    many.
    """
    with part.open("w", encoding="utf-8", newline="\n") as file:
        write_list(file, _frames(job))
        file.write("\n")


def _frames(job: Job) -> Iterator[dict[str, Any]]:
    source, skeleton, least = job.view.source, job.view.skeleton, job.options.least
    told = job.added["comfyui"] = {"face_points_filled": 0}
    for frame in job.frames():
        people = [_person(pose, skeleton, least) for pose in frame.people]
        told["face_points_filled"] += sum(filled for _, filled in people)
        yield {
            "people": [person for person, _ in people],
            "canvas_width": source.width,
            "canvas_height": source.height,
        }


def _person(pose: Pose, skeleton: Skeleton, least: float) -> tuple[dict[str, Any], int]:
    """Return what stands in the file of a person, and how many points of it were not seen."""
    person: dict[str, Any] = {}
    filled = 0
    for name, (group, layout) in _LAYOUTS.items():
        found = np.zeros((len(layout), 3), np.float64)
        if skeleton.group(group):
            found, added = _part(layout, pose, skeleton, least)
            filled += added
        person[f"{name}_keypoints_2d"] = flat(found)
    return person | {"person_id": [pose.track_id]}, filled


def _part(layout: Layout, pose: Pose, skeleton: Skeleton, least: float) -> tuple[Float64, int]:
    """Return (L, 3) `x, y, 1` of a part, zeros for what is not there, and how many are filled."""
    points = layout.arrange(skeleton, pose.keypoints, pose.scores, least)
    points[points[:, 2] < least] = 0
    seen = placed(points)
    found = _whole_face(seen) if layout is FACE70 else seen.copy()
    found[found[:, 2] > 0, 2] = 1
    if not (found[:, :2] > SMALLEST).any():
        return np.zeros_like(found), 0
    return found, int(((found[:, 2] > 0) & (seen[:, 2] == 0)).sum())


def _whole_face(points: Float64) -> Float64:
    """Return a face (70, 3) with every point, or zeros if too few are known."""
    known = points[:, 2] > 0
    if known[:FACE_POINTS].sum() < LEAST_OF_FACE:
        return np.zeros_like(points)
    out = points.copy()
    out[~known] = [*out[known, :2].mean(axis=0), 1]  # for a line of which nothing is known
    while not known.all():
        near = _neighbours() & known
        reached = np.flatnonzero(~known & near.any(axis=1))
        if not reached.size:
            break
        for k in reached:
            out[k, :2] = out[near[k], :2].mean(axis=0)
        known[reached] = True
    out[:, :2] = np.round(out[:, :2], 3)
    return out


@cache
def _neighbours() -> npt.NDArray[np.bool_]:
    """Return (70, 70): which points lie beside each other on a line of the face."""
    start = WHOLEBODY133.group("face").start
    beside = np.zeros((len(FACE70), len(FACE70)), np.bool_)
    for a, b in WHOLEBODY133.contours:
        beside[a - start, b - start] = beside[b - start, a - start] = True
    for pupil, around in _PUPILS.items():
        beside[FACE70.entries.index((pupil,)), list(around)] = True
    return beside
