"""Runs a source and a chain of stages, one thread each, and tells how it goes.

The rules that keep it honest:

- Memory is bounded: what waits before a stage is at most that stage's `intake.capacity`.
- Items keep their order: a stage yields in the order in which it was given.
- The first failure, or `stop()`, aborts every channel, so every thread wakes and ends.
- Whatever was opened is closed, on the thread that opened it.
- `Finished` is sent once, after the last thread has ended, and says how the run went.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from sdpose_track.errors import DeviceError, SdposeError, StageError
from sdpose_track.flag import Flag
from sdpose_track.pipeline.channel import Aborted, Channel
from sdpose_track.pipeline.events import Finished, FrameDone, Listeners, Outcome
from sdpose_track.pipeline.stage import Frames, Stage
from sdpose_track.records import Frame
from sdpose_track.threads import begin

log = logging.getLogger(__name__)

RESULTS_WAITING = 8
_LOOK_S = 0.5
"""Ctrl-C reaches a waiting main thread on Windows only between waits."""


@dataclass(slots=True)
class Clock:
    """How long a thread worked, without its waiting for input or for room."""

    wall_s: float = 0.0
    cpu_s: float = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count the time inside the `with` block."""
        wall, cpu = time.perf_counter(), time.thread_time()
        try:
            yield
        finally:
            self.wall_s += time.perf_counter() - wall
            self.cpu_s += time.thread_time() - cpu


