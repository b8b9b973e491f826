"""A run of the tracker inside the window: the pipeline of the command line, told in signals."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from pathlib import Path

from PyQt6.QtCore import QObject, pyqtSignal

from sdpose_track.errors import SdposeError, StageError
from sdpose_track.pipeline.engine import Engine
from sdpose_track.pipeline.events import Outcome
from sdpose_track.pipeline.plan import Run, prepare
from sdpose_track.pipeline.resuming import resumed
from sdpose_track.records import FramePoses
from sdpose_track.session.recording import Recording
from sdpose_track.settings import TrackSettings
from sdpose_track.sources import Source, open_source
from ui.bridge import EngineBridge
from ui.jobs.job import Job, State, StoppedError
from ui.jobs.wishes import RunWish
from ui.jobs.wording import in_words
from ui.look.texts import plural

log = logging.getLogger(__name__)

_STATES = {
    Outcome.COMPLETED: State.DONE,
    Outcome.CANCELLED: State.CANCELLED,
    Outcome.FAILED: State.FAILED,
}
_OUTCOMES = {state: outcome for outcome, state in _STATES.items()}


class _Work:
    """Source and engine. Belongs to the lane's thread, but for `stop` and `pause`."""

    def __init__(self, wish: RunWish) -> None:
        self._wish = wish
        self._stopping = threading.Event()
        self._source: Source | None = None
        self._engine: Engine | None = None
        self._has_run = False

    def stop(self) -> None:
        """End soon, whatever it is doing. From any thread, any number of times."""
        self._stopping.set()
        if (engine := self._engine) is not None:
            engine.stop()

    def pause(self, *, on: bool) -> None:
        """Take no more frames, or go on. From any thread."""
        if (engine := self._engine) is not None:
            engine.pause(on=on)

    def prepare(self) -> tuple[Run, tuple[str, ...]]:
        """Open the source, load the networks, begin the session; return the run and its notes."""
        try:
            return self._prepared()
        except SdposeError:
            self.close()
            raise
        except Exception as error:  # boundary: a run that cannot begin is told like one that fails
            self.close()
            log.exception("the run could not be prepared")
            raise StageError("preparing", error) from error

    def _prepared(self) -> tuple[Run, tuple[str, ...]]:
        wish = self._wish
        self._source = source = open_source(wish.source)
        if self._stopping.is_set():
            raise StoppedError
        settings = wish.settings or _as_begun(wish.session)
        run = prepare(source, settings, wish.session, resume=wish.resume, overwrite=wish.overwrite)
        self._engine = run.engine
        if run.engine is None:
            self.close()
        return run, (*run.notes, *source.info.notes)

    def carry_out(self) -> Outcome:
        """Run the engine to its end. Raises StageError if a stage failed."""
        engine, self._has_run = self._engine, True
        assert engine is not None
        if self._stopping.is_set():  # then `stop` may have come before there was an engine
            engine.stop()
        try:
            return engine.run()
        finally:
            self.close()

    def close(self) -> None:
        """Give back everything. Safe to call again."""
        engine, had_run = self._engine, self._has_run
        self._has_run = True
        if engine is not None and not had_run:  # its stages hold a session and networks
            engine.stop()
            with suppress(StageError):  # nobody waits for it any more
                engine.run()
        if self._source is not None:
            self._source.close()


def _as_begun(session: Path) -> TrackSettings:
    """Return the settings that a session was begun with. Raises SessionError."""
    with Recording.open(session) as recording:
        return resumed(recording.header)


class TrackJob(Job):
    """Tracks the people of a source into a session file, and tells how it goes.

    What was stored before a cancel, a failure or a crash stays in the session.
    """

    progressed = pyqtSignal(int, object, int)
    """Frames done, all frames or None, people in the newest frame."""
    begun = pyqtSignal(object)
    """Path: the session has its first frame, and can be read from now on."""
    ended = pyqtSignal(object, object)
    """Outcome, and the sentence that says why it failed, else None. Always last, and sent once."""

    can_pause = True
    unit = "frame"

    def __init__(self, wish: RunWish, parent: QObject | None = None) -> None:
        super().__init__(f"Tracking {Path(wish.source).name}", "tracking", parent)
        self.wish = wish
        self._work = _Work(wish)
        self._bridge: EngineBridge | None = None
        self.has_begun = False
        """The session has its first frame."""

    def start(self) -> None:
        """Begin: PREPARING may take seconds, since networks are loaded."""
        self._lane.ask(self._work.prepare, self._on_prepared, self._on_failed, fell=self._on_fault)

    def pause(self) -> None:
        """Take no more frames; the few under way are finished and stored."""
        if self.state is State.RUNNING:
            self._work.pause(on=True)
            self._enter(State.PAUSED)

    def go_on(self) -> None:
        """Go on after `pause`."""
        if self.state is State.PAUSED:
            self._work.pause(on=False)
            self._enter(State.RUNNING)

    def close(self) -> None:
        """End it and wait for that; what is being prepared is waited for. Safe to call again."""
        super().close()
        self._hear_no_more()

    def _stop(self) -> None:
        self._work.stop()

    def _last(self) -> None:
        self._work.close()

    # -- answers of the lane ---------------------------------------------------------------------

    def _on_prepared(self, answer: tuple[Run, tuple[str, ...]]) -> None:
        run, notes = answer
        for note in notes:
            self.noted.emit(in_words(note))
        self.done, self.total = run.done, run.total
        if run.done:
            self._begin()
        if run.engine is None:
            self._end(State.DONE, None)
            return
        self._bridge = EngineBridge(run.engine.events, run.done, self)
        self._bridge.advanced.connect(self._on_advanced)
        if self.state is not State.STOPPING:
            self._enter(State.RUNNING)
        self._lane.ask(
            self._work.carry_out, self._on_carried_out, self._on_failed, fell=self._on_fault
        )

    def _on_advanced(self, done: int, poses: FramePoses) -> None:
        people = len(poses.people)
        self._begin()
        self._move(done, self.total, plural(people, "person", "people"))
        self.progressed.emit(done, self.total, people)

    def _begin(self) -> None:
        if not self.has_begun:
            self.has_begun = True
            self.begun.emit(self.wish.session)

    def _on_carried_out(self, outcome: Outcome) -> None:
        # the last `advanced` was queued before this answer was
        self._end(_STATES[outcome], None)

    def _end(self, state: State, sentence: str | None) -> None:
        self._hear_no_more()
        self._lane.close()
        self.sentence = sentence
        self.results = (self.wish.session,) if self.has_begun else ()
        self._enter(state)
        self.ended.emit(_OUTCOMES[state], sentence)

    def _hear_no_more(self) -> None:
        if self._bridge is not None:
            self._bridge.disconnect_engine()
            self._bridge.advanced.disconnect()  # what is queued comes too late
            self._bridge = None
