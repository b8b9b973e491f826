"""Parquet of kinematics: the columns of the CSV with their types, and the description inside.

Compressed with zstd; the key `sdpose_track` of the file's metadata is the description that is also
beside the file, as JSON. The table is put together in memory before it is written, 4 bytes a cell:
about 10 MB for 10 000 frames of 5 people.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl

from sdpose_track.export.files import strict_json
from sdpose_track.export.job import Job
from sdpose_track.export.kinematics_people import HEAD, measured
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
    people = [_table(person, pts).cast(schema) for person, pts in measured(job)]
    table = pl.concat([pl.DataFrame(schema=schema), *people])
    whole = BytesIO()
    table.write_parquet(
        whole, compression="zstd", metadata={"sdpose_track": strict_json(job.described())}
    )
    part.write_bytes(whole.getbuffer())  # polars itself would not say that the disk is full


def _table(person: Kinematics, pts: Int64) -> pl.DataFrame:
    track_id = np.full(len(person), person.track_id, np.int32)
    heads = zip(HEAD, (person.indices, person.times, pts, track_id), strict=True)
    return pl.DataFrame(dict(heads) | dict(person.columns), nan_to_null=True)
