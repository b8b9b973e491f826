"""Parquet: the columns of the CSV with their types, for polars, pandas, DuckDB and Spark."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from sdpose_track.export.formats.parquet_tables import write_tables
from sdpose_track.export.job import Job
from sdpose_track.records import FramePoses

_TYPES: dict[str, pl.DataType | type[pl.DataType]] = {
    "frame": pl.Int64, "time_s": pl.Float64, "pts": pl.Int64, "track_id": pl.Int32,
    "keypoint": pl.Int16, "keypoint_name": pl.Enum([]), "x": pl.Float32, "y": pl.Float32,
    "confidence": pl.Float32, "provenance": pl.UInt8,
}  # fmt: skip
_BLOCK = 1 << 14
"""Rows that become a table at a time, or those of a frame with more."""


def write(job: Job, part: Path) -> None:
    """Write one row a frame, person and keypoint; x and y in pixels, confidences as stored.

    A keypoint without a position has null x and y; a person who is not in a frame has no rows.
    `keypoint_name` is a dictionary. Nothing is rounded.
    """
    schema = pl.Schema({**_TYPES, "keypoint_name": pl.Enum(job.view.skeleton.keypoints)})
    write_tables(job, part, schema, _tables(job, schema))


def _tables(job: Job, schema: pl.Schema) -> Iterator[pl.DataFrame]:
    count = max(1, _BLOCK // (len(job.view.skeleton) * max(1, len(job.view.track_ids))))
    names = pl.Series("keypoint_name", job.view.skeleton.keypoints, schema["keypoint_name"])
    frames = job.frames()
    while block := list(islice(frames, count)):
        yield _table(block, names, schema)


def _table(frames: list[FramePoses], names: pl.Series, schema: pl.Schema) -> pl.DataFrame:
    seen = [(frame, pose) for frame in frames for pose in frame.people]
    if not seen:
        return pl.DataFrame(schema=schema)
    heads: dict[str, list[Any]] = {
        "frame": [frame.index for frame, _ in seen],
        "time_s": [float(frame.time) for frame, _ in seen],
        "pts": [frame.pts for frame, _ in seen],
        "track_id": [pose.track_id for _, pose in seen],
    }
    where = np.concatenate([pose.keypoints for _, pose in seen])
    number = np.tile(np.arange(len(names), dtype=np.int16), len(seen))
    columns = {name: np.repeat(values, len(names)) for name, values in heads.items()} | {
        "keypoint": number,
        "x": where[:, 0],
        "y": where[:, 1],
        "confidence": np.concatenate([pose.scores for _, pose in seen]),
        "provenance": np.concatenate([pose.provenance for _, pose in seen]),
    }
    table = pl.DataFrame(columns, nan_to_null=True).with_columns(names.gather(number))
    return table.select(pl.col(column).cast(kind) for column, kind in schema.items())
