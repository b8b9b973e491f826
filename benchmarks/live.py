"""Live: how old what is shown is, whether that grows, and what fusing two models brings.

    PYTHONPATH=tests python benchmarks/live.py latency CLIP [--minutes 5] [--latency 100]
    PYTHONPATH=tests python benchmarks/live.py fusion [--seconds 30]
    PYTHONPATH=tests python benchmarks/live.py clips CLIP... [--pose sdpose-body]

`latency` serves CLIP (people, with a number burnt into each picture) on loopback as MPEG-TS over
TCP and as MJPEG over HTTP and tracks it with the light path; a frame's age is from the server's
sending it to its being handed to whoever shows it. The peer is the usual loop, which reads and
detects one picture after another with cv2.VideoCapture; it gets the same stream and the same
detector, which is slower than the camera.

`fusion` runs the real engine with models that know the truth and take their time: a fast one of
20 ms, a slow one of 400 ms, a camera of 30 frames per second. `clips` replays real clips with two
real models: the light model on the whole picture at 320 px is the fast one, the same on each
person's cut-out at 640 px the slow one, 400 ms late; the reference is the slow one on every frame,
smoothed offline. `--pose` names another slow one: SDPose, where a GPU makes that a matter of
minutes.
"""

from __future__ import annotations

import argparse
import os
import platform
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import psutil
from artificial_models import FastModel, SlowModel, seats, stage_picture, truth_at
from streams import Coding, MjpegServer, Server, TcpServer, number_of
from two_models import HEIGHT, Body, lag_s, moving_body, off, show

from sdpose_track.capture import CaptureSettings, open_live
from sdpose_track.checkpoints import find
from sdpose_track.detect.openvino_runtime import OpenVinoRuntime
from sdpose_track.detect.yolo import YoloDetector, YoloSettings
from sdpose_track.live.records import LiveResult
from sdpose_track.live.run import LiveRun, assemble, prepare_live
from sdpose_track.pipeline.events import Event, FrameDone
from sdpose_track.pipeline.seats import take
from sdpose_track.pose.estimator import Estimate, Estimator, Subject
from sdpose_track.pose.light import CutOutEstimator
from sdpose_track.records import (
    Float32,
    Float64,
    Frame,
    Int32,
    TrackArrays,
    UInt8,
    box_heights,
    measured,
)
from sdpose_track.settings import LiveSettings, ModelSettings
from sdpose_track.skeletons import COCO17
from sdpose_track.smooth.fusing import Fuser
from sdpose_track.smooth.kalman import LiveSmoother
from sdpose_track.smooth.offline import smooth_track
from sdpose_track.sources import open_source
from sdpose_track.track.bytetrack import ByteTracker
from sdpose_track.track.observer import Observer

RATE = 30
CAMERA = Coding(rate=Fraction(RATE))
BUSY_S = 0.05
"""What a detection takes where it is to be slower than the camera."""
SLOW_S = 0.4
SETTLE = 60
"""Frames before anything is measured."""
LONGEST = 300
"""Frames of a real clip that are replayed."""


class Aged(NamedTuple):
    """A frame that was shown."""

    at: float  # seconds since the start
    age: float  # seconds since the server sent it


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("latency")
    one.add_argument("clip", type=Path)
    one.add_argument("--minutes", type=float, default=5)
    one.add_argument("--latency", type=float, default=100)
    one.set_defaults(run=lambda o: latency(o.clip, o.minutes, o.latency))
    two = commands.add_parser("fusion")
    two.add_argument("--seconds", type=float, default=30)
    two.set_defaults(run=lambda o: fusion(o.seconds))
    three = commands.add_parser("clips")
    three.add_argument("clips", type=Path, nargs="+")
    three.add_argument("--pose")
    three.set_defaults(run=lambda o: real_clips(o.clips, o.pose))
    options = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {date.today()}\n")
    options.run(options)


# -- latency ---------------------------------------------------------------------------------------


def latency(clip: Path, minutes: float, budget_ms: float) -> None:
    """Print the age of what is shown, minute by minute."""
    pictures = _pictures(clip)
    print("| stream | minute | frames | p50 | p95 | worst | left out | RSS | threads |")
    print("|---|---|---|---|---|---|---|---|---|")
    for server in (TcpServer(pictures, CAMERA), MjpegServer(pictures, CAMERA)):
        with server:
            _minutes(server, minutes, budget_ms)
    print(f"\nBudget {budget_ms:g} ms; ages in ms, RSS in MB.\n")
    _against_the_loop(pictures)


