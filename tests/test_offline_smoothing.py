"""The view of a finished recording: nearer the truth, without jitter, and nothing invented."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from synthetic_motion import (
    HEIGHT,
    KINDS,
    Walker,
    error,
    frame_times,
    jitter,
    only,
    scene,
    spoilt,
    track_of,
    true_motion,
)

from sdpose_track.records import Float64, Provenance, TrackArrays
from sdpose_track.skeletons import COCO17
from sdpose_track.smooth.choices import Smoothing
from sdpose_track.smooth.offline import smooth_track
from sdpose_track.smooth.outliers import hampel

RATES = [24, 30, 60, None]


def smoothed(times: Float64, points: Float64) -> TrackArrays:
    return smooth_track(track_of(times, points), times)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("seed", [0, 1])
def test_error_is_halved_and_jitter_gone_with_outliers(rate: float | None, seed: int) -> None:
    times, truth, raw, _ = scene(rate, seed=seed)
    found = smoothed(times, raw).keypoints
    assert (error(found, truth) < 0.5 * error(raw, truth)).all()
    assert (jitter(times, found) < 0.2 * jitter(times, raw)).all()


@pytest.mark.parametrize("rate", RATES)
def test_fast_limbs_are_no_worse_than_raw_where_raw_is_good(rate: float | None) -> None:
    times, truth, raw, _ = scene(rate, outliers=0.0)
    found = smoothed(times, raw).keypoints
    before, after = error(raw, truth), error(found, truth)
    assert (after < before).all()
    calm = [KINDS.index(kind) for kind in ("still", "sway", "walk")]
    assert (after[calm] < 0.5 * before[calm]).all()


@pytest.mark.parametrize("rate", RATES)
def test_gaps_are_filled_near_the_truth(rate: float | None) -> None:
    times, truth, raw, _ = scene(rate)
    away = np.zeros(times.size, np.bool_)
    for begin in (2.0, 5.0, 8.0):
        away |= (times > begin) & (times < begin + 0.3)
    found = smooth_track(only(track_of(times, raw), ~away), times)
    np.testing.assert_array_equal(found.indices, np.arange(times.size))
    np.testing.assert_array_equal(found.times, times)
    assert (found.provenance[away] == Provenance.FILLED).all()
    assert not (found.provenance[~away] == Provenance.FILLED).any()
    assert (error(found.keypoints[away], truth[away])[:3] < 10).all()
    assert (error(found.keypoints, truth) < error(raw, truth)).all()


@pytest.mark.parametrize(("gap_s", "filled"), [(0.4, True), (0.7, False)])
def test_a_short_gap_of_a_person_is_filled_and_a_long_one_stays(gap_s: float, filled: bool) -> None:
    times = frame_times(30, 4)
    track = track_of(times, true_motion(times))
    away = (times > 1.5) & (times < 1.5 + gap_s)
    found = smooth_track(only(track, ~away), times)
    if not filled:
        np.testing.assert_array_equal(found.indices, np.flatnonzero(~away))
        assert not (found.provenance == Provenance.FILLED).any()
        return
    np.testing.assert_array_equal(found.indices, np.arange(times.size))
    assert (found.provenance[away] == Provenance.FILLED).all()
    assert (found.box_scores[away] == 0).all()
    np.testing.assert_allclose(found.boxes, track.boxes)
    np.testing.assert_allclose(found.scores, 1)


@pytest.mark.parametrize(("gap_s", "filled"), [(0.4, True), (0.7, False)])
def test_a_keypoint_missing_in_present_frames_is_supplied_likewise(
    gap_s: float, filled: bool
) -> None:
    times = frame_times(30, 4)
    raw = true_motion(times)[:, :2].copy()
    away = (times > 1.5) & (times < 1.5 + gap_s)
    raw[away, 1] = np.nan
    track = track_of(times, raw)
    track.scores[away.argmax() - 1, 1] = 0.6
    found = smooth_track(track, times)
    assert np.isfinite(found.keypoints[:, 0]).all()
    assert np.isfinite(found.keypoints[away, 1]).all() == filled
    assert np.isnan(found.keypoints[away, 1]).all() != filled
    assert np.isfinite(found.keypoints[~away, 1]).all()
    np.testing.assert_allclose(found.scores[away, 1], 0.6 if filled else 0.0)
    if filled:
        assert (found.provenance[away, 1] == Provenance.PREDICTED).all()
        truth = true_motion(times)[away, 1]
        assert np.abs(found.keypoints[away, 1] - truth).max() < 3


def test_nothing_is_smoothed_across_a_long_gap() -> None:
    times = frame_times(30, 4)
    raw = np.full((times.size, 1, 2), 100.0)
    raw[times > 2] = 900
    away = (times > 1.6) & (times < 2.4)
    found = smooth_track(only(track_of(times, raw), ~away), times)
    np.testing.assert_allclose(found.keypoints[found.times <= 1.6], 100, atol=1e-3)
    np.testing.assert_allclose(found.keypoints[found.times >= 2.4], 900, atol=1e-3)


def test_outliers_are_replaced_and_say_so() -> None:
    times, truth, raw, _ = scene(30, outliers=0.0)
    spots = np.array([60, 61, 150, 299])
    raw[spots, 0] += 90
    found = smoothed(times, raw)
    assert (found.provenance[spots, 0] == Provenance.PREDICTED).all()
    assert np.abs(found.keypoints[spots, 0] - truth[spots, 0]).max() < 6
    assert (found.provenance == Provenance.MEASURED).mean() > 0.98


def test_an_outlier_in_the_first_or_last_frame_is_replaced_too() -> None:
    points = np.full((40, 1, 2), 300.0)
    points[0] += 80
    points[-1] -= 80
    found = smoothed(np.arange(40) / 30, points)
    np.testing.assert_allclose(found.keypoints, 300, atol=0.1)
    assert np.flatnonzero(found.provenance[:, 0]).tolist() == [0, 39]


def test_a_real_jump_is_followed_at_once() -> None:
    points = np.full((90, 1, 2), 300.0)
    points[45:] += 200
    found = smoothed(np.arange(90) / 30, points).keypoints
    np.testing.assert_allclose(found[:43], 300, atol=5)
    np.testing.assert_allclose(found[47:], 500, atol=5)


def test_stillness_and_steady_motion_stay_as_they_are() -> None:
    times = frame_times(None, 5)
    points = np.stack([np.full((times.size, 2), 77.0), np.outer(times, [90, -30]) + 400], axis=1)
    found = smoothed(times, points)
    np.testing.assert_allclose(found.keypoints, points, atol=0.02)
    assert (found.provenance == Provenance.MEASURED).all()


def test_edited_keypoints_keep_their_exact_place() -> None:
    times, _, raw, _ = scene(30, seconds=3)
    raw[40, 0] += 60
    track = track_of(times, raw)
    track.provenance[40, 0] = Provenance.EDITED
    track.scores[40, 0] = 0.0
    found = smooth_track(track, times)
    np.testing.assert_array_equal(found.keypoints[40, 0], track.keypoints[40, 0])
    assert found.provenance[40, 0] == Provenance.EDITED


def test_the_measurements_are_never_changed() -> None:
    times, _, raw, _ = scene(30, seconds=3)
    track = track_of(times, raw)
    copy = replace(track, keypoints=track.keypoints.copy(), scores=track.scores.copy())
    smooth_track(track, times)
    np.testing.assert_array_equal(track.keypoints, copy.keypoints)
    np.testing.assert_array_equal(track.scores, copy.scores)
    assert not track.provenance.any()


def test_missing_keypoints_never_spread() -> None:
    times, truth, raw, _ = scene(30, seconds=5)
    raw[np.random.default_rng(4).random(raw.shape[:2]) < 0.3] = np.nan
    raw[:, 4] = np.nan
    raw[:30, 1] = np.nan
    raw[120:, 1] = np.nan
    found = smoothed(times, raw)
    assert np.isfinite(found.keypoints[3:-3, [0, 2, 3]]).all()
    assert np.isnan(found.keypoints[:, 4]).all()
    assert np.isnan(found.keypoints[:30, 1]).all()
    assert np.isnan(found.keypoints[120:, 1]).all()
    assert (found.scores[np.isnan(found.keypoints[..., 0])] == 0).all()
    assert (error(found.keypoints[5:-5, [0, 2]], truth[5:-5, [0, 2]]) < 2).all()


def test_low_confidence_is_no_measurement() -> None:
    times = frame_times(30, 2)
    points = np.full((times.size, 1, 2), 50.0)
    points[20:24] += 5
    track = track_of(times, points)
    track.scores[20:24] = 0.02
    found = smooth_track(track, times)
    np.testing.assert_allclose(found.keypoints, 50, atol=1e-3)
    assert (found.provenance[20:24] == Provenance.PREDICTED).all()
    np.testing.assert_allclose(found.scores, 1)


def test_nothing_is_added_outside_the_track() -> None:
    times, _, raw, _ = scene(30, seconds=4)
    part = only(track_of(times, raw), (times > 1) & (times < 2))
    found = smooth_track(part, times)
    np.testing.assert_array_equal(found.indices, part.indices)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_the_shortest_tracks_pass(count: int) -> None:
    times = np.arange(3) / 30
    track = only(track_of(times, np.full((3, 17, 2), 60.0)), np.arange(3) < count)
    found = smooth_track(track, times)
    assert len(found) == count
    np.testing.assert_allclose(found.keypoints, 60, atol=1e-3)


def test_a_track_beyond_the_recording_is_an_error() -> None:
    track = track_of(np.arange(5) / 30, np.zeros((5, 1, 2)))
    with pytest.raises(ValueError, match="frame 4"):
        smooth_track(track, np.arange(4) / 30)


def test_twice_the_resolution_gives_twice_the_result() -> None:
    times, _, raw, _ = scene(30, seconds=4)
    small = smooth_track(track_of(times, raw), times)
    large = smooth_track(track_of(times, 2 * raw, 2 * HEIGHT), times)
    np.testing.assert_allclose(large.keypoints, 2 * small.keypoints, rtol=1e-4)
    np.testing.assert_array_equal(large.provenance, small.provenance)


def test_the_same_track_gives_the_same_view() -> None:
    times, _, raw, _ = scene(30, seconds=4)
    first, second = smoothed(times, raw), smoothed(times, raw)
    np.testing.assert_array_equal(first.keypoints, second.keypoints)


def test_hampel_marks_what_its_neighbours_contradict() -> None:
    points = np.zeros((20, 2, 3))
    points[:, :, 1] = np.arange(20)[:, None] * 9.0
    points[10, 1, 0] = 40
    points[10, 0, 2] = 2
    measured = np.ones((20, 3), np.bool_)
    least = np.full((20, 3), 3.0)
    assert np.argwhere(hampel(points, measured, np.zeros_like(measured), least)).tolist() == [
        [10, 0]
    ]
    measured[5:15, 0] = False
    measured[10, 0] = True
    assert not hampel(points, measured, np.zeros_like(measured), least).any()


def test_hampel_is_the_median_rule_where_some_are_missing() -> None:
    rng = np.random.default_rng(3)
    points = rng.normal(0, 1, (60, 2, 5)) + 900
    points[rng.random((60, 1, 5)).repeat(2, axis=1) < 0.1] += 30
    measured = rng.random((60, 5)) < 0.8
    least = np.full((60, 5), 2.0)
    found = hampel(points, measured, np.zeros_like(measured), least)
    expected = np.zeros_like(found)
    for t, c in zip(*np.nonzero(measured), strict=True):
        near = np.arange(max(t - 3, 0), min(t + 4, 60))
        window = points[near[measured[near, c]], :, c]
        away = np.abs(window - np.median(window, axis=0))
        beyond = np.abs(points[t, :, c] - np.median(window, axis=0))
        usual = np.maximum(3.5 * 1.4826 * np.median(away, axis=0), 2.0)
        expected[t, c] = len(window) >= 4 and (beyond > usual).any()
    assert expected.sum() > 10
    np.testing.assert_array_equal(found, expected)


def test_hampel_compares_nothing_across_the_beginning_of_a_stretch() -> None:
    points = np.zeros((14, 2, 2))
    points[7:] = 900
    measured, starts = np.ones((14, 2), np.bool_), np.zeros((14, 2), np.bool_)
    points[[8, 9], :, 0] = 0
    least = np.full((14, 2), 3.0)
    assert hampel(points, measured, starts, least).any()
    starts[7] = starts[8, 0] = starts[10, 0] = True
    assert not hampel(points, measured, starts, least).any()


NOWHERE = (np.nan, np.nan)
RETURNS = {
    "once": [(900, 237)],
    "twice": [(900, 237), (903, 237)],
    "thrice": [(900, 237), (903, 238), (906, 239)],
    "with a hole": [(900, 237), NOWHERE, (906, 239)],
    "with two holes": [(900, 237), NOWHERE, NOWHERE, (906, 239)],
    "wildly": [(900, 237), (120, 900), (903, 238), (1700, 40)],
}


@pytest.mark.parametrize("back", RETURNS.values(), ids=RETURNS.keys())
@pytest.mark.parametrize("rows_between", [True, False])
@pytest.mark.parametrize("smoothing", [Smoothing.OFFLINE, Smoothing.BUTTERWORTH, Smoothing.SAVGOL])
def test_a_keypoint_that_comes_back_far_away_is_where_it_was_measured(
    back: list[tuple[float, float]], rows_between: bool, smoothing: Smoothing
) -> None:
    points = np.full((50 + len(back), 1, 2), np.nan)
    points[:20, 0] = np.random.default_rng(0).normal((600, 250), 1, (20, 2))
    points[50:, 0] = back
    times = np.arange(len(points)) / 30
    there = np.isfinite(points[:, 0, 0])
    keep = np.ones_like(there) if rows_between else there
    found = smooth_track(only(track_of(times, points), keep), times, None, smoothing)
    last = found.keypoints[found.indices >= 50, 0]
    seen = there[50:]
    if len(back) < 4 or not seen.all():
        np.testing.assert_allclose(last[seen], np.array(back)[seen], atol=1)
    measured = np.array(back)[seen]
    assert (last > measured.min(axis=0) - 20).all()
    assert (last < measured.max(axis=0) + 20).all()


@pytest.mark.parametrize("rate", [0.5, 1, 1.5, 2, 3])
def test_clean_motion_at_the_lowest_rates_is_kept(rate: float) -> None:
    times = np.arange(60) / rate
    truth = Walker(COCO17, wave=1.0).seen(times + 0.013 * np.arange(60), 0.8)
    raw, _ = spoilt(truth, 3, outliers=0.0)
    found = smoothed(times, raw)
    assert (found.provenance == Provenance.MEASURED).all()
    np.testing.assert_allclose(found.keypoints, raw, atol=5)


@pytest.mark.parametrize("seed", range(8))
def test_no_position_lies_far_from_what_was_measured_around_it(seed: int) -> None:
    times = frame_times(None, 12, seed)
    truth = Walker(COCO17, wave=1.0).seen(times, 0.8)
    raw, _ = spoilt(truth, seed, outliers=0.2)
    rng = np.random.default_rng(seed)
    for begin, k, count in rng.integers((0, 0, 1), (times.size, 17, 40), (120, 3)).tolist():
        raw[begin : begin + count, k] = np.nan
    found = smoothed(times, raw)
    seen, shown = np.isfinite(raw[..., 0]), np.isfinite(found.keypoints[..., 0])
    assert shown[seen].all()
    assert np.abs(found.keypoints - truth)[shown].max() < 250
    for k in range(17):
        rows = np.flatnonzero(seen[:, k])
        for one, next_ in pairwise(rows.tolist()):
            short = times[next_] - times[one] <= 0.5
            assert (shown[one + 1 : next_, k] == short).all()


def test_an_outlier_that_nothing_near_foretells_is_kept() -> None:
    points = np.full((60, 1, 2), 300.0)
    points[59] += 200
    points[40:59] = np.nan
    times = np.arange(60) / 30
    times[40:] -= 0.2
    found = smoothed(times, points)
    np.testing.assert_allclose(found.keypoints[59], 500, atol=40)
    assert found.provenance[59, 0] == Provenance.MEASURED
