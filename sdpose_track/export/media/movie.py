"""A video file in the making: coded pictures at their own times, and the sound of another file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.container.output import OutputContainer
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
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

from sdpose_track.errors import OutputError
from sdpose_track.export.media.codecs import HUGE, Codec
from sdpose_track.export.media.sound import Sound
from sdpose_track.records import UInt8

EXACT = Interpolation.AREA | Interpolation.ACCURATE_RND
"""Without these flags swscale's chroma and brightness come out half a level too low."""
SMALLEST = 16
"""Pixels a side that every decoder accepts."""


def even(width: int, height: int) -> tuple[int, int]:
    """Return the size of a file's pictures whose colours are halved, for given ones."""
    return max(SMALLEST, width + width % 2), max(SMALLEST, height + height % 2)


def coded(
    reformatter: VideoReformatter, picture: VideoFrame, pixels: str, matrix: Colorspace
) -> VideoFrame:
    """Return an RGB picture in the YUV format `pixels`, as `tell_colours` says to players."""
    return reformatter.reformat(
        picture,
        format=pixels,
        interpolation=EXACT,
        dst_colorspace=matrix,
        dst_color_range=ColorRange.MPEG,
        dst_color_primaries=ColorPrimaries.BT709,
        dst_color_trc=ColorTrc.BT709,
    )


def tell_colours(context: VideoCodecContext, matrix: Colorspace) -> None:
    """Write into the file how its colours are meant."""
    context.colorspace, context.color_range = matrix, ColorRange.MPEG
    context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709


@dataclass(frozen=True, slots=True)
class Shape:
    """Size and clock of the pictures."""

    width: int
    """Of the pictures as given, in pixels; the file's are padded to even sizes."""
    height: int
    time_base: Fraction
    """Seconds per unit of the times given to `Movie.show`."""
    rate: Fraction
    """Nominal frames per second, for the encoder's judgement of levels and rates."""

    @property
    def padded(self) -> tuple[int, int]:
        """Width and height of the pictures in the file."""
        return even(self.width, self.height)

    @property
    def is_huge(self) -> bool:
        """It is better to hold only a few of these pictures."""
        return self.width * self.height > HUGE


@contextmanager
def encoding() -> Iterator[None]:
    """Turn what an encoder refuses into a sentence; a full disk is another matter."""
    try:
        yield
    except av.FFmpegError as error:
        if isinstance(error, OSError):
            raise
        raise OutputError(
            f"the video cannot be encoded ({error}); choose a smaller size or another format"
        ) from error


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


class Movie:
    """Encodes and writes; closing completes the file.

    `converted` may run on one thread while `show` runs on another; the rest is for one at a time.
    """

    def __init__(
        self, path: Path, shape: Shape, codec: Codec, quality: int | None, *, threads: int = 0
    ) -> None:
        """Begin the file `path`.

        Args:
            path: A new file.
            shape: Of the pictures that come.
            codec: What they are coded with.
            quality: A constant rate factor; None for what suits `codec`.
            threads: That the encoder may use; 0 for as many as it likes.

        Raises:
            SettingsError: the codec has no such quality or is not at hand.
        """
        self.shape = shape
        width, height = shape.padded
        settings = codec.settings(quality, width * height)
        self._container = av.open(
            str(path.absolute()), "w", format=codec.container, container_options=dict(codec.muxer)
        )
        self._stream = _stream(self._container, shape, codec, settings)
        self._stream.codec_context.thread_count = threads
        self._pixels = codec.pixels
        self._reformatter = VideoReformatter()
        self._matrix = _matrix(*shape.padded)
        self._held: VideoFrame | None = None
        self._time = 0
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
        return coded(self._reformatter, canvas.picture, self._pixels, self._matrix)

    def show(self, picture: VideoFrame, time: int) -> None:
        """Show a converted picture from `time` on, in the time base, until the next one."""
        self._encode_held(time)
        self._held, self._time = picture, time

    def finish(self, stop: int, sound_end: Fraction | None = None) -> None:
        """End the last picture at `stop`, the sound at `sound_end` seconds; None for all."""
        self._encode_held(stop)
        self._mux(self._stream.encode(None))
        if self._sound is not None:
            self._sound.write_until(self._container, sound_end)

    def _encode_held(self, until: int) -> None:
        if self._held is None:
            return
        self._held.pts, self._held.time_base = self._time, self.shape.time_base
        self._durations[self._time] = until - self._time
        self._mux(self._stream.encode(self._held))
        self._held = None

    def _mux(self, packets: list[Packet[VideoStream]]) -> None:
        if self._broken:  # FFmpeg crashes if it is given more after a failed write
            return
        try:
            for packet in packets:
                if packet.pts is not None:
                    packet.duration = self._durations.pop(packet.pts, packet.duration)
                    if self._sound is not None:
                        self._sound.write_until(self._container, packet.pts * self.shape.time_base)
                self._container.mux(packet)
        except BaseException:
            self._broken = True
            raise

    def close(self) -> None:
        """Complete the file, as far as it came. Safe to call again."""
        if self._sound is not None:
            self._sound.close()
        self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except av.FFmpegError:
            if error is None:  # else this is only what came of it
                raise


def _stream(
    container: OutputContainer, shape: Shape, codec: Codec, settings: dict[str, str]
) -> VideoStream:
    width, height = shape.padded
    stream = container.add_stream(codec.encoder, rate=shape.rate, options=settings)
    assert isinstance(stream, VideoStream)
    stream.width, stream.height, stream.pix_fmt = width, height, codec.pixels
    stream.time_base = shape.time_base
    context = stream.codec_context
    if codec.tag is not None:
        context.codec_tag = codec.tag
    context.time_base, context.framerate = shape.time_base, shape.rate
    tell_colours(context, _matrix(width, height))
    return stream


def _matrix(width: int, height: int) -> Colorspace:
    """Return the YUV matrix that a player assumes for this size, should it not read the tags."""
    return Colorspace.ITU709 if width >= 1280 or height > 576 else Colorspace.SMPTE170M
