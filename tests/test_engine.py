"""The engine, run for real: threads, channels, frames and small stages."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from any_line import Prepared, interrupted_at_every_line

from sdpose_track.errors import SourceError, StageError
from sdpose_track.pipeline.channel import Overflow
from sdpose_track.pipeline.engine import RESULTS_WAITING, Engine
from sdpose_track.pipeline.events import Event, Finished, FrameDone, Outcome
from sdpose_track.pipeline.stage import Intake
from sdpose_track.records import NO_DETECTIONS, Frame, FramePoses, FrameResult, Pose, measured
from sdpose_track.sources import open_source

LIMIT_S = 20.0


class Brightness:
    """A stage with a real answer: one person whose nose is at the frame's mean level."""

    name = "brightness"

    def __init__(self, intake: Intake | None = None, *, fail_at: int | None = None) -> None:
        self.intake = intake or Intake()
        self.sizes: list[int] = []
        self.calls: list[str] = []
        self.threads: set[str] = set()
        self._fail_at = fail_at

    def open(self) -> None:
        self._note("open")

    def process(self, items: Sequence[Frame]) -> Iterable[FrameResult]:
        self.sizes.append(len(items))
        for frame in items:
            if frame.index == self._fail_at:
                raise RuntimeError("no such layer")
            nose = np.full((1, 2), frame.image.mean(), np.float32)
            one = np.ones(1, np.float32)
            person = Pose(1, np.zeros(4, np.float32), 1.0, nose, one, measured(1))
            poses = FramePoses(frame.index, frame.pts, frame.time, (person,))
            yield FrameResult(poses, NO_DETECTIONS, np.empty(0, np.int32))

    def flush(self) -> Iterable[FrameResult]:
        self._note("flush")
        return ()

    def close(self) -> None:
        self._note("close")

    def _note(self, call: str) -> None:
        self.calls.append(call)
        self.threads.add(threading.current_thread().name)


class Gated(Brightness):
    """Waits at a gate before each call, so that the test decides when it is slow."""

    name = "gated"

    def __init__(self, gate: threading.Event, intake: Intake) -> None:
        super().__init__(intake)
        self._gate = gate

    def process(self, items: Sequence[Frame]) -> Iterable[FrameResult]:
        self._gate.wait(LIMIT_S)
        return super().process(items)


@dataclass
class Counter:
    """Black frames, counted as they are taken."""

    count: int | None = None
    made: int = 0
    closed_on: list[str] = field(default_factory=list)

    def frames(self, start: int = 0) -> Generator[Frame, None, None]:
        image = np.zeros((2, 2, 3), np.uint8)
        try:
            for i in itertools.islice(itertools.count(start), self.count):
                self.made += 1
                yield Frame(i, i, Fraction(i, 1000), image)
        finally:
            self.closed_on.append(threading.current_thread().name)


def listen(engine: Engine) -> list[Event]:
    heard: list[Event] = []
    engine.events.subscribe(heard.append)
    return heard


def frames_of(heard: list[Event]) -> list[int]:
    return [e.result.poses.index for e in heard if isinstance(e, FrameDone)]


def eventually(condition: Callable[[], bool], limit_s: float = LIMIT_S) -> None:
    deadline = time.monotonic() + limit_s
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    assert condition()


def test_every_frame_of_a_file_arrives_in_order(uneven_clip: Path) -> None:
    stage = Brightness(Intake(most=4, wait_s=0.05))
    with open_source(str(uneven_clip)) as source:
        engine = Engine(source, [stage])
        heard = listen(engine)

        engine.start()
        assert engine.wait(LIMIT_S)

    assert frames_of(heard) == [0, 1, 2, 3, 4, 5]
    assert heard[-1] == Finished(Outcome.COMPLETED)
    assert max(stage.sizes) > 1
    assert stage.calls == ["open", "flush", "close"]
    assert stage.threads == {"sdpose-brightness"}
    assert engine.clocks["source"].wall_s > 0


def test_a_run_may_begin_in_the_middle() -> None:
    engine = Engine(Counter(5), [Brightness()], start=7)
    heard = listen(engine)
    engine.start()
    assert engine.wait(LIMIT_S)
    assert frames_of(heard) == [7, 8, 9, 10, 11]


def test_a_stage_that_fails_is_named_and_closed() -> None:
    source, stage = Counter(), Brightness(fail_at=3)
    engine = Engine(source, [stage])
    heard = listen(engine)

    engine.start()
    with pytest.raises(StageError, match="the brightness stage: no such layer") as caught:
        engine.wait(LIMIT_S)

    assert heard[-1] == Finished(Outcome.FAILED, caught.value)
    assert stage.calls == ["open", "close"]
    assert source.closed_on == ["sdpose-source"]


