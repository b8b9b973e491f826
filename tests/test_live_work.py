"""A live run beside its frames: stopped before it began, at another size, at another address."""

from __future__ import annotations

import socket
import threading
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from any_line import Prepared, interrupted_at_every_line
from artificial_models import FastModel
from broadcasting import eventually
from two_models import moving_body
from websockets.sync.client import connect

from sdpose_track.capture import CaptureSettings, LiveSource, live_source
from sdpose_track.errors import SettingsError, SourceError
from sdpose_track.live import conducting
from sdpose_track.live.conducting import Conductor
from sdpose_track.live.detecting import ChangingDetector
from sdpose_track.live.meter import Meter
from sdpose_track.live.scheduling import Wish
from sdpose_track.live.sending import Senders, Way
from sdpose_track.live.wish import LiveWish
from sdpose_track.live.work import LiveWork
from sdpose_track.records import Frame

PATIENCE_S = 60.0
BODY = moving_body(seconds=1)
BLACK = Frame(0, 0, Fraction(0), np.zeros((640, 640, 3), np.uint8))


class Opener:
    """Opens detectors of any size, when it is let."""

    def __init__(self) -> None:
        self.let = threading.Event()
        self.opened: list[FastModel] = []
        self.fault: Exception | None = None

    def __call__(self, size: int) -> FastModel:
        assert self.let.wait(PATIENCE_S)
        if self.fault is not None:
            raise self.fault
        self.opened.append(FastModel(BODY, 0.0, size))
        return self.opened[-1]


def looks_until(detector: ChangingDetector, size: int) -> None:
    while detector.size != size:
        detector.look(BLACK)


def test_a_detector_looks_on_while_another_size_is_opened_and_is_closed_then() -> None:
    first, opener = FastModel(BODY, 0.0), Opener()
    with ChangingDetector(first, opener, print) as detector:
        detector.want(320)
        detector.look(BLACK)
        assert (detector.size, first.closed) == (640, False)
        opener.let.set()
        looks_until(detector, 320)
        assert first.closed
        detector.want(480)
        looks_until(detector, 480)
    assert [(one.size, one.closed) for one in opener.opened] == [(320, True), (480, True)]


def test_what_is_being_opened_when_the_run_ends_is_closed() -> None:
    opener = Opener()
    detector = ChangingDetector(FastModel(BODY, 0.0), opener, print)
    detector.want(320)
    opener.let.set()
    detector.close()
    assert [one.closed for one in opener.opened] == [True]


def test_nothing_is_opened_for_a_run_that_has_ended() -> None:
    opener = Opener()
    detector = ChangingDetector(FastModel(BODY, 0.0), opener, print)
    detector.close()
    opener.let.set()
    detector.want(320)
    detector.close()
    assert opener.opened == []


def test_a_size_that_cannot_be_opened_is_told_once_and_the_run_stays_at_its_own() -> None:
    opener, told = Opener(), list[str]()
    with ChangingDetector(FastModel(BODY, 0.0), opener, told.append) as detector:
        opener.fault = MemoryError("the device is full.\nDetails that nobody reads")
        opener.let.set()
        detector.want(320)
        eventually(lambda: detector.refused == {320})
        detector.look(BLACK)
        detector.want(320)
        opener.fault = None
        detector.want(480)
        looks_until(detector, 480)
        detector.want(320)
        detector.look(BLACK)
        assert detector.size == 480
    eventually(lambda: bool(told))
    assert told == ["the detector cannot be had at 320 px (the device is full); it stays at 640 px"]
    assert [(one.size, one.closed) for one in opener.opened] == [(480, True)]


def test_what_is_planned_leaves_out_a_size_that_cannot_be_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(conducting, "WARM_S", 0.0)
    monkeypatch.setattr(conducting, "PLAN_S", 0.0)
    opener, meter = Opener(), Meter()
    opener.fault = MemoryError("the device is full")
    opener.let.set()
    for _ in range(3):
        meter.detection(time.monotonic(), 640, 1.0)
    with ChangingDetector(FastModel(BODY, 0.0), opener, print) as detector:
        wish = Wish(latency_s=0.1, sizes=(320, 640), shared=False, people=1, most=1, has_pose=False)
        conductor = Conductor(meter, wish, detector, print)
        assert conductor.plan.detector_size == 320
        detector.want(320)
        eventually(lambda: detector.refused == {320})
        eventually(lambda: bool(conductor.asking(1, 0.0)) and conductor.plan.detector_size == 640)


def test_a_signal_handler_may_interrupt_a_source_at_any_line(people_clip: Path) -> None:
    sources: list[LiveSource] = []

    def prepare() -> Prepared:
        source = live_source(str(people_clip), CaptureSettings(realtime=True), print)
        sources.append(source)

        def work() -> None:
            assert source.arrived == source.left_out == 0
            source.interrupt()
            assert list(source.frames()) == []
            source.close()

        return work, source.interrupt

    assert interrupted_at_every_line(prepare) > 30
    for source in sources:
        assert list(source.frames()) == []


def test_a_signal_handler_may_stop_live_work_at_any_line(people_clip: Path) -> None:
    def prepare() -> Prepared:
        wish = LiveWish(spec=str(people_clip), capture=CaptureSettings(realtime=True, loop=True))
        work = LiveWork(wish, print, print)
        work.stop()
        with pytest.raises(SourceError, match="was stopped before"):
            work.prepare()
        return work.close, work.stop

    assert interrupted_at_every_line(prepare) > 20


def test_a_run_that_was_stopped_before_it_began_opens_nothing(people_clip: Path) -> None:
    wish = LiveWish(spec=str(people_clip), capture=CaptureSettings(realtime=True, loop=True))
    with LiveWork(wish, print, print) as work:
        work.stop()
        with pytest.raises(SourceError, match="was stopped before"):
            work.prepare()


def test_a_wrong_address_ends_nothing_that_is_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    senders = Senders(LiveWish(spec="0"), print)
    try:
        senders.open(Way.WEBSOCKET, str(port))
        with pytest.raises(SettingsError, match="--ws"):
            senders.open(Way.WEBSOCKET, "nowhere:port")
        with connect(f"ws://127.0.0.1:{port}", open_timeout=PATIENCE_S) as client:
            assert client.remote_address[1] == port
        senders.open(Way.WEBSOCKET, str(port))
    finally:
        senders.close()
