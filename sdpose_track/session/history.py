"""The repairs in a session as they are stored: a list, and how many of them hold."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from sdpose_track.repair.edits import Edit, from_json
from sdpose_track.session.guarding import MOST_EDITS, bounded
from sdpose_track.session.schema import has_table, parsed

HELD = "edits_held"
"""Key in `meta`: how many edits hold; those after them were undone."""
_QUERY = (
    "SELECT (SELECT value FROM meta WHERE key = ?), e.position, e.kind, e.value"
    " FROM (SELECT 1) LEFT JOIN edit e ORDER BY e.position"
)
"""All at once: between two queries somebody else may store an edit."""


class History(NamedTuple):
    """The edits of a session."""

    edits: tuple[Edit, ...]
    """Undone ones included."""
    done: int
    """How many hold, the first ones."""

    @property
    def held(self) -> tuple[Edit, ...]:
        """The edits that hold."""
        return self.edits[: self.done]


def read_history(connection: sqlite3.Connection) -> History:
    """Return the edits of an open session. Raises ValueError for what cannot be one."""
    if not has_table(connection, "edit"):
        return History((), 0)
    found = [*bounded(connection.execute(_QUERY, (HELD,)), MOST_EDITS)]
    held, rows = found[0][0], [row[1:] for row in found]
    if rows == [(None, None, None)]:
        rows = []
    if [position for position, _, _ in rows] != list(range(1, len(rows) + 1)):
        raise ValueError("they are not numbered 1, 2, 3 …")
    edits = tuple(from_json(kind, parsed(value)) for _, kind, value in rows)
    done = 0 if held is None else parsed(held)
    if not isinstance(done, int) or isinstance(done, bool) or not 0 <= done <= len(edits):
        raise ValueError(f"{done!r:.20} of {len(edits)} hold")
    return History(edits, done)
