"""The session under repair. It lives on one lane's thread and knows no Qt.

The file is opened for writing at the first repair, and held until another one comes: somebody who
only looks keeps nobody from it.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypeAlias

from sdpose_track.errors import SdposeError, SessionError
from sdpose_track.repair.edits import Edit
from sdpose_track.repair.rules import after, fold
from sdpose_track.session.facts import RawFacts
from sdpose_track.session.history import History
from sdpose_track.session.recording import Recording
from sdpose_track.session.repairing import Repairing

LOG = logging.getLogger(__name__)
Group: TypeAlias = tuple[Edit, ...]
"""Edits that are undone as one."""
NOTHING = History((), 0)


class Log(NamedTuple):
    """A session's edits in groups."""

    groups: tuple[Group, ...]
    """Undone ones included."""
    done: int
    """How many groups hold, the first ones."""


class Outcome(NamedTuple):
    """What became of something that was asked of the workbench."""

    asked: int
    """The number that the question was given."""
    log: Log
    """As it is now."""
    has_changed: bool
    refusal: str | None
    """A sentence; nothing was stored then."""


class Workbench:
    """One session at a time, repaired by what is handed in: in its order, none left out."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], Outcome]] = deque()
        self._path = Path()
        self._session: Repairing | None = None
        self._known = NOTHING
        """The log as it was last seen."""
        self._groups: list[Group] = []
        self._done = 0
        self._refused = 0
        """Number of the newest question that was refused."""

    def hand_in(self, work: Callable[[], Outcome]) -> None:
        """Let `work` be done by one of the next calls of `proceed`. From any thread."""
        self._waiting.append(work)

    def proceed(self) -> Outcome:
        """Do what was handed in first."""
        return self._waiting.popleft()()

    def finish(self) -> None:
        """Do all that was handed in, and let go of the file. What is refused now is logged."""
        try:
            while self._waiting:
                refusal = self.proceed().refusal
                if refusal is not None:
                    LOG.error("%s", refusal)
        finally:
            self._let_go()

    # -- what can be handed in -----------------------------------------------------------------

    def show(self, asked: int, path: Path, history: History) -> Outcome:
        """Repair the session at `path` from now on, whose log is `history`."""
        self._let_go()
        self._path = path
        self._take(history)
        return Outcome(asked, self._log(), has_changed=False, refusal=None)

    def release(self, asked: int) -> Outcome:
        """Let others write the session; the next repair opens it again."""
        self._let_go()
        return Outcome(asked, self._log(), has_changed=False, refusal=None)

    def apply(self, asked: int, edits: Group) -> Outcome:
        """Let `edits` hold, as one."""
        return self._repair(asked, lambda session: self._store(session, edits))

    def split(self, asked: int, track_id: int, frame: int) -> Outcome:
        """Make `track_id` somebody new from `frame` on."""
        return self._repair(
            asked, lambda session: self._store(session, (session.split(track_id, frame),))
        )

    def step(self, asked: int, burst: int, by: int) -> Outcome:
        """Undo (-1) or redo (1) a group; where there is none, or none is meant, do nothing.

        Who asks for a repair and at once to undo it does not mean the repair before, should that
        one be refused: after a refusal the steps of the same `burst` are not taken.
        """
        there = self._done if by < 0 else len(self._groups) - self._done
        if self._refused >= burst or not there:
            return Outcome(asked, self._log(), has_changed=False, refusal=None)
        return self._repair(asked, self._undo if by < 0 else self._redo)

    def why_refused(self, edit: Edit) -> str | None:
        """Return why `edit` would be refused, or None. Nothing is locked for that."""
        try:
            if self._session is not None:
                self._session.preview(edit)
            else:
                with Recording.open(self._path) as recording:
                    facts = RawFacts(recording)
                    after(fold(recording.history().held, facts), edit, facts)
        except SdposeError as error:
            return str(error)
        return None

    # -- how it is done ------------------------------------------------------------------------

    def _repair(self, asked: int, work: Callable[[Repairing], None]) -> Outcome:
        before, refusal = self._known, None
        try:
            session = self._opened()
            work(session)
            self._known = session.history
        except SdposeError as error:
            refusal, self._refused = str(error), asked
        has_changed = self._known is not before
        return Outcome(asked, self._log(), has_changed=has_changed, refusal=refusal)

    def _opened(self) -> Repairing:
        """Return the session. Raises SessionError if it is not as it was shown."""
        if self._session is None:
            self._session = Repairing.open(self._path)
            if self._session.history != self._known:
                self._take(self._session.history)
                raise SessionError(
                    f"{self._path} was repaired by another program meanwhile; look at it as it is"
                    " now, and try again"
                )
        return self._session

    def _store(self, session: Repairing, edits: Group) -> None:
        session.apply(*edits)
        self._groups[self._done :] = [edits]
        self._done += 1

    def _undo(self, session: Repairing) -> None:
        session.undo(len(self._groups[self._done - 1]))
        self._done -= 1

    def _redo(self, session: Repairing) -> None:
        session.redo(len(self._groups[self._done]))
        self._done += 1

    def _take(self, history: History) -> None:
        """Take over a log in which nobody knows any more what was done as one."""
        self._known = history
        self._groups = [(edit,) for edit in history.edits]
        self._done = history.done

    def _log(self) -> Log:
        return Log(tuple(self._groups), self._done)

    def _let_go(self) -> None:
        """Let others write the file. Safe to call again."""
        session, self._session = self._session, None
        if session is not None:
            with suppress(SdposeError):
                session.close()
