"""TRC: where a person's markers are in metres, one file each, for OpenSim and what is around it.

Format: OpenSim's "Marker (.trc) Files", as Pose2Sim and Sports2D write it: version 4, no empty line
under the names, empty cells where a marker is not known. A row that would end in one ends in `nan`,
as OpenSim 4.6 does not count an empty cell at the end. The picture is seen from the front: x from
its left, y from its bottom, z 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from sdpose_track.export.axes import body_height_px, to_yup
from sdpose_track.export.formats.markers import marker_places, metres_per_px
from sdpose_track.export.formats.opensim_text import SECONDS, Stretch, stretch, text_of
from sdpose_track.export.job import Job
from sdpose_track.kinematics.trace import trace
from sdpose_track.records import TrackArrays

_KNOWN, _UNKNOWN, _EMPTY = "\t%.6f\t%.6f\t0", "\tnan\tnan\t0", "\t\t\t"


def write(job: Job, part: Path) -> None:
    """Fill the folder `part` with `{stem}_p{id}.trc` for everybody who is in the export.

    Metres have 6 decimals. Unless the options have a scale, everybody has their own, at which they
    are as tall as the options say: distances between people do not compare. Keypoints below the
    threshold of the options are not known.
    """
    job.added["markers"] = {
        "units": {"xyz": "m", "origin": "bottom-left", "y": "up", "time": "s"},
        "threshold": job.options.least,
        "people": {
            str(track.track_id): _write_person(job, part, track)
            for track, _ in job.tracks()
            if len(track)
        },
    }


def _write_person(job: Job, part: Path, track: TrackArrays) -> dict[str, float]:
    """Write the file of a person, and return what the description says of them."""
    skeleton, least, source = job.view.skeleton, job.options.least, job.view.source
    height_px = body_height_px(track, skeleton, least)
    scale = metres_per_px(job, [height_px])
    person, places = trace(track, skeleton, least), marker_places(skeleton)
    metres = np.empty((len(track), len(places), 2))
    for i, place in enumerate(places.values()):
        metres[:, i] = to_yup(person.at(place), source.height) * scale
    found = stretch(job, track, metres.reshape(len(track), -1))
    path = job.person_path(part, track.track_id, ".trc")
    # Only the file's own name can have other letters, and Pose2Sim reads in the system's encoding.
    with path.open("w", encoding="ascii", errors="replace", newline="") as file:
        file.write(_head(path.name, tuple(places), job.rate or source.rate, found))
        file.writelines(_rows(found))
    return {"metres_per_px": scale, "body_height_px": height_px}


def _head(name: str, markers: tuple[str, ...], rate: Fraction, person: Stretch) -> str:
    """Return the five lines before the rows; frames are counted from 1."""
    fps, count = f"{float(rate):.9g}", len(person.times)
    facts = {
        "DataRate": fps, "CameraRate": fps, "NumFrames": count, "NumMarkers": len(markers),
        "Units": "m", "OrigDataRate": fps, "OrigDataStartFrame": person.first + 1,
        "OrigNumFrames": count,
    }  # fmt: skip
    axes = (f"X{i}\tY{i}\tZ{i}" for i in range(1, len(markers) + 1))
    lines = (
        f"PathFileType\t4\t(X/Y/Z)\t{' '.join(name.split())}",
        "\t".join(facts),
        "\t".join(map(str, facts.values())),
        "Frame#\tTime\t" + "\t\t\t".join(markers) + "\t\t",
        "\t\t" + "\t".join(axes),
    )
    return "\n".join(lines) + "\n"


def _rows(person: Stretch) -> Iterator[str]:
    """Yield the text of a person whose values (N, 2 M) are x and y of each of M markers."""
    count, cells = person.values.shape
    numbers = np.arange(count, dtype=np.float64) + person.first + 1
    row = "%d\t" + SECONDS + _KNOWN * (cells // 2) + "\n"
    for text in text_of(row, numbers, person.times, person.values):
        yield text.replace(_UNKNOWN, _EMPTY).replace("\t\n", "\tnan\n")
