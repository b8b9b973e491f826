"""The motion model against filterpy, and the live filter: calm, quick, and not to be fooled."""

from __future__ import annotations

import numpy as np
import pytest
from synthetic_motion import HEIGHT, error, frame_times, jitter, scene, track_of, true_motion

from sdpose_track.errors import SettingsError
from sdpose_track.records import Float32, Float64, Provenance, UInt8
from sdpose_track.smooth.choices import SmoothSettings
from sdpose_track.smooth.kalman import LiveSmoother, smooth_live
from sdpose_track.smooth.motion import START_SPEED, correct, move, shake, start

NOISE, DENSITY = 9.0, 0.02


def filterpy_run(times: Float64, seen: Float64) -> tuple[Float64, Float64]:
    """Return filterpy's filtered means (T, 2) and covariances of one coordinate."""
    common = pytest.importorskip("filterpy.common")
    kalman = pytest.importorskip("filterpy.kalman")
    kf = kalman.KalmanFilter(dim_x=2, dim_z=1)
    kf.H = np.array([[1.0, 0.0]])
    kf.R = np.array([[NOISE]])
    kf.x = np.array([[seen[0]], [0.0]])
    kf.P = np.diag([NOISE, (START_SPEED * HEIGHT) ** 2])
    means, spreads = [kf.x], [kf.P]
    for dt, z in zip(np.diff(times), seen[1:], strict=True):
        way = np.array([[1.0, dt], [0.0, 1.0]])
        noise = common.Q_continuous_white_noise(2, dt, spectral_density=DENSITY * HEIGHT**2)
        kf.predict(F=way, Q=noise)
        kf.update(z if np.isfinite(z) else None)
        means.append(kf.x.copy())
        spreads.append(kf.P.copy())
    return np.array(means)[..., 0], np.array(spreads)


@pytest.fixture(scope="module", params=["even", "uneven"])
def seen(request: pytest.FixtureRequest) -> tuple[Float64, Float64]:
    times = frame_times(30 if request.param == "even" else None, 5)
    seen = true_motion(times)[:, 1] + np.random.default_rng(0).normal(0, 3, (times.size, 2))
    seen[40:44] = np.nan
    return times, seen


def test_the_closed_form_is_filterpys_filter(seen: tuple[Float64, Float64]) -> None:
    times, points = seen
    means, spreads = filterpy_run(times, points[:, 0])
    now = start(points[0], np.array(NOISE), np.array(HEIGHT))
    for i in range(1, times.size):
        dt = np.array(times[i] - times[i - 1])
        now = shake(move(now, dt), dt, np.array(DENSITY * HEIGHT**2))
        there = bool(np.isfinite(points[i]).all())
        noise = np.array(NOISE if there else np.inf)
        now = correct(now, np.nan_to_num(points[i]), noise)
        np.testing.assert_allclose(
            (now.position[0], now.velocity[0]), means[i], rtol=1e-9, atol=1e-9
        )
        ours = [[now.p00, now.p01], [now.p01, now.p11]]
        np.testing.assert_allclose(ours, spreads[i], rtol=1e-9, atol=1e-9)


def test_two_uneven_steps_are_one_of_their_sum() -> None:
    at_rest = start(np.zeros(2), np.array(NOISE), np.array(HEIGHT))
    q = np.array(7.0)
    steps = at_rest
    for dt in (0.01, 0.07):
        steps = shake(move(steps, np.array(dt)), np.array(dt), q)
    whole = shake(move(at_rest, np.array(0.08)), np.array(0.08), q)
    np.testing.assert_allclose(steps[2:], whole[2:], rtol=1e-12)


def live(times: Float64, points: Float64, settings: SmoothSettings | None = None) -> Float32:
    return smooth_live(track_of(times, points), settings).keypoints


@pytest.mark.parametrize("rate", [24, 30, 60, None])
def test_the_live_view_is_calmer_than_raw_and_keeps_up_with_limbs(rate: float | None) -> None:
    times, truth, raw, _ = scene(rate, outliers=0.0)
    found = live(times, raw)
    before, after = error(raw, truth), error(found, truth)
    still, sway, walk = range(3)
    assert after[still] < 0.8 * before[still]
    assert after[walk] < 0.8 * before[walk]
    assert after[sway] < 0.9 * before[sway]
    assert (after < 1.2 * before).all()
    assert jitter(times, found)[still] < 0.6 * jitter(times, raw)[still]


