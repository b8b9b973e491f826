"""The end of a live run's way: who hears of a frame, and what latency is."""

from __future__ import annotations

import time
from fractions import Fraction

import numpy as np

from sdpose_track.live.meter import Meter
from sdpose_track.live.records import LiveResult
from sdpose_track.live.showing import ShowStage
from sdpose_track.records import Detections, Frame, FramePoses


def result(index: int, arrived: float) -> LiveResult:
    """Return an empty frame."""
    frame = Frame(index, index, Fraction(index, 30), np.zeros((8, 8, 3), np.uint8), arrived=arrived)
    return LiveResult(
        FramePoses(index, index, frame.time, ()),
        Detections(np.empty((0, 4), np.float32), np.empty(0, np.float32)),
        np.empty(0, np.int32),
        frame=frame,
        shown=(),
    )


def test_latency_is_that_of_handing_over_until_somebody_paints() -> None:
    meter, now = Meter(), time.monotonic()
    stage, early, late = ShowStage(meter), result(0, now), result(1, now - 5)
    assert list(stage.process([early])) == [early]
    handed_over = meter.latency_percentile(100)
    stage.painted(early)
    painted = meter.latency_percentile(100)
    list(stage.process([late]))
    assert handed_over is not None
    assert painted is not None
    assert painted >= handed_over
    assert meter.latency_percentile(100) == painted  # the late one was not painted
    stage.painted(late)
    assert (meter.latency_percentile(100) or 0) >= 5


def test_what_painting_takes_is_planned_with() -> None:
    meter = Meter()
    stage, shown = ShowStage(meter), result(0, time.monotonic())
    stage.painted(shown)
    assert meter.times(time.monotonic()).rest_s == 0  # it was never handed over
    list(stage.process([shown]))
    handed = time.monotonic()
    while time.monotonic() == handed:
        pass
    stage.painted(shown)
    assert meter.times(time.monotonic()).rest_s > 0
