"""The last stage of a live run: records what passes, from the moment it is asked to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from sdpose_track.errors import SdposeError, SettingsError
from sdpose_track.export.media.lane import Lane
from sdpose_track.live.recorder import Recorder, RecordingFacts
from sdpose_track.live.records import LiveResult
from sdpose_track.pipeline.stage import Intake

__all__ = ["RecordStage", "RecordingFacts"]

WAITING_BYTES = 64 << 20
"""Of pictures that wait for the encoder; live results wait for it beyond that."""
MOST_WAITING = 16


class _Running:
    """A recording that is being made, in a thread of its own."""

    def __init__(self, recorder: Recorder, lane: Lane) -> None:
        self.recorder = recorder
        self._lane = lane
        self._lock = threading.Lock()
        self._ended = False

    def put(self, work: Callable[[], None]) -> None:
        """Do `work` in the thread, unless the recording has ended."""
        with self._lock:
            if not self._ended:
                self._lane.put(work)

    def end(self, work: Callable[[], None]) -> None:
        """Do `work` after all else and end the thread. What waits for it returns then."""
        with self._lock:
            if self._ended:
                return
            self._ended = True
            with self._lane:
                self._lane.put(work)
                self._lane.drain()


class RecordStage:
    """Records live results while it passes them on.

    `begin` and `end` are for any thread. A recording that cannot go on ends and says so; the run
    goes on.
    """

    name = "record"
    intake = Intake(capacity=1)

    def __init__(self, facts: RecordingFacts, notice: Callable[[str], None]) -> None:
        """Record runs of `facts`; `notice` is told, in any thread, why a recording has ended."""
        self._facts = facts
        self._notice = notice
        self._lock = threading.Lock()
        self._ending = threading.Lock()
        self._running: _Running | None = None
        self._closed = False
        self.error: SdposeError | None = None
        """Why the newest recording ended by itself; None: it did not."""
        self.frames = 0
        """In the newest recording that has ended."""

    @property
    def recorded(self) -> int | None:
        """How many frames the recording has; None: nothing is recorded."""
        with self._lock:
            going_on = self._going_on()
            return None if going_on is None else going_on.frames

    def begin(self, session: Path, *, video: bool) -> None:
        """Record from the next frame on into the new file `session`.

        With `video` the pictures too, beside it under the same name with `.mp4`.

        Raises:
            SettingsError: one of the files is there already, or a recording is being made.
            OutputError: a file cannot be written.
            DeviceError: this machine gives no more threads.
        """
        with self._ending, self._lock:
            going_on = self._going_on()
            if going_on is not None:
                raise SettingsError(f"{going_on.path} is being recorded; end that recording first")
            if self._closed:
                raise SettingsError(f"{session}: the live run has ended; start it again to record")
            if self._running is not None:
                self._running.end(lambda: None)
                self._running = None
            info = self._facts.source
            ahead = WAITING_BYTES // (3 * info.width * info.height)
            lane = Lane(min(max(ahead, 1), MOST_WAITING))
            try:
                recorder = Recorder(session, self._facts, video=video)
            except BaseException:
                lane.close()
                raise
            self._running = _Running(recorder, lane)
            self.error = None

    def end(self) -> None:
        """End the recording, if one is made, and return when its files are whole.

        That may take seconds. A recording without frames leaves no files.
        """
        with self._ending:
            with self._lock:
                running, self._running = self._running, None
            if running is not None:
                running.end(partial(self._finish, running.recorder))
                self.frames = running.recorder.frames

    def open(self) -> None:
        """Nothing to acquire."""

    def process(self, items: Sequence[LiveResult]) -> Iterator[LiveResult]:
        """Pass each result on, then record it."""
        for item in items:
            yield item
            with self._lock:
                running = self._running
            if running is not None:
                running.put(partial(self._add, running.recorder, item))

    def flush(self) -> Iterable[LiveResult]:
        """Nothing is held back."""
        return ()

    def close(self) -> None:
        """End the recording, however the run came to its end."""
        with self._lock:
            self._closed = True
        self.end()

    def _going_on(self) -> Recorder | None:
        if self._running is None or self._running.recorder.has_failed:
            return None
        return self._running.recorder

    # -- in the recording's thread ---------------------------------------------------------------

    def _add(self, recorder: Recorder, result: LiveResult) -> None:
        self._guarded(recorder, lambda: recorder.add(result))

    def _finish(self, recorder: Recorder) -> None:
        def finish() -> None:
            if not recorder.finish():
                self._notice(f"No frame was recorded, so {recorder.path} was not kept.")

        self._guarded(recorder, finish)

    def _guarded(self, recorder: Recorder, work: Callable[[], None]) -> None:
        """Do `work`; what goes wrong ends the recording, and is told."""
        if recorder.has_failed:
            return
        try:
            work()
        except SdposeError as error:
            recorder.give_up()
            self.error = error
            self._notice(f"The recording has ended: {error}")
