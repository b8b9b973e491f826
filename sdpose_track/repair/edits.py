"""Repairs as values: what a person decided, small enough to be stored one by one.

An edit names people by the ids that were shown when it was made. It says nothing of how it was
made, so the command line, the viewer and a script write the same. In a session an edit is its kind
and its fields as JSON (docs/session-format.md).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeAlias

LAST_FRAME = 2**31 - 1
"""Stands for the end of the recording."""
MOST_BLEND_S = 10.0
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Swap:
    """From `frame` on two people exchange their ids."""

    first: int
    second: int
    frame: int = 0


@dataclass(frozen=True, slots=True)
class Merge:
    """`other` was `into` all along. They must never be in one frame together."""

    into: int
    other: int


@dataclass(frozen=True, slots=True)
class Split:
    """From `frame` on `track_id` is somebody else."""

    track_id: int
    frame: int
    new_id: int
    """An id that nobody had before."""


@dataclass(frozen=True, slots=True)
class Delete:
    """`track_id` is nobody, from the frame `first` to the frame `last`, both included."""

    track_id: int
    first: int = 0
    last: int = LAST_FRAME


@dataclass(frozen=True, slots=True)
class Rename:
    """`track_id` is called `name`; an empty one takes the name away."""

    track_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Lock:
    """While `locked`, edits that would change who `track_id` is or how they move are refused."""

    track_id: int
    locked: bool = True


@dataclass(frozen=True, slots=True)
class Place:
    """A keypoint is at `x`, `y` in `frame`.

    With `blend_s` above 0 it is a keyframe: the correction fades in and out over so many seconds
    on both sides, and passes from one keyframe to the next where they are near.
    """

    track_id: int
    frame: int
    keypoint: str
    """Its name in the skeleton."""
    x: float
    """Pixels."""
    y: float
    blend_s: float = 0.0


Edit: TypeAlias = Swap | Merge | Split | Delete | Rename | Lock | Place
KINDS: dict[str, type[Edit]] = {
    "swap": Swap,
    "merge": Merge,
    "split": Split,
    "delete": Delete,
    "rename": Rename,
    "lock": Lock,
    "place": Place,
}
_NAMES = {kind: name for name, kind in KINDS.items()}


def to_json(edit: Edit) -> tuple[str, dict[str, Any]]:
    """Return the kind of `edit`, a key of `KINDS`, and its fields as JSON values."""
    return _NAMES[type(edit)], asdict(edit)


def from_json(kind: str, values: Mapping[str, Any]) -> Edit:
    """Return the edit that `to_json` told of. Raises ValueError for anything else."""
    if kind not in KINDS:
        raise ValueError(f"there is no edit {kind!r:.40}")
    made = KINDS[kind]
    wanted = {field.name: field.type for field in fields(made)}
    if set(values) != set(wanted):
        raise ValueError(f"a {kind} has {', '.join(wanted)}")
    return made(**{name: _checked(name, str(wanted[name]), values[name]) for name in wanted})


def _checked(name: str, kind: str, value: Any) -> Any:
    if kind == "bool" and isinstance(value, bool):
        return value
    if kind == "str" and isinstance(value, str):
        return value
    if kind == "int" and isinstance(value, int) and not isinstance(value, bool):
        if 0 <= value <= LAST_FRAME:
            return value
        raise ValueError(f"{name} {value} is out of range")
    if kind == "float" and isinstance(value, int | float) and not isinstance(value, bool):
        if math.isfinite(value):
            return float(value)
        raise ValueError(f"{name} is no number")
    raise ValueError(f"{name} is {value!r:.40}")
