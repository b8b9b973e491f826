from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdpose_track.capture.clock import LIVE_TIME_BASE, MediaClock, Pace

STEP = 0.04
TICKS = round(STEP / LIVE_TIME_BASE)
seconds = st.floats(-1e6, 1e6)


def ticks(arrivals: Sequence[float], stamps: Sequence[float | None]) -> list[int]:
    clock = MediaClock()
    return [clock.tick(*pair) for pair in zip(arrivals, stamps, strict=True)]


@given(st.lists(st.tuples(seconds, st.none() | seconds, st.booleans()), max_size=50))
def test_times_ascend_whatever_comes(pictures: list[tuple[float, float | None, bool]]) -> None:
    clock = MediaClock()
    found = []
    for arrived, stamp, begins_anew in pictures:
        if begins_anew:
            clock.restart()
        found.append(clock.tick(arrived, stamp))
    assert found[:1] in ([], [0])
    assert all(a < b for a, b in pairwise(found))


@given(st.lists(st.floats(0, 0.5), min_size=300, max_size=300), st.floats(-1e5, 1e5))
@settings(max_examples=20)
def test_arrivals_in_bursts_leave_the_true_intervals(late: list[float], zero: float) -> None:
    stamps = [zero + i * STEP for i in range(300)]
    arrivals = list(accumulate((i * STEP + d for i, d in enumerate(late)), max))
    found = ticks(arrivals, stamps)
    assert all(abs(b - a - TICKS) <= TICKS * 0.002 + 1 for a, b in pairwise(found))


def test_uneven_intervals_are_kept() -> None:
    stamps = list(accumulate([0.0, *([0.04, 0.02, 0.06] * 50)]))
    found = ticks([stamp + 7.0 for stamp in stamps], stamps)
    wanted = [round(stamp / LIVE_TIME_BASE) for stamp in stamps]
    assert all(abs(a - b) <= 1 for a, b in zip(found, wanted, strict=True))


@pytest.mark.parametrize("fast", [0.9995, 1.0005])
def test_a_clock_that_is_a_little_off_does_not_run_away(fast: float) -> None:
    count = round(3600 / STEP)
    arrivals = [i * STEP for i in range(count)]
    found = ticks(arrivals, [a * fast for a in arrivals])
    assert abs(found[-1] * LIVE_TIME_BASE - arrivals[-1]) < 0.1


def test_without_stamps_the_arrivals_count() -> None:
    arrivals = list(accumulate([5.0, *([0.03, 0.05] * 20)]))
    found = ticks(arrivals, [None] * len(arrivals))
    assert found == [round((a - 5.0) / LIVE_TIME_BASE) for a in arrivals]


@pytest.mark.parametrize("leap", [-1000.0, -0.5, 100.0, 26.5 * 3600])
def test_stamps_that_leap_cost_one_ordinary_interval(leap: float) -> None:
    arrivals = [i * STEP for i in range(100)]
    stamps = [a + (leap if i >= 50 else 0) for i, a in enumerate(arrivals)]
    found = ticks(arrivals, stamps)
    assert all(abs(b - a - TICKS) <= 10 for a, b in pairwise(found))


def test_after_an_interruption_time_goes_on_with_the_arrivals() -> None:
    clock = MediaClock()
    for i in range(50):
        last = clock.tick(i * STEP, 100 + i * STEP)
    clock.restart()
    found = clock.tick(49 * STEP + 3.0, 0.0)
    assert found - last == pytest.approx(3.0 / LIVE_TIME_BASE, abs=10)
    assert clock.tick(50 * STEP + 3.0, STEP) - found == pytest.approx(TICKS, abs=10)


@pytest.mark.parametrize("true_rate", [10, 15, 24, 30])
def test_stamps_at_a_wrong_rate_are_found_out(true_rate: int) -> None:
    arrivals = [i / true_rate for i in range(60 * true_rate)]
    found = ticks(arrivals, [i * STEP for i in range(len(arrivals))])
    half = len(found) // 2
    steps = [b - a for a, b in pairwise(found[half:])]
    assert all(step == pytest.approx(90_000 / true_rate, abs=1.5) for step in steps)


def test_a_source_whose_clock_stood_still_is_caught_up_with() -> None:
    stamps = [i * STEP for i in range(1000)]
    arrivals = [s + (30.0 if i >= 100 else 0.0) for i, s in enumerate(stamps)]
    found = ticks(arrivals, stamps)
    assert found[-1] * LIVE_TIME_BASE == pytest.approx(arrivals[-1], abs=0.2)


def test_a_burst_at_the_beginning_keeps_its_intervals() -> None:
    stamps = [i * STEP for i in range(500)]
    arrivals = [max(0.001 * i, s - 2.0) for i, s in enumerate(stamps)]
    found = ticks(arrivals, stamps)
    assert all(abs(b - a - TICKS) <= 10 for a, b in pairwise(found))


def test_pictures_that_come_at_once_are_due_one_after_the_other() -> None:
    pace = Pace()
    assert [pace.due(10.0, 7 + i * STEP) for i in range(5)] == pytest.approx(
        [10 + i * STEP for i in range(5)]
    )


def test_what_comes_late_moves_what_follows() -> None:
    pace = Pace()
    pace.due(10.0, 0.0)
    assert pace.due(11.0, STEP) == pytest.approx(11.0)
    assert pace.due(11.0, 2 * STEP) == pytest.approx(11.0 + STEP)


@pytest.mark.parametrize("leap", [-50.0, 50.0])
def test_stamps_that_leap_make_nobody_wait(leap: float) -> None:
    pace = Pace()
    pace.due(10.0, 0.0)
    pace.due(10.0, STEP)
    assert pace.due(10.05, leap) == pytest.approx(10 + 2 * STEP)
    assert pace.due(10.05, leap + STEP) == pytest.approx(10 + 3 * STEP)


@pytest.mark.parametrize("drift", [0.0005, 0.004, 0.015])
def test_stamps_that_run_ahead_for_an_hour_do_not_take_media_time_with_them(drift: float) -> None:
    clock, interval = MediaClock(), 1 / 30
    ahead = 0.0
    for i in range(30 * 3600):
        ticks = clock.tick(5.0 + i * interval, i * interval * (1 + drift))
        ahead = max(ahead, float(ticks * LIVE_TIME_BASE) - i * interval)
    assert ahead < 3.0