def _pictures(clip: Path) -> list[UInt8]:
    with open_source(clip) as source:
        found = [frame.image for frame, _ in zip(source.frames(), range(200), strict=False)]
    width = min(found[0].shape[1], 960)
    height = found[0].shape[0] * width // found[0].shape[1] // 2 * 2
    return [np.asarray(cv2.resize(image, (width, height)), np.uint8) for image in found]


def _minutes(server: Server, minutes: float, budget_ms: float) -> None:
    kind, process, shown = type(server).__name__, psutil.Process(), list[Aged]()
    settings = LiveSettings(latency_ms=budget_ms)
    with open_live(server.address, CaptureSettings(), print) as source:
        live = prepare_live(source, settings, print)
        began = time.monotonic()
        live.shown.subscribe(lambda event: shown.append(_aged(event, server, began)))
        with _engine(live):
            for minute in range(max(1, round(minutes))):
                live.engine.wait(60 * min(1.0, minutes))
                before, now = 60 * minute, time.monotonic() - began
                ages = [1000 * one.age for one in shown if before <= one.at < now]
                figures = [f"{np.percentile(ages, p):.0f}" for p in (50, 95, 100)]
                out = live.stats().dropped["detect"]
                rss = process.memory_info().rss / 1e6
                print(
                    f"| {kind} | {minute + 1} | {len(ages)} | {' | '.join(figures)} |"
                    f" {out} | {rss:.0f} | {threading.active_count()} |",
                    flush=True,
                )


def _aged(event: Event, server: Server, began: float) -> Aged:
    now = time.monotonic()
    assert isinstance(event, FrameDone)
    assert isinstance(event.result, LiveResult)
    sent = server.sent.get(number_of(event.result.frame.image), now)
    return Aged(now - began, now - sent)


@contextmanager
def _engine(live: LiveRun) -> Iterator[None]:
    live.engine.start()
    try:
        yield
    finally:
        live.engine.stop()
        live.engine.wait()


def _against_the_loop(pictures: Sequence[UInt8], seconds: float = 30) -> None:
    """Print how old frames are after `seconds` where the detector is slower than the camera."""
    body = moving_body()
    shown = list[Aged]()
    with (
        TcpServer(pictures, CAMERA) as server,
        open_live(server.address, CaptureSettings(), print) as it,
    ):
        settings = LiveSettings(detector_size="640")
        live = assemble(it, settings, seats(FastModel(body, BUSY_S), None), print)
        began = time.monotonic()
        live.shown.subscribe(lambda event: shown.append(_aged(event, server, began)))
        with _engine(live):
            live.engine.wait(seconds)
    ours = np.median([one.age for one in shown if one.at > seconds - 5])
    with TcpServer(pictures, CAMERA) as server:
        theirs = _loop(server, body, seconds)
    print(
        f"A detector of {1000 * BUSY_S:.0f} ms, a camera of {RATE} fps, after {seconds:g} s: ours"
        f" {1000 * ours:.0f} ms old, the cv2.VideoCapture loop {1000 * theirs:.0f} ms:"
        f" {theirs / ours:.0f} times as old."
    )


def _loop(server: Server, body: Body, seconds: float) -> float:
    capture, detector = cv2.VideoCapture(server.address), FastModel(body, BUSY_S)
    began, ages = time.monotonic(), list[float]()
    while time.monotonic() - began < seconds:
        found, image = capture.read()
        if not found:
            break
        picture = np.asarray(image, np.uint8)
        frame = Frame(0, 0, Fraction(0), picture)
        detector.submit([frame]).result()
        now = time.monotonic()
        ages.append(now - server.sent.get(number_of(picture), now))
    capture.release()
    return float(np.median(ages[-50:]))


# -- fusion ----------------------------------------------------------------------------------------


def fusion(seconds: float) -> None:
    """Print error and lag against the truth, in the engine and as replayed for several seeds."""
    print("In the engine, one stream:\n")
    _in_the_engine(seconds)
    print("\nReplayed at the frames' own times, 8 bodies:\n")
    print("| pose model | shown | error, % of body height | lag, ms |")
    print("|---|---|---|---|")
    for delay_s in (0.1, SLOW_S):
        bodies = [moving_body(seconds=seconds, seed=seed) for seed in range(8)]
        shown = [show(body, Fuser(COCO17), delay_s) for body in bodies]
        for name, series in (
            ("fused", [each.fused for each in shown]),
            ("fast alone", [each.fast_alone for each in shown]),
            ("slow, held", [each.slow_held for each in shown]),
        ):
            pairs = list(zip(series, bodies, strict=True))
            error = np.mean([off(points, body.truth) for points, body in pairs])
            late = np.mean([lag_s(points, body) for points, body in pairs])
            print(f"| {1000 * delay_s:.0f} ms | {name} | {100 * error:.2f} | {1000 * late:.0f} |")


