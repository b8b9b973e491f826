"""What the text tables of OpenSim have in common: a row a frame of a constant rate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from sdpose_track.export.job import Job
from sdpose_track.records import Float64, TrackArrays

SECONDS = "%.9f"
"""So many decimals that OpenSim's filters find the frames evenly spaced."""
_BLOCK = 1024
"""Rows that are in memory as text at a time."""


class Stretch(NamedTuple):
    """A person from when they come until they go for good, N frames without a hole.

    Frames and times are those of the export, so that several people's lie in one time.
    """

    first: int
    """Which frame of the export they come in, counted from 0."""
    times: Float64
    """(N,) seconds."""
    values: Float64
    """(N, C) what is told of them, NaN unknown."""


def stretch(job: Job, track: TrackArrays, values: Float64) -> Stretch:
    """Return the stretch of a person with `values` (F, C) in their F frames, which are not none."""
    rows, rate = job.rows(track), job.rate or job.view.source.rate
    first, last = int(rows[0]), int(rows[-1])
    whole = np.full((last - first + 1, values.shape[1]), np.nan)
    whole[rows - first] = values
    return Stretch(first, np.arange(first, last + 1) / float(rate), whole)


def text_of(row: str, *columns: Float64) -> Iterator[str]:
    """Yield the lines of `columns` (N,) or (N, C), as `row` says with `%`, many at a time."""
    for start in range(0, len(columns[0]), _BLOCK):
        table = np.column_stack([column[start : start + _BLOCK] for column in columns])
        yield "".join(row % tuple(cells) for cells in table.tolist())
