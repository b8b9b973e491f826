"""Keypoints whose true places are known: still, swaying, walking, and as fast as limbs get."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sdpose_track.records import Float64, Provenance, TrackArrays

HEIGHT = 500.0
KINDS = ("still", "sway", "walk", "limb round", "limb across")


class Scene(NamedTuple):
    times: Float64  # (T,) seconds
    truth: Float64  # (T, K, 2) pixels
    raw: Float64  # (T, K, 2) pixels
    wild: npt.NDArray[np.bool_]  # (T, K) where raw is an outlier


def frame_times(rate: float | None, seconds: float, seed: int = 0) -> Float64:
    """Return times at `rate`, or at uneven steps of 1/60 to 1/15 s for None."""
    if rate is not None:
        return np.arange(round(rate * seconds)) / rate
    rng = np.random.default_rng(seed)
    steps = rng.choice([1 / 60, 1 / 30, 1 / 30, 1 / 24, 1 / 15], round(seconds * 30))
    return np.concatenate([[0.0], np.cumsum(steps)[:-1]])


def true_motion(t: Float64) -> Float64:
    nothing = np.zeros_like(t)
    tracks = [
        (nothing, nothing),
        (60 * np.sin(1.5 * t), 20 * np.cos(1.5 * t)),
        (80 * t, 10 * t),
        (120 * np.sin(8 * t), 120 * np.cos(8 * t)),
        (120 * np.sin(8 * t), nothing),
    ]
    return np.stack([np.stack([300 + x, 200 + y], axis=-1) for x, y in tracks], axis=1)


def scene(rate: float | None, outliers: float = 0.05, seconds: float = 12, seed: int = 0) -> Scene:
    """Return motion with 2 px of noise and a share of `outliers` 20 to 150 px away."""
    rng = np.random.default_rng(seed)
    times = frame_times(rate, seconds, seed)
    truth = true_motion(times)
    wild = rng.random(truth.shape[:2]) < outliers
    angle, far = rng.uniform(0, 2 * np.pi, wild.shape), rng.uniform(20, 150, wild.shape)
    leap = (wild * far)[..., None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return Scene(times, truth, truth + rng.normal(0, 2, truth.shape) + leap, wild)


def track_of(times: Float64, keypoints: Float64, height: float = HEIGHT) -> TrackArrays:
    """Return a track that was seen in every frame, with confidence 1."""
    count, points = keypoints.shape[:2]
    there = np.asarray(np.isfinite(keypoints).all(axis=-1))
    return TrackArrays(
        track_id=7,
        indices=np.arange(count, dtype=np.int32),
        times=times,
        boxes=np.tile(np.array([0, 0, 0.4 * height, height], np.float32), (count, 1)),
        box_scores=np.full(count, 0.9, np.float32),
        keypoints=keypoints.astype(np.float32),
        scores=there.astype(np.float32),
        provenance=np.full((count, points), Provenance.MEASURED, np.uint8),
    )


def only(track: TrackArrays, keep: npt.NDArray[np.bool_]) -> TrackArrays:
    """Return `track` as if its person had been seen only in the frames of `keep` (F,)."""
    return TrackArrays(
        track_id=track.track_id,
        indices=track.indices[keep],
        times=track.times[keep],
        boxes=track.boxes[keep],
        box_scores=track.box_scores[keep],
        keypoints=track.keypoints[keep],
        scores=track.scores[keep],
        provenance=track.provenance[keep],
    )


def error(found: npt.NDArray[np.floating], truth: Float64) -> Float64:
    """Return the (K,) root mean square distance of coordinates from the truth, in pixels."""
    return np.asarray(np.sqrt(np.square(found - truth).mean(axis=(0, 2))))


def jitter(times: Float64, points: npt.NDArray[np.floating]) -> Float64:
    """Return the (K,) RMS third derivative in body heights per s³, right for uneven times."""
    value: Float64 = points.astype(np.float64) / HEIGHT
    at = times
    for _ in range(3):
        value = np.diff(value, axis=0) / np.diff(at)[:, None, None]
        at = (at[1:] + at[:-1]) / 2
    return np.asarray(np.sqrt(np.square(value).mean(axis=(0, 2))))