def _in_the_engine(seconds: float) -> None:
    body = moving_body(seconds=60)
    print("| shown | frames | error, % of body height | lag, ms | p50 / p95, ms | pose passes/s |")
    print("|---|---|---|---|---|---|")
    for name, slow in (("fused", SlowModel(body, SLOW_S)), ("fast alone", None)):
        results, live = _shown_of(body, slow, seconds)
        stats = live.stats()
        points = [result.shown[0].keypoints for result in results]
        _row(name, body, results, points, f"{stats.latency_p50_ms} / {stats.latency_p95_ms}",
             stats.pose_rate)  # fmt: skip
        if slow is not None:
            _row("slow, held", body, *_held(results), "", None)


def _shown_of(
    body: Body, slow: SlowModel | None, seconds: float
) -> tuple[list[LiveResult], LiveRun]:
    results = list[LiveResult]()

    def hear(event: Event) -> None:
        assert isinstance(event, FrameDone)
        assert isinstance(event.result, LiveResult)
        if event.result.shown:
            results.append(event.result)

    settings = LiveSettings(detector_size="640")
    with (
        TcpServer([stage_picture()], CAMERA) as server,
        open_live(server.address, CaptureSettings(), print) as source,
    ):
        live = assemble(source, settings, seats(FastModel(body, 0.02), slow), print)
        live.shown.subscribe(hear)
        with _engine(live):
            live.engine.wait(seconds)
    return results[SETTLE:], live


def _held(results: list[LiveResult]) -> tuple[list[LiveResult], list[Float32]]:
    """Return what would have been shown with nothing but the pose model's last answer."""
    last, shown, points = None, list[LiveResult](), list[Float32]()
    for result in results:
        for look in result.late:
            last = look.estimates[0].keypoints
        if last is not None:
            shown.append(result)
            points.append(last)
    return shown, points


def _row(
    name: str, body: Body, results: list[LiveResult], points: list[Float32], ages: str,
    passes: float | None,
) -> None:  # fmt: skip
    shown = np.stack(points)
    truth = np.stack([truth_at(body, result.frame.image) for result in results])
    error = np.linalg.norm(shown - truth, axis=-1).mean() / HEIGHT
    numbers = [number_of(result.frame.image) for result in results]
    late = _lag_s(shown, numbers, body)
    rate = "" if passes is None else f"{passes:.1f}"
    print(f"| {name} | {len(results)} | {100 * error:.2f} | {1000 * late:.0f} | {ages} | {rate} |")


def _lag_s(shown: Float32, numbers: list[int], body: Body) -> float:
    """Return by how many seconds `shown` is behind the pictures of `numbers`."""
    count = len(body.times)
    errors = [
        float(np.square(shown - body.truth[(np.array(numbers) - shift) % count]).mean())
        for shift in range(30)
    ]
    return int(np.argmin(errors)) / RATE


# -- real clips ------------------------------------------------------------------------------------


class Moment(NamedTuple):
    """One frame of a real clip as both models saw it: N people."""

    time_s: float
    ids: Int32  # (N,)
    boxes: Float32  # (N, 4)
    fast: Float32  # (N, 17, 3)
    slow: Float32  # (N, 17, 3)


def real_clips(clips: Sequence[Path], pose: str | None) -> None:
    """Print how far what is shown is from the slow model's own offline result."""
    print("| clip | fused | fast alone | slow, held |")
    print("|---|---|---|---|")
    for clip in clips:
        moments = _looked_at(clip, pose)
        reference = _offline(moments)
        shown = _replayed(moments)
        figures = [_mean_error(each, reference) for each in shown]
        print(f"| {clip.stem} | {' | '.join(f'{100 * one:.2f}' for one in figures)} |", flush=True)
    print("\nMean distance from the slow model smoothed offline, in % of the body's height.")


