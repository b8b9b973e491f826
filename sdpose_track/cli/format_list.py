"""`sdpose-track export --list`: every format, what it is for, and what can be chosen of it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any


class ListFormats(argparse.Action):
    """Prints the list and ends the program, whatever else is asked."""

    def __init__(self, option_strings: list[str], dest: str, **rest: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, **rest)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        """Print, and leave with exit code 0."""
        print("\n".join(_lines()))
        parser.exit()


def _lines() -> Iterator[str]:
    from sdpose_track.export.options import CHOICES, COMMON
    from sdpose_track.export.table import FORMATS

    width = max(map(len, FORMATS))
    for name, entry in FORMATS.items():
        yield f"{name:{width}}  {entry.summary}"
        if entry.choices:
            yield f"{'':{width}}  --set {', '.join(entry.choices)}"
    yield f"{'every format':{width}}  --set {', '.join(COMMON)}"
    yield ""
    width = max(map(len, CHOICES))
    for name, choice in CHOICES.items():
        yield f"{name + '=':{width + 1}} {choice.says}: {choice.takes}"
