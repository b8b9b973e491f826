"""Parquet of kinematics: the columns of the CSV with their types, and the description inside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from sdpose_track.export.formats.kinematics_people import HEAD, measured
from sdpose_track.export.formats.parquet_tables import write_tables
from sdpose_track.export.job import Job
from sdpose_track.kinematics.table import Kinematics, column_units
from sdpose_track.records import Int64

_HEAD_TYPES = dict(zip(HEAD, (pl.Int64, pl.Float64, pl.Int64, pl.Int32), strict=True))
_TYPES = {
    "deg": pl.Float32, "px": pl.Float32, "bh/s": pl.Float32, "count": pl.UInt8, "bool": pl.Boolean,
}  # fmt: skip
"""The type of the columns of each unit."""


def write(job: Job, part: Path) -> None:
    """Write the table by person and then frame; what is unknown is null."""
    units = column_units(job.view.skeleton)
    schema = pl.Schema(_HEAD_TYPES | {name: _TYPES[unit] for name, unit in units.items()})
    people = (_table(person, pts).cast(schema) for person, pts in measured(job))
    write_tables(job, part, schema, people)


def _table(person: Kinematics, pts: Int64) -> pl.DataFrame:
    track_id = np.full(len(person), person.track_id, np.int32)
    heads = zip(HEAD, (person.indices, person.times, pts, track_id), strict=True)
    return pl.DataFrame(dict(heads) | dict(person.columns), nan_to_null=True)
