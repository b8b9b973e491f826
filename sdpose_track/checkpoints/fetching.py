"""Fetches a known checkpoint from the Hugging Face Hub, when a person asks for it and never else.

What is there is not fetched again, a part of a file is gone on with, and a file takes its place
only after its size and its hash matched. A receipt then says what was checked against what.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sdpose_track.cache import known_sha256, remember, sha256_of
from sdpose_track.checkpoints import hub
from sdpose_track.checkpoints.finding import home, places
from sdpose_track.checkpoints.manifest import Checkpoint, WeightsFile
from sdpose_track.checkpoints.receipts import FetchedFile, Receipt, write
from sdpose_track.errors import CheckpointError, OutputError
from sdpose_track.locks import lock

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

PARTIAL = ".partial"
"""Folder beside the files of a checkpoint, for those that are not all there yet."""

Tell = Callable[[str, int], None]
"""Takes the file that is being fetched and how many bytes of the checkpoint are there."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to have, and the hash that tells whether it is the right one."""

    path: str
    bytes: int
    sha256: str | None
    git_id: str | None
    against: str
    """Whose word the hash is, as the receipt has it."""

    @property
    def partial_name(self) -> str:
        """What its part is called: by the content, so that no other content is appended to it."""
        return self.sha256 or self.git_id or ""

    def is_at(self, path: Path) -> bool:
        """Tell whether the file at `path` is this one."""
        if not path.is_file() or path.stat().st_size != self.bytes:
            return False
        if self.sha256 is not None:
            return known_sha256(path) == self.sha256
        return _git_id_of(path) == self.git_id


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be fetched."""

    entry: Checkpoint
    source: hub.Listing
    folder: Path
    files: tuple[Wanted, ...]
    missing: tuple[Wanted, ...]
    started: int
    """Bytes that are there of the missing files."""

    @property
    def total(self) -> int:
        """Bytes of the whole checkpoint."""
        return sum(file.bytes for file in self.files)

    @property
    def here(self) -> int:
        """Bytes that are there already."""
        return self.total - sum(file.bytes for file in self.missing) + self.started

    @property
    def free(self) -> int:
        """Bytes that the disk has room for."""
        there = next(p for p in (self.folder, *self.folder.parents) if p.is_dir())
        return shutil.disk_usage(there).free


def plan(entry: Checkpoint) -> Plan:
    """Ask the Hub what there is to fetch of a checkpoint, and look what is here of it.

    Raises CheckpointError if the Hub cannot be asked or does not have what the manifest names, and
    OutputError if nothing can be looked for where it would be put.
    """
    if entry.repository is None or entry.revision is None:
        raise CheckpointError(f"{entry.name} cannot be fetched: no address of it is known")
    with _otherwise(entry):
        source = hub.listing(entry.repository, entry.revision)
        files = tuple(_wanted(source, file) for file in entry.files)
    folder = home(entry)
    with _written(folder):
        missing = tuple(f for f in files if not f.is_at(folder / f.path))
        parts = (_size(folder / PARTIAL / f.partial_name) for f in missing)
        started = sum(min(part, f.bytes) for part, f in zip(parts, missing, strict=True))
    return Plan(entry, source, folder, files, missing, started)


def carry_out(task: Plan, tell: Tell) -> None:
    """Fetch what is missing and write the receipt.

    Raises CheckpointError if a file cannot be had or is not what it should be, and OutputError if
    the disk is too small or cannot be written. What came until then stays for the next call.
    """
    needed, free = task.total - task.here, task.free
    if needed > free:
        raise OutputError(
            f"{task.folder} has room for {free / 1e9:.1f} GB and {task.entry.name} needs"
            f" {needed / 1e9:.1f} GB more: make room, or let SDPOSE_TRACK_CACHE name a folder on"
            " another disk"
        )
    with _written(task.folder), _alone(task.folder):
        done = task.total - sum(file.bytes for file in task.missing)
        for file in task.missing:
            _fetch(task, file, done, tell)
            done += file.bytes
        files = {
            f.path: FetchedFile(f.bytes, known_sha256(task.folder / f.path), f.against)
            for f in task.files
        }
        source = task.source
        revision = task.entry.revision or source.commit
        write(
            task.folder, Receipt(source.repository, revision, source.commit, source.endpoint, files)
        )
        shutil.rmtree(task.folder / PARTIAL, ignore_errors=True)


def _wanted(source: hub.Listing, file: WeightsFile) -> Wanted:
    """Put together what the manifest demands of a file and what the Hub states."""
    stated = source.files.get(file.path)
    if stated is None:
        raise CheckpointError(f"{source.address} has no {file.path} at {source.commit[:12]}")
    if file.sha256 is None:
        if stated.sha256 is None and stated.git_id is None:
            raise CheckpointError(f"{source.address} states no hash to check {file.path} against")
        against = "hub git id" if stated.sha256 is None else "hub sha256"
        return Wanted(file.path, stated.bytes, stated.sha256, stated.git_id, against)
    if stated.bytes != file.bytes or stated.sha256 not in (None, file.sha256):
        raise CheckpointError(
            f"{source.address} has another {file.path} than the one known here"
            f" ({stated.bytes} bytes of {file.bytes})"
        )
    return Wanted(file.path, stated.bytes, file.sha256, None, "manifest")


def _fetch(task: Plan, file: Wanted, done: int, tell: Tell) -> None:
    """Bring one file and put it in its place; `done` bytes of others are there."""
    part = task.folder / PARTIAL / file.partial_name
    part.parent.mkdir(parents=True, exist_ok=True)
    if _size(part) > file.bytes:
        part.unlink()
    have = _size(part)
    tell(file.path, done + have)
    with (
        _otherwise(task.entry),
        _Part(part, lambda size: tell(file.path, done + size)) as into,
    ):
        if have < file.bytes:
            hub.download(task.source, file.path, into, have)
        into.flush()
        os.fsync(into.fileno())
    digest = sha256_of(part)
    right = digest == file.sha256 if file.sha256 is not None else _git_id_of(part) == file.git_id
    if not right:
        part.unlink()
        whose = "the manifest demands" if file.against == "manifest" else "the Hub states"
        raise CheckpointError(
            f"{file.path} of {task.source.address} came with another content than {whose} (sha256"
            f" {digest[:12]}…) and was deleted; run: sdpose-track models fetch {task.entry.name}"
        )
    place = task.folder / file.path
    place.parent.mkdir(parents=True, exist_ok=True)
    os.replace(part, place)
    remember(place, digest)


class _Part(io.BufferedWriter):
    """A part of a file, open for more, that says how large it is."""

    def __init__(self, path: Path, tell: Callable[[int], None]) -> None:
        super().__init__(io.FileIO(path, "ab"))
        self._folder = path.parent
        self._say = tell

    def write(self, data: ReadableBuffer, /) -> int:
        """Append. Raises OutputError, to be told from what the connection raises."""
        with _written(self._folder):
            count = super().write(data)
        self._say(self.tell())
        return count


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _git_id_of(path: Path) -> str:
    """Return the SHA-1 that git names the content of a file by."""
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other programs from fetching into the same folder."""
    held = lock(folder)
    if held is None:
        raise OutputError(f"{folder} is being written by another fetch; wait until it is done")
    with held:
        yield


@contextmanager
def _written(folder: Path) -> Iterator[None]:
    """Raise OSError as a sentence about `folder`."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be written ({error.strerror or error}); what was fetched so far stays"
        ) from error


@contextmanager
def _otherwise(entry: Checkpoint) -> Iterator[None]:
    """Add to an error how else the weights can be had."""
    try:
        yield
    except CheckpointError as error:
        what = "its files" if entry.is_folder else entry.file_name
        where = home(entry) if entry.is_folder else places(entry)[0].parent
        raise CheckpointError(
            f"{entry.name} was not fetched: {error}; try again, or get {entry.repository} elsewhere"
            f" and put {what} into {where}"
        ) from error
