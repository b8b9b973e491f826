"""Repairs of the session: made on a thread, undone and redone through Qt's undo stack.

The stack mirrors the session's edit log: what was repaired yesterday can be undone today. The log
is the truth; where it refuses, the stack is made anew from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PyQt6.QtCore import QObject, pyqtSignal
from PyQt6.QtGui import QUndoCommand, QUndoStack

from sdpose_track.errors import SdposeError
from sdpose_track.repair.edits import Edit
from sdpose_track.repair.wording import in_words
from sdpose_track.session.history import History
from ui.bridge import Lane
from ui.document.workbench import NOTHING, Group, Log, Outcome, Workbench

NO_SESSION = "there is no session to repair; run the tracking first"


class Edits(QObject):
    """Makes repairs, one after another, in the order in which they were asked for."""

    changed = pyqtSignal()
    """Other repairs hold now: whoever shows the session reads it again."""
    refused = pyqtSignal(str)
    """A repair makes no sense, or the session cannot be written: a sentence."""
    can_changed = pyqtSignal()
    """What can be undone, redone or repaired at all."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.lane = Lane("edits", self)
        self.stack = QUndoStack(self)
        """To look at and to jump about in; for one step ask `undo` and `redo`."""
        self._bench = Workbench()
        self._path: Path | None = None
        self._why_not: str | None = None
        self._asked = 0
        """Number of the newest question."""
        self._burst = 0
        """Number of the first question since nothing was under way."""
        self._heard = 0
        """Answers up to this number were heard, or are no longer wanted."""
        self._groups: tuple[Group, ...] = ()
        """What the stack shows."""
        self._is_mirroring = False
        self.stack.indexChanged.connect(self._tell)

    def _tell(self) -> None:
        if not self._is_mirroring:
            self.can_changed.emit()

    def show(self, path: Path | None, history: History | None) -> None:
        """Repair the session at `path`, whose log is `history`; None: nothing."""
        self._path = path
        history = history or NOTHING
        asked = self._number()
        self._hand_in(lambda: self._bench.show(asked, path or Path(), history))
        self._heard = asked
        self._mirror(Log(tuple((edit,) for edit in history.edits), history.done))

    # -- whether -------------------------------------------------------------------------------

    @property
    def why_not(self) -> str | None:
        """A sentence while nothing can be repaired, as while a run writes the session."""
        return NO_SESSION if self._path is None else self._why_not

    @why_not.setter
    def why_not(self, sentence: str | None) -> None:
        self._why_not = sentence
        if sentence is not None:
            self.release()
        self.can_changed.emit()

    @property
    def can_undo(self) -> bool:
        """There is something to undo, now or once what is under way is done."""
        return self.why_not is None and (self.stack.canUndo() or self._is_busy)

    @property
    def can_redo(self) -> bool:
        """There is something to do again, now or once what is under way is done."""
        return self.why_not is None and (self.stack.canRedo() or self._is_busy)

    @property
    def _is_busy(self) -> bool:
        return self._heard < self._asked

    # -- repairing -----------------------------------------------------------------------------

    def apply(self, *edits: Edit) -> None:
        """Make repairs that are undone as one. What makes no sense is told by `refused`."""
        if self._may():
            asked = self._number()
            self._hand_in(lambda: self._bench.apply(asked, edits))

    def split(self, track_id: int, frame: int) -> None:
        """Make `track_id` somebody new from `frame` on."""
        if self._may():
            asked = self._number()
            self._hand_in(lambda: self._bench.split(asked, track_id, frame))

    def undo(self) -> None:
        """Undo what was asked for last, even if it is not done yet."""
        if self._is_busy or self.why_not is not None:
            self.step(-1)
        else:
            self.stack.undo()

    def redo(self) -> None:
        """Do again what was undone last."""
        if self._is_busy or self.why_not is not None:
            self.step(1)
        else:
            self.stack.redo()

    def step(self, by: int) -> None:
        """Undo (-1) or redo (1) in the log; the stack follows."""
        if self._may():
            asked, burst = self._number(), self._burst
            self._hand_in(lambda: self._bench.step(asked, burst, by))
        else:
            self.release()  # and hear how the log is: the stack went where nobody may go

    def preview(self, edit: Edit, done: Callable[[str | None], None]) -> None:
        """Call `done` with why `edit` would be refused, or None. The newest question counts."""
        if self.why_not is not None:
            done(self.why_not)
        else:
            self.lane.ask(lambda: self._bench.why_refused(edit), done, topic="preview")

    def release(self, done: Callable[[], None] | None = None) -> None:
        """Let somebody else write the session, such as a run that goes on, then call `done`."""
        asked = self._number()
        self._hand_in(lambda: self._bench.release(asked), done, is_last_resort=True)

    def close(self) -> None:
        """Store what was asked for and end the thread. Safe to call again."""
        self.lane.close(self._bench.finish)

    # -- asking --------------------------------------------------------------------------------

    def _may(self) -> bool:
        sentence = self.why_not
        if sentence is not None:
            self.refused.emit(sentence)
        return sentence is None

    def _number(self) -> int:
        """Return the number of the next question."""
        if not self._is_busy:
            self._burst = self._asked + 1
        self._asked += 1
        return self._asked

    def _hand_in(
        self,
        work: Callable[[], Outcome],
        then: Callable[[], None] | None = None,
        *,
        is_last_resort: bool = False,
    ) -> None:
        self._bench.hand_in(work)

        def done(outcome: Outcome) -> None:
            self._on_outcome(outcome)
            if then is not None:
                then()

        if is_last_resort:
            self.lane.ask(self._bench.proceed, done)
        else:
            self.lane.ask(self._bench.proceed, done, self._on_failure, fell=self.release)

    def _on_failure(self, error: SdposeError) -> None:
        self.release()  # and hear how the log is: nobody knows what was stored
        self.refused.emit(str(error))

    def _on_outcome(self, outcome: Outcome) -> None:
        if outcome.asked <= self._heard:
            return  # another session was shown since
        self._heard = outcome.asked
        if not self._is_busy:
            self._mirror(outcome.log)
        if outcome.has_changed:
            self.changed.emit()
        if outcome.refusal is not None:
            self.refused.emit(outcome.refusal)

    # -- the stack -----------------------------------------------------------------------------

    def _mirror(self, log: Log) -> None:
        """Make the stack what the log is; where one repair came, by pushing that one."""
        with self._mirroring():
            if log.groups != self._groups:
                kept = log.groups[:-1] if log.done == len(log.groups) else ()
                if not kept or kept != self._groups[: len(kept)]:
                    kept = ()
                    self.stack.clear()
                self.stack.setIndex(len(kept))
                for group in log.groups[len(kept) :]:
                    self.stack.push(_Step(self, group))
                self._groups = log.groups
            self.stack.setIndex(log.done)
        self.can_changed.emit()

    @contextmanager
    def _mirroring(self) -> Iterator[None]:
        self._is_mirroring = True
        try:
            yield
        finally:
            self._is_mirroring = False

    def stepped(self, by: int) -> None:
        """The stack went a step, by itself or because somebody asked it to."""
        if not self._is_mirroring:
            self.step(by)


class _Step(QUndoCommand):
    """A group of edits on the stack."""

    def __init__(self, edits: Edits, group: Group) -> None:
        others = len(group) - 1
        super().__init__(f"{in_words(group[0])}{f', and {others} more' if others else ''}")
        self._edits = edits

    def redo(self) -> None:
        self._edits.stepped(1)

    def undo(self) -> None:
        self._edits.stepped(-1)