def _looked_at(clip: Path, pose: str | None) -> list[Moment]:
    fast, slow = _yolo(320), _slow(pose, clip)
    tracker, observer, moments = ByteTracker(), Observer(), list[Moment]()
    with open_source(clip) as source:
        for frame, _ in zip(source.frames(), range(LONGEST), strict=False):
            (found,) = fast.submit([frame]).result()
            ids = tracker.update(found, float(frame.time), observer.observe(frame.image, found))
            rows = np.flatnonzero(ids > 0)
            subjects = [Subject(frame, tracker.boxes[row]) for row in rows]
            seen = [np.c_[e.keypoints[:17], e.scores[:17]] for e in _answers(slow, subjects)]
            assert found.keypoints is not None
            moments.append(
                Moment(
                    float(frame.time), ids[rows], tracker.boxes[rows], found.keypoints[rows],
                    np.array(seen, np.float32).reshape(-1, 17, 3),
                )
            )  # fmt: skip
    return moments


def _slow(pose: str | None, clip: Path) -> Estimator:
    if pose is None:
        return CutOutEstimator(_yolo(640))
    with open_source(clip) as source:
        picture = (source.info.height, source.info.width)
    estimator = take(ModelSettings(pose=pose), picture).estimator
    estimator.open()
    return estimator


def _answers(slow: Estimator, subjects: Sequence[Subject]) -> list[Estimate]:
    found: list[Estimate] = []
    for begin in range(0, len(subjects), slow.batch):
        found += slow.submit(subjects[begin : begin + slow.batch]).result()
    return found


def _yolo(size: int) -> YoloDetector:
    weights = find("yolo11n-pose", "detector")
    detector = YoloDetector(lambda: OpenVinoRuntime(weights, "auto"), YoloSettings(size=size))
    detector.open()
    return detector


def _offline(moments: list[Moment]) -> dict[int, TrackArrays]:
    times = np.array([moment.time_s for moment in moments])
    found: dict[int, TrackArrays] = {}
    for one in sorted({int(one) for moment in moments for one in moment.ids}):
        there = [(i, int(np.flatnonzero(m.ids == one)[0])) for i, m in enumerate(moments)
                 if one in m.ids]  # fmt: skip
        points = np.stack([moments[i].slow[row] for i, row in there])
        indices = np.array([i for i, _ in there], np.int32)
        boxes = np.stack([moments[i].boxes[row] for i, row in there])
        track = TrackArrays(
            one, indices, times[indices], boxes, np.ones(len(there), np.float32),
            points[..., :2], np.nan_to_num(points[..., 2]),
            np.stack([measured(17)] * len(there)),
        )  # fmt: skip
        found[one] = smooth_track(track, times)
    return found


Series = list[dict[int, Float64 | Float32]]


def _replayed(moments: list[Moment]) -> tuple[Series, Series, Series]:
    """Return what is shown of each frame by track id: fused, fast alone, slow held."""
    fuser, alone = Fuser(COCO17), LiveSmoother()
    fused, filtered, held = Series(), Series(), Series()
    last: dict[int, Float32] = {}
    turn: dict[int, float] = {}
    under: tuple[float, int, int] | None = None
    for i, moment in enumerate(moments):
        if under is not None and moment.time_s >= under[0]:
            _, asked, row = under
            answer, who = moments[asked].slow[row], moments[asked].ids[row]
            ids, sure = np.array([who], np.int32), np.nan_to_num(answer[None, :, 2])
            fuser.late(asked, ids, answer[None, :, :2], sure)
            last[int(who)], under = answer[:, :2], None
        heights = box_heights(moment.boxes)
        now = fuser.update(i, moment.time_s, moment.ids, moment.fast, heights)
        points, _ = alone.update(
            moment.time_s, moment.ids, moment.fast[..., :2], moment.fast[..., 2], heights
        )
        people = moment.ids.tolist()
        fused.append(dict(zip(people, now.keypoints, strict=True)))
        filtered.append(dict(zip(people, points, strict=True)))
        held.append({one: last[one] for one in people if one in last})
        if under is None and people:
            row = min(range(len(people)), key=lambda r: turn.get(people[r], -1.0))
            turn[people[row]], under = moment.time_s, (moment.time_s + SLOW_S, i, row)
    return fused, filtered, held


def _mean_error(shown: Series, reference: dict[int, TrackArrays]) -> float:
    """Return the mean distance of sure keypoints in body heights, once everything has settled."""
    errors = []
    for one, track in reference.items():
        for row, index in enumerate(track.indices.tolist()):
            points = shown[index].get(one)
            if points is None or index < SETTLE / 2:
                continue
            height = float(track.boxes[row, 3] - track.boxes[row, 1])
            distance = np.linalg.norm(points - track.keypoints[row], axis=-1) / height
            errors.append(distance[(track.scores[row] >= 0.5) & np.isfinite(distance)])
    return float(np.concatenate(errors).mean())


if __name__ == "__main__":
    main()
