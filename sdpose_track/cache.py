"""The user's cache folder, and the sha256 of files that is remembered there.

Reading 5 GB of weights takes many seconds. So the digest of a big file is kept with the path, size
and time of change that it was computed for. What cannot be remembered is computed again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from contextlib import suppress
from pathlib import Path

import platformdirs

from sdpose_track.errors import CheckpointError

LOG = logging.getLogger(__name__)

SMALLEST_REMEMBERED = 16 * 2**20
"""Bytes. A smaller file is read anew each time: that takes no longer than to look it up."""
WORTH_TELLING = 500_000_000
"""Bytes. A person is told that a file of this size is read through."""


def cache_folder() -> Path:
    """Return the user's folder for weights and for what is derived from them."""
    named = os.environ.get("SDPOSE_TRACK_CACHE")
    return Path(named) if named else Path(platformdirs.user_cache_dir("sdpose-track"))


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file in hex. Raises CheckpointError if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from error


def known_sha256(path: Path, *, anew: bool = False) -> str:
    """Return the sha256 of a file in hex: the remembered one, unless the file changed since.

    `anew` reads the file through in any case. Raises CheckpointError if it cannot be read.
    """
    before = _state(path)
    if not anew and (remembered := _recall(path, before)) is not None:
        return remembered
    if before["size"] >= WORTH_TELLING:
        LOG.info("reading %s through to check it (%.1f GB)", path, before["size"] / 1e9)
    digest = sha256_of(path)
    if _state(path) == before:
        _write_down(path, before, digest)
    return digest


def remember(path: Path, sha256: str) -> None:
    """Remember the digest of a file, just computed. Raises CheckpointError if it is gone."""
    _write_down(path, _state(path), sha256)


def _state(path: Path) -> dict[str, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from error
    return {"size": found.st_size, "mtime_ns": found.st_mtime_ns}


def _memory(path: Path) -> Path:
    key = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:24]
    return cache_folder() / "digests" / f"{key}.json"


def _recall(path: Path, state: dict[str, int]) -> str | None:
    try:
        known = json.loads(_memory(path).read_text(encoding="utf-8"))
        digest = known.pop("sha256")
        bytes.fromhex(digest)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return digest if known == state and len(digest) == 64 else None


def _write_down(path: Path, state: dict[str, int], sha256: str) -> None:
    if state["size"] < SMALLEST_REMEMBERED:
        return
    memory = _memory(path)
    with suppress(OSError):
        memory.parent.mkdir(parents=True, exist_ok=True)
        part = memory.with_suffix(".part")  # of two programs that write it, one wins: both know it
        part.write_text(json.dumps({**state, "sha256": sha256}), encoding="utf-8")
        part.replace(memory)
