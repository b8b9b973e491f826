"""What plots show, as text: for readers of a screen, and for a table."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence

import numpy as np

from sdpose_track.records import Float64
from ui.plots.curves import Curve, Plot


def told_at(plots: Sequence[Plot], index: int) -> str:
    """Return the values in a frame in words: `x 312.4 px (raw 311.9)`."""
    return ", ".join(_told(plot, index) for plot in plots)


def _told(plot: Plot, index: int) -> str:
    smooth, raw = plot.smooth.at(index), plot.raw.at(index)
    if math.isnan(smooth) and math.isnan(raw):
        return f"{plot.name} unknown"
    if math.isnan(smooth):
        return f"{plot.name} unknown (raw {_value(plot, raw)})"
    found = "unknown" if math.isnan(raw) else _value(plot, raw)
    space = "" if plot.unit in ("", "°") else " "
    return f"{plot.name} {_value(plot, smooth)}{space}{plot.unit} (raw {found})"


def _value(plot: Plot, value: float) -> str:
    """Return a value with about four digits that count."""
    if plot.is_yes_no:
        return "yes" if value else "no"
    places = 0 if abs(value) >= 1000 else 1 if abs(value) >= 10 else 2
    return f"{value:.{places}f}"


def as_csv(plots: Sequence[Plot], start: float, stop: float) -> str:
    """Return what `plots` show from `start` to `stop` seconds as a table with a header.

    One row a frame; empty where nothing is known.
    """
    columns = [curve for plot in plots for curve in (plot.raw, plot.smooth)]
    indices, seconds = _frames(columns, start, stop)
    table = np.stack([_in_frames(curve, indices) for curve in columns], axis=1)
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    heads = [f"{plot.label} {kind}" for plot in plots for kind in ("raw", "smoothed")]
    rows.writerow(["frame", "seconds", *heads])
    for index, second, values in zip(indices, seconds, table, strict=True):
        cells = ["" if math.isnan(value) else f"{value:.4f}" for value in values]
        rows.writerow([int(index), f"{second:.6f}", *cells])
    return text.getvalue()


def _frames(
    curves: Sequence[Curve], start: float, stop: float
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int32]], Float64]:
    """Return the frames that any of `curves` has from `start` to `stop`, and their seconds."""
    indices = np.concatenate([curve.indices for curve in curves])
    seconds = np.concatenate([curve.seconds for curve in curves])
    inside = (seconds >= start) & (seconds <= stop)
    found, first = np.unique(indices[inside], return_index=True)
    return found, seconds[inside][first]


def _in_frames(curve: Curve, indices: np.ndarray[tuple[int], np.dtype[np.int32]]) -> Float64:
    """Return the values of `curve` in the frames `indices` (M,); NaN where it has none."""
    if not len(curve.indices):
        return np.full(len(indices), np.nan)
    rows = np.minimum(np.searchsorted(curve.indices, indices), len(curve.indices) - 1)
    return np.where(curve.indices[rows] == indices, curve.values[rows], np.nan)
