"""The viewer's speed, offscreen: painting, playing, seeking, a timer under load, long sessions.

python benchmarks/viewer.py CLIP [--frames N]    CLIP shows people, such as 720p H.264

The clip is enlarged to 1920×1080 and encoded anew with a key frame every two seconds, at 30 and at
60 frames per second; ten people who walk about are written over it. Everything is done through the
real window. A figure is a median and a 95th percentile.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from itertools import cycle, islice
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.stream import VideoStream
from PyQt6.QtCore import QEventLoop, QSettings, Qt, QTimer

from sdpose_track.records import NO_DETECTIONS, FramePoses, FrameResult, Pose, SourceInfo, UInt8
from sdpose_track.session.schema import ModelRecord, SessionHeader
from sdpose_track.session.writer import SessionWriter
from sdpose_track.settings import TrackSettings
from sdpose_track.skeletons import COCO17
from sdpose_track.sources import open_source
from ui.app import application
from ui.document.reading import Kind
from ui.jobs.wishes import RunWish
from ui.preferences import Preferences
from ui.window.main_window import MainWindow

PEOPLE = 10
WIDTH, HEIGHT = 1920, 1080
_STAND = np.array(
    [(0, 0), (3, -3), (-3, -3), (7, 0), (-7, 0), (16, 22), (-16, 22), (22, 48), (-22, 48),
     (24, 72), (-24, 72), (10, 75), (-10, 75), (11, 112), (-11, 112), (12, 148), (-12, 148)],
    np.float32,
)  # fmt: skip
"""A standing body in COCO's order, in hundredths of about 1.6 bodies."""


