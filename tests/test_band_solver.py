"""The least-squares smoother against filterpy's forward and backward pass, and dense algebra."""

from __future__ import annotations

import numpy as np
import pytest
from synthetic_motion import frame_times, true_motion

from sdpose_track.records import Float64
from sdpose_track.smooth.band import (
    LEAST_WEIGHT,
    System,
    Workspace,
    bending,
    solve,
)

NOISE, DENSITY = 9.0, 5000.0


def solved(
    times: Float64, points: Float64, weight: Float64, strength: Float64, scales: Float64
) -> tuple[Float64, Float64]:
    """Return (L, 2, M, C) positions and (L, M, C) spreads of columns that share their times."""
    memory = Workspace()
    cost = bending(times[:, None], strength[:, None], memory)
    position = np.empty((*points.shape[:2], scales.size, points.shape[2]))
    spread = np.empty((len(points), scales.size, points.shape[2]))
    for moment in solve(System(weight, points, cost, scales), memory, spread=True):
        position[moment.row], spread[moment.row] = moment.position, moment.spread
    return position, spread


def filterpy_smoother(times: Float64, seen: Float64) -> tuple[Float64, Float64]:
    """Return filterpy's smoothed positions (T,) and their variances, knowing nothing at first."""
    kalman = pytest.importorskip("filterpy.kalman")
    kf = kalman.KalmanFilter(dim_x=2, dim_z=1)
    kf.H, kf.R = np.array([[1.0, 0.0]]), np.array([[NOISE]])
    kf.x, kf.P = np.array([[seen[0]], [0.0]]), np.diag([1e9, 1e9])
    kf.update(seen[0])
    means, spreads, ways, shakes = [kf.x.copy()], [kf.P.copy()], [np.eye(2)], [np.zeros((2, 2))]
    dt = np.diff(times)
    for k, z in enumerate(seen[1:]):
        way = np.array([[1.0, dt[k]], [0.0, 1.0]])
        around = (dt[k] + dt[min(k + 1, dt.size - 1)]) / 2
        noise = np.diag([0.0, DENSITY * around])
        kf.predict(F=way, Q=noise)
        kf.update(z if np.isfinite(z) else None)
        means.append(kf.x.copy())
        spreads.append(kf.P.copy())
        ways.append(way)
        shakes.append(noise)
    # filterpy takes the step from k to k + 1 from entry k + 1
    better, tighter, _, _ = kf.rts_smoother(np.array(means), np.array(spreads), ways, shakes)
    return better[:, 0, 0], tighter[:, 0, 0]


@pytest.mark.parametrize("rate", [30, None])
def test_it_is_filterpys_forward_and_backward_pass(rate: float | None) -> None:
    times = frame_times(rate, 5)
    seen = true_motion(times)[:, 1] + np.random.default_rng(0).normal(0, 3, (times.size, 2))
    seen[40:44] = np.nan
    weight = np.where(np.isfinite(seen[:, :1]), 1.0, LEAST_WEIGHT)
    strength = np.full((times.size, 1), NOISE / DENSITY)
    position, spread = solved(times, np.nan_to_num(seen)[..., None], weight, strength, np.ones(1))
    for axis in (0, 1):
        means, variances = filterpy_smoother(times, seen[:, axis])
        np.testing.assert_allclose(position[:, axis, 0, 0], means, rtol=0, atol=1e-5)
        np.testing.assert_allclose(spread[:, 0, 0] * NOISE, variances, rtol=1e-6)


@pytest.mark.parametrize("length", [1, 2, 3, 4, 30])
def test_scales_and_changing_strengths_are_those_of_the_whole_matrix(length: int) -> None:
    rng = np.random.default_rng(1)
    times = np.cumsum(rng.uniform(0.01, 0.06, length))
    strength = rng.uniform(1e-5, 1e-4, (length, 3))
    weight, points = rng.uniform(0.1, 1, (length, 3)), rng.normal(0, 50, (length, 2, 3))
    scales = np.array([1.0, 0.01])
    position, spread = solved(times, points, weight, strength, scales)
    dt = np.diff(times)
    for m, scale in enumerate(scales):
        for c in range(3):
            matrix = np.diag(weight[:, c] * scale)
            for k in range(1, length - 1):
                change = np.zeros(length)
                change[k - 1 : k + 2] = 1 / dt[k - 1], -1 / dt[k - 1] - 1 / dt[k], 1 / dt[k]
                between = (dt[k - 1] + dt[k]) / 2
                matrix += strength[k, c] / between * np.outer(change, change)
            inverse = np.linalg.inv(matrix)
            expected = inverse @ (weight[:, c, None] * scale * points[:, :, c])
            np.testing.assert_allclose(position[:, :, m, c], expected, atol=1e-6)
            np.testing.assert_allclose(spread[:, m, c], np.diag(inverse), rtol=1e-6)


def test_no_strength_at_two_moments_cuts_a_path_in_two() -> None:
    times = np.arange(40) / 30
    points = np.zeros((40, 2, 1))
    points[20:] = 500
    strength = np.full((40, 1), 0.01)
    strength[19:21] = 0
    position, _ = solved(times, points, np.ones((40, 1)), strength, np.ones(1))
    np.testing.assert_allclose(position[:, :, 0], points, atol=1e-6)


def test_moments_at_the_same_time_and_paths_without_measurements_stay_finite() -> None:
    times = np.sort(np.concatenate([np.arange(300) / 30, [2.0, 2.0, 5.0]]))
    points = np.full((times.size, 2, 2), 300.0)
    weight = np.ones((times.size, 2))
    weight[:, 1] = LEAST_WEIGHT
    strength = np.full((times.size, 2), 0.01)
    position, spread = solved(times, points, weight, strength, np.array([1.0, 1e4]))
    assert np.isfinite(position).all()
    assert (spread > 0).all()
    np.testing.assert_allclose(position[..., 0], 300, atol=1e-3)
