"""A session under repair: what holds, what would make sense, and going back and forth.

The command line and the viewer both repair through this, so both refuse the same in the same words.
"""

from __future__ import annotations

from pathlib import Path

from sdpose_track.closing import Closing
from sdpose_track.repair.edits import Edit, Split
from sdpose_track.repair.repairs import Repairs
from sdpose_track.repair.rules import after, states
from sdpose_track.session.edit_log import EditLog
from sdpose_track.session.facts import RawFacts
from sdpose_track.session.history import History
from sdpose_track.session.recording import Recording


class Repairing(Closing):
    """The repairs of one session, one writer at a time. Not thread-safe."""

    def __init__(self, recording: Recording, log: EditLog) -> None:
        self.recording = recording
        self.facts = RawFacts(recording)
        self._log = log
        self._states = [*states(log.history.held, self.facts)]

    @classmethod
    def open(cls, path: str | Path) -> Repairing:
        """Open the session at `path`. Raises SessionError or OutputError as `EditLog.open` does."""
        log = EditLog.open(path)
        try:
            recording = Recording.open(path)
            try:
                return cls(recording, log)
            except BaseException:
                recording.close()
                raise
        except BaseException:
            log.close()
            raise

    @property
    def repairs(self) -> Repairs:
        """What the edits that hold come to."""
        return self._states[-1]

    @property
    def history(self) -> History:
        """Every edit, and how many of them hold."""
        return self._log.history

    def preview(self, *edits: Edit) -> Repairs:
        """Return what `edits`, one after another, would make of the repairs; nothing is stored.

        Raises SettingsError if one makes no sense.
        """
        return self._beyond(edits)[-1]

    def apply(self, *edits: Edit) -> Repairs:
        """Let `edits` hold, one after another; return what all edits come to now.

        Raises SettingsError, and changes nothing, if one makes no sense.
        """
        further = self._beyond(edits)
        self._log.append(edits)
        self._states += further[1:]
        return self.repairs

    def split(self, track_id: int, frame: int) -> Split:
        """Return the edit that makes `track_id` somebody new from `frame` on."""
        used = [e.new_id for e in self.history.edits if isinstance(e, Split)]
        return Split(track_id, frame, self.repairs.new_id(self.facts, used))

    def undo(self, count: int = 1) -> tuple[Edit, ...]:
        """Undo the last `count` edits and return them in their order.

        Raises SettingsError, and changes nothing, if there are fewer.
        """
        undone = self._log.step(-count)
        del self._states[-count:]
        return undone

    def redo(self, count: int = 1) -> tuple[Edit, ...]:
        """Let the next `count` edits that were undone hold again and return them in their order.

        Raises SettingsError, and changes nothing, if there are fewer, or if one no longer makes
        sense.
        """
        edits, done = self.history
        further = self._beyond(edits[done : done + count])
        redone = self._log.step(count)
        self._states += further[1:]
        return redone

    def _beyond(self, edits: tuple[Edit, ...]) -> list[Repairs]:
        """Return the present state, and the one after each of `edits`."""
        further = [self.repairs]
        for edit in edits:
            further.append(after(further[-1], edit, self.facts))
        return further

    def close(self) -> None:
        """Close the file and let others write it. Safe to call again."""
        self.recording.close()
        self._log.close()
