"""Keypoints whose true places are known: still, swaying, walking, and as fast as limbs get."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sdpose_track.records import Float64, Provenance, TrackArrays
from sdpose_track.skeletons import Skeleton

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
    times = frame_times(rate, seconds, seed)
    truth = true_motion(times)
    return Scene(times, truth, *spoilt(truth, seed, outliers=outliers))


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


class Walker(NamedTuple):
    """Somebody who walks on the spot, in 3-D, seen from any side. Lengths are in body heights."""

    skeleton: Skeleton
    stride: float = 0.5
    """Swing of the legs, in radians."""
    wave: float = 0.5
    """Swing of the arms, in radians."""
    steps_hz: float = 0.9
    """Double steps per second."""
    waves_hz: float = 0.9
    calm_s: float = 0.0
    """Time before the first step."""

    def seen(self, times: Float64, yaw: Float64 | float = 0.0) -> Float64:
        """Return (T, K, 2) pixels; `yaw` (T,) radians is 0 from the front, pi / 2 in profile."""
        joints = self._joints(times)
        angle = np.broadcast_to(yaw, times.shape)
        where = np.empty((times.size, len(self.skeleton), 2))
        for k, name in enumerate(self.skeleton.keypoints):
            aside, up, ahead = joints[name]
            where[:, k, 0] = 600 + HEIGHT * (aside * np.cos(angle) + ahead * np.sin(angle))
            where[:, k, 1] = 100 + HEIGHT * (1 - up)
        return where

    def _joints(self, t: Float64) -> dict[str, tuple[Float64, Float64, Float64]]:
        nil = np.zeros_like(t)
        going = np.clip((t - self.calm_s) / 0.5, 0, 1)
        found = {"nose": (nil, nil + 0.93, nil + 0.08)}
        for sign, side in ((1.0, "left"), (-1.0, "right")):
            phase = 2 * np.pi * self.steps_hz * t + (0 if sign > 0 else np.pi)
            thigh = going * self.stride * np.sin(phase)
            shank = thigh - going * self.stride * (1 + np.cos(phase)) * 0.7
            arm = 2 * np.pi * self.waves_hz * t + (np.pi if sign > 0 else 0)
            upper = going * self.wave * np.sin(arm)
            lower = upper + going * self.wave * (1.2 + np.sin(arm)) * 0.6
            hip = (nil + sign * 0.08, nil + 0.53, nil)
            knee = _hung(hip, thigh, 0.25)
            ankle = _hung(knee, shank, 0.24)
            shoulder = (nil + sign * 0.12, nil + 0.82, nil)
            elbow = _hung(shoulder, upper, 0.17)
            wrist = _hung(elbow, lower, 0.15)
            found |= {
                f"{side}_eye": (nil + sign * 0.02, nil + 0.95, nil + 0.07),
                f"{side}_ear": (nil + sign * 0.04, nil + 0.94, nil),
                f"{side}_shoulder": shoulder, f"{side}_elbow": elbow, f"{side}_wrist": wrist,
                f"{side}_hip": hip, f"{side}_knee": knee, f"{side}_ankle": ankle,
                f"{side}_big_toe": _moved(ankle, sign * 0.01, -0.03, 0.1),
                f"{side}_small_toe": _moved(ankle, sign * 0.03, -0.03, 0.08),
                f"{side}_heel": _moved(ankle, 0, -0.03, -0.03),
                f"{side}_hand_root": wrist,
            }  # fmt: skip
            fingers = ("thumb", "forefinger", "middle_finger", "ring_finger", "pinky_finger")
            for f, finger in enumerate(fingers):
                for joint in (1, 2, 3, 4):
                    spread = sign * (f - 2) * 0.008
                    tip = _hung(wrist, lower, 0.02 + 0.012 * joint)
                    found[f"{side}_{finger}{joint}"] = _moved(tip, spread, 0, 0)
        for i in range(68):
            round_ = 2 * np.pi * i / 68
            up = 0.93 + 0.05 * np.cos(round_)
            found[f"face-{i}"] = (nil + 0.04 * np.sin(round_), nil + up, nil + 0.06)
        return found


Place = tuple[Float64, Float64, Float64]


def _hung(end: Place, angle: Float64, length: float) -> Place:
    """Return what hangs from `end`, swung forward by `angle`."""
    return end[0], end[1] - length * np.cos(angle), end[2] + length * np.sin(angle)


def _moved(place: Place, aside: float, up: float, ahead: float) -> Place:
    return place[0] + aside, place[1] + up, place[2] + ahead


def spoilt(
    truth: Float64, seed: int = 0, noise: float = 2.0, outliers: float = 0.05
) -> tuple[Float64, npt.NDArray[np.bool_]]:
    """Return `truth` (T, K, 2) with noise and a share of `outliers` 20 to 150 px away, and which
    (T, K) those are."""
    rng = np.random.default_rng(seed)
    wild = rng.random(truth.shape[:2]) < outliers
    angle, far = rng.uniform(0, 2 * np.pi, wild.shape), rng.uniform(20, 150, wild.shape)
    leap = (wild * far)[..., None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return truth + rng.normal(0, noise, truth.shape) + leap, wild
