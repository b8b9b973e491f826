"""JSON lists: those of any length, written item by item, and arrays as one list of numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TextIO

from sdpose_track.export.files import strict_json
from sdpose_track.records import Float64


def write_list(file: TextIO, items: Iterable[Any]) -> None:
    """Write `items` as a JSON list, each on a line; only one of them is in memory.

    Raises ValueError for NaN and infinity.
    """
    file.write("[")
    for i, item in enumerate(items):
        file.write((",\n" if i else "\n") + strict_json(item))
    file.write("]")


def flat(points: Float64) -> list[float]:
    """Return an array as one list of numbers."""
    numbers: list[float] = points.ravel().tolist()
    return numbers
