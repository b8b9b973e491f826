"""Opening a session file: to read, or to write, one writer at a time; every fault a sentence."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import filelock

from sdpose_track.errors import OutputError, SessionError
from sdpose_track.locks import lock
from sdpose_track.session.schema import check_version


class Advice(NamedTuple):
    """What whoever writes can do about a fault: the ends of its sentences."""

    elsewhere: str
    """The file cannot be written."""
    no_session: str
    """The file is something else."""
    full: str
    """There was no space, and now there is."""
    busy: str
    """Somebody else writes it."""


RUN = Advice(
    "choose another folder with --out",
    "choose another --out or use --overwrite",
    "go on with --resume",
    "wait for it or choose another --out",
)
EDIT = Advice(
    "make it and its folder writable, or copy it elsewhere",
    "choose a .sdpose file",
    "try again",
    "wait until it is done, or close the window that repairs it",
)


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Open the session at `path` for queries only.

    SQLite keeps two files beside one in WAL mode and only a connection that may write takes them
    away again, so that is tried first; `immutable` serves a folder in which nothing can be written.
    Raises SessionError if it is missing, no session, or of a newer major version.
    """
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise SessionError(f"{path} {what}; make a session with sdpose-track track")
    address = f"file:{quote(os.fsencode(path.absolute()))}"
    try:
        try:
            connection = _queried(f"{address}?mode=rw")
        except sqlite3.OperationalError:
            connection = _queried(f"{address}?mode=ro&immutable=1")
    except sqlite3.Error as error:
        raise SessionError(
            f"{path} is no readable session ({error}); choose a .sdpose file"
        ) from error
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA query_only = ON")
        check_version(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _queried(address: str) -> sqlite3.Connection:
    connection = sqlite3.connect(address, uri=True)
    try:
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def connect_to_add(path: Path, advice: Advice) -> sqlite3.Connection:
    """Open the session at `path` for writing. What is no session is refused untouched.

    Raises SessionError if it is none, OutputError if it cannot be written.
    """
    with closing(connect_to_read(path)):
        pass
    return connect(path, advice)


def connect(path: Path, advice: Advice) -> sqlite3.Connection:
    """Open the database at `path`, which is made if it is not there.

    WAL with synchronous=NORMAL: a commit costs no disk flush, and readers never wait.
    """
    try:
        connection = sqlite3.connect(path, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    except sqlite3.Error as error:
        raise _explained(path, error, advice) from error
    return connection


@contextmanager
def told(path: Path, advice: Advice) -> Iterator[None]:
    """Turn what SQLite raises into a sentence about `path`."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explained(path, error, advice) from error


def _explained(path: Path, error: sqlite3.Error, advice: Advice) -> OutputError | SessionError:
    if isinstance(error, sqlite3.DatabaseError) and "not a database" in str(error):
        return SessionError(f"{path} is no session file; {advice.no_session}")
    if "full" in str(error):
        return OutputError(
            f"{path} cannot grow, the disk is full; free some space and {advice.full}"
        )
    return OutputError(f"{path} cannot be written ({error}); {advice.elsewhere}")


def locked(path: Path, advice: Advice) -> filelock.FileLock:
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
        raise SessionError(f"{path} is being written by another run; {advice.busy}")
    return held
