"""The composition root of a live run: source and settings in, a run ready to start out."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import NoReturn

import numpy as np

from sdpose_track import __version__
from sdpose_track.capture import LiveSource
from sdpose_track.detect.detector import SizedDetector
from sdpose_track.detect.torch_device import memory_in_use
from sdpose_track.live.conducting import Conductor
from sdpose_track.live.detecting import ChangingDetector, LiveDetectStage
from sdpose_track.live.fusing import FuseStage
from sdpose_track.live.lane import PoseLane
from sdpose_track.live.meter import LiveStats, Meter
from sdpose_track.live.recording import RecordingFacts, RecordStage
from sdpose_track.live.records import LiveResult
from sdpose_track.live.scheduling import Wish
from sdpose_track.live.showing import ShowStage
from sdpose_track.pipeline.engine import Engine
from sdpose_track.pipeline.events import Listeners
from sdpose_track.pipeline.plan import tracker_settings
from sdpose_track.pipeline.seats import Seats, take
from sdpose_track.pipeline.stages import TrackStage
from sdpose_track.pose.estimator import Estimator
from sdpose_track.pose.light import SeenEstimator
from sdpose_track.records import DetectedFrame, Frame, TrackedFrame
from sdpose_track.settings import DETECTOR_SIZES, FAST_SIZES, LiveSettings
from sdpose_track.skeletons import Skeleton
from sdpose_track.smooth.choices import SmoothSettings
from sdpose_track.smooth.fusing import Fuser, FuseSettings
from sdpose_track.track.bytetrack import REVISION, ByteTracker

USUAL = DETECTOR_SIZES[0]
"""The largest detector input that is chosen by itself, in pixels: live, people are not small."""


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """What a live run asks how it is doing."""

    source: LiveSource
    meter: Meter
    detect: LiveDetectStage
    lane: PoseLane | None
    conductor: Conductor
    show: ShowStage
    record: RecordStage
    device: str


class LiveRun:
    """A live run that is ready to start; its engine starts, stops and ends it."""

    def __init__(self, engine: Engine, parts: _Parts, seats: Seats) -> None:
        self.engine = engine
        self.skeleton: Skeleton = seats.estimator.skeleton
        self.pose_model: str = seats.pose_record.name
        self.described: str = seats.described
        """Device and precision of the pose model."""
        self.notes: tuple[str, ...] = (*seats.notes, *seats.warnings(None))
        """What was chosen for the user, in sentences."""
        self._parts = parts

    @property
    def shown(self) -> Listeners:
        """Hear of each frame (`FrameDone` with a `LiveResult`) at once; see `ShowStage.shown`."""
        return self._parts.show.shown

    def painted(self, result: LiveResult) -> None:
        """Tell that a frame was painted just now: from then on that is what latency means."""
        self._parts.show.painted(result)

    def begin_recording(self, session: Path, *, video: bool) -> None:
        """Record from the next frame on. See `RecordStage.begin`."""
        self._parts.record.begin(session, video=video)

    def end_recording(self) -> None:
        """End the recording, which is whole then. See `RecordStage.end`."""
        self._parts.record.end()

    @property
    def recording(self) -> RecordStage:
        """What records."""
        return self._parts.record

    def stats(self) -> LiveStats:
        """Return how the run is doing. From any thread."""
        parts, now = self._parts, time.monotonic()
        lane, plan = parts.lane, parts.conductor.plan
        left_out = parts.source.left_out + parts.detect.passed_over + self.engine.dropped["detect"]
        return LiveStats(
            latency_p50_ms=_milliseconds(parts.meter.latency_percentile(50, now)),
            latency_p95_ms=_milliseconds(parts.meter.latency_percentile(95, now)),
            frames_in=parts.meter.rate_in(now),
            frames_out=parts.meter.rate_out(now),
            dropped={"detect": left_out, "pose": 0 if lane is None else lane.left_out},
            waiting={
                "detect": self.engine.waiting["detect"],
                "pose": 0 if lane is None else lane.waiting,
            },
            gpu_bytes=memory_in_use(parts.device),
            people=parts.conductor.people,
            detector_size=parts.detect.detector.size,
            crops=None if lane is None else plan.crops,
            pose_rate=None if lane is None else parts.meter.pose_rate(now),
            recorded=parts.record.recorded,
        )


def prepare_live(
    source: LiveSource, settings: LiveSettings, notice: Callable[[str], None]
) -> LiveRun:
    """Return a live run of `source`, which stays the caller's to close.

    `notice` is told, on any thread, what the user should know meanwhile. Raises SettingsError,
    CheckpointError or DeviceError where something cannot be had.
    """
    picture = (source.info.height, source.info.width)
    seats = take(settings, picture)
    try:
        return assemble(source, settings, seats, notice)
    except BaseException:
        seats.close()
        raise


def assemble(
    source: LiveSource, settings: LiveSettings, seats: Seats, notice: Callable[[str], None]
) -> LiveRun:
    """Return a live run of `source` by `seats`, which it owns once it is returned."""
    skeleton, meter = seats.estimator.skeleton, Meter()
    detector = _detector(seats, notice)
    slow = _slow(seats.estimator)
    wish = Wish(
        latency_s=settings.latency_ms / 1000,
        sizes=_sizes(settings),
        shared=slow is not None and seats.device != "cpu",  # a CPU's cores take turns by themselves
        people=1,
        most=1 if slow is None else max(1, slow.batch),
        has_pose=slow is not None,
    )
    blank = Frame(0, 0, Fraction(0), np.zeros((source.info.height, source.info.width, 3), np.uint8))
    spent = detector.seconds(blank)
    for _ in range(2):  # the meter leaves the first of each size out
        meter.detection(time.monotonic(), detector.size, spent)
    conductor = Conductor(meter, wish, detector, notice)
    detector.settle(conductor.plan.detector_size)
    lane = None
    if slow is not None:
        lane = PoseLane(slow, lambda n, s: meter.pose_pass(time.monotonic(), n, s))

    def detected(size: int, s: float) -> None:
        if not (wish.shared and lane is not None and lane.asked()):  # else a pass came in between
            meter.detection(time.monotonic(), size, s)

    detect = LiveDetectStage(detector, conductor.every_s, detected)
    fuse = FuseStage(
        skeleton,
        Fuser(skeleton, FuseSettings() if lane is not None else _ALONE),
        lane,
        conductor.asking,
        lambda s: meter.stage("fuse", time.monotonic(), s),
    )
    show, record = ShowStage(meter), RecordStage(_facts(source, settings, seats), notice)
    engine = Engine(
        _Counted(source, meter),
        (detect, _LiveTrackStage(settings, meter), fuse, show, record),
        wake=source.interrupt,
        results=1,
    )
    parts = _Parts(source, meter, detect, lane, conductor, show, record, seats.device)
    return LiveRun(engine, parts, seats)


_ALONE = FuseSettings(fast_noise=SmoothSettings().noise, bias=0.0, smooth=SmoothSettings())
"""Where the fast model is the pose model: its keypoints are what there is."""


def _slow(estimator: Estimator) -> Estimator | None:
    """Return the pose model that is not the detector itself."""
    return None if isinstance(estimator, SeenEstimator) else estimator


def _detector(seats: Seats, notice: Callable[[str], None]) -> ChangingDetector:
    if seats.detector_at is None or not isinstance(seats.detector, SizedDetector):
        raise TypeError("a live run detects people itself, at a size of its own")
    return ChangingDetector(seats.detector, seats.detector_at, notice)


def _sizes(settings: LiveSettings) -> tuple[int, ...]:
    """Return the sizes of the detector's input that may be used, in pixels, ascending."""
    chosen = settings.detector_pixels
    return (*FAST_SIZES, USUAL) if chosen is None else (chosen,)