class Engine:
    """One run of a pipeline. Make a new one for the next run."""

    def __init__(
        self,
        source: Frames,
        stages: Sequence[Stage[Any, Any]],
        start: int = 0,
        *,
        wake: Callable[[], None] | None = None,
        results: int = RESULTS_WAITING,
    ) -> None:
        """Prepare to run frames of `source` from index `start` on through `stages`.

        `wake` makes a source that waits for its next frame end now: a camera may be silent for
        long. `results` may wait for those who listen.
        """
        self.events = Listeners()
        self._source = source
        self._start = start
        self._stages = tuple(stages)
        self._channels: list[Channel[Any]] = [
            Channel(s.intake.capacity, s.intake.overflow) for s in self._stages
        ]
        self._channels.append(Channel(results))
        self._wake = wake
        self._threads: list[threading.Thread] = []
        self._started = False
        self._lock = threading.Lock()  # never taken by `stop`, which a signal handler may call
        self._error: StageError | None = None
        self._outcome: Outcome | None = None
        self._aborted = False
        self._cancelled = False
        self._flowing = Flag()
        self._flowing.set()
        self._ended = threading.Event()
        self.clocks: dict[str, Clock] = {name: Clock() for name in ("source", *self._names())}
        """How long each thread worked, by stage name; complete once the run has ended."""

    def _names(self) -> list[str]:
        return [stage.name for stage in self._stages]

    @property
    def dropped(self) -> dict[str, int]:
        """How many items each stage never saw, by stage name."""
        channels = zip(self._names(), self._channels, strict=False)
        return {name: channel.dropped for name, channel in channels}

    @property
    def waiting(self) -> dict[str, int]:
        """How many items wait before each stage, by stage name."""
        channels = zip(self._names(), self._channels, strict=False)
        return {name: len(channel) for name, channel in channels}

    def start(self) -> None:
        """Start every thread and return. Raises RuntimeError on a second call."""
        self._claim()
        self._launch()

    def _claim(self) -> None:
        with self._lock:
            if self._started:
                raise RuntimeError("this engine has been started; make a new one for another run")
            self._started = True

    def _launch(self) -> None:
        self._threads = [_thread("source", self._read)]
        for i, stage in enumerate(self._stages):
            self._threads.append(_thread(stage.name, self._work, stage, i))
        try:
            for thread in self._threads:
                begin(thread)
        except BaseException:  # Ctrl-C, or no more threads to be had
            self.stop()
            raise
        finally:
            self._launch_results()

    def _launch_results(self) -> None:
        try:
            begin(_thread("results", self._deliver))
        except DeviceError:  # else nobody would wait for those that did start
            self.stop()
            self._deliver()
            raise

    def pause(self, *, on: bool = True) -> None:
        """Stop taking frames from the source, or go on. What is under way is finished."""
        if on:
            self._flowing.clear()
        if not on or self._aborted:  # asked after it: else the source of an ended run would wait
            self._flowing.set()

    def stop(self) -> None:
        """Ask the run to end now.

        Safe from any thread and any signal handler, any number of times, also after its end.
        """
        self._cancelled = True
        self._abort()

    def run(self) -> Outcome:
        """Start, wait for the end, and return how it went.

        What interrupts the wait, such as Ctrl-C, stops the run; it is raised again once every
        thread has ended. Raises StageError if a stage failed.
        """
        self._claim()
        try:
            self._launch()
            while not self.wait(_LOOK_S):
                pass
        except BaseException:
            self.stop()
            while not self._ended.wait(_LOOK_S):
                pass
            raise
        return self.outcome

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the run's end; True if it came. Raises StageError if a stage failed."""
        ended = self._ended.wait(timeout)
        if ended and self._error is not None:
            raise self._error
        return ended

    @property
    def outcome(self) -> Outcome:
        """How the run ended. Raises RuntimeError before its end."""
        if self._outcome is None:
            raise RuntimeError("the run has not ended")
        return self._outcome

    # -- on the engine's own threads -----------------------------------------------------------

    def _read(self) -> None:
        out, clock = self._channels[0], self.clocks["source"]
        try:
            with closing(self._source.frames(self._start)) as frames:
                while (frame := _next(frames, clock)) is not None:
                    out.put(frame)
                    self._flowing.wait()
            out.close()
        except Aborted:
            pass
        except BaseException as error:  # noqa: BLE001  boundary: whatever it is ends the run, named
            self._fail("source", error)

    def _work(self, stage: Stage[Any, Any], i: int) -> None:
        taken, given, clock = self._channels[i], self._channels[i + 1], self.clocks[stage.name]
        try:
            with closing(stage):
                stage.open()
                while items := taken.take(stage.intake.most, stage.intake.wait_s):
                    with clock.running():
                        results = iter(stage.process(items))
                    while (result := _next(results, clock)) is not None:
                        given.put(result)
                for result in stage.flush():
                    given.put(result)
            given.close()
        except Aborted:
            pass
        except BaseException as error:  # noqa: BLE001  boundary: whatever it is ends the run, named
            self._fail(stage.name, error)

    def _deliver(self) -> None:
        results = self._channels[-1]
        try:
            while taken := results.take():
                for result in taken:
                    self.events.send(FrameDone(result))
        except Aborted:
            pass
        self._join()
        with self._lock:
            if self._error is not None:
                self._outcome = Outcome.FAILED
            else:
                self._outcome = Outcome.CANCELLED if self._cancelled else Outcome.COMPLETED
        try:
            self.events.send(Finished(self._outcome, self._error))
        finally:
            self._ended.set()

    def _join(self) -> None:
        """Wait for the threads. What one that was never started would have closed is closed."""
        for i, thread in enumerate(self._threads):
            if thread.ident is not None:
                thread.join()
            elif i > 0:
                self._stages[i - 1].close()

    def _fail(self, name: str, error: BaseException) -> None:
        failed = StageError(name, error)
        with self._lock:
            first = self._error is None
            if first:
                self._error = failed
        if not first:  # the first is told by `wait` and `Finished`; this one would be lost
            has_sentence = isinstance(error, SdposeError | MemoryError)
            log.error("failed too: %s", failed, exc_info=None if has_sentence else error)
        self._abort()

    def _abort(self) -> None:
        self._aborted = True
        for channel in self._channels:
            channel.abort()
        self._flowing.set()
        if self._wake is not None:
            self._wake()


def _next(items: Generator[Frame, None, None] | Iterator[Any], clock: Clock) -> Any:
    with clock.running():
        return next(items, None)


def _thread(name: str, run: Callable[..., None], *args: object) -> threading.Thread:
    return threading.Thread(target=run, args=args, name=f"sdpose-{name}", daemon=True)
