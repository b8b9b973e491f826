"""Minutes of a real stream by the light path: what is shown stays young, and nothing grows.

The age of a frame is from the server's sending it, by the number burnt into the picture, to its
being handed to whoever shows it.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from streams import MjpegServer, Server, TcpServer, number_of

from sdpose_track.capture import CaptureSettings, open_live
from sdpose_track.live.records import LiveResult
from sdpose_track.live.run import prepare_live
from sdpose_track.pipeline.events import Event, FrameDone
from sdpose_track.records import UInt8
from sdpose_track.settings import LiveSettings
from sdpose_track.sources import open_source

psutil = pytest.importorskip("psutil", reason="memory is read with psutil, of the extra benchmark")

BUDGET_MS = 250
"""Of a machine that may have other things to do; benchmarks/live.py has the usual one."""
PARTS = 5
"""In so many parts the time is compared: latency and memory of the last with those of the second,
since the first one still loads and prepares."""
GROWTH_MB = 40


@pytest.fixture(scope="module")
def pictures(people_clip: Path) -> list[UInt8]:
    with open_source(people_clip) as source:
        shots = [frame.image for frame in source.frames()]
    return [np.asarray(cv2.resize(shot, (640, 480)), np.uint8) for shot in shots]


class Ages:
    """When frames were shown and how old they were then, in seconds."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.all: list[tuple[float, float]] = []
        self.people: set[int] = set()

    def hear(self, event: Event) -> None:
        now = time.monotonic()
        assert isinstance(event, FrameDone)
        assert isinstance(event.result, LiveResult)
        sent = self._server.sent[number_of(event.result.frame.image)]
        self.all.append((now, now - sent))
        self.people.update(pose.track_id for pose in event.result.shown)

    def part(self, begin: float, end: float) -> list[float]:
        return [age for at, age in self.all if begin <= at < end]


@pytest.mark.parametrize("kind", [TcpServer, MjpegServer])
@pytest.mark.parametrize(
    "seconds",
    [
        pytest.param(20, marks=pytest.mark.slow),
        pytest.param(300, marks=pytest.mark.full_size),
    ],
)
def test_what_is_shown_stays_young_and_nothing_grows(
    kind: type[Server], seconds: float, pictures: list[UInt8]
) -> None:
    process = psutil.Process()
    marks = []
    with (
        kind(pictures) as server,
        open_live(server.address, CaptureSettings(), pytest.fail) as source,
    ):
        live = prepare_live(source, LiveSettings(latency_ms=BUDGET_MS), pytest.fail)
        ages = Ages(server)
        live.shown.subscribe(ages.hear)
        live.engine.start()
        try:
            for _ in range(PARTS):
                assert not live.engine.wait(seconds / PARTS)
                files = process.num_fds() if os.name == "posix" else process.num_handles()
                rss = process.memory_info().rss / 2**20
                marks.append((time.monotonic(), rss, threading.active_count(), files))
        finally:
            live.engine.stop()
            live.engine.wait()
    begin = marks[0][0]
    second, last = ages.part(begin, marks[1][0]), ages.part(marks[-2][0], marks[-1][0])
    everything = ages.part(begin, marks[-1][0])
    assert ages.people
    assert 1000 * np.percentile(everything, 95) <= BUDGET_MS
    assert np.median(last) <= 1.5 * np.median(second) + 0.03
    assert marks[-1][1] - marks[1][1] <= GROWTH_MB
    assert marks[-1][2] <= marks[1][2]
    assert marks[-1][3] <= marks[1][3] + 2
