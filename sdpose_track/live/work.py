"""A live run from a wish to its end: opened, prepared, started, recorded, sent on, given back.

What command line and viewer share. It starts no thread of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from sdpose_track.capture import LiveSource, live_source
from sdpose_track.closing import Closing
from sdpose_track.errors import StageError
from sdpose_track.live.records import LiveResult
from sdpose_track.live.run import LiveRun, prepare_live
from sdpose_track.live.sending import Senders, Way
from sdpose_track.live.wish import LiveWish, RecordWish
from sdpose_track.pipeline.events import Event, FrameDone

Notice = Callable[[str], None]
LEAVE_S = 0.5
"""How long a program that ends waits for a source that says nothing, in seconds."""


class LiveWork(Closing):
    """Source, run and senders. For one thread at a time, but for `stop`."""

    def __init__(self, wish: LiveWish, notice: Notice, shown: Callable[[LiveResult], None]) -> None:
        """Open nothing yet.

        `notice` is told what the user should know, and `shown` of each frame, both on any thread;
        they must return at once.
        """
        self._wish = wish
        self._notice = notice
        self._shown = shown
        self._is_stopping = False
        self._senders = Senders(wish, notice)
        self._source: LiveSource | None = None
        self._run: LiveRun | None = None
        self._has_started = False

    def stop(self) -> None:
        """End soon, whatever it is doing. From any thread or signal handler, as often as wished."""
        self._is_stopping = True
        if (source := self._source) is not None:
            source.interrupt()
        if (run := self._run) is not None:
            run.engine.stop()

    @property
    def is_stopping(self) -> bool:
        """`stop` was called."""
        return self._is_stopping

    def prepare(self) -> LiveRun:
        """Open the source, load the networks, begin to send and record; start nothing.

        Raises SdposeError; `close` then gives back what was opened.
        """
        wish, tell = self._wish, self._notice
        self._source = source = live_source(wish.spec, wish.capture, tell)
        if self.is_stopping:  # `stop` may have come before there was a source to interrupt
            source.interrupt()
        source.open()
        self._run = run = prepare_live(source, wish.settings, tell)
        run.shown.subscribe(self._on_shown)
        if wish.osc is not None:
            self.send(Way.OSC, wish.osc)
        if wish.websocket is not None:
            self.send(Way.WEBSOCKET, wish.websocket)
        if wish.virtual_camera:
            self._senders.open_camera(source.info)
        if wish.record is not None:
            self.record(wish.record)
        return run

    def start(self) -> None:
        """Start what is prepared, unless it is to stop."""
        if self._run is not None and not self.is_stopping:
            self._has_started = True
            self._run.engine.start()

    def _on_shown(self, event: Event) -> None:
        """Hear of a frame that can be shown; on an engine thread."""
        run = self._run
        if isinstance(event, FrameDone) and isinstance(event.result, LiveResult) and run:
            self._senders.send(event.result, run.skeleton)
            self._shown(event.result)

    def record(self, wish: RecordWish) -> None:
        """Begin a recording. Raises SettingsError, OutputError or DeviceError if that cannot be."""
        if self._run is not None:
            self._run.begin_recording(wish.session, video=wish.video)

    def end_recording(self) -> None:
        """End the recording; it is whole then."""
        if self._run is not None:
            self._run.end_recording()

    def send(self, way: Way, address: str | None) -> None:
        """Send on to an address, None: no longer. Who else can read it is told.

        Raises SettingsError.
        """
        if address is None:
            self._senders.close(way)
            return
        exposure = self._senders.open(way, address)
        if exposure is not None:
            self._notice(exposure)

    def close(self, patience_s: float | None = None) -> None:
        """Stop, wait for every thread, and give back everything. Safe to call again.

        `patience_s`: how long the source is waited for, see `LiveSource.close`.
        """
        self.stop()
        try:
            if (run := self._run) is not None:
                with suppress(StageError):  # the run's last event tells it
                    if self._has_started:
                        run.engine.wait()
                    else:  # its stages hold networks, and give them back as they end
                        self._has_started = True
                        run.engine.run()
        finally:
            self._senders.close()
            if self._source is not None:
                self._source.close(patience_s)
