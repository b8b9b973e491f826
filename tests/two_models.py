"""A body whose true motion is known, as a fast and a slow model would measure it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sdpose_track.records import Float32, Float64
from sdpose_track.smooth.fusing import Fuser
from sdpose_track.smooth.kalman import LiveSmoother

HEIGHT = 500.0
KEYPOINTS = 17


class Body(NamedTuple):
    """F frames of K keypoints, in pixels."""

    times: Float64  # (F,) seconds
    truth: Float64  # (F, K, 2)
    fast: Float32  # (F, K, 3)
    slow: Float32  # (F, K, 3)


def moving_body(rate: float = 30.0, seconds: float = 20.0, seed: int = 0) -> Body:
    """Return limbs that swing at 0.3 to 1.5 Hz by up to a fifth of the body's height.

    The fast model has 4 px of noise from frame to frame and an error of 10 px that becomes another
    one within about two seconds; the slow one has 2 px of noise.
    """
    rng = np.random.default_rng(seed)
    times = np.arange(round(rate * seconds)) / rate
    hz = rng.uniform(0.3, 1.5, (KEYPOINTS, 2))
    swing = rng.uniform(0.02, 0.2, (KEYPOINTS, 2)) * HEIGHT
    phase = rng.uniform(0, 2 * np.pi, (KEYPOINTS, 2))
    at = rng.uniform(100, 400, (KEYPOINTS, 2))
    truth = at + swing * np.sin(2 * np.pi * hz * times[:, None, None] + phase)
    left = np.exp(-1 / (2 * rate))
    error = np.empty_like(truth)
    error[0] = rng.normal(0, 10, (KEYPOINTS, 2))
    for i in range(1, len(times)):
        shaken = rng.normal(0, 10 * np.sqrt(1 - left**2), (KEYPOINTS, 2))
        error[i] = left * error[i - 1] + shaken
    fast = truth + error + rng.normal(0, 4, truth.shape)
    slow = truth + rng.normal(0, 2, truth.shape)
    return Body(times, truth, _sure(fast, 0.8), _sure(slow, 0.95))


def _sure(points: Float64, score: float) -> Float32:
    scores = np.full((*points.shape[:2], 1), score)
    return np.concatenate([points, scores], axis=2).astype(np.float32)


class Shown(NamedTuple):
    """What a viewer would have seen, (F, K, 2) each."""

    fused: Float64
    fast_alone: Float64
    slow_held: Float64


ONE = np.array([1], np.int32)
TALL = np.array([HEIGHT], np.float32)


def show(body: Body, fuser: Fuser, delay_s: float) -> Shown:
    """Show `body` frame by frame; the slow model is always busy and `delay_s` late."""
    alone, held = LiveSmoother(), np.full(body.truth.shape[1:], np.nan)
    shown: list[list[npt.NDArray[np.floating]]] = [[], [], []]
    asked = 0
    for i, now in enumerate(body.times.tolist()):
        if now >= body.times[asked] + delay_s - 1e-9:
            answer = body.slow[asked]
            fuser.late(asked, ONE, answer[None, :, :2], answer[None, :, 2])
            held, asked = answer[:, :2], i
        fused = fuser.update(i, now, ONE, body.fast[i][None], TALL)
        filtered, _ = alone.update(now, ONE, *_split(body.fast[i]), TALL)
        for series, points in zip(shown, (fused.keypoints[0], filtered[0], held), strict=True):
            series.append(np.array(points))
    return Shown(*(np.stack(series).astype(np.float64) for series in shown))


def _split(points: Float32) -> tuple[Float32, Float32]:
    return points[None, :, :2], points[None, :, 2]


def off(shown: Float64, truth: Float64, begin: int = 60) -> float:
    """Return the mean distance from the truth in body heights, from frame `begin` on."""
    return float(np.linalg.norm(shown[begin:] - truth[begin:], axis=-1).mean() / HEIGHT)


def lag_s(shown: Float64, body: Body, begin: int = 60) -> float:
    """Return by how many seconds `shown` is behind: the shift at which it fits the truth best."""
    step = float(body.times[1] - body.times[0])
    shifts = np.arange(31)
    end = len(body.times)
    errors = [
        float(np.square(shown[begin:] - body.truth[begin - s : end - s]).mean()) for s in shifts
    ]
    return float(shifts[int(np.argmin(errors))]) * step
