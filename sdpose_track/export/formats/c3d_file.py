"""The head of a C3D file: its first block, and named parameters in groups.

Format: "The C3D File Format User Guide" (Motion Lab Systems, 2021), with Intel's byte order and
floating point numbers. It is written here, as ezc3d holds all points in memory: 1.7 GB for 10 000
frames of 5 people with 133 keypoints.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

BLOCK = 512
"""Bytes: every section of a file begins at a multiple."""
MOST_BLOCKS = 255
"""Of parameters."""
_MOST_FRAMES = 0xFFFF
"""That the first block can count; `TRIAL` has two words for it."""
_MOST_TEXTS, _LONGEST_TEXT = 255, 127
_MAGIC, _INTEL, _LONG_EVENTS = 0x50, 84, 12345


class Parameter(NamedTuple):
    """A value of a file's head."""

    kind: int
    """-1 for letters, 2 for words, 4 for float32."""
    sizes: tuple[int, ...]
    data: bytes


Groups = dict[str, dict[str, Parameter]]
"""Parameters by their names, in groups by theirs."""


def word(value: int) -> Parameter:
    """Return a whole number of 0..65535."""
    return Parameter(2, (), struct.pack("<H", value))


def number(value: float) -> Parameter:
    """Return a number as float32."""
    return Parameter(4, (), struct.pack("<f", value))


def text(value: str) -> Parameter:
    """Return a text."""
    return Parameter(-1, (len(value),), value.encode("ascii"))


def texts(name: str, values: Sequence[str]) -> dict[str, Parameter]:
    """Return a list of texts by its name, and what does not fit in as `name`2, `name`3.

    As UTF-8, cut to 127 bytes each.
    """
    raw = [_cut(value) for value in values]
    width = max(map(len, raw), default=0)
    lists = {}
    for start in range(0, max(len(raw), 1), _MOST_TEXTS):
        some = raw[start : start + _MOST_TEXTS]
        data = b"".join(value.ljust(width) for value in some)
        lists[f"{name}{start // _MOST_TEXTS + 1 if start else ''}"] = Parameter(
            -1, (width, len(some)), data
        )
    return lists


def _cut(value: str) -> bytes:
    """Return as many whole letters as fit."""
    return value.encode()[:_LONGEST_TEXT].decode(errors="ignore").encode()


def c3d_head(labels: Sequence[str], more: Groups, rate: float, frames: int) -> bytes:
    """Return what stands before the points, which follow as float32 `x, y, z, residual`.

    Args:
        labels: What the points of every frame are called, in their order.
        more: Parameters beside those that say how the file is to be read.
        rate: Frames per second.
        frames: How many there are.

    Raises:
        ValueError: there are more parameters than `MOST_BLOCKS` hold, 130 kB.
    """
    low, high = frames & 0xFFFF, frames >> 16
    groups: Groups = {
        "POINT": {
            "USED": word(len(labels)),
            "SCALE": number(-1.0),  # below zero: the points are floating point numbers
            "RATE": number(rate),
            "DATA_START": word(0),
            "FRAMES": word(min(frames, _MOST_FRAMES)),
            **texts("LABELS", labels),
        },
        "ANALOG": {"USED": word(0), "GEN_SCALE": number(1.0), "RATE": number(rate)},
        "TRIAL": {
            "ACTUAL_START_FIELD": Parameter(2, (2,), struct.pack("<HH", 1, 0)),
            "ACTUAL_END_FIELD": Parameter(2, (2,), struct.pack("<HH", low, high)),
        },
    }
    for name, group in more.items():
        groups.setdefault(name, {}).update(group)
    start = 2 + len(_blocks(groups)) // BLOCK
    groups["POINT"]["DATA_START"] = word(start)
    return _first_block(len(labels), rate, frames, start) + _blocks(groups)


def c3d_end(position: int, frames: int) -> bytes:
    """Return what fills the last block of a file that ends at `position`.

    Nothing where there are so many frames that readers take all there is for frames, as ezc3d does.
    """
    return bytes(-position % BLOCK) if frames < _MOST_FRAMES else b""


def _first_block(points: int, rate: float, frames: int, start: int) -> bytes:
    last = min(frames, _MOST_FRAMES)
    known = struct.pack("<BBHHHHHfHHf", 2, _MAGIC, points, 0, 1, last, 0, -1.0, start, 0, rate)
    return (known.ljust(298, b"\0") + struct.pack("<H", _LONG_EVENTS)).ljust(BLOCK, b"\0")


def _blocks(groups: Groups) -> bytes:
    body = b"".join(_group(i, *item) for i, item in enumerate(groups.items(), start=1))
    blocks = -(-(4 + len(body) + 2) // BLOCK)
    if blocks > MOST_BLOCKS:
        raise ValueError(f"{blocks} blocks of parameters, and {MOST_BLOCKS} is the most")
    return (bytes((1, _MAGIC, blocks, _INTEL)) + body).ljust(blocks * BLOCK, b"\0")


def _group(group_id: int, name: str, parameters: dict[str, Parameter]) -> bytes:
    head = struct.pack("<bb", len(name), -group_id) + name.encode("ascii") + struct.pack("<hx", 3)
    return head + b"".join(_entry(group_id, *item) for item in parameters.items())


def _entry(group_id: int, name: str, value: Parameter) -> bytes:
    own = struct.pack("<bB", value.kind, len(value.sizes)) + bytes(value.sizes) + value.data + b"\0"
    head = struct.pack("<bb", len(name), group_id) + name.encode("ascii")
    return head + struct.pack("<h", 2 + len(own)) + own
