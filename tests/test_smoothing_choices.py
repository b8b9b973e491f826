"""What holds for every choice of smoothing, and what each filter promises."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import butter, savgol_filter, sosfiltfilt
from synthetic_motion import (
    HEIGHT,
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

from sdpose_track.errors import SettingsError
from sdpose_track.records import Float64, Provenance, TrackArrays
from sdpose_track.skeletons import COCO17, WHOLEBODY133, Skeleton
from sdpose_track.smooth.choices import Smoothing, SmoothSettings
from sdpose_track.smooth.filters import butterworth, savitzky_golay
from sdpose_track.smooth.grid import FrameTimes
from sdpose_track.smooth.offline import core, cut, smooth_track
from sdpose_track.smooth.pieces import CHUNK, margin_s, smooth_pieces

CHOICES = [smoothing for smoothing in Smoothing if smoothing is not Smoothing.OFF]
ACAUSAL = [Smoothing.OFFLINE, Smoothing.BUTTERWORTH, Smoothing.SAVGOL]
RATES = [24, 30, 60, None]


def smoothed(track: TrackArrays, times: Float64, smoothing: Smoothing) -> TrackArrays:
    return smooth_track(track, times, None, smoothing)


@pytest.mark.parametrize("skeleton", [COCO17, WHOLEBODY133], ids=lambda s: s.name)
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("smoothing", ACAUSAL)
def test_error_is_halved_and_jitter_gone_with_outliers_and_gaps(
    smoothing: Smoothing, rate: float | None, skeleton: Skeleton
) -> None:
    times = frame_times(rate, 8)
    truth = Walker(skeleton, calm_s=2).seen(times, 0.8)
    raw, _ = spoilt(truth)
    raw[np.random.default_rng(1).random(raw.shape[:2]) < 0.02] = np.nan
    away = (times > 3) & (times < 3.2)
    found = smooth_track(only(track_of(times, raw), ~away), times, None, smoothing, skeleton)
    np.testing.assert_array_equal(found.indices, np.arange(times.size))
    there = np.isfinite(raw) & ~away[:, None, None]
    before = np.sqrt(np.square(raw - truth)[there].mean())
    after = np.sqrt(np.square(found.keypoints - truth)[there].mean())
    assert after < 0.5 * before
    inner = slice(5, -5)
    raw[~there] = truth[~there]
    shaken = np.linalg.norm(jitter(times[inner], found.keypoints[inner]))
    assert shaken < 0.2 * np.linalg.norm(jitter(times[inner], raw[inner]))


@pytest.mark.parametrize("smoothing", CHOICES)
def test_edited_keypoints_stay_exactly_and_nothing_else_is_touched(smoothing: Smoothing) -> None:
    times, _, raw, _ = scene(30, seconds=3)
    raw[40, 0] += 60
    track = track_of(times, raw)
    track.provenance[40, 0] = track.provenance[0, 1] = Provenance.EDITED
    track.scores[40, 0] = 0.0
    copy = replace(track, keypoints=track.keypoints.copy())
    found = smoothed(track, times, smoothing)
    edited = track.provenance == Provenance.EDITED
    np.testing.assert_array_equal(found.keypoints[edited], track.keypoints[edited])
    assert (found.provenance[edited] == Provenance.EDITED).all()
    np.testing.assert_array_equal(track.keypoints, copy.keypoints)


@pytest.mark.parametrize("smoothing", CHOICES)
def test_long_gaps_stay_and_nothing_passes_them(smoothing: Smoothing) -> None:
    times = frame_times(30, 4)
    raw = np.full((times.size, 2, 2), 100.0)
    raw[times > 2] = 900
    raw[(times > 1.6) & (times < 2.4), 1] = np.nan
    found = smoothed(track_of(times, raw), times, smoothing)
    between = (times > 1.85) & (times < 2.4)
    assert np.isnan(found.keypoints[between, 1]).all()
    assert (found.scores[between, 1] == 0).all()
    np.testing.assert_allclose(found.keypoints[times <= 1.6, 1], 100, atol=1e-3)
    np.testing.assert_allclose(found.keypoints[times >= 2.4, 1], 900, atol=1e-3)
    gone = only(track_of(times, raw), (times <= 1.6) | (times >= 2.4))
    found = smoothed(gone, times, smoothing)
    np.testing.assert_array_equal(found.indices, gone.indices)
    np.testing.assert_allclose(found.keypoints[found.times <= 1.6], 100, atol=1e-3)
    np.testing.assert_allclose(found.keypoints[found.times >= 2.4], 900, atol=1e-3)


@pytest.mark.parametrize("smoothing", CHOICES)
def test_only_those_who_look_ahead_fill_short_gaps(smoothing: Smoothing) -> None:
    times = frame_times(30, 3)
    track = only(track_of(times, true_motion(times)), (times < 1) | (times > 1.3))
    found = smoothed(track, times, smoothing)
    if smoothing in ACAUSAL:
        np.testing.assert_array_equal(found.indices, np.arange(times.size))
        away = ~np.isin(found.indices, track.indices)
        assert (found.provenance[away] == Provenance.FILLED).all()
        assert (found.provenance[~away] == Provenance.MEASURED).all()
    else:
        np.testing.assert_array_equal(found.indices, track.indices)
        assert (found.provenance == Provenance.MEASURED).all()


@pytest.mark.parametrize("smoothing", CHOICES)
def test_twice_the_resolution_gives_twice_the_result(smoothing: Smoothing) -> None:
    times, _, raw, _ = scene(None, seconds=3)
    small = smoothed(track_of(times, raw), times, smoothing)
    large = smoothed(track_of(times, 2 * raw, 2 * HEIGHT), times, smoothing)
    np.testing.assert_allclose(large.keypoints, 2 * small.keypoints, rtol=1e-4)
    np.testing.assert_array_equal(large.provenance, small.provenance)


@pytest.mark.parametrize("smoothing", ACAUSAL)
@pytest.mark.parametrize("rate", [24, None])
def test_what_lies_beyond_the_margin_does_not_matter(
    rate: float | None, smoothing: Smoothing
) -> None:
    times, _, raw, _ = scene(rate, seconds=18)
    scores = np.tile(np.array([1, 0.1, 0.3, 1, 0.6], np.float32), (times.size, 1))
    track = replace(track_of(times, raw), scores=scores)
    line, margin = FrameTimes(0, times), margin_s(smoothing, SmoothSettings())
    (whole,) = smooth_pieces([track], line, smoothing)
    for begin in (7.0, 8.7, 9.3):
        near = (times >= begin - margin) & (times <= begin + 2 + margin)
        (part,) = smooth_pieces([only(track, near)], line, smoothing)
        inside = (times >= begin) & (times <= begin + 2)
        away = part.keypoints[inside[near]] - whole.keypoints[inside]
        assert np.abs(away).max() < 0.005


@pytest.mark.parametrize("smoothing", [Smoothing.LIVE, Smoothing.ONE_EURO])
def test_causal_filters_see_a_track_from_its_first_frame_on(smoothing: Smoothing) -> None:
    times, _, raw, _ = scene(60, seconds=20)
    track = track_of(times, raw)
    (whole,) = smooth_pieces([track], FrameTimes(0, times), smoothing)
    np.testing.assert_array_equal(smoothed(track, times, smoothing).keypoints, whole.keypoints)
    assert margin_s(smoothing, SmoothSettings()) == np.inf


def test_pieces_side_by_side_are_smoothed_as_each_alone() -> None:
    times = frame_times(None, 6)
    everybody = [
        only(track_of(times, scene(None, seconds=6, seed=seed).raw), (times > a) & (times < b))
        for seed, a, b in ((0, -1, 9), (1, 1, 3), (2, 2, 2.01), (3, 0.5, 4))
    ]
    everybody.append(only(everybody[0], np.zeros(times.size, np.bool_)))
    for smoothing in Smoothing:
        together = smooth_pieces(everybody, FrameTimes(0, times), smoothing)
        for piece, found in zip(everybody, together, strict=True):
            (alone,) = smooth_pieces([piece], FrameTimes(0, times), smoothing)
            np.testing.assert_allclose(found.keypoints, alone.keypoints, atol=1e-3)
            np.testing.assert_array_equal(found.provenance, alone.provenance)
            np.testing.assert_array_equal(found.indices, alone.indices)


@pytest.mark.parametrize("smoothing", CHOICES)
def test_short_pieces_do_not_feel_a_long_one_beside_them(smoothing: Smoothing) -> None:
    times = frame_times(30, 105)
    raw, _ = spoilt(Walker(COCO17, wave=1.0).seen(times, 0.8), seed=2)
    raw[np.random.default_rng(3).random(raw.shape[:2]) < 0.3] = np.nan
    whole, line = track_of(times, raw), FrameTimes(0, times)
    short = [whole.rows(slice(begin, begin + n)) for begin, n in ((0, 4), (40, 30), (300, 150))]
    together = smooth_pieces([whole, *short], line, smoothing)[1:]
    for piece, found in zip(short, together, strict=True):
        (alone,) = smooth_pieces([piece], line, smoothing)
        np.testing.assert_allclose(found.keypoints, alone.keypoints, atol=1e-3)
        np.testing.assert_array_equal(found.provenance, alone.provenance)
        np.testing.assert_array_equal(found.scores, alone.scores)


@pytest.mark.parametrize("smoothing", ACAUSAL)
def test_a_keypoint_that_is_gone_for_good_does_not_move(smoothing: Smoothing) -> None:
    times = frame_times(30, 25)[:740]
    raw, _ = spoilt(Walker(COCO17, wave=1.0, waves_hz=1.5).seen(times, 0.8), 1, outliers=0.0)
    raw[40:, 1:] = raw[30:39, 1:] = np.nan
    whole = track_of(times, raw)
    line = FrameTimes(0, times)
    (short,) = smooth_pieces([whole.rows(slice(0, 40))], line, smoothing)
    (long,) = smooth_pieces([whole], line, smoothing)
    assert np.isnan(long.keypoints[40:, 1:]).all()
    np.testing.assert_allclose(long.keypoints[:40, 1:], short.keypoints[:, 1:], atol=1e-3)


def test_chunks_of_a_long_track_fit_together() -> None:
    times, _, raw, _ = scene(60, seconds=20)
    away = (times > 8.4) & (times < 8.7)  # across the border of two chunks
    track = only(track_of(times, raw), ~away)
    found = smooth_track(track, times)
    np.testing.assert_array_equal(found.indices, np.arange(times.size))
    line = FrameTimes(0, times)
    (whole,) = smooth_pieces([track], line, Smoothing.OFFLINE)
    np.testing.assert_allclose(found.keypoints, whole.keypoints, atol=0.01)
    (part,) = smooth_pieces([cut(track, line, 1, 2.5)], line, Smoothing.OFFLINE)
    mine = core(part, 1)
    np.testing.assert_array_equal(mine.indices, np.arange(CHUNK, 2 * CHUNK))
    np.testing.assert_array_equal(mine.keypoints, found.keypoints[CHUNK : 2 * CHUNK])


def test_times_may_begin_with_any_frame() -> None:
    times, _, raw, _ = scene(30, seconds=3)
    track = only(track_of(times, raw), times != times[40])
    later = replace(track, indices=track.indices + np.int32(700))
    (found,) = smooth_pieces([later], FrameTimes(700, times), Smoothing.OFFLINE)
    np.testing.assert_array_equal(found.indices, np.arange(90) + 700)
    np.testing.assert_array_equal(found.keypoints, smooth_track(track, times).keypoints)
    with pytest.raises(ValueError, match="frame 700"):
        smooth_pieces([later], FrameTimes(701, times), Smoothing.OFFLINE)


def test_off_gives_the_pieces_themselves() -> None:
    times, _, raw, _ = scene(30, seconds=1)
    track = track_of(times, raw)
    assert smooth_pieces([track], FrameTimes(0, times), Smoothing.OFF) == [track]


@pytest.mark.parametrize("rate", [24, 30, 60, 240])
def test_butterworth_is_scipys_at_the_true_rate(rate: float) -> None:
    times = np.arange(400) / rate
    values = np.random.default_rng(0).normal(0, 5, (400, 3))
    expected = sosfiltfilt(butter(2, 6, fs=rate, output="sos"), values, axis=0)
    said = times if rate > 60 else np.round(times, 3)  # as files with milliseconds say it
    found = butterworth(said, values, 6)
    middle = slice(150, 250)
    np.testing.assert_allclose(found[middle], expected[middle], atol=1e-3)


def test_six_hertz_are_six_hertz_at_uneven_times() -> None:
    times = frame_times(None, 30)
    rng = np.random.default_rng(0)
    for hz, passes in ((1.0, 0.999), (4.0, 0.83), (6.0, 0.5)):
        steps = rng.choice([0.5, 0.75, 1.0], times.size) / 60
        fine = np.cumsum(steps)
        wave = np.sin(2 * np.pi * hz * fine)[:, None]
        found = butterworth(fine, wave, 6)[100:-100]
        assert (
            abs(np.dot(found[:, 0], wave[100:-100, 0]) / np.square(wave[100:-100]).sum() - passes)
            < 0.02
        )


@pytest.mark.parametrize("smoothing", CHOICES)
def test_a_clock_that_steps_back_does_no_harm(smoothing: Smoothing) -> None:
    times, _, raw, _ = scene(30, outliers=0.0, seconds=3)
    times[45:] -= 0.1
    found = smoothed(track_of(times, raw), times, smoothing)
    assert np.abs(found.keypoints - raw).max() < 100


def test_butterworth_takes_a_clock_that_steps_back_for_one_that_stands() -> None:
    times = np.arange(60) / 30
    times[30:] -= 0.1
    values = np.random.default_rng(0).normal(0, 5, (60, 2))
    expected = butterworth(np.maximum.accumulate(times), values, 6)
    np.testing.assert_array_equal(butterworth(times, values, 6), expected)


def test_a_rate_too_low_for_the_cutoff_is_left_alone() -> None:
    times, values = np.arange(50) / 10, np.random.default_rng(0).normal(0, 5, (50, 2))
    np.testing.assert_array_equal(butterworth(times, values, 6), values)


@pytest.mark.parametrize(("rate", "window"), [(30, 7), (60, 13), (24, 5), (10, 5)])
def test_savitzky_golay_is_scipys_at_even_times(rate: float, window: int) -> None:
    values = np.random.default_rng(0).normal(0, 5, (80, 3))
    found = savitzky_golay(np.round(np.arange(80) / rate, 3), values, 0.2)
    np.testing.assert_allclose(found, savgol_filter(values, window, 2, axis=0), atol=0.3)
    exact = savitzky_golay(np.arange(80) / rate, values, 0.2)
    np.testing.assert_allclose(exact, savgol_filter(values, window, 2, axis=0), atol=1e-6)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 30])
def test_savitzky_golay_keeps_parabolas_at_uneven_times(count: int) -> None:
    times = frame_times(None, 1)[:count]
    values = np.stack([3 + 200 * times**2, 80 * times], axis=1)
    np.testing.assert_allclose(savitzky_golay(times, values, 0.2), values, atol=1e-6)


def test_one_euro_calms_at_rest_and_follows_in_motion() -> None:
    times, truth, raw, _ = scene(30, outliers=0.0)
    found = smoothed(track_of(times, raw), times, Smoothing.ONE_EURO).keypoints
    still, _, _, fast, _ = range(5)
    assert jitter(times, found)[still] < 0.3 * jitter(times, raw)[still]
    assert error(found, truth)[still] < 0.6 * error(raw, truth)[still]
    assert error(found, truth)[fast] < 0.2 * error(np.full_like(truth, 300), truth)[fast]


def test_one_euro_is_the_published_filter() -> None:
    times = np.arange(20) / 30
    points = np.zeros((20, 1, 2))
    points[:, 0, 0] = np.random.default_rng(0).normal(300, 9, 20)
    found = smoothed(track_of(times, points), times, Smoothing.ONE_EURO).keypoints[:, 0, 0]
    expected, pace = points[0, 0, 0], 0.0
    for k in range(1, 20):
        change = (points[k, 0, 0] - expected) * 30 / HEIGHT
        pace += (change - pace) / (1 + 30 / (2 * np.pi * 1.0))
        cutoff = 2.0 + 4.0 * abs(pace)
        expected += (points[k, 0, 0] - expected) / (1 + 30 / (2 * np.pi * cutoff))
        assert found[k] == pytest.approx(expected, abs=1e-3)


def test_file_name_words() -> None:
    words = ["raw", "live", "smooth", "butterworth", "savgol", "one-euro"]
    assert [smoothing.label for smoothing in Smoothing] == words


@pytest.mark.parametrize("name", ["cutoff_hz", "window_s", "min_cutoff_hz", "d_cutoff_hz"])
def test_filters_without_a_width_are_refused(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        SmoothSettings(**{name: 0.0})  # type: ignore[arg-type]  # wrong on purpose
