"""A live run as the window sees it: told in signals, of its frames the newest."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import NamedTuple

from PyQt6.QtCore import QObject, pyqtSignal

from sdpose_track.errors import SdposeError, StageError
from sdpose_track.live.meter import LiveStats
from sdpose_track.live.records import LiveResult
from sdpose_track.live.run import LiveRun
from sdpose_track.live.sending import Way
from sdpose_track.live.wish import LiveWish, RecordWish
from sdpose_track.live.work import LEAVE_S, LiveWork
from sdpose_track.pipeline.events import Finished, Outcome
from ui.bridge import Doorbell
from ui.jobs.job import Job, State, StoppedError
from ui.jobs.wording import in_words
from ui.live.mailbox import Mailbox

log = logging.getLogger(__name__)

_STATES = {
    Outcome.COMPLETED: State.DONE,
    Outcome.CANCELLED: State.CANCELLED,
    Outcome.FAILED: State.FAILED,
}


class Recorded(NamedTuple):
    """What became of a recording."""

    session: Path
    is_there: bool
    """It has a frame at least, and is whole."""
    why_ended: str | None
    """A sentence, if it could not go on; None: it was ended."""


class LiveJob(Job):
    """Looks at a source until it is stopped or the source ends."""

    shown = pyqtSignal(object)
    """Sight: the newest frame. Those that came while the window was busy are passed over."""
    recording_changed = pyqtSignal()
    """`recording` is another one now, or none."""
    recorded = pyqtSignal(object)
    """Recorded: a recording has ended."""
    not_recorded = pyqtSignal(str)
    """Why none has begun, in a sentence."""
    not_sent = pyqtSignal(object, str)
    """Way, and why poses are not sent on there, in a sentence."""
    ended = pyqtSignal(object, object)
    """State, and why it failed, else None. Always last, and sent once."""

    def __init__(self, wish: LiveWish, parent: QObject | None = None) -> None:
        super().__init__("Live", "live", parent)
        self.wish = wish
        self.run: LiveRun | None = None
        """None before it is prepared."""
        self.recording: Path | None = None
        """The session that is written now."""
        self._bell = Doorbell(self)
        self._bell.rung.connect(self._look)
        self._mailbox = Mailbox(self._bell.ring)
        self._work = LiveWork(wish, self._mailbox.tell, self._mailbox.leave)
        self._is_ending = False
        """The recording is."""

    def start(self) -> None:
        """Begin: opening a source and loading networks may take seconds."""
        self._lane.ask(self._begin, self._on_begun, self._on_failed, fell=self._on_fault)

    def _begin(self) -> LiveRun:
        """Open, prepare and start; on the lane's thread. Raises SdposeError."""
        work = self._work
        try:
            run = work.prepare()
            run.engine.events.subscribe(self._mailbox.hear)
            work.start()
        except SdposeError:
            was_stopped = work.is_stopping
            work.close()
            if was_stopped:  # what failed meanwhile is no news
                raise StoppedError from None
            raise
        except Exception as error:  # boundary: a run that cannot begin is told like one that fails
            work.close()
            log.exception("the live run could not be prepared")
            raise StageError("preparing", error) from error
        if work.is_stopping:  # it may not have started then
            work.close()
            raise StoppedError
        return run

    def measured(self) -> LiveStats | None:
        """Return how it keeps up now; None before it runs. Notices recordings that ended."""
        if self.run is None:
            return None
        stats = self.run.stats()
        if self.recording is not None and stats.recorded is None:
            self.end_recording()
        return stats

    def painted(self, result: LiveResult) -> None:
        """Tell that a frame has been painted."""
        if self.run is not None:
            self.run.painted(result)

    # -- recording and sending ---------------------------------------------------------------------

    def record(self, wish: RecordWish) -> None:
        """Begin to record what is seen; `recording_changed` or `not_recorded` follows."""
        self._lane.ask(
            lambda: self._work.record(wish),
            lambda _none: self._on_recording(wish.session),
            lambda error: self.not_recorded.emit(in_words(str(error))),
        )

    def end_recording(self) -> None:
        """End the recording; `recorded` follows."""
        session = self.recording
        if session is not None and not self._is_ending:
            self._is_ending = True
            self._lane.ask(lambda: self._ended_recording(session), self._on_recorded)

    def _ended_recording(self, session: Path) -> Recorded:
        """End it, if it has not ended by itself, and tell of it; on the lane's thread."""
        self._work.end_recording()
        error = None if self.run is None else self.run.recording.error
        return Recorded(session, session.exists(), None if error is None else str(error))

    def _on_recording(self, session: Path) -> None:
        self.recording = session
        self.recording_changed.emit()

    def _on_recorded(self, recorded: Recorded) -> None:
        self._is_ending = False
        if self.recording is not None:
            self.recording = None
            self.recording_changed.emit()
            self.recorded.emit(recorded)

    def send(self, way: Way, address: str | None) -> None:
        """Send poses on to `address`; None: no longer. `not_sent` may follow."""
        self._lane.ask(
            lambda: self._send_on(way, address),
            failed=lambda error: self.not_sent.emit(way, in_words(str(error))),
        )

    def _send_on(self, way: Way, address: str | None) -> None:
        """Send, unless everything is given back already; on the lane's thread."""
        if not self._work.is_stopping:
            self._work.send(way, address)

    # -- what comes of it --------------------------------------------------------------------------

    def _stop(self) -> None:
        self._work.stop()

    def _last(self) -> None:
        self._work.close(LEAVE_S)  # the window waits

    def _on_begun(self, run: LiveRun) -> None:
        self.run = run
        if self.wish.record is not None:
            self._on_recording(self.wish.record.session)
        if self.state is not State.STOPPING:
            self._enter(State.RUNNING)
        self._look()

    def _look(self) -> None:
        """Tell what has been left; before it has begun it waits, and the end comes after that."""
        if self.state.is_over or self.run is None:
            return
        post = self._mailbox.empty()
        for sentence in post.sentences:
            self.noted.emit(in_words(sentence))
        if post.newest is not None:
            self.shown.emit(post.newest)
        if post.end is not None:
            self._give_back(post.end)

    def _give_back(self, end: Finished) -> None:
        sentence = None if end.error is None else in_words(str(end.error))
        state = _STATES[end.outcome]
        self.end_recording()
        self._lane.ask(self._work.close, lambda _none: self._end(state, sentence))

    def _end(self, state: State, sentence: str | None) -> None:
        self._lane.close()
        self.sentence = sentence
        self._enter(state)
        self.ended.emit(state, sentence)