def enlarge(clip: Path, path: Path, rate: int, seconds: int) -> Path:
    """Write `clip` again and again at 1080p and `rate` frames per second, two seconds a GOP."""
    with open_source(str(clip)) as source:
        pictures = [_large(frame.image) for frame in islice(source.frames(), 90)]
    options = {"preset": "medium", "crf": "20", "sc_threshold": "0"}
    with av.open(str(path), "w") as target:
        stream = target.add_stream("libx264", rate=rate, options=options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.gop_size = 2 * rate
        back_and_forth = cycle([*pictures, *pictures[-2:0:-1]])
        for picture in islice(back_and_forth, rate * seconds):
            target.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        target.mux(stream.encode())
    return path


def _large(image: UInt8) -> UInt8:
    return np.asarray(cv2.resize(image, (WIDTH, HEIGHT)), np.uint8)


def populate(path: Path, source: SourceInfo, frames: int) -> Path:
    """Write a session of people who walk about, in every frame."""
    rng, rate = np.random.default_rng(0), float(source.rate)
    base = source.time_base
    step = int(1 / (source.rate * base))
    size = rng.uniform(1.4, 3.2, PEOPLE)
    phase = rng.uniform(0, 6, PEOPLE)
    sure = np.linspace(0.95, 0.5, len(COCO17)).astype(np.float32)

    def result(index: int) -> FrameResult:
        people = []
        for n in range(PEOPLE):
            t = index / rate
            middle = (180 * n + 120 + 60 * np.sin(t + phase[n]), 250 + 60 * np.cos(0.7 * t + n))
            points = _STAND * size[n] + rng.normal(0, 1.5, _STAND.shape) + middle
            box = np.concatenate([points.min(axis=0) - 8, points.max(axis=0) + 8])
            none = np.zeros(len(COCO17), np.uint8)
            people.append(Pose(n + 1, box, 0.9, points.astype(np.float32), sure, none))
        poses = FramePoses(index, index * step, Fraction(index * step) * base, tuple(people))
        return FrameResult(poses, NO_DETECTIONS, np.empty(0, np.int32))

    header = SessionHeader(
        source, COCO17.name, ModelRecord("none", "0" * 64), ModelRecord("none", "0" * 64), {}, "0"
    )
    with SessionWriter.create(path, header, replace=True) as writer:
        for start in range(0, frames, 500):
            writer.append([result(i) for i in range(start, min(start + 500, frames))])
        writer.finish({"frames": frames})
    return path


def wait_until(is_so: Callable[[], bool], seconds: float = 120) -> None:
    """Let the window live until something is so."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise SystemExit("the window did not get there")
        live(0.001)


def live(seconds: float) -> None:
    """Let the window live for some time."""
    loop = QEventLoop()
    QTimer.singleShot(round(seconds * 1000), Qt.TimerType.PreciseTimer, loop.quit)
    loop.exec()


def told(values: list[float]) -> str:
    """Return the median and the 95th percentile of seconds, in milliseconds."""
    middle, high = np.percentile(np.array(values) * 1000, (50, 95))
    return f"median {middle:6.1f} ms, p95 {high:6.1f} ms"


class Bench:
    """One window and what is measured in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        settings = str(folder / "settings")
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, settings)
        self.app = application()
        self.window = MainWindow(Preferences(), asks=False)
        self.window.keeps_settings = False
        self.window.resize(1280, 800)
        self.window.show()
        self.document, self.canvas = self.window.document, self.window.canvas

    def open(self, path: Path) -> float:
        """Open a session; return the seconds until its first frame is painted with its people."""
        began = time.perf_counter()
        painted = self.canvas.paints
        self.window.open(str(path))
        wait_until(lambda: self.document.facts is not None and self.document.facts.path == path)
        wait_until(lambda: self.is_there(self.document.player.frame))
        wait_until(lambda: self.canvas.paints > painted)
        return time.perf_counter() - began

    def shows(self, frame: int) -> bool:
        """Tell whether a frame is on the canvas, sharp or as a sketch."""
        return self.canvas.shown_frame == frame

    def is_there(self, frame: int) -> bool:
        """Tell whether a frame's sharp picture and its smoothed people are there."""
        pictures = self.document.pictures
        picture = pictures.get(frame)
        is_sharp = picture is not None and not picture.is_sketch
        has_picture = is_sharp or not pictures.is_open
        return has_picture and self.document.poses.at(frame, Kind.SMOOTH) is not None

    def settle(self) -> None:
        """Wait for the list of doubts, so that nothing else is being computed."""
        wait_until(lambda: self.document.review.doubts is not None, 600)

    def sketch(self) -> None:
        """Wait until every frame has its sketch."""
        count = len(self.document.player.clock.indices)
        wait_until(lambda: self.document.pictures.sketched == count)

    def painting(self) -> Iterator[str]:
        """Tell how long a paint takes, still and while playing."""
        self.canvas.paint_times.clear()
        for _ in range(60):
            self.canvas.update()
            live(0.005)
        yield f"paint, paused (smooth scaling)     {told(list(self.canvas.paint_times))}"

    def playing(self) -> Iterator[str]:
        """Tell how many pictures of five seconds were not shown in time."""
        player = self.document.player
        player.seek(player.clock.first)
        wait_until(lambda: self.is_there(player.frame))
        live(0.5)
        self.canvas.paint_times.clear()
        before = self.canvas.paints
        player.play()
        live(5)
        player.pause()
        shown = self.canvas.paints - before
        yield f"paint, playing                     {told(list(self.canvas.paint_times))}"
        due = player.frame - player.clock.first
        rate = float(player.clock.rate)
        yield (
            f"playing {rate:.0f} fps for 5 s: frame {due} of {5 * rate:.0f}, {shown} paints,"
            f" {player.left_out} pictures left out"
        )

    def seeking(self, when: str, count: int = 50) -> Iterator[str]:
        """Tell how long a seek takes until something of the frame is painted, and until all is.

        Soon after a video is opened there are no sketches yet; the sharp picture is painted first.
        """
        rng, player = np.random.default_rng(len(when)), self.document.player
        sketched = self.document.pictures.sketched
        pictures: list[float] = []
        both: list[float] = []
        for index in rng.integers(player.clock.first, player.clock.last, count).tolist():
            live(0.1)
            began = time.perf_counter()
            player.seek(index)
            wait_until(partial(self.shows, index))
            live(0)  # and painted
            pictures.append(time.perf_counter() - began)
            wait_until(partial(self.is_there, index))
            both.append(time.perf_counter() - began)
        yield f"seek {when} ({sketched} sketches), painted  {told(pictures)}"
        yield f"seek {when}, sharp and smoothed       {told(both)}"

    def timer_under_load(self, clip: Path) -> Iterator[str]:
        """Tell how late a 16 ms timer of the window is while a run is going on."""
        late: list[float] = []
        last = [time.perf_counter()]

        def tick() -> None:
            now = time.perf_counter()
            late.append(max(0.0, now - last[0] - 0.016))
            last[0] = now

        timer = QTimer()
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.timeout.connect(tick)
        session = self.folder / "run" / "run.sdpose"
        wish = RunWish(source=str(clip), session=session, settings=TrackSettings(), overwrite=True)
        self.window.open(str(clip))
        wait_until(lambda: self.document.pictures.is_open)
        last[0] = time.perf_counter()
        timer.start(16)
        self.window.work.track(wish)
        wait_until(lambda: self.window.work.run is None, 600)
        timer.stop()
        yield f"16 ms timer during a run, late by   {told(late)}, worst {1000 * max(late):.0f} ms"

    def frame_changes(self) -> Iterator[str]:
        """Tell what a step costs at the beginning and at the end of a long session."""
        player = self.document.player
        for name, start in (("beginning", player.clock.first), ("end", player.clock.last - 200)):
            player.seek(start)
            wait_until(lambda: self.is_there(player.frame))
            costs = []
            for index in range(start, start + 150):
                began = time.perf_counter()
                player.seek(index)
                costs.append(time.perf_counter() - began)
                live(0.001)
            yield f"a frame change at the {name:9}    {told(costs)}"


def main(clip: Path, frames: int) -> None:
    """Print every figure."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bench = Bench(folder)
        for rate in (30, 60):
            video = enlarge(clip, folder / f"{rate}.mp4", rate, 20)
            with open_source(str(video)) as source:
                session = populate(folder / f"{rate}.sdpose", source.info, 20 * rate)
            print(f"-- {WIDTH}×{HEIGHT}, {rate} fps, {PEOPLE} people")
            print(f"opened in {bench.open(session):.2f} s")
            bench.settle()
            for row in (*bench.painting(), *bench.playing(), *bench.seeking("soon")):
                print(row, flush=True)
            bench.sketch()
            for row in bench.seeking("later"):
                print(row, flush=True)
        print("-- a run of the light path in the same process")
        for row in bench.timer_under_load(clip):
            print(row, flush=True)
        print(f"-- a session of {frames} frames with {PEOPLE} people, without its video")
        long = SourceInfo(
            "absent.mp4", "video", WIDTH, HEIGHT, time_base=Fraction(1, 30), first_pts=0,
            rate=Fraction(30), is_vfr=False, frame_count=frames, duration=Fraction(frames, 30),
        )  # fmt: skip
        session = populate(folder / "long.sdpose", long, frames)
        print(f"opened in {bench.open(session):.2f} s")
        for row in bench.frame_changes():
            print(row, flush=True)
        bench.window.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("clip", type=Path)
    parser.add_argument("--frames", type=int, default=100_000)
    options = parser.parse_args()
    main(options.clip, options.frames)
    sys.exit(0)