def _facts(source: LiveSource, settings: LiveSettings, seats: Seats) -> RecordingFacts:
    key = {
        **settings.results_key(),
        "runtime": seats.described,
        "detector_runtime": seats.detector_described,
        "tracker": REVISION,
    }
    return RecordingFacts(
        source.info,
        seats.estimator.skeleton.name,
        seats.detector_record,
        seats.pose_record,
        key,
        __version__,
    )


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)


class _Counted:
    """The frames of a source, as the meter hears of them."""

    def __init__(self, source: LiveSource, meter: Meter) -> None:
        self._source = source
        self._meter = meter

    def frames(self, start: int = 0) -> Generator[Frame, None, None]:
        """Yield the frames of the source."""
        last = start - 1
        with closing(self._source.frames(start)) as frames:
            for frame in frames:
                now = time.monotonic()
                arrived = now if frame.arrived is None else frame.arrived
                for _ in range(frame.index - last):  # those left out have arrived as well
                    self._meter.arrived(arrived)
                self._meter.stage("capture", now, now - arrived)
                last = frame.index
                yield frame


class _LiveTrackStage(TrackStage):
    """Tells the meter how long identities take."""

    def __init__(self, settings: LiveSettings, meter: Meter) -> None:
        super().__init__(ByteTracker(tracker_settings(settings)), tuple, _no_past, waiting=1)
        self._meter = meter

    def process(self, items: Sequence[DetectedFrame]) -> Iterator[TrackedFrame]:
        """Yield the frames with a track id for each detection."""
        for item in items:
            began = time.monotonic()
            tracked = list(super().process([item]))
            now = time.monotonic()
            self._meter.stage("track", now, now - began)
            yield from tracked


def _no_past(_index: int) -> NoReturn:
    raise LookupError("a live run has no past")
