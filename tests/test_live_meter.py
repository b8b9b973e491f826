"""What a live run knows of its latency, its rates and its stages."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from sdpose_track.live.meter import WINDOW_S, LiveStats, Meter


def test_nothing_is_known_before_anything_was_told() -> None:
    meter = Meter()

    times = meter.times(5.0)

    assert meter.latency_percentile(95) is None
    assert (meter.rate_in(5.0), meter.rate_out(5.0), meter.pose_rate(5.0)) == (None, None, None)
    assert times.detect_s == {}
    assert (times.pose_fixed_s, times.pose_each_s, times.rest_s, times.frame_s) == (0, 0, 0, 0)


def test_percentiles_are_those_of_the_last_ten_seconds() -> None:
    meter = Meter()
    for i in range(100):
        meter.latency(i * 0.1, 5.0)
    for i in range(101):
        meter.latency(20 + i * 0.09, i / 1000)

    assert meter.latency_percentile(50) == pytest.approx(0.050)
    assert meter.latency_percentile(95) == pytest.approx(0.095)
    assert meter.latency_percentile(95, now=29.0 + WINDOW_S) is None


def test_rates_are_frames_a_second_also_right_after_the_start() -> None:
    meter = Meter()
    for i in range(31):
        meter.arrived(i / 30)
    for i in range(0, 31, 2):
        meter.shown(i / 30)
    for i in range(3):
        meter.pose_pass(i * 0.5, 2, 0.4)

    assert meter.rate_in(1.0) == pytest.approx(30)
    assert meter.rate_out(1.0) == pytest.approx(15)
    assert meter.pose_rate(1.0) == pytest.approx(2)
    assert meter.times(1.0).frame_s == pytest.approx(1 / 30)


def test_a_stream_that_stops_slows_down_to_nothing() -> None:
    meter = Meter()
    for i in range(61):
        meter.arrived(i / 30)

    assert meter.rate_in(2.0) == pytest.approx(30)
    assert meter.rate_in(4.0) == pytest.approx(15)
    assert meter.rate_in(2.0 + WINDOW_S) == 0.0


def test_threads_may_tell_of_their_frames_in_any_order() -> None:
    meter = Meter()
    for i in np.random.default_rng(1).permutation(91):
        meter.arrived(i / 30)

    assert meter.rate_in(3.0) == pytest.approx(30)
    assert meter.times(3.0).frame_s == pytest.approx(1 / 30)


def test_detections_are_told_apart_by_size_and_the_first_of_each_is_left_out() -> None:
    meter = Meter()
    for size, spent in ((320, 0.01), (640, 0.04)):
        meter.detection(0.0, size, 5.0)
        assert size not in meter.times(1.0).detect_s
        for i in range(20):
            meter.detection(0.1 * i, size, spent)

    assert meter.times(2.0).detect_s == {320: pytest.approx(0.01), 640: pytest.approx(0.04)}


def test_a_size_that_is_used_no_more_is_judged_by_how_the_one_in_use_fares() -> None:
    meter = Meter()
    for begin, size, spent, told in (
        (0, 640, 0.04, {640: 0.04}),
        (40, 640, 0.12, {640: 0.12}),  # the machine has much else to do ...
        (80, 320, 0.03, {320: 0.03, 640: 0.12}),  # ... so a small size is used ...
        (120, 320, 0.01, {320: 0.01, 640: 0.04}),  # ... until it is free again
        (160, 320, 0.02, {320: 0.02, 640: 0.08}),
    ):
        for i in range(400):
            meter.detection(begin + i * 0.1, size, spent)
        found = meter.times(begin + 39.95).detect_s
        assert found == {each: pytest.approx(s) for each, s in told.items()}


def test_a_size_that_became_slower_is_judged_by_its_last_seconds() -> None:
    meter = Meter()
    for i in range(400):
        meter.detection(i * 0.1, 640, 0.04 if i < 200 else 0.09)

    assert meter.times(40.0).detect_s[640] == pytest.approx(0.09)


def test_all_other_stages_make_up_the_rest() -> None:
    meter = Meter()
    for i in range(50):
        meter.stage("track", i * 0.1, 0.002)
        meter.stage("paint", i * 0.1, 0.005)

    assert meter.times(5.0).rest_s == pytest.approx(0.007)


def test_the_time_of_a_pass_is_told_apart_into_what_is_fixed_and_what_each_person_takes() -> None:
    meter = Meter()
    rng = np.random.default_rng(7)
    for i in range(60):
        crops = 1 + i % 6
        meter.pose_pass(i * 0.1, crops, (0.03 + 0.01 * crops) * rng.uniform(0.95, 1.05))

    times = meter.times(6.0)

    assert times.pose_fixed_s == pytest.approx(0.03, abs=0.005)
    assert times.pose_each_s == pytest.approx(0.01, abs=0.0015)


def test_a_hiccup_does_not_bend_the_line_through_the_passes() -> None:
    meter = Meter()
    for i in range(40):
        crops = 1 + i % 4
        meter.pose_pass(i * 0.1, crops, 3.0 if i in (0, 1, 2, 3, 17) else 0.03 + 0.01 * crops)

    assert meter.times(4.0).pose_fixed_s == pytest.approx(0.03, abs=1e-9)
    assert meter.times(4.0).pose_each_s == pytest.approx(0.01, abs=1e-9)


def test_of_passes_over_always_as_many_people_half_is_taken_to_be_fixed() -> None:
    meter = Meter()
    for i in range(5):
        meter.pose_pass(i, 4, 0.2)

    times = meter.times(5.0)

    assert times.pose_fixed_s == pytest.approx(0.1)
    assert times.pose_each_s == pytest.approx(0.025)


@pytest.mark.parametrize(
    ("passes", "line"),
    [
        ([(1, 0.2), (4, 0.1)], (0.15, 0.0)),
        ([(1, 0.01), (3, 0.2)], (0.0, (0.01 + 3 * 0.2) / 10)),
    ],
)
def test_few_and_odd_passes_give_no_negative_times(
    passes: list[tuple[int, float]], line: tuple[float, float]
) -> None:
    meter = Meter()
    for crops, spent in passes:
        meter.pose_pass(0.0, crops, 9.0)
        meter.pose_pass(1.0, crops, spent)

    times = meter.times(1.0)

    assert (times.pose_fixed_s, times.pose_each_s) == pytest.approx(line)


def test_passes_of_a_device_that_makes_few_are_remembered() -> None:
    meter = Meter()
    for i in range(3):
        meter.pose_pass(i * 50.0, 1, 48.0)

    times = meter.times(200.0)
    assert times.pose_fixed_s + times.pose_each_s == pytest.approx(48.0)


def test_a_run_of_hours_needs_no_more_memory() -> None:
    meter = Meter()

    def hour(begin: float) -> int:
        for i in range(20_000):
            now = begin + i / 100
            meter.arrived(now)
            meter.latency(now, 0.05)
            meter.detection(now, 640, 0.02)
            meter.pose_pass(now, 1 + i % 5, 0.1)
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        first = hour(0.0)
        last = hour(200.0)
    finally:
        tracemalloc.stop()

    assert last < first + 100_000


def test_many_threads_may_tell_and_ask() -> None:
    meter = Meter()
    works: list[Callable[[int], object]] = [
        lambda i: meter.stage(str(i % 7), i / 100, 0.01),
        lambda i: meter.detection(i / 100, 320 + i % 5, 0.01),
        lambda i: meter.pose_pass(i / 100, 1 + i % 5, 0.1),
        lambda i: meter.times(i / 100) if i % 50 == 0 else None,
    ]

    def repeated(work: Callable[[int], object]) -> None:
        for i in range(2000):
            work(i)

    with ThreadPoolExecutor(len(works)) as pool:
        for done in [pool.submit(repeated, work) for work in works]:
            done.result()

    assert meter.pose_rate(20.0) == pytest.approx(100, rel=0.01)


def test_the_figures_go_out_as_json() -> None:
    stats = LiveStats(
        41.5, 88.0, 30.0, 24.8, {"detect": 3, "pose": 9}, {"detect": 1}, None, 2, 640, 2, 2.5, None
    )

    found = json.loads(json.dumps(stats.to_json(), allow_nan=False))

    assert found["latency_p95_ms"] == 88.0
    assert found["dropped"] == {"detect": 3, "pose": 9}
    assert found["recorded"] is None
    assert set(found) == set(LiveStats.__slots__)