def test_frames_done_before_a_failure_are_delivered_or_dropped_but_never_reordered() -> None:
    engine = Engine(Counter(), [Brightness(fail_at=50)])
    heard = listen(engine)
    engine.start()
    with pytest.raises(StageError):
        engine.wait(LIMIT_S)
    indices = frames_of(heard)
    assert indices == list(range(len(indices)))
    lost = 50 - len(indices)  # what waited for delivery, and the one in its hands
    assert 0 <= lost <= RESULTS_WAITING + 1


def test_a_source_that_fails_keeps_its_own_message_and_exit_code() -> None:
    class Broken:
        def frames(self, start: int = 0) -> Generator[Frame, None, None]:
            yield from Counter(2).frames()
            raise SourceError("clip.mp4 vanished; put it back")

    engine = Engine(Broken(), [Brightness()])
    engine.start()
    with pytest.raises(StageError, match=r"^clip\.mp4 vanished; put it back$") as caught:
        engine.wait(LIMIT_S)
    assert caught.value.exit_code == SourceError.exit_code
    assert isinstance(caught.value.__cause__, SourceError)


def test_stop_ends_an_endless_run() -> None:
    source, stage = Counter(), Brightness()
    engine = Engine(source, [stage])
    heard = listen(engine)

    engine.start()
    eventually(lambda: source.made > 10)
    engine.stop()
    assert engine.wait(LIMIT_S)

    assert heard[-1] == Finished(Outcome.CANCELLED)
    assert engine.outcome is Outcome.CANCELLED
    assert stage.calls == ["open", "close"]


def test_a_paused_run_takes_no_more_frames_until_it_goes_on() -> None:
    source, stage = Counter(400), Brightness()
    engine = Engine(source, [stage])
    heard = listen(engine)
    second = threading.Event()
    engine.events.subscribe(lambda _: second.set() if len(frames_of(heard)) > 1 else None)
    engine.pause()
    engine.start()
    eventually(lambda: len(frames_of(heard)) == 1)
    assert not second.wait(0.2)
    assert source.made == 1

    engine.pause(on=False)
    assert engine.wait(LIMIT_S)
    assert frames_of(heard) == list(range(400))


def test_a_paused_run_can_be_stopped() -> None:
    engine = Engine(Counter(), [Brightness()])
    engine.pause()
    engine.start()
    engine.stop()
    assert engine.wait(LIMIT_S)
    assert engine.outcome is Outcome.CANCELLED


def test_a_pause_that_comes_after_the_stop_holds_nothing_up() -> None:
    engine = Engine(Counter(), [Brightness()])
    engine.start()
    engine.stop()
    engine.pause()
    assert engine.wait(LIMIT_S)


def test_stopping_after_the_end_does_not_change_how_it_ended() -> None:
    engine = Engine(Counter(3), [Brightness()])
    assert engine.run() is Outcome.COMPLETED
    engine.stop()
    assert engine.outcome is Outcome.COMPLETED


