"""A live run from a real stream to what is shown: real threads, models that know the truth."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from artificial_models import FastModel, SlowModel, seats, stage_picture, truth_at
from streams import MjpegServer, Server, TcpServer, number_of
from two_models import HEIGHT, moving_body

from sdpose_track.capture import CaptureSettings, open_live
from sdpose_track.errors import StageError
from sdpose_track.live.records import LiveResult
from sdpose_track.live.run import LiveRun, assemble
from sdpose_track.pipeline.events import Event, FrameDone, Outcome
from sdpose_track.records import Float32, Provenance
from sdpose_track.session.recording import Recording
from sdpose_track.settings import LiveSettings

PATIENCE_S = 60.0
BODY = moving_body(seconds=60)


class Watcher:
    """Keeps what was shown, and wakes who waits for so much of it."""

    def __init__(self) -> None:
        self.results: list[LiveResult] = []
        self.notices: list[str] = []
        self._turn = threading.Condition()

    def hear(self, event: Event) -> None:
        assert isinstance(event, FrameDone)
        assert isinstance(event.result, LiveResult)
        with self._turn:
            self.results.append(event.result)
            self._turn.notify_all()

    def notice(self, sentence: str) -> None:
        with self._turn:
            self.notices.append(sentence)
            self._turn.notify_all()

    def until(self, condition: Callable[[], bool]) -> None:
        with self._turn:
            assert self._turn.wait_for(condition, PATIENCE_S), (len(self.results), self.notices)

    def shows(self, count: int) -> None:
        self.until(lambda: len(self.results) >= count)


@contextmanager
def running(
    server: Server, fast: FastModel, slow: SlowModel | None, latency_ms: float = 100
) -> Iterator[tuple[LiveRun, Watcher]]:
    watcher = Watcher()
    settings = LiveSettings(latency_ms=latency_ms, detector_size="640")
    with open_live(server.address, CaptureSettings(), watcher.notice) as source:
        live = assemble(source, settings, seats(fast, slow), watcher.notice)
        live.shown.subscribe(watcher.hear)
        live.engine.start()
        try:
            yield live, watcher
        finally:
            live.engine.stop()
            with suppress(StageError):
                live.engine.wait(PATIENCE_S)


def shown_points(result: LiveResult) -> Float32:
    (pose,) = result.shown
    return pose.keypoints


def error_of(results: list[LiveResult], points: Callable[[LiveResult], Float32]) -> float:
    """Return the mean distance from the truth in body heights."""
    off = [points(result) - truth_at(BODY, result.frame.image) for result in results]
    return float(np.linalg.norm(np.stack(off), axis=-1).mean() / HEIGHT)


@pytest.mark.slow
def test_with_a_slow_pose_model_the_skeleton_is_nearer_and_no_later() -> None:
    with TcpServer([stage_picture()]) as server:
        fast, slow = FastModel(BODY, 0.02), SlowModel(BODY, 0.4)
        with running(server, fast, slow) as (live, watcher):
            watcher.shows(240)
            stats = live.stats()
        with running(server, FastModel(BODY, 0.02), None) as (_, alone):
            alone.shows(240)
    results = watcher.results[60:]
    assert error_of(results, shown_points) < 0.95 * error_of(alone.results[60:], shown_points)
    looks = [look for result in watcher.results for look in result.late]
    assert len(looks) >= 5
    assert stats.latency_p50_ms is not None
    assert stats.latency_p50_ms < 400  # no frame waits for the pose model
    assert stats.dropped["pose"] > 0


def test_the_newest_picture_wins_before_a_slow_detector() -> None:
    with (
        MjpegServer([stage_picture()]) as server,
        running(server, FastModel(BODY, 0.15), None) as (live, watcher),
    ):
        watcher.shows(12)
        left_out = live.stats().dropped["detect"]
    numbers = [number_of(result.frame.image) for result in watcher.results]
    indices = [result.frame.index for result in watcher.results]
    assert numbers == sorted(set(numbers))
    assert np.diff(numbers).tolist() == np.diff(indices).tolist()
    assert indices[-1] + 1 - len(indices) > 0
    assert left_out >= indices[11] + 1 - 12


def test_everybody_keeps_one_id_and_the_fast_model_alone_is_the_pose_model() -> None:
    with (
        TcpServer([stage_picture()]) as server,
        running(server, FastModel(BODY, 0.0), None) as (live, watcher),
    ):
        watcher.shows(20)
        stats = live.stats()
    assert {pose.track_id for result in watcher.results for pose in result.shown} == {1}
    made = np.stack([pose.provenance for result in watcher.results for pose in result.shown])
    assert set(np.unique(made)) <= {Provenance.MEASURED, Provenance.PREDICTED}
    assert (made == Provenance.MEASURED).mean() > 0.5  # of a frame that comes late, some are not
    assert (stats.crops, stats.pose_rate, stats.detector_size) == (None, None, 640)
    assert all(result.settled == result.frame.index + 1 for result in watcher.results)


def test_a_pose_model_quick_enough_is_waited_for() -> None:
    with TcpServer([stage_picture()]) as server:
        slow = SlowModel(BODY, 0.002)
        with running(server, FastModel(BODY, 0.0), slow, latency_ms=2000) as (_, watcher):
            watcher.until(
                lambda: any(
                    (result.shown[0].provenance == Provenance.MEASURED).all()
                    for result in watcher.results
                )
            )
    measured = [
        result
        for result in watcher.results
        if (result.shown[0].provenance == Provenance.MEASURED).all()
    ]
    assert all(any(look.index == result.frame.index for look in result.late) for result in measured)


def test_a_server_that_comes_back_is_gone_on_with() -> None:
    server = TcpServer([stage_picture()])
    server.start()
    try:
        with running(server, FastModel(BODY, 0.0), None) as (live, watcher):
            watcher.shows(10)
            server.stop()
            watcher.until(lambda: any("trying again" in said for said in watcher.notices))
            seen = len(watcher.results)
            server.start()
            watcher.until(lambda: any("is back" in said for said in watcher.notices))
            watcher.shows(seen + 10)
            assert not live.engine.wait(0)
    finally:
        server.stop()
    times = [result.frame.time for result in watcher.results]
    assert times == sorted(set(times))


def test_stopping_does_not_wait_for_a_silent_server() -> None:
    with (
        TcpServer([stage_picture()]) as server,
        running(server, FastModel(BODY, 0.0), None) as (live, watcher),
    ):
        watcher.shows(3)
        server.hush()
        live.engine.stop()
        assert live.engine.wait(PATIENCE_S)
        assert live.engine.outcome is Outcome.CANCELLED
        server.hush(on=False)


def test_a_recording_holds_the_pose_model_where_it_looked(tmp_path: Path) -> None:
    path = tmp_path / "take.sdpose"
    with TcpServer([stage_picture()]) as server:
        fast, slow = FastModel(BODY, 0.0), SlowModel(BODY, 0.1)
        with running(server, fast, slow) as (live, watcher):
            watcher.shows(5)
            live.begin_recording(path, video=False)
            begun = len(watcher.results)
            watcher.until(lambda: sum(len(r.late) for r in watcher.results[begun:]) >= 4)
            live.end_recording()
    with Recording.open(path) as recording:
        assert recording.is_complete
        person = recording.track(1)
    by_slow = (person.provenance == Provenance.MEASURED).all(axis=1)
    by_fast = (person.provenance == Provenance.MEASURED_FAST).all(axis=1)
    assert (by_slow | by_fast).all()
    assert by_slow.sum() >= 2
    assert by_fast.sum() >= 2
    assert (person.scores[by_slow] == np.float32(0.95)).all()


def test_a_detector_that_fails_ends_the_run_and_leaves_the_recording_whole(tmp_path: Path) -> None:
    path = tmp_path / "take.sdpose"
    fast, slow = FastModel(BODY, 0.0), SlowModel(BODY, 0.05)
    with TcpServer([stage_picture()]) as server, running(server, fast, slow) as (live, watcher):
        live.begin_recording(path, video=False)
        watcher.shows(8)
        fast.fault = ValueError("x")
        with pytest.raises(StageError, match="detect stage: x"):
            live.engine.wait(PATIENCE_S)
    assert fast.closed
    assert slow.closed
    with Recording.open(path) as recording:
        assert recording.is_complete
        assert len(recording.indices()) >= 8


def test_a_pose_model_that_fails_ends_the_run_and_gives_everything_back() -> None:
    fast, slow = FastModel(BODY, 0.0), SlowModel(BODY, 0.05)
    with TcpServer([stage_picture()]) as server, running(server, fast, slow) as (live, watcher):
        watcher.shows(8)
        slow.fault = RuntimeError("the device is full")
        with pytest.raises(StageError, match="the device is full"):
            live.engine.wait(PATIENCE_S)
    assert fast.closed
    assert slow.closed
