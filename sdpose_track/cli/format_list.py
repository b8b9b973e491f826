"""`sdpose-track export --list`: every format, what it is for, and what can be chosen of it."""

from __future__ import annotations

from collections.abc import Iterator

from sdpose_track.cli.grammar import Listing


class ListFormats(Listing):
    """Prints the list and ends the program."""

    def lines(self) -> Iterator[str]:
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
