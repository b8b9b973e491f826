"""Opening a session file: to read, or to write, one writer at a time; every fault a sentence."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import filelock

from sdpose_track.errors import OutputError, SessionError
from sdpose_track.locks import lock
from sdpose_track.session.guarding import Connection, check_tables, connected
from sdpose_track.session.schema import check_version, refuse_busy

SPARE = 2**16
"""Bytes: SQLite asks for half as many at once for the index of its log."""


Place = tuple[int, int] | None
"""Device and number of a file; None where there is none."""


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
    gone: str
    """It was there, and is not any more, or is another one."""


RUN = Advice(
    "choose another folder with --out",
    "choose another --out or use --overwrite",
    "go on with --resume",
    "wait for it or choose another --out",
    "put it back and go on with --resume, or run track again",
)
EDIT = Advice(
    "make it and its folder writable, or copy it elsewhere",
    "choose a .sdpose file",
    "try again",
    "wait until it is done, or close the window that repairs it",
    "open it again, where it is now",
)


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Open the session at `path` for queries only.

    SQLite keeps two files beside one in WAL mode and only a connection that may write takes them
    away again, so that is tried first; `immutable` serves a folder in which nothing can be written.
    It would not see what lies in the second file, the log of the newest changes.
    Raises SessionError if it is missing, no session, or of a newer major version.
    """
    check_there(path)
    address = f"file:{quote(os.fsencode(path.absolute()))}"
    try:
        try:
            connection = _queried(path, f"{address}?mode=rw")
        except sqlite3.OperationalError as error:
            refuse_busy(path, error)
            if _has_log(path):
                raise SessionError(
                    f"{path} cannot be read: its newest frames are in {path.name}-wal, which needs"
                    " a folder that can be written and some space; copy both there"
                ) from error
            connection = _queried(path, f"{address}?mode=ro&immutable=1")
    except sqlite3.Error as error:
        raise SessionError(
            f"{path} is no readable session ({error}); choose a .sdpose file"
        ) from error
    try:
        connection.execute("PRAGMA query_only = ON")
        check_version(connection, path)
        check_tables(connection, path)
        connection.watch(path)
    except BaseException:
        connection.close()
        raise
    return connection


def check_there(path: Path) -> None:
    """Raise SessionError unless there is a file at `path`."""
    try:
        what = None if path.is_file() else "is a folder" if path.is_dir() else "does not exist"
    except OSError as error:  # such as a name that is too long
        raise SessionError(f"{path} cannot be read: {error.strerror}; check its name") from error
    if what is not None:
        raise SessionError(f"{path} {what}; make a session with sdpose-track track")


def _has_log(path: Path) -> bool:
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size > 0
    except OSError:
        return False


def _queried(path: Path, address: str) -> Connection:
    connection = connected(path, address, uri=True)
    try:
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _mode(connection: Connection, wish: str | None = None) -> str:
    """Return the journal mode, after asking for the one that is wished."""
    change = "" if wish is None else f" = {wish}"
    return str(connection.execute(f"PRAGMA journal_mode{change}").fetchone()[0])


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
    with told(path, advice):
        connection = connected(path, str(path.absolute()), check_same_thread=False)
        try:
            if _mode(connection) != "wal":
                _mode(connection, "MEMORY")  # leaves no journal if killed in the next line
                if _mode(connection, "WAL") != "wal":  # some network drives cannot
                    _mode(connection, "DELETE")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.watch(path)
        except BaseException:
            connection.close()
            raise
    return connection


@contextmanager
def told(path: Path, advice: Advice) -> Iterator[None]:
    """Turn what SQLite raises into a sentence about `path`."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explained(path, error, advice) from error


@contextmanager
def transaction(
    path: Path, connection: sqlite3.Connection, was: Place, advice: Advice
) -> Iterator[None]:
    """Change the session all or nothing; `was` is its place when it was opened.

    Raises OutputError if that fails, or if the file was taken away: SQLite would go on with one
    that nobody finds.
    """
    if place_of(path) != was:
        raise OutputError(f"{path} was removed or replaced while it was open; {advice.gone}")
    with told(path, advice), connection:
        yield


def place_of(path: Path) -> Place:
    """Return what tells the file at `path` from one that takes its place."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _explained(path: Path, error: sqlite3.Error, advice: Advice) -> OutputError | SessionError:
    if isinstance(error, sqlite3.DatabaseError) and "not a database" in str(error):
        return SessionError(f"{path} is no session file; {advice.no_session}")
    if "full" in str(error) or _is_full(path, error):
        return OutputError(
            f"{path} cannot grow, the disk is full; free some space and {advice.full}"
        )
    return OutputError(f"{path} cannot be written ({error}); {advice.elsewhere}")


def _is_full(path: Path, error: sqlite3.Error) -> bool:
    """Tell whether the disk is the reason: for the files beside a session SQLite does not say."""
    if "disk I/O error" not in str(error):
        return False
    try:
        return shutil.disk_usage(path.parent).free < SPARE
    except OSError:
        return False


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
