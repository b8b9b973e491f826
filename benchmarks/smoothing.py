"""Smoothing by numbers: error, jitter and delay against a known truth, and how long it takes.

    PYTHONPATH=tests python benchmarks/smoothing.py [--out benchmarks/results/smoothing-cpu.md]

Somebody 500 px tall sways for 6 s, then walks and swings the arms fast for 10 s. Every keypoint is
measured with 2 px of noise; 5 % of them are outliers, 20 to 150 px away, 2 % are missing, and three
times the person is gone for 0.3 s. Times are CPU seconds of one core, the best of three.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from synthetic_motion import HEIGHT, Walker, frame_times, only, spoilt, track_of

from sdpose_track.records import Float64, Int32, TrackArrays
from sdpose_track.skeletons import COCO17, WHOLEBODY133, Skeleton
from sdpose_track.smooth.choices import Smoothing
from sdpose_track.smooth.grid import FrameTimes
from sdpose_track.smooth.kalman import LiveSmoother
from sdpose_track.smooth.offline import core, cut, smooth_track
from sdpose_track.smooth.pieces import CHUNK, MARGIN_S, smooth_pieces

CALM_S = 6.0
SECONDS = 16.0
RATES: dict[str, float | None] = {"24": 24, "30": 30, "60": 60, "uneven": None}
CHUNKS = 16
"""Chunks that are smoothed in one call."""
SHIFTS = np.arange(-20, 101) / 20
"""Delays that are tried, in frames."""


class Figures(NamedTuple):
    """How good a view is."""

    error: float
    """Root mean square distance of a coordinate from the truth where it was measured, pixels."""
    filled: float
    """The same where it was not, and is given; NaN for nowhere."""
    jitter: float
    """Root mean square third derivative, body heights per s³."""
    delay: float
    """By how many frames the truth has to be delayed to fit best."""


class Person(NamedTuple):
    """A scene at one rate."""

    times: Float64
    walker: Walker
    track: TrackArrays

    def truth(self, times: Float64) -> Float64:
        """Return (T, K, 2) where the keypoints were, in pixels."""
        sway: Float64 = np.stack([60 * np.sin(1.5 * times), 20 * np.cos(1.5 * times)], axis=-1)
        return self.walker.seen(times, 0.8) + sway[:, None]


def person(rate: float | None, skeleton: Skeleton, outliers: float, seed: int) -> Person:
    """Return somebody seen with noise, outliers and gaps."""
    times = frame_times(rate, SECONDS, seed)
    walker = Walker(skeleton, wave=1.0, waves_hz=1.5, calm_s=CALM_S)
    clean = Person(times, walker, track_of(times, np.zeros((times.size, len(skeleton), 2))))
    points, _ = spoilt(clean.truth(times), seed, outliers=outliers)
    points[np.random.default_rng(seed).random(points.shape[:2]) < 0.02] = np.nan
    away = np.zeros(times.size, np.bool_)
    for begin in (3.0, 8.0, 12.0):
        away |= (times > begin) & (times < begin + 0.3)
    return clean._replace(track=only(track_of(times, points), ~away))


def figures(found: TrackArrays, scene: Person, *, moving: bool) -> Figures:
    """Return how near `found` is to the truth while the person sways, or while they walk."""
    part = found.times >= CALM_S + 0.5 if moving else found.times < CALM_S
    points, times = found.keypoints[part].astype(np.float64), found.times[part]
    square = np.square(points - scene.truth(times))
    seen = measured_in(scene.track, found.indices[part])
    filled = square[~seen & np.isfinite(square)]
    change, at = points / HEIGHT, times
    for _ in range(3):
        change = np.diff(change, axis=0) / np.diff(at)[:, None, None]
        at = (at[1:] + at[:-1]) / 2
    jitter = float(np.sqrt(np.nanmean(np.square(change))))
    step = float(np.median(np.diff(scene.times)))
    misfit = [np.nanmedian(np.abs(points - scene.truth(times - d * step))) for d in SHIFTS]
    return Figures(
        float(np.sqrt(np.nanmean(square[seen]))),
        float(np.sqrt(filled.mean())) if filled.size else float("nan"),
        jitter,
        float(SHIFTS[int(np.argmin(misfit))]) + 0.0,
    )


def measured_in(track: TrackArrays, indices: Int32) -> npt.NDArray[np.bool_]:
    """Return (F, K, 2) what `track` has of the frames `indices`."""
    row = np.minimum(np.searchsorted(track.indices, indices), len(track) - 1)
    there = (track.indices[row] == indices)[:, None, None]
    seen: npt.NDArray[np.bool_] = np.isfinite(track.keypoints[row]) & there
    return seen


def accuracy(outliers: float) -> list[str]:
    """Return the rows of the table for one share of outliers."""
    rows = []
    for skeleton in (COCO17, WHOLEBODY133):
        for rate, hz in RATES.items():
            scene = person(hz, skeleton, outliers, seed=1)
            for smoothing in Smoothing:
                found = smooth_track(scene.track, scene.times, None, smoothing, skeleton)
                calm, fast = (figures(found, scene, moving=moving) for moving in (False, True))
                rows.append(
                    f"| {len(skeleton)} | {rate} | {smoothing.label} "
                    f"| {calm.error:.2f} | {calm.filled:.2f} | {calm.jitter:.0f} "
                    f"| {calm.delay:+.2f} | {fast.error:.2f} | {fast.filled:.2f} "
                    f"| {fast.jitter:.0f} | {fast.delay:+.2f} |".replace("nan", "–")
                )
    return rows


def best(work: Callable[[], object]) -> float:
    """Return the CPU seconds that `work` takes, the best of three."""
    taken = []
    for _ in range(3):
        begin = time.process_time()
        work()
        taken.append(time.process_time() - begin)
    return min(taken)


def crowd(people: int, skeleton: Skeleton, frames: int) -> tuple[list[TrackArrays], FrameTimes]:
    """Return people who walk, with noise and 2 % outliers."""
    times = np.arange(frames) / 30
    walker = Walker(skeleton, wave=1.0)
    truth = walker.seen(times, 0.8)
    tracks = [track_of(times, spoilt(truth, i, outliers=0.02)[0]) for i in range(people)]
    return tracks, FrameTimes(0, times)


def offline_time(people: int, skeleton: Skeleton, frames: int) -> float:
    """Return the seconds for everybody, chunk by chunk as a view reads them."""
    tracks, times = crowd(people, skeleton, frames)
    chunks = range((frames + CHUNK - 1) // CHUNK)

    def work() -> None:
        for some in (chunks[i : i + CHUNKS] for i in range(0, len(chunks), CHUNKS)):
            where = [(track, chunk) for chunk in some for track in tracks]
            pieces = [cut(track, times, chunk, MARGIN_S + 0.5) for track, chunk in where]
            done = smooth_pieces(pieces, times, Smoothing.OFFLINE, skeleton)
            for part, (_, chunk) in zip(done, where, strict=True):
                core(part, chunk)

    return best(work)


def live_time(people: int, skeleton: Skeleton) -> float:
    """Return the milliseconds of one step of the live filter."""
    tracks, _ = crowd(people, skeleton, 200)
    ids = np.arange(1, people + 1, dtype=np.int32)
    frames = [
        (np.stack([t.keypoints[i] for t in tracks]), np.stack([t.scores[i] for t in tracks]))
        for i in range(200)
    ]
    heights = np.full(people, HEIGHT, np.float32)

    def work() -> None:
        smoother = LiveSmoother()
        for i, (points, scores) in enumerate(frames):
            smoother.update(i / 30, ids, points, scores, heights)

    return best(work) / 200 * 1000


def timings() -> list[str]:
    """Return the rows of the table of times."""
    rows = [
        f"| offline, {people} people x {len(skeleton)} keypoints, {frames} frames "
        f"| {offline_time(people, skeleton, frames):.2f} s |"
        for people, skeleton, frames in (
            (10, COCO17, 300),
            (10, WHOLEBODY133, 300),
            (10, COCO17, 512),
            (10, COCO17, 10_000),
            (10, WHOLEBODY133, 10_000),
        )
    ]
    rows += [
        f"| live, one step for 10 people x {len(skeleton)} keypoints "
        f"| {live_time(10, skeleton):.2f} ms |"
        for skeleton in (COCO17, WHOLEBODY133)
    ]
    return rows


HEAD = (
    "| keypoints | frames/s | view | swaying: error px | filled px | jitter | delay "
    "| walking: error px | filled px | jitter | delay |\n" + "|---" * 11 + "|"
)


def main() -> None:
    """Print the tables, and write them where asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    out = parser.parse_args().out
    text = "\n".join(
        [
            "### 5 % outliers\n", HEAD, *accuracy(0.05),
            "\n### Noise and gaps only\n", HEAD, *accuracy(0.0),
            "\n### Time\n", "| what | time |\n|---|---|", *timings(),
        ]
    )  # fmt: skip
    print(text)
    if out:
        out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
