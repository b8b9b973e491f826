"""What the tables of kinematics have in common: whom they measure, and what they say about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from sdpose_track.export.job import Job
from sdpose_track.kinematics.table import Kinematics, KinematicsSettings, column_units, kinematics
from sdpose_track.records import Int64

HEAD = ("frame", "time_s", "pts", "track_id")
"""The columns before those of `column_units`."""


def measured(job: Job) -> Iterator[tuple[Kinematics, Int64]]:
    """Yield what every person of the view does, and the (F,) time stamps of their frames.

    The description tells the units of all columns, and of each person which way they look and how
    long and how steady their bones are.
    """
    options = job.options
    settings = KinematicsSettings(options.least, options.facing, options.camera_moves)
    people: dict[str, Any] = {}
    job.added["kinematics"] = {
        "threshold": settings.least_score,
        "camera_moves": settings.camera_moves,
        "columns": column_units(job.view.skeleton),
        "people": people,
    }
    for track, pts in job.tracks():
        person = kinematics(track, job.view.skeleton, settings)
        people[str(track.track_id)] = {"facing": person.facing, "bones": _bones(person)}
        yield person, pts


def _bones(person: Kinematics) -> dict[str, Any]:
    bones = person.bones
    return {
        name: {
            "usual_px": _number(bones.usual_px[i]),
            "usual_body_heights": _number(bones.usual_body_heights[i]),
            "variation": _number(bones.variation[i]),
            "too_long_frames": int(bones.too_long[:, i].sum()),
        }
        for i, name in enumerate(bones.names)
    }


def _number(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
