"""Opening a session file for writing: one writer at a time, and every fault in a sentence."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from sdpose_track.errors import OutputError, SessionError
from sdpose_track.locks import lock


def connect(path: Path) -> sqlite3.Connection:
    """Open the database at `path`, which is made if it is not there.

    WAL with synchronous=NORMAL: a commit costs no disk flush, and readers never wait.
    """
    try:
        connection = sqlite3.connect(path, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    except sqlite3.Error as error:
        raise _explained(path, error) from error
    return connection


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what SQLite raises into a sentence about `path`."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explained(path, error) from error


def _explained(path: Path, error: sqlite3.Error) -> OutputError | SessionError:
    if isinstance(error, sqlite3.DatabaseError) and "not a database" in str(error):
        return SessionError(f"{path} is no session file; choose another --out or use --overwrite")
    if "full" in str(error):
        return OutputError(
            f"{path} cannot grow, the disk is full; free some space and go on with --resume"
        )
    return OutputError(f"{path} cannot be written ({error}); choose another folder with --out")


def locked(path: Path) -> filelock.FileLock:
    """Return the lock of the session at `path`, held.

    Raises SessionError if another writer has it, OutputError if its folder cannot be written.
    """
    try:
        held = lock(path)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be locked ({error.strerror}); make its folder writable"
        ) from error
    if held is None:
        raise SessionError(
            f"{path} is being written by another run; wait for it or choose another --out"
        )
    return held
