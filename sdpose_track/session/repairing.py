"""A session under repair: what holds, what would make sense, and going back and forth.

The command line and the viewer both repair through this, so both refuse the same in the same words.
"""

from __future__ import annotations

from pathlib import Path

from sdpose_track.closing import Closing
from sdpose_track.repair.edits import Edit, Split
from sdpose_track.repair.repairs import Repairs, fold
from sdpose_track.session.edits import EditLog, History
from sdpose_track.session.facts import RawFacts, repairs_of
from sdpose_track.session.recording import Recording


class Repairing(Closing):
    """The repairs of one session, one writer at a time. Not thread-safe."""

    def __init__(self, recording: Recording, log: EditLog) -> None:
        self.recording = recording
        self.facts = RawFacts(recording)
        self._log = log
        self.repairs: Repairs = repairs_of(recording, self.facts)
        """What the edits that hold come to."""

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
    def history(self) -> History:
        """Every edit, and how many of them hold."""
        return self._log.history

    def apply(self, *edits: Edit) -> Repairs:
        """Let `edits` hold, one after another; return what all edits come to now.

        Raises SettingsError, and changes nothing, if one makes no sense.
        """
        after = self.repairs
        for edit in edits:
            after = after.after(edit, self.facts)
        self._log.append(edits)
        self.repairs = after
        return after

    def split(self, track_id: int, frame: int) -> Split:
        """Return the edit that makes `track_id` somebody new from `frame` on."""
        used = [e.new_id for e in self.history.edits if isinstance(e, Split)]
        return Split(track_id, frame, self.repairs.new_id(self.facts, used))

    def undo(self, count: int = 1) -> tuple[Edit, ...]:
        """Undo the last `count` edits and return them in their order.

        Raises SettingsError, and changes nothing, if there are fewer.
        """
        undone = self._log.step(-count)
        self.repairs = fold(self.history.held, self.facts)
        return undone

    def redo(self, count: int = 1) -> tuple[Edit, ...]:
        """Let the next `count` edits that were undone hold again and return them in their order.

        Raises SettingsError, and changes nothing, if there are fewer.
        """
        redone = self._log.step(count)
        self.repairs = fold(self.history.held, self.facts)
        return redone

    def close(self) -> None:
        """Close the file and let others write it. Safe to call again."""
        self.recording.close()
        self._log.close()
