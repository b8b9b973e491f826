"""The checkpoints known by name, as `models/manifest.toml` lists them. Data only: no file is read.

Nothing but the list itself may enter: where weights lie is `finding.py`.
"""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from sdpose_track.errors import CheckpointError
from sdpose_track.shipped import shipped

PATH = shipped("manifest.toml")
_TEXTS = ("summary", "architecture", "license", "origin", "card")
_MAYBE = ("skeleton", "wheel", "repository", "revision")
"""Texts of an entry, and those that it may lack."""
_WEB = "https://huggingface.co/"


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """A file of a checkpoint, and what is known of it."""

    path: str
    """Below the checkpoint's folder, and in its repository, with forward slashes."""
    bytes: int | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One entry of the manifest."""

    name: str
    summary: str
    roles: tuple[str, ...]
    architecture: str
    license: str
    origin: str
    card: str
    files: tuple[WeightsFile, ...]
    skeleton: str | None = None
    input: tuple[int, int] | None = None
    """(width, height) of the network's input in pixels, where it is fixed."""
    wheel: str | None = None
    repository: str | None = None
    revision: str | None = None

    @property
    def is_folder(self) -> bool:
        """Whether the checkpoint is a folder of files and not one file."""
        return len(self.files) > 1

    @property
    def file_name(self) -> str:
        """Name of the weights file of a checkpoint that is one file."""
        return PurePosixPath(self.files[0].path).name

    @property
    def bytes(self) -> int:
        """Size of all files of known size."""
        return sum(file.bytes or 0 for file in self.files)

    @property
    def is_sized(self) -> bool:
        """Whether the size of every file is known."""
        return all(file.bytes is not None for file in self.files)


@cache
def manifest() -> dict[str, Checkpoint]:
    """Return the known checkpoints by name, in the manifest's order.

    Raises CheckpointError if the manifest is missing or damaged.
    """
    if not PATH.is_file():
        raise CheckpointError(f"{PATH} is missing; reinstall sdpose-track")
    try:
        tables = tomllib.loads(PATH.read_text(encoding="utf-8"))
        return {name: _entry(name, table) for name, table in tables.items()}
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError, OSError) as error:
        raise CheckpointError(
            f"{PATH} is damaged ({error!s:.80}); reinstall sdpose-track"
        ) from error


def named(name: str) -> Checkpoint:
    """Return the entry called `name`. Raises CheckpointError that suggests what was meant."""
    entry = manifest().get(name)
    if entry is None:
        raise unknown(name)
    return entry


def published_as(name: str) -> Checkpoint | None:
    """Return the entry that comes from the repository `name`, an id or a web address."""
    source = name.removeprefix(_WEB).strip("/").lower()
    entries = manifest().values()
    return next((e for e in entries if e.repository and e.repository.lower() == source), None)


def unknown(name: str) -> CheckpointError:
    """Return the error for a name that is not in the manifest, with what may have been meant."""
    entry = published_as(name)
    if entry is not None:
        return CheckpointError(
            f"{name} is where {entry.name} comes from, and {entry.name} is its name here;"
            f" get it with: sdpose-track models fetch {entry.name}"
        )
    near = difflib.get_close_matches(name, manifest(), n=1)
    hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(manifest())}"
    return CheckpointError(f"no model is named {name!r}{hint}")


def _entry(name: str, table: dict[str, Any]) -> Checkpoint:
    """Return an entry. Raises ValueError if a file of it lies outside the checkpoint's folder."""
    facts = dict(table)
    for path in (name, *facts["files"]):
        below = PureWindowsPath(path)  # which knows either slash, and drives
        if below.anchor or ".." in below.parts or not below.name:
            raise ValueError(f"{path!r} of {name} lies in another folder")
    files = tuple(WeightsFile(path, **known) for path, known in facts.pop("files").items())
    facts["roles"] = tuple(facts["roles"])
    if "input" in facts:
        width, height = facts["input"]
        facts["input"] = (width, height)
    entry = Checkpoint(name=name, files=files, **facts)
    texts = [getattr(entry, text) for text in _TEXTS]
    texts += [found for text in _MAYBE if (found := getattr(entry, text)) is not None]
    texts += [*entry.roles, *(file.sha256 for file in files if file.sha256 is not None)]
    sizes = [file.bytes for file in files if file.bytes is not None] + [*(entry.input or ())]
    if not files or {type(t) for t in texts} != {str} or not {type(n) for n in sizes} <= {int}:
        raise TypeError(f"{name} has a value of another kind")
    return entry
