"""The place of a session on the disk: whether one is there, and how another takes its place.

A session is up to four files: SQLite keeps some beside the first while it is written. The first is
moved away first and put back last, so wherever a run is killed, `mend` finds which is the session.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sdpose_track.errors import OutputError, SessionError, SettingsError
from sdpose_track.locks import lock
from sdpose_track.session.guarding import connected

BESIDE = ("-journal", "-wal", "-shm")


def is_there(path: Path) -> bool:
    """Tell whether there is a file or folder. Raises OutputError if it cannot be looked for."""
    with _looked_for(path):
        return path.exists()


def is_begun(path: Path) -> bool:
    """Tell whether there is anything at `path` to go on with.

    A run that was killed while it made its session leaves an empty file or an empty database,
    which is as good as none. Raises OutputError if it cannot be looked for.
    """
    with _looked_for(path):
        if not path.exists() or (path.is_file() and path.stat().st_size == 0):
            return False
    try:
        with closing(connected(path, str(path.absolute()))) as connection:
            table = connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
            return table is not None
    except (SessionError, sqlite3.Error):
        return True  # not ours to judge: reading it says what is wrong


@contextmanager
def _looked_for(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror}; choose another folder with --out"
        ) from error


def refuse_existing(path: Path) -> None:
    """Raise SettingsError if there is a session at `path` already."""
    if is_begun(path):
        raise SettingsError(
            f"{path} exists: give --resume to go on with it or --overwrite to start anew"
        )


@contextmanager
def aside(path: Path) -> Iterator[None]:
    """Put the session at `path`, if there is one, out of the way: back if the block raises.

    Whoever calls has its lock.
    """
    old = _old(path)
    try:
        _move(path, old)
    except OSError as error:
        raise OutputError(f"{path} cannot be replaced: {error.strerror}") from error
    try:
        yield
    except BaseException:
        with suppress(OSError):
            _move_back(old, path)
        raise
    with suppress(OSError):  # the new one is there; what is left of the old one goes next time
        remove(old)


def mend(path: Path) -> None:
    """Call `end_replacing`, unless another program writes the session at `path`."""
    if not os.path.lexists(_old(path)):
        return
    try:
        held = lock(path)
    except OSError as error:
        raise _not_back(path, error) from error
    if held is not None:
        with held:
            end_replacing(path)


def end_replacing(path: Path) -> None:
    """End what a program began that was killed while it replaced the session at `path`.

    The old one is put back unless the new one is there. Whoever calls has its lock. Raises
    OutputError if the files cannot be moved.
    """
    old = _old(path)
    if not os.path.lexists(old):
        return
    try:
        if path.is_file() and is_begun(path):
            remove(old)
            return
        if path.exists():  # the beginning of a new one, with a log of its own
            remove(path)
        _move_back(old, path)
    except OSError as error:
        raise _not_back(path, error) from error


def remove(path: Path) -> None:
    """Remove the session at `path`. Raises OSError if that fails."""
    for file in reversed(_files(path)):
        file.unlink(missing_ok=True)


def _not_back(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{_old(path)} holds the session that was being replaced and cannot be moved"
        f" ({error.strerror}); rename it to {path.name}, or remove it"
    )


def _old(path: Path) -> Path:
    return path.with_name(f".{path.name}.old")


def _files(path: Path) -> list[Path]:
    return [path, *(path.with_name(path.name + suffix) for suffix in BESIDE)]


def _move(path: Path, to: Path) -> None:
    _rename(zip(_files(path), _files(to), strict=True))


def _move_back(path: Path, to: Path) -> None:
    _rename(zip(reversed(_files(path)), reversed(_files(to)), strict=True))


def _rename(files: Iterable[tuple[Path, Path]]) -> None:
    for file, place in files:
        with suppress(FileNotFoundError):
            os.replace(file, place)
