"""JSON lists of any length, written item by item: no more than one item is in memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TextIO

from sdpose_track.export.files import strict_json


def write_list(file: TextIO, items: Iterable[Any]) -> None:
    """Write `items` as a JSON list, each on a line. Raises ValueError for NaN and infinity."""
    file.write("[")
    for i, item in enumerate(items):
        file.write((",\n" if i else "\n") + strict_json(item))
    file.write("]")
