"""Adding to the repairs in a session, undoing and redoing them.

Undoing lowers the number, redoing raises it; a new edit takes the place of those that were undone.
Raw results are never touched.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import filelock

from sdpose_track.closing import Closing
from sdpose_track.errors import SettingsError
from sdpose_track.repair.edits import Edit, to_json
from sdpose_track.session.guarding import MOST_EDITS
from sdpose_track.session.history import HELD, History, read_history
from sdpose_track.session.schema import EDIT_TABLE, USER_VERSION, reading
from sdpose_track.session.storage import (
    EDIT,
    check_there,
    connect_to_add,
    locked,
    place_of,
    transaction,
)


class EditLog(Closing):
    """The repairs of a session, to be added to. One a file: a second one is refused."""

    def __init__(
        self, path: Path, connection: sqlite3.Connection, held: filelock.FileLock | None
    ) -> None:
        self.path = path
        self._connection = connection
        self._lock = held
        self._place = place_of(path)
        with reading(path, "its repairs are"):
            self.history = read_history(connection)

    @classmethod
    def open(cls, path: str | Path) -> EditLog:
        """Open the session at `path`.

        Raises SessionError if it is none or is being written, OutputError if it cannot be written.
        """
        path = Path(path)
        check_there(path)
        held = locked(path, EDIT)
        try:
            connection = connect_to_add(path, EDIT)
            try:
                return cls(path, connection, held)
            except BaseException:
                connection.close()
                raise
        except BaseException:
            if held is not None:
                held.release()
            raise

    def append(self, edits: Sequence[Edit]) -> None:
        """Store `edits` after those that hold; those that were undone are gone. All or none.

        Raises SettingsError if that were too many, OutputError if they cannot be written.
        """
        done = self.history.done
        if done + len(edits) > MOST_EDITS:
            raise SettingsError(f"{self.path} has {done} repairs, and {MOST_EDITS} are the most")
        rows = [
            (position, kind, json.dumps(values, allow_nan=False, sort_keys=True))
            for position, (kind, values) in enumerate(map(to_json, edits), start=done + 1)
        ]
        with transaction(self.path, self._connection, self._place, EDIT):
            self._prepare()
            self._connection.execute("DELETE FROM edit WHERE position > ?", (done,))
            self._connection.executemany("INSERT INTO edit VALUES (?, ?, ?)", rows)
            self._hold(done + len(rows))
        self.history = History((*self.history.held, *edits), done + len(rows))

    def step(self, by: int) -> tuple[Edit, ...]:
        """Undo (`by` below 0) or redo so many edits at once; return them in their order.

        Raises SettingsError, and changes nothing, if there are fewer.
        """
        edits, done = self.history
        there = done if by < 0 else len(edits) - done
        if abs(by) > there:
            word = "undo" if by < 0 else "redo"
            have = {0: "no repair", 1: "1 repair"}.get(there, f"{there} repairs")
            asked = "" if abs(by) == 1 or not there else f", not {abs(by)}"
            raise SettingsError(f"{self.path} has {have} to {word}{asked}")
        with transaction(self.path, self._connection, self._place, EDIT):
            self._prepare()
            self._hold(done + by)
        self.history = History(edits, done + by)
        return edits[min(done, done + by) : max(done, done + by)]

    def _prepare(self) -> None:
        self._connection.execute(EDIT_TABLE)
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version < USER_VERSION:
            self._connection.execute(f"PRAGMA user_version = {USER_VERSION}")

    def _hold(self, count: int) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO meta VALUES (?, ?)", (HELD, json.dumps(count))
        )

    def close(self) -> None:
        """Close the file and let others write it. Safe to call again."""
        with suppress(sqlite3.Error):
            self._connection.close()
        if self._lock is not None:
            self._lock.release()