def test_what_interrupts_the_wait_ends_every_thread_first(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(Counter(), [Brightness()])
    real = engine.wait

    def interrupted(timeout: float | None = None) -> bool:
        real(0.05)
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        engine.run()
    assert engine.outcome is Outcome.CANCELLED
    assert not [t for t in threading.enumerate() if t.name == "sdpose-source"]


@pytest.mark.parametrize("at", ["sdpose-source", "sdpose-brightness"])
def test_an_interruption_while_threads_start_ends_those_that_did(
    at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        if thread.name == at:
            raise KeyboardInterrupt
        real(thread)

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    engine = Engine(Counter(), [Brightness()])
    with pytest.raises(KeyboardInterrupt):
        engine.run()
    assert engine.outcome is Outcome.CANCELLED


def test_running_twice_does_not_stop_the_first_run() -> None:
    gate = threading.Event()
    engine = Engine(Counter(3), [Gated(gate, Intake())])
    engine.start()
    with pytest.raises(RuntimeError, match="make a new one"):
        engine.run()
    gate.set()
    assert engine.wait(LIMIT_S)
    assert engine.outcome is Outcome.COMPLETED


@pytest.mark.logs_errors
@pytest.mark.parametrize("where", ["stage", "listener"])
def test_an_exit_on_a_thread_of_the_engine_is_no_way_to_hang(where: str) -> None:
    class Leaving(Brightness):
        def process(self, items: Sequence[Frame]) -> Iterable[FrameResult]:
            raise SystemExit(3)

    def leave(event: Event) -> None:
        raise SystemExit(3)

    engine = Engine(Counter(5), [Leaving() if where == "stage" else Brightness()])
    if where == "listener":
        engine.events.subscribe(leave)
        assert engine.run() is Outcome.COMPLETED
    else:
        with pytest.raises(StageError):
            engine.run()


def test_a_slow_stage_holds_a_file_back() -> None:
    gate, source = threading.Event(), Counter(200)
    engine = Engine(source, [Gated(gate, Intake(capacity=3))])
    engine.start()
    eventually(lambda: source.made == 3 + 1 + 1)  # waiting, in the stage's hands, in the source's
    assert engine.waiting["gated"] == 3

    gate.set()
    assert engine.wait(LIMIT_S)
    assert source.made == 200


def test_a_slow_stage_makes_a_camera_skip_to_the_newest_frame() -> None:
    gate, source = threading.Event(), Counter(100)
    live = Intake(capacity=1, overflow=Overflow.DROP_OLDEST)
    engine = Engine(source, [Gated(gate, live)])
    heard = listen(engine)
    engine.start()
    eventually(lambda: source.made == 100)
    gate.set()
    assert engine.wait(LIMIT_S)

    assert frames_of(heard)[-1] == 99
    assert len(frames_of(heard)) <= 2
    assert engine.dropped["gated"] == 100 - len(frames_of(heard))


@pytest.mark.logs_errors
@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (SourceError("clip.mp4 is gone; put it back."), "clip.mp4 is gone; put it back."),
        (MemoryError(), "the source stage: the memory of this machine is full; close other"),
        (LookupError("no such key"), "the source stage: no such key"),
    ],
    ids=["a sentence", "memory", "a mistake"],
)
def test_what_fails_after_the_first_failure_is_told_and_traced_only_if_it_is_a_mistake(
    fault: Exception, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    class Falling(Counter):
        def frames(self, start: int = 0) -> Generator[Frame, None, None]:
            try:
                yield from super().frames(start)
            finally:
                raise fault

    engine = Engine(Falling(), [Brightness(fail_at=3)])
    with pytest.raises(StageError, match="the brightness stage: no such layer"):
        engine.run()
    (record,) = caplog.records
    assert record.getMessage().startswith(f"failed too: {told}")
    assert (record.exc_info is not None) == isinstance(fault, LookupError)


@pytest.mark.logs_errors
def test_a_listener_that_raises_does_not_harm_the_run(caplog: pytest.LogCaptureFixture) -> None:
    def broken(event: Event) -> None:
        raise LookupError(event)

    engine = Engine(Counter(6), [Brightness()])
    engine.events.subscribe(broken)
    heard = listen(engine)
    engine.start()
    assert engine.wait(LIMIT_S)
    assert len(frames_of(heard)) == 6
    assert "a listener failed on FrameDone" in caplog.text


@pytest.mark.logs_errors
def test_a_listener_that_always_raises_is_logged_seldom_and_called_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    calls = itertools.count(1)

    def broken(event: Event) -> None:
        raise LookupError(f"call {next(calls)}")

    engine = Engine(Counter(120), [Brightness()])
    engine.events.subscribe(broken)
    engine.run()
    assert next(calls) == 122
    assert caplog.text.count("Traceback") == 1
    told = [record.getMessage() for record in caplog.records]
    assert told == [
        "a listener failed on FrameDone",
        "a listener has failed 10 times",
        "a listener has failed 100 times",
    ]


def test_a_listener_that_subscribed_twice_and_left_once_is_called_once() -> None:
    engine, heard = Engine(Counter(1), [Brightness()]), list[Event]()
    engine.events.subscribe(heard.append)
    engine.events.subscribe(heard.append)()
    engine.run()
    assert [type(event) for event in heard] == [FrameDone, Finished]


def test_a_signal_handler_may_stop_a_run_at_any_line() -> None:
    engines: list[Engine] = []

    def prepare() -> Prepared:
        engine = Engine(Counter(50), [Brightness()])
        engines.append(engine)

        def work() -> None:
            engine.pause()
            assert engine.waiting["brightness"] == engine.dropped["brightness"] == 0
            engine.pause(on=False)
            engine.pause()
            engine.stop()

        return work, engine.stop

    assert interrupted_at_every_line(prepare) > 30
    for engine in engines:
        engine.start()
        assert engine.wait(LIMIT_S), "the source waits for ever"
        assert engine.outcome is Outcome.CANCELLED


def test_an_engine_runs_once() -> None:
    engine = Engine(Counter(1), [Brightness()])
    engine.start()
    assert engine.wait(LIMIT_S)
    with pytest.raises(RuntimeError, match="make a new one"):
        engine.start()
