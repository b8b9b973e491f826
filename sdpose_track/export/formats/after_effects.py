"""After Effects keyframes as text to be pasted: where each keypoint of a person is, frame by frame.

Format: what After Effects puts on the clipboard when keyframes are copied; not documented, known
from the many programs that write it. Version 8.0 has one layer: a text for each keypoint. Version
9.0 has one after another, each after a line `Layer`: a text for each person, pasted onto as many
selected layers. Frames count from 0 at the first of the export. Where a keypoint is not known there
is no row, and After Effects moves the layer straight on to the next.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from sdpose_track.export.job import Job
from sdpose_track.kinematics.trace import trace
from sdpose_track.records import Float32, Int64, TrackArrays


def write(job: Job, part: Path) -> None:
    """Fill the folder `part` with `{stem}_p{id}_{keypoint}.txt`, or of 9.0 `{stem}_p{id}.txt`.

    ASCII with Windows line ends. Pixels of the composition, y down, have 3 decimals. Keypoints
    below the threshold of the options are not known; one that never is has no text. The
    description says which there are, of 9.0 in the order of the layers.
    """
    job.added["layers"] = {
        "units": {"xy": "px", "origin": "top-left", "y": "down", "time": "frames"},
        "threshold": job.options.least,
        "people": {
            str(track.track_id): _write_person(job, part, track) for track, _ in job.tracks()
        },
    }


def _write_person(job: Job, part: Path, track: TrackArrays) -> list[str]:
    """Write the texts of a person, and return the keypoints that have a layer."""
    names, frames = job.view.skeleton.keypoints, job.rows(track)
    points = trace(track, job.view.skeleton, job.options.least).points
    seen = np.flatnonzero(np.isfinite(points[..., 0]).any(axis=0)).tolist()
    blocks = (_block(frames, points[:, k]) for k in seen)
    if job.options.version == "8.0":
        for k, block in zip(seen, blocks, strict=True):
            _save(job, job.person_path(part, track.track_id, f"_{names[k]}.txt"), [block])
    elif seen:
        layers = (f"Layer\n{block}" for block in blocks)
        _save(job, job.person_path(part, track.track_id, ".txt"), layers)
    return [names[k] for k in seen]


def _block(frames: Int64, points: Float32) -> str:
    """Return the keyframes of a keypoint that is at `points` (F, 2) in `frames` (F,)."""
    known = np.isfinite(points[:, 0])
    table = np.column_stack([frames[known], points[known]])
    rows = "\t%d\t%.3f\t%.3f\t0\n" * len(table) % tuple(table.ravel().tolist())
    return f"Transform\tPosition\n\tFrame\tX pixels\tY pixels\tZ pixels\n{rows}\n"


def _save(job: Job, path: Path, blocks: Iterable[str]) -> None:
    source = job.view.source
    lines = (
        f"Adobe After Effects {job.options.version} Keyframe Data",
        "",
        f"\tUnits Per Second\t{float(job.rate or source.rate):.3f}",
        f"\tSource Width\t{source.width}",
        f"\tSource Height\t{source.height}",
        "\tSource Pixel Aspect Ratio\t1",
        "\tComp Pixel Aspect Ratio\t1",
        "\n",
    )
    with path.open("w", encoding="ascii", newline="\r\n") as file:
        file.write("\n".join(lines))
        file.writelines(blocks)
        file.write("End of Keyframe Data\n")
