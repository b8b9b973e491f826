"""CSV of kinematics: one row a person and frame, for spreadsheets, pandas and polars."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sdpose_track.export.formats.kinematics_people import HEAD, measured
from sdpose_track.export.job import Job
from sdpose_track.kinematics.table import Kinematics, column_units
from sdpose_track.records import Int64

_CELLS = {"deg": "%.3f", "px": "%.3f", "bh/s": "%.4f", "count": "%.0f", "bool": "%.0f"}
"""How a number of each unit is written."""
_BLOCK = 1024
"""Rows that are in memory as text at a time."""


def write(job: Job, part: Path) -> None:
    """Write UTF-8 text with Unix line ends, by person and then frame.

    Degrees and pixels have 3 decimals, speeds 4, seconds 6. What is unknown is an empty cell; a
    person who is not in a frame has no row there.
    """
    units = column_units(job.view.skeleton)
    row = ",".join(["%d,%.6f,%d,%d", *(_CELLS[unit] for unit in units.values())]) + "\n"
    with part.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join([*HEAD, *units]) + "\n")
        for person, pts in measured(job):
            for start in range(0, len(person), _BLOCK):
                rows = _rows(person, pts, slice(start, start + _BLOCK))
                file.write("".join(row % values for values in rows).replace("nan", ""))


def _rows(person: Kinematics, pts: Int64, which: slice) -> Iterator[tuple[float, ...]]:
    heads = (person.indices, person.times, pts)
    known = [values[which].tolist() for values in heads]
    columns = [values[which].tolist() for values in person.columns.values()]
    return zip(*known, [person.track_id] * len(known[0]), *columns, strict=True)
