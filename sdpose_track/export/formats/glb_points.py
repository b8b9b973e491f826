"""GLB of points: every keypoint a node that moves, exactly where and when it was seen.

A node `track_<id>` for each person holds a node `track_<id>/<keypoint>` for each keypoint that was
ever seen. The scene is the picture, seen from the front: x from its left, y from its bottom, z 0.
Moments at which a point is not known have no key; viewers move it straight through them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sdpose_track.export.axes import MM_PER_M, to_yup
from sdpose_track.export.formats.glb_picture import person_extras, picture_extras
from sdpose_track.export.glb import Glb, Thing, rising, temporary
from sdpose_track.export.job import Job
from sdpose_track.records import Float64, TrackArrays

MM_PER_PX = 10.0
"""Unless another scale is chosen: 100 pixels are a metre."""


def write(job: Job, part: Path) -> None:
    """Write one animation, `pose`, at the export's own times in seconds from its first frame."""
    metres = (job.options.mm_per_px or MM_PER_PX) / MM_PER_M
    never: dict[str, list[str]] = {}
    with temporary(part) as glb, part.open("wb") as file:
        for track, _ in job.tracks():
            never[str(track.track_id)] = _add_person(glb, job, track, metres)
        glb.write(file, picture_extras(job, metres))
    units = {"xyz": "m", "origin": "bottom-left", "y": "up", "time": "s"}
    job.added["points"] = {"units": units, "metres_per_px": metres, "never_seen": never}


def _add_person(glb: Glb, job: Job, track: TrackArrays, metres: float) -> list[str]:
    """Add a person, and return the keypoints that they do not have."""
    name = f"track_{track.track_id}"
    nodes = {}
    seconds = track.times - float(job.start)
    for k, keypoint in enumerate(job.view.skeleton.keypoints):
        where = to_yup(track.keypoints[:, k], job.view.source.height) * metres
        if np.isfinite(where[:, 0]).any():
            extras = {"coco_index": k, "keypoint": keypoint}
            nodes[keypoint] = _add_point(glb, f"{name}/{keypoint}", seconds, where, extras)
    children, extras = list(nodes.values()), person_extras(job, track.track_id)
    glb.node(name, is_root=True, children=children, extras=extras)
    return [keypoint for keypoint in job.view.skeleton.keypoints if keypoint not in nodes]


def _add_point(glb: Glb, name: str, times: Float64, where: Float64, extras: Thing) -> int:
    """Add a node that is `where` (F, 2) metres at `times` (F,), and at first where it was first."""
    known = np.isfinite(where[:, 0])
    seconds, usable = rising(times[known])
    path = np.pad(where[known][usable], ((0, 0), (0, 1)))
    start = path[0].astype(np.float32).tolist()
    node = glb.node(name, translation=start, extras=extras)
    glb.animate(node, "translation", seconds[usable], path)
    return node