@pytest.mark.parametrize("rate", [24, 30, 60, None])
def test_at_rest_the_live_view_is_not_a_frame_late(rate: float | None) -> None:
    times, _, raw, _ = scene(rate)
    found = live(times, raw)[:, :3]
    step = float(np.median(np.diff(times)))
    shifts = np.arange(-10, 31) / 10
    misfit = [
        np.median(np.abs(found - true_motion(times - shift * step)[:, :3]), axis=(0, 2))
        for shift in shifts
    ]
    sway, walk = shifts[np.argmin(misfit, axis=0)][1:]
    assert abs(sway) < 0.5
    assert abs(walk) < 0.5


@pytest.mark.parametrize("rate", [24, 30, 60, None])
def test_outliers_hardly_move_the_live_view(rate: float | None) -> None:
    times, truth, raw, _ = scene(rate)
    found = live(times, raw)
    assert np.median(error(found, truth) / error(raw, truth)) < 0.5
    assert (error(found, truth) < error(raw, truth)).all()


def follow(points: Float64, rate: float = 30) -> tuple[Float32, UInt8]:
    """Return what the live filter makes of one keypoint at (T, 2) `points`."""
    view = smooth_live(track_of(np.arange(len(points)) / rate, points[:, None]))
    return view.keypoints[:, 0], view.provenance[:, 0]


def test_one_wild_outlier_is_not_followed_and_says_so() -> None:
    points = np.full((60, 2), 300.0)
    points[40] += 200
    found, origin = follow(points)
    np.testing.assert_allclose(found, 300, atol=0.01)
    assert np.flatnonzero(origin == Provenance.PREDICTED).tolist() == [40]


def test_a_real_jump_is_followed_after_three_frames() -> None:
    points = np.full((60, 2), 300.0)
    points[30:] += 200
    found, origin = follow(points)
    np.testing.assert_allclose(found[29:32], 300, atol=0.01)
    np.testing.assert_allclose(found[32:], 500, atol=0.01)
    assert np.flatnonzero(origin == Provenance.PREDICTED).tolist() == [30, 31]


def test_steady_motion_has_no_lag_and_stillness_no_drift() -> None:
    along = np.column_stack([np.arange(90.0) * 4, np.full(90, 50.0)])
    found, _ = follow(along)
    np.testing.assert_allclose(found[30:], along[30:], atol=0.05)
    np.testing.assert_allclose(found[:, 1], 50, atol=1e-3)


def test_a_missing_keypoint_is_held_for_a_moment_and_nan_never_spreads() -> None:
    points = np.full((60, 2), 300.0)
    points[20:23] = np.nan
    points[40:55, 0] = np.nan
    found, origin = follow(points)
    np.testing.assert_allclose(found[20:23], 300, atol=0.01)
    assert (origin[20:23] == Provenance.PREDICTED).all()
    assert np.isnan(found[50:55]).all()
    np.testing.assert_allclose(found[55:], 300, atol=0.01)


def test_nothing_is_known_before_the_first_measurement() -> None:
    points = np.full((10, 2), np.nan)
    points[4:] = 80
    found, _ = follow(points)
    assert np.isnan(found[:4]).all()
    np.testing.assert_allclose(found[4:], 80)


def test_low_confidence_counts_less_and_next_to_none_not_at_all() -> None:
    shifts = []
    for score in (1.0, 0.3, 0.01):
        smoother = LiveSmoother()
        for i in range(31):
            last = i == 30
            points = np.full((1, 1, 2), 305.0 if last else 300.0, np.float32)
            scores = np.full((1, 1), score if last else 1.0, np.float32)
            heights = np.array([HEIGHT], np.float32)
            found, _ = smoother.update(i / 30, np.array([1], np.int32), points, scores, heights)
        shifts.append(float(found[0, 0, 0]) - 300)
    assert shifts[0] > 2 * shifts[1] > 0
    assert abs(shifts[2]) < 1e-3


def crowd(points: Float32) -> tuple[Float32, Float32]:
    return np.ones(points.shape[:2], np.float32), np.full(len(points), HEIGHT, np.float32)


def test_people_are_kept_apart_whatever_their_order() -> None:
    together, alone = LiveSmoother(), {i: LiveSmoother() for i in (3, 8, 5)}
    rng = np.random.default_rng(0)
    for frame in range(40):
        ids = rng.permutation([3, 8, 5])[: rng.integers(0, 4)].astype(np.int32)
        points = (ids[:, None, None] * 100 + rng.normal(0, 2, (ids.size, 4, 2))).astype(np.float32)
        found, _ = together.update(frame / 30, ids, points, *crowd(points))
        assert found.shape == points.shape
        for row, person in enumerate(ids.tolist()):
            one = points[row : row + 1]
            mine, _ = alone[person].update(frame / 30, ids[row : row + 1], one, *crowd(one))
            np.testing.assert_array_equal(mine[0], found[row])


