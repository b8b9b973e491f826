"""A stranger's session is data: what is checked before anything in it is believed.

SQLite does what a database tells it to: it rolls back a journal that lies beside it, and deletes
the file that the journal names as its superior; it runs triggers, computes views, defaults and
expressions, and follows pages in circles, for as long as that takes. No session has any of that. So
what has a journal is not opened, what has other objects than our tables is not read, and a query
that takes more steps than its file can have rows for is given up.
"""

from __future__ import annotations

import os
import re
import sqlite3
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sdpose_track.errors import SessionError
from sdpose_track.session.schema import TABLES, reading

LONGEST = 16 << 20
"""Bytes of a value and of a row. The largest are detections, with some kilobytes a person."""

MOST_META, MOST_EDITS = 1000, 10_000
"""Rows of the tables that are read whole."""
_MOST_TEXT = 4 << 20
"""Characters in them; what JSON makes of them takes twenty times the memory."""

_STEPS = 20_000
"""Instructions of SQLite's between two looks at how many a query took."""
_MOST_STEPS, _STEPS_PER_BYTE = 20_000_000, 16
"""How many it may take: so many, and so many more for each byte of the file. The dearest query
takes about 40 for a row, and no row has less than 10 bytes."""
_MOST_OBJECTS = 100
_SUPERIOR = bytes.fromhex("d9d505f920a163d7")
"""How a journal ends that is one of several (sqlite.org/fileformat2.html, 3)."""
_COMMENT, _SPACE = re.compile("--[^\n]*"), re.compile("[ \t\r\n\f]+")
_OBJECT = re.compile(r"CREATE (?:TABLE|INDEX) ([a-z_0-9]+) ?[(O]")


class Connection(sqlite3.Connection):
    """A connection to one database file that gives up queries which never end.

    Until `watch` is called that is any but the smallest: SQLite reads the list of the tables first.
    """

    def __init__(self, database: str, **options: Any) -> None:
        """Open as `sqlite3.connect` does; nothing of the file is read yet."""
        super().__init__(database, **options)
        self._taken = 0
        self.set_progress_handler(lambda: True, _STEPS)
        self.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST)
        for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0"):
            super().execute(f"PRAGMA {pragma}")

    def watch(self, path: Path) -> None:
        """From now on give up what takes too long for the size of the file at `path`."""

        def is_too_much() -> bool:
            self._taken += _STEPS
            beyond = self._taken - _MOST_STEPS
            return beyond > 0 and beyond > _STEPS_PER_BYTE * _size(path)

        self.set_progress_handler(is_too_much, _STEPS)

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        """Do as `sqlite3.Connection.execute` does."""
        self._taken = 0
        try:
            return super().execute(*arguments)
        except UnicodeDecodeError as error:  # what SQLite says of a damaged file quotes its bytes
            raise sqlite3.DatabaseError("it is damaged") from error

    def executemany(self, *arguments: Any) -> sqlite3.Cursor:
        """Do as `sqlite3.Connection.executemany` does."""
        self._taken = 0
        return super().executemany(*arguments)


def connected(path: Path, database: str, **options: Any) -> Connection:
    """Open the session at `path`, which `database` names to SQLite; `options` are those of its.

    Raises SessionError if it must not be opened, sqlite3.Error if it cannot be.
    """
    _refuse_journal(path)
    return sqlite3.connect(database, factory=Connection, **options)


def check_tables(connection: sqlite3.Connection, path: Path) -> None:
    """Raise SessionError if an open database holds anything but tables, ours as they must be.

    Tables that this version does not know may be there: nothing is asked of them.
    """
    with reading(path):
        query = f"SELECT name, sql FROM sqlite_master LIMIT {_MOST_OBJECTS + 1}"
        found = connection.execute(query).fetchall()
    strange = [name for name, sql in found if sql is not None and not _is_known(name, sql)]
    if strange or len(found) > _MOST_OBJECTS:
        what = f"{strange[0]!r:.40} in it" if strange else f"one of its {_MOST_OBJECTS}"
        raise SessionError(
            f"{path} cannot be trusted: {what} is no table of a session; take another copy of it,"
            " or run track again with --overwrite"
        )


def bounded(rows: Iterable[tuple[Any, ...]], most: int) -> Iterator[tuple[Any, ...]]:
    """Yield `rows`. Raises ValueError if there are more than `most`, or too much is in them."""
    texts = 0
    for count, row in enumerate(rows, start=1):
        texts += sum(len(value) for value in row if isinstance(value, str | bytes))
        if count > most or texts > _MOST_TEXT:
            raise ValueError(f"there is more than {most} values or {_MOST_TEXT} characters")
        yield row


def _refuse_journal(path: Path) -> None:
    """Raise SessionError if SQLite would take up a journal that is about other files, too.

    One of its own is taken up: where WAL cannot be had, a killed run leaves one.
    """
    for place in (path, Path(os.path.realpath(path))):
        journal = place.with_name(f"{place.name}-journal")
        if not _is_harmless(journal):
            raise SessionError(
                f"{journal} lies beside the session, and could make it delete or change other"
                " files; no session has such a one, so move it away first"
            )


def _is_harmless(journal: Path) -> bool:
    """Tell whether a journal is a plain file that names no superior, as its end would say.

    One that is not there, or no more, is harmless: whoever writes without WAL makes and removes one
    with every batch of frames, while others begin to read.
    """
    try:
        found = journal.lstat()
        if not stat.S_ISREG(found.st_mode):
            return False
        with journal.open("rb") as file:
            file.seek(-min(len(_SUPERIOR), found.st_size), os.SEEK_END)
            return file.read() != _SUPERIOR
    except FileNotFoundError:
        return True
    except OSError:
        return False


def _plain(statement: str) -> str:
    """Return a statement without what means nothing; only what is equal then means the same."""
    text = _COMMENT.sub("", statement).replace(" IF NOT EXISTS", "")
    return _SPACE.sub(" ", text).replace("( ", "(").replace(" )", ")").strip()


_OURS = {match[1]: _plain(s) for s in TABLES if (match := _OBJECT.match(_plain(s)))}


def _is_known(name: Any, statement: Any) -> bool:
    if not (isinstance(name, str) and isinstance(statement, str)):
        return False
    if name in _OURS:
        return _plain(statement) == _OURS[name]
    match = _OBJECT.match(statement)
    is_table = match is not None and statement.startswith("CREATE TABLE ")
    return is_table and match is not None and match[1] == name


def _size(path: Path) -> int:
    total = 0
    for file in (path, path.with_name(f"{path.name}-wal")):
        try:
            total += file.stat().st_size
        except OSError:
            continue
    return total
