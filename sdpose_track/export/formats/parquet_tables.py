"""Parquet files of any length, written table by table: only a few tables are in memory.

Compressed with zstd; the key `sdpose_track` of the file's metadata is the description that is also
beside the file, as JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import Full, Queue
from typing import Any

import polars as pl
from polars.io.plugins import register_io_source

from sdpose_track.export.files import strict_json
from sdpose_track.export.formats.patient_file import PatientFile
from sdpose_track.export.job import Job
from sdpose_track.threads import beginning

METADATA = "sdpose_track"
ROW_GROUP = 1 << 16
"""Rows that are compressed together."""
_AHEAD = 1
"""Tables that wait for polars at a time."""
_LOOK_S = 0.1

_Tables = Queue[pl.DataFrame | None]


def write_tables(job: Job, part: Path, schema: pl.Schema, tables: Iterable[pl.DataFrame]) -> None:
    """Write `tables`, all of `schema`, one after another as one Parquet file.

    Polars asks for tables in a thread of its own, and a recording is read in that which opened it:
    so they are made here and handed over.

    Raises OSError if the file cannot be written, DeviceError if no thread can be had.
    """
    handed: _Tables = Queue(_AHEAD)
    description: dict[str, str] = {}  # is complete when the last table is, and then asked for

    def taken(*_: Any) -> Iterator[pl.DataFrame]:
        while (table := handed.get()) is not None:
            yield table

    written: Future[None] | None = None
    with PatientFile(part, "w") as file, ThreadPoolExecutor(1, "sdpose-parquet") as thread:
        try:
            with beginning():
                written = thread.submit(
                    register_io_source(taken, schema=schema).sink_parquet,
                    file,
                    compression="zstd",
                    row_group_size=ROW_GROUP,
                    metadata=lambda _: description,
                )
            for table in tables:
                file.check()
                _hand(handed, table, written)
            description[METADATA] = strict_json(job.described())
        finally:
            if written is None:  # Ctrl-C came while the thread began: it would wait for ever
                handed.put(None)
            else:
                _hand(handed, None, written)
        written.result()
        file.check()


def _hand(handed: _Tables, table: pl.DataFrame | None, written: Future[None]) -> None:
    """Hand a table over, unless the writing has ended with an error."""
    while not written.done():
        try:
            handed.put(table, timeout=_LOOK_S)
            return
        except Full:
            continue
    written.result()
