"""From measured stage times and a budget to what a live run does."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdpose_track.live.scheduling import (
    POSE_SHARE,
    ROOM,
    SLOWEST_S,
    USEFUL_S,
    Plan,
    StageTimes,
    Wish,
    plan,
)

SIZES = (320, 640, 960, 1280)
GPU = StageTimes({320: 0.004, 640: 0.006, 960: 0.010, 1280: 0.016}, 0.010, 0.006, 0.010, 1 / 30)
CPU = StageTimes({320: 0.015, 640: 0.050, 960: 0.110, 1280: 0.200}, 0.0, 0.0, 0.010, 1 / 30)
APART = Wish(0.1, SIZES, shared=False, people=3, most=8, has_pose=True)
TOGETHER = replace(APART, shared=True)
FAST_ONLY = replace(APART, has_pose=False)

seconds = st.one_of(st.just(0.0), st.floats(1e-6, 10.0))
anything = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def cases(draw: st.DrawFn, time: st.SearchStrategy[float] = seconds) -> tuple[StageTimes, Wish]:
    sizes = tuple(sorted(draw(st.sets(st.sampled_from((320, 480, 640, 960, 1280)), min_size=1))))
    times = StageTimes(
        draw(st.dictionaries(st.sampled_from((320, 640, 800, 1280)), time)),
        draw(time), draw(time), draw(time), draw(time),
    )  # fmt: skip
    wish = Wish(
        draw(time),
        sizes,
        shared=draw(st.booleans()),
        people=draw(st.integers(0, 40)),
        most=draw(st.integers(1, 16)),
        has_pose=draw(st.booleans()),
    )
    return times, wish


@st.composite
def plans(draw: st.DrawFn, sizes: tuple[int, ...]) -> Plan | None:
    if draw(st.booleans()):
        return None
    every = draw(st.one_of(st.just(0.0), st.floats(0.0, 2.0)))
    return Plan(draw(st.sampled_from(sizes)), every, draw(st.integers(0, 16)), draw(st.booleans()))


def within(wish: Wish, latency_s: float) -> Wish:
    return replace(wish, latency_s=latency_s)


def wavering(times: StageTimes, data: st.DataObject) -> StageTimes:
    """Return `times`, each up to 10 % more or less."""
    by = st.floats(0.9, 1.1)
    return StageTimes(
        {size: spent * data.draw(by) for size, spent in times.detect_s.items()},
        times.pose_fixed_s * data.draw(by),
        times.pose_each_s * data.draw(by),
        times.rest_s * data.draw(by),
        times.frame_s * data.draw(by),
    )


# -- what is chosen ------------------------------------------------------------------------------


def test_a_quick_device_uses_the_largest_picture_for_every_frame_and_looks_at_everybody() -> None:
    assert plan(GPU, APART) == Plan(1280, 0.0, 3, fits=True)


def test_a_slow_device_uses_the_largest_picture_that_keeps_the_budget() -> None:
    assert plan(CPU, FAST_ONLY).detector_size == 320
    assert plan(CPU, replace(FAST_ONLY, latency_s=0.15)).detector_size == 640


def test_however_large_the_budget_ten_pictures_a_second_are_detected_if_some_size_can() -> None:
    found = plan(CPU, replace(FAST_ONLY, latency_s=5.0))

    assert found.detector_size == 640
    assert CPU.detect_s[found.detector_size] <= SLOWEST_S < CPU.detect_s[960]


def test_a_slow_camera_needs_no_quicker_detector_than_it_is() -> None:
    slow_camera = replace(CPU, frame_s=0.25)

    assert plan(slow_camera, replace(FAST_ONLY, latency_s=5.0)).detector_size == 1280


def test_a_size_that_a_user_chose_is_used_and_the_plan_says_that_it_is_too_slow() -> None:
    assert plan(CPU, replace(FAST_ONLY, sizes=(1280,))) == Plan(1280, 0.0, 0, fits=False)


def test_where_nothing_keeps_the_budget_the_smallest_choice_is_made_and_told() -> None:
    found = plan(GPU, replace(TOGETHER, latency_s=0.02))

    assert (found.detector_size, found.crops, found.fits) == (320, 1, False)


def test_without_a_pose_model_there_are_no_passes_and_no_limit() -> None:
    found = plan(CPU, replace(FAST_ONLY, shared=True))

    assert (found.crops, found.detect_every_s) == (0, 0.0)


def test_a_pose_model_on_its_own_device_may_take_as_long_as_its_answers_are_useful() -> None:
    slow_pose = replace(GPU, pose_fixed_s=0.02, pose_each_s=0.09)

    found = plan(slow_pose, replace(APART, people=20))

    assert found.crops == 4
    assert 0.02 + 4 * 0.09 <= USEFUL_S < 0.02 + 5 * 0.09
    assert found.fits


def test_a_slow_pose_model_on_its_own_device_still_looks_at_one_person_at_a_time() -> None:
    assert plan(replace(GPU, pose_each_s=3.0), APART).crops == 1


def test_a_pass_takes_no_more_people_than_there_are_and_no_more_than_fit() -> None:
    assert plan(GPU, replace(APART, people=0)).crops == 1
    assert plan(GPU, replace(APART, people=30)).crops == 8


def test_on_a_shared_device_a_pass_is_as_short_as_the_budget_asks() -> None:
    many = replace(TOGETHER, people=8)

    assert plan(GPU, replace(many, latency_s=0.1)).crops < plan(GPU, within(many, 0.3)).crops
    assert plan(GPU, within(many, 0.3)) == Plan(1280, 0.0, 8, fits=True)


def test_on_a_shared_device_the_pose_model_is_left_its_share() -> None:
    slow = replace(GPU, detect_s={640: 0.03}, pose_each_s=0.2)

    found = plan(slow, replace(TOGETHER, sizes=(640,)))

    assert found.detect_every_s == pytest.approx(0.03 / (1 - POSE_SHARE))


def test_no_limit_where_the_device_does_all_before_the_next_frame_comes() -> None:
    assert plan(replace(GPU, frame_s=0.2), TOGETHER).detect_every_s == 0


# -- what is not known ---------------------------------------------------------------------------


def test_a_run_starts_with_the_smallest_picture_and_one_person() -> None:
    unknown = StageTimes({}, 0.0, 0.0, 0.0, 0.0)

    assert plan(unknown, TOGETHER) == Plan(320, 0.0, 1, fits=True)


def test_without_measurements_the_size_stays() -> None:
    before = Plan(960, 0.0, 2, fits=True)

    assert plan(replace(GPU, detect_s={}), APART, before).detector_size == 960


def test_sizes_that_were_not_measured_are_told_from_their_pixels() -> None:
    only = replace(CPU, detect_s={640: 0.050})

    assert plan(only, within(FAST_ONLY, 0.09)).detector_size == 320
    assert plan(only, within(FAST_ONLY, 0.15)).detector_size == 640
    assert plan(replace(CPU, detect_s={640: 0.005}), FAST_ONLY).detector_size == 1280


def test_the_best_size_is_found_by_measuring_one_after_another() -> None:
    found = plan(replace(GPU, detect_s={}), FAST_ONLY)
    tried = [found.detector_size]
    while tried[-1] not in tried[:-1]:
        known = {tried[-1]: GPU.detect_s[tried[-1]]}
        found = plan(replace(GPU, detect_s=known), FAST_ONLY, found)
        tried.append(found.detector_size)

    assert tried == [320, 960, 1280, 1280]


# -- what always holds ---------------------------------------------------------------------------


@settings(deadline=None)
@given(st.data())
def test_whatever_was_measured_the_plan_can_be_run(data: st.DataObject) -> None:
    times, wish = data.draw(cases(anything))
    found = plan(times, wish, data.draw(plans((*wish.sizes, 7))))

    assert found.detector_size in wish.sizes
    assert isfinite(found.detect_every_s)
    assert found.detect_every_s >= 0
    assert found.crops <= max(1, min(wish.people, wish.most))
    assert (found.crops >= 1) == wish.has_pose


@settings(deadline=None)
@given(st.data())
def test_a_larger_budget_never_gives_a_smaller_picture_or_fewer_people(
    data: st.DataObject,
) -> None:
    times, wish = data.draw(cases())
    before = data.draw(plans(wish.sizes))
    budgets = sorted(data.draw(st.lists(seconds, min_size=2, max_size=6)))

    found = [plan(times, within(wish, budget), before) for budget in budgets]

    for less, more in pairwise(found):
        assert less.detector_size <= more.detector_size
        assert less.crops <= more.crops


@settings(deadline=None)
@given(st.data())
def test_times_that_waver_by_a_tenth_move_nothing_to_and_fro(data: st.DataObject) -> None:
    times, wish = data.draw(cases())
    found = plan(wavering(times, data), wish)

    for _ in range(6):
        before, found = found, plan(wavering(times, data), wish, found)
        assert found.detector_size >= before.detector_size
        assert found.crops >= before.crops
        if (found.detector_size, found.crops) == (before.detector_size, before.crops):
            assert found.detect_every_s == before.detect_every_s


@settings(deadline=None)
@given(st.data(), st.floats(1.0, 3.0))
def test_a_larger_size_is_kept_no_longer_than_the_budget_is(
    data: st.DataObject, longer: float
) -> None:
    times, wish = data.draw(cases())
    slower = StageTimes(
        {size: spent * longer for size, spent in times.detect_s.items()},
        times.pose_fixed_s * longer,
        times.pose_each_s * longer,
        times.rest_s * longer,
        times.frame_s,
    )
    found = plan(slower, wish, plan(times, wish))

    if times.detect_s and found.detector_size > wish.sizes[0]:
        assert found.fits


@settings(deadline=None)
@given(st.data())
def test_a_plan_that_is_said_to_fit_keeps_the_budget_when_it_is_run(data: st.DataObject) -> None:
    some = st.floats(0.001, 0.2)
    times = StageTimes({640: data.draw(some)}, data.draw(some), 0.01, 0.01, data.draw(some))
    wish = replace(TOGETHER, sizes=(640,), latency_s=data.draw(st.floats(0.02, 1.0)))
    found = plan(times, wish)
    assert found.fits or found.crops == 1

    latest = longest_latency(times, found)

    assert not found.fits or latest <= wish.latency_s + 1e-9


def longest_latency(times: StageTimes, found: Plan) -> float:
    """Return the greatest latency of 200 frames: a pass of the pose model before each detection."""
    busy = times.pose_fixed_s + found.crops * times.pose_each_s
    detect = times.detect_s[found.detector_size]
    now, longest, taken = 0.0, 0.0, -1
    for _ in range(200):
        newest = max(int(now / times.frame_s + 1e-9), taken + 1)
        now = max(now, newest * times.frame_s)
        taken = newest
        now += busy + detect
        longest = max(longest, now - newest * times.frame_s + times.rest_s)
    return longest


@settings(deadline=None)
@given(st.data())
def test_only_the_smallest_choice_ever_breaks_the_budget(data: st.DataObject) -> None:
    times, wish = data.draw(cases())
    found = plan(times, wish)

    if not found.fits and times.detect_s:
        assert found.detector_size == wish.sizes[0]


def test_room_is_left_for_what_nobody_expected() -> None:
    only = replace(FAST_ONLY, sizes=(320, 640))
    times = StageTimes({320: 0.01, 640: 0.05}, 0.0, 0.0, 0.0, 1.0)

    assert plan(times, within(only, 2 * 0.05 / ROOM * 1.01)).detector_size == 640
    assert plan(times, within(only, 2 * 0.05 / ROOM * 0.99)).detector_size == 320


def test_sizes_must_ascend() -> None:
    for sizes in ((), (640, 320), (320, 320), (0, 320)):
        with pytest.raises(ValueError, match="ascending"):
            replace(APART, sizes=sizes)