def test_whoever_is_gone_for_a_second_is_forgotten() -> None:
    smoother = LiveSmoother()
    ids = np.array([1], np.int32)
    here, there = (np.full((1, 1, 2), at, np.float32) for at in (100, 900))
    smoother.update(0.0, ids, here, *crowd(here))
    nobody = np.empty((0, 1, 2), np.float32)
    for i in range(1, 100):
        found, origin = smoother.update(i / 30, ids[:0], nobody, *crowd(nobody))
        assert found.shape == (0, 1, 2)
        assert origin.shape == (0, 1)
    assert smoother._people is not None
    assert smoother._people.ids.size == 0
    found, _ = smoother.update(4.0, ids, there, *crowd(there))
    np.testing.assert_array_equal(found, there)


def test_a_clock_that_steps_back_does_no_harm() -> None:
    smoother = LiveSmoother()
    points = np.full((1, 1, 2), 100, np.float32)
    for moment in (5.0, 5.0, 4.98, 5.02, 1.0, 1.1):
        found, _ = smoother.update(moment, np.array([1], np.int32), points, *crowd(points))
        np.testing.assert_allclose(found, 100)


def test_another_number_of_keypoints_is_refused() -> None:
    smoother = LiveSmoother()
    for count in (17, 133):
        points = np.zeros((1, count, 2), np.float32)
        if count == 17:
            smoother.update(0.0, np.array([1], np.int32), points, *crowd(points))
            continue
        with pytest.raises(ValueError, match="133 keypoints"):
            smoother.update(0.1, np.array([1], np.int32), points, *crowd(points))


def test_twice_the_resolution_gives_twice_the_result() -> None:
    times, _, raw, _ = scene(30, seconds=4)
    small = smooth_live(track_of(times, raw)).keypoints
    large = smooth_live(track_of(times, 2 * raw, 2 * HEIGHT)).keypoints
    np.testing.assert_allclose(large, 2 * small, rtol=1e-4)


def test_edited_keypoints_stay_where_they_were_put() -> None:
    times, _, raw, _ = scene(30, seconds=2)
    track = track_of(times, raw)
    track.provenance[10, 1] = Provenance.EDITED
    view = smooth_live(track)
    np.testing.assert_array_equal(view.keypoints[10, 1], track.keypoints[10, 1])
    assert view.provenance[10, 1] == Provenance.EDITED


def test_what_the_fast_model_of_a_live_run_saw_is_told_apart_from_what_the_pose_model_saw() -> None:
    times, _, raw, _ = scene(30, seconds=2)
    track = track_of(times, raw)
    track.provenance[10:12] = Provenance.MEASURED_FAST
    track.keypoints[11, 1] = np.nan
    view = smooth_live(track)
    assert view.provenance[10, 1] == Provenance.MEASURED_FAST
    assert view.provenance[11, 1] == Provenance.PREDICTED
    assert view.provenance[12, 1] == Provenance.MEASURED


@pytest.mark.parametrize(
    "wrong",
    [
        {"noise": 0.0},
        {"gate": -1.0},
        {"agile": 1e-9},
        {"max_gap_s": float("nan")},
        {"min_score": 2.0},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        SmoothSettings(**wrong)  # type: ignore[arg-type]  # wrong on purpose


def test_a_held_keypoint_has_the_score_it_was_last_measured_with() -> None:
    points = np.full((40, 2, 2), 300.0)
    points[20:30, 0] = np.nan
    points[25, 1] += 200
    track = track_of(np.arange(40) / 30, points)
    track.scores[:20], track.scores[30:] = 0.7, 0.9
    track.scores[25, 1] = 0.3
    held = smooth_live(track)
    shown = np.isfinite(held.keypoints[:, 0, 0])
    assert shown[20:26].all()
    assert not shown[27:30].any()
    np.testing.assert_allclose(held.scores[shown][:, 0][:26], 0.7)
    assert (held.scores[~shown, 0] == 0).all()
    np.testing.assert_allclose(held.scores[30:], 0.9)
    assert held.provenance[25, 1] == Provenance.PREDICTED
    assert held.scores[25, 1] == track.scores[24, 1]


def test_an_edited_keypoint_keeps_its_score_and_lends_it_to_nobody() -> None:
    points = np.full((20, 1, 2), 300.0)
    points[11:] = np.nan
    track = track_of(np.arange(20) / 30, points)
    track.provenance[10] = Provenance.EDITED
    track.scores[10] = 0.0
    view = smooth_live(track)
    assert view.scores[10, 0] == 0
    assert view.provenance[10, 0] == Provenance.EDITED
    np.testing.assert_allclose(view.scores[11:13, 0], 1)
