"""DeepLabCut's CSV of predictions: what movement, SimBA, Keypoint-MoSeq and others read.

Format: DeepLabCut's `analyze_videos(save_as_csv=True)`, of one animal or of several.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import chain, product
from pathlib import Path

import numpy as np

from sdpose_track.export.formats.individuals import individuals
from sdpose_track.export.job import Job
from sdpose_track.records import Pose
from sdpose_track.skeletons import Skeleton

SCORER = "sdpose_track"
COORDS = ("x", "y", "likelihood")
_ALONE = (("track_1",), ("",))
"""Who needs no name."""


def write(job: Job, part: Path) -> None:
    """Write UTF-8 text with a row for every frame, with its index, and columns for everybody.

    The header's rows are `scorer`, `individuals` unless only person 1 is there, `bodyparts` and
    `coords`. Pixels have 3 decimals, likelihoods 4 and are cut to 0..1. All three are empty where a
    keypoint has no position. Of nobody, the table is that of one animal who is never seen.
    """
    people, skeleton = individuals(job) or {0: ""}, job.view.skeleton
    unseen = ("",) * (len(skeleton) * len(COORDS))
    with part.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerows(_header(tuple(people.values()), skeleton))
        for frame in job.frames():
            here = {pose.track_id: _cells(pose) for pose in frame.people}
            table.writerow([frame.index, *chain.from_iterable(here.get(i, unseen) for i in people)])


def _header(people: Sequence[str], skeleton: Skeleton) -> Iterator[list[str]]:
    columns = list(product(people, skeleton.keypoints, COORDS))
    yield ["scorer", *(SCORER for _ in columns)]
    if tuple(people) not in _ALONE:
        yield ["individuals", *(who for who, _, _ in columns)]
    yield ["bodyparts", *(name for _, name, _ in columns)]
    yield ["coords", *(coord for _, _, coord in columns)]


def _cells(pose: Pose) -> list[str]:
    likelihood = np.clip(pose.scores, 0, 1)
    return [
        cell
        for (x, y), sure in zip(pose.keypoints.tolist(), likelihood.tolist(), strict=True)
        for cell in ((f"{x:.3f}", f"{y:.3f}", f"{sure:.4f}") if np.isfinite(x) else ("", "", ""))
    ]
