"""An MP4 file in the making: H.264 pictures at their own times, and the sound of another file.

Settings were chosen by measurement (juggle_single.mp4, 720p, 2 cores): `veryfast` makes half the
bytes of `superfast` at the same quality and still encodes far faster than people are tracked.
Without B-frames every picture is stored in order with its exact time and duration, and no edit
list has to repair the start, which editing programs read in different ways.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.container.output import OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import (
    ColorPrimaries,
    ColorRange,
    Colorspace,
    ColorTrc,
    Interpolation,
    VideoReformatter,
)
from av.video.stream import VideoStream

from sdpose_track.export.sound import Sound
from sdpose_track.records import UInt8

OPTIONS = {"preset": "veryfast", "crf": "20", "bf": "0"}
HUGE = 4096 * 4096
"""Pixels from which the encoder looks ahead at no other frames, to not hold a dozen of them."""
EXACT = Interpolation.AREA | Interpolation.ACCURATE_RND
"""Without these flags swscale's chroma and brightness come out half a level too low."""
SMALLEST = 16
"""Pixels a side that every decoder accepts."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Size and clock of the pictures."""

    width: int
    """Of the pictures as given, in pixels; the file's are padded to even sizes."""
    height: int
    time_base: Fraction
    """Seconds per unit of the times given to `Mp4.encode`."""
    rate: Fraction
    """Nominal frames per second, for the encoder's judgement of levels and rates."""

    @property
    def padded(self) -> tuple[int, int]:
        """Width and height of the pictures in the file."""
        width, height = (max(SMALLEST, n + n % 2) for n in (self.width, self.height))
        return width, height


class Canvas:
    """A picture to draw on, in the memory that the encoder reads."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        width, height = shape.padded
        self.picture = VideoFrame(width, height, "bgr24")
        plane = self.picture.planes[0]
        self._all: UInt8 = np.ndarray(
            (height, width, 3), np.uint8, buffer=memoryview(plane), strides=(plane.line_size, 3, 1)
        )
        self.image: UInt8 = self._all[: shape.height, : shape.width]
        """(H, W, 3) BGR, writable."""

    def pad(self) -> None:
        """Repeat the last column and row into what the file has beyond the picture."""
        width, height = self._shape.width, self._shape.height
        self._all[:height, width:] = self._all[:height, width - 1 : width]
        self._all[height:] = self._all[height - 1]


class Mp4:
    """Encodes and writes; closing completes the file.

    `converted` may run on one thread while `encode` runs on another; the rest is for one at a time.
    """

    def __init__(self, path: Path, shape: Shape) -> None:
        self._container = av.open(str(path.absolute()), "w", format="mp4")
        self._stream = _stream(self._container, shape)
        self._time_base = shape.time_base
        self._reformatter = VideoReformatter()
        self._matrix = _matrix(*shape.padded)
        self._durations: dict[int, int] = {}
        self._sound: Sound | None = None
        self._broken = False

    def add_sound(self, sound: Sound) -> None:
        """Interleave `sound` with the pictures. Before the first picture."""
        sound.attach(self._container)
        self._sound = sound

    def converted(self, canvas: Canvas) -> VideoFrame:
        """Return what is on `canvas` as the encoder wants it; `canvas` is free again."""
        canvas.pad()
        return self._reformatter.reformat(
            canvas.picture,
            format="yuv420p",
            interpolation=EXACT,
            dst_colorspace=self._matrix,
            dst_color_range=ColorRange.MPEG,
            dst_color_primaries=ColorPrimaries.BT709,
            dst_color_trc=ColorTrc.BT709,
        )

    def encode(self, picture: VideoFrame, time: int, duration: int) -> None:
        """Write a converted picture, shown from `time` for `duration`, both in the time base."""
        picture.pts, picture.time_base = time, self._time_base
        self._durations[time] = duration
        self._mux(self._stream.encode(picture))

    def finish(self, end: Fraction | None) -> None:
        """Write what the encoder holds, and the sound until `end` seconds; None for all of it."""
        self._mux(self._stream.encode(None))
        if self._sound is not None:
            self._sound.write_until(self._container, end)

    def _mux(self, packets: list[Packet[VideoStream]]) -> None:
        if self._broken:  # FFmpeg crashes if it is given more after a failed write
            return
        try:
            for packet in packets:
                if packet.pts is not None:
                    packet.duration = self._durations.pop(packet.pts, packet.duration)
                    if self._sound is not None:
                        self._sound.write_until(self._container, packet.pts * self._time_base)
                self._container.mux(packet)
        except BaseException:
            self._broken = True
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._sound is not None:
            self._sound.close()
        try:
            self._container.close()
        except av.FFmpegError:
            if error is None:  # else this is only what came of it
                raise


def _stream(container: OutputContainer, shape: Shape) -> VideoStream:
    width, height = shape.padded
    options = dict(OPTIONS)
    if width * height > HUGE:
        options |= {"x264-params": "rc-lookahead=0:sync-lookahead=0", "threads": "1"}
    stream = container.add_stream("libx264", rate=shape.rate, options=options)
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    stream.time_base = shape.time_base
    context = stream.codec_context
    context.time_base, context.framerate = shape.time_base, shape.rate
    context.colorspace = _matrix(width, height)
    context.color_range = ColorRange.MPEG
    context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
    return stream


def _matrix(width: int, height: int) -> Colorspace:
    """Return the YUV matrix that a player assumes for this size, should it not read the tags."""
    return Colorspace.ITU709 if width >= 1280 or height > 576 else Colorspace.SMPTE170M
