"""A camera of this computer, read by OpenCV."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from fractions import Fraction
from typing import cast

import cv2
from cv2.utils import logging as opencv_log

from sdpose_track.capture.cameras import Camera, backend
from sdpose_track.capture.clock import MediaClock
from sdpose_track.capture.feed import Arrival, Cue, Look
from sdpose_track.capture.settings import CaptureSettings
from sdpose_track.errors import SourceError
from sdpose_track.records import UInt8

_USUAL_RATE = Fraction(30)
_RAW_PIXELS_S = 640 * 480 * 30
"""Uncompressed pixels per second that USB 2 carries for certain."""
_FIRST_TRIES = 10
"""Some cameras give nothing at first."""
_DAMAGED_IN_A_ROW = 30
"""A cable that is too long damages compressed pictures; with more than these it is no use."""
_SILENT_S = 5.0
"""Seconds without a whole picture after which no other is asked for: on some systems a camera that
was unplugged gives damaged ones, one a second."""
_MJPG = cv2.VideoWriter.fourcc(*"MJPG")


class Device:
    """A feed from a camera. One that was unplugged is not waited for."""

    kind = "camera"
    blocks_s = 10.0  # as long as OpenCV waits for a picture on Linux

    def __init__(
        self, camera: Camera, settings: CaptureSettings, notice: Callable[[str], None]
    ) -> None:
        """`notice` is told when the camera gives something else than was wished."""
        self.name = camera.name
        self.look = Look(settings.rate or _USUAL_RATE)
        self._camera = camera
        self._wished = settings
        self._notice = notice

    def play(self, cue: Cue) -> Generator[Arrival, None, None]:
        capture = self._opened()
        try:
            clock, is_first = MediaClock(), True
            while not cue.stop.is_set():
                taken = _first(capture, cue) if is_first else _read(capture)
                if taken is None:
                    raise self._gone(was_there=not is_first)
                picture, arrived = taken
                if is_first:
                    self._compare(capture, picture)
                    is_first = False
                yield Arrival(picture, arrived, clock.tick(arrived, None))
        finally:
            capture.release()

    def _opened(self) -> cv2.VideoCapture:
        capture = open_capture(self._camera.number)
        if not capture.isOpened():
            raise SourceError(
                f"{self.name} cannot be opened: another program may be using it, or this user may "
                "not use it; close the program, or allow it in the system's settings."
            )
        size, rate = self._wished.size, self._wished.rate
        width, height = size or (640, 480)
        if width * height * (rate or _USUAL_RATE) > _RAW_PIXELS_S:
            capture.set(cv2.CAP_PROP_FOURCC, _MJPG)
        if size is not None:
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        if rate is not None:
            capture.set(cv2.CAP_PROP_FPS, float(rate))
        return capture

    def _compare(self, capture: cv2.VideoCapture, picture: UInt8) -> None:
        """Tell where what came is not what was wished."""
        told = capture.get(cv2.CAP_PROP_FPS)
        rate = Fraction(told).limit_denominator(1001) if 1 <= told <= 1000 else None
        self.look = Look(rate or self.look.rate, pixel_format="bgr24")
        size = (picture.shape[1], picture.shape[0])
        wished_size, wished_rate = self._wished.size, self._wished.rate
        differs = wished_size is not None and size != wished_size
        if wished_rate is not None and rate is not None:
            differs = differs or abs(rate - wished_rate) > wished_rate / 100
        if differs:
            self._notice(
                f"{self.name} gives {_said(size, rate)}, not {_said(wished_size, wished_rate)}."
            )

    def _gone(self, *, was_there: bool) -> SourceError:
        if was_there:
            return SourceError(
                f"{self.name} gives no more pictures: it was unplugged, or another program took "
                "it; connect it and start again."
            )
        return SourceError(
            f"{self.name} gives no pictures: another program may be using it; close that and start "
            "again."
        )


def open_capture(number: int) -> cv2.VideoCapture:
    """Open the camera with `number`. OpenCV's own words about it are kept off the screen."""
    loud = opencv_log.getLogLevel()
    opencv_log.setLogLevel(opencv_log.LOG_LEVEL_SILENT)
    try:
        return cv2.VideoCapture(number, backend())
    finally:
        opencv_log.setLogLevel(loud)


def _first(capture: cv2.VideoCapture, cue: Cue) -> tuple[UInt8, float] | None:
    began = time.monotonic()
    for _ in range(_FIRST_TRIES):
        taken = _read(capture)
        if taken is not None:
            return taken
        if cue.stop.is_set() or time.monotonic() - began > _SILENT_S:
            break
    return None


def _read(capture: cv2.VideoCapture) -> tuple[UInt8, float] | None:
    """Return the next (H, W, 3) BGR picture and when it was there; None where none came."""
    began = time.monotonic()
    for _ in range(_DAMAGED_IN_A_ROW):
        if not capture.grab():
            return None
        arrived = time.monotonic()
        is_whole, picture = capture.retrieve()
        if is_whole:
            return cast(UInt8, picture), arrived
        if time.monotonic() - began > _SILENT_S:
            break
    return None


def _said(size: tuple[int, int] | None, rate: Fraction | None) -> str:
    parts = [] if size is None else [f"{size[0]} × {size[1]}"]
    if rate is not None:
        parts.append(f"{float(rate):g} pictures a second")
    return " at ".join(parts)
