"""Given pictures into a video of an exactly constant rate: every one is there, each as long.

Nothing of a pose picture may be lost by default: `LOSSLESS` gives back every byte. `ALPHA` keeps
what is transparent exactly and colours nearly; `compatible` is what every program plays, and halves
the resolution of colours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container.output import OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, VideoReformatter
from av.video.stream import VideoStream

from sdpose_track.export.media.codecs import H264
from sdpose_track.export.media.movie import coded, encoding, even, tell_colours
from sdpose_track.records import UInt8


@dataclass(frozen=True, slots=True)
class Coding:
    """How pictures are compressed, and in what kind of file."""

    container: str
    codec: str
    given: str
    """Pixel format of the pictures: `rgb24` or `rgba`."""
    stored: str
    """Pixel format that the encoder is given."""
    options: Mapping[str, str]

    @property
    def is_rgb(self) -> bool:
        """Colours are stored as they are given."""
        return self.stored == self.given

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Return the size of the file's pictures: sides are even where colours are halved."""
        if self.stored != "yuv420p":
            return width, height
        return even(width, height)


_NO_CHANCE = {"fflags": "+bitexact"}  # Matroska's numbers of a file and a track are random else
_FAST = H264.options
LOSSLESS = Coding("matroska", "libx264rgb", "rgb24", "rgb24", {"qp": "0", **_FAST})
"""In Matroska. FFmpeg, OpenCV and decord read it; browsers and QuickTime show no H.264 of RGB."""
LOSSLESS_MP4 = replace(LOSSLESS, container="mp4")
ALPHA = Coding(
    "mov",
    "prores_ks",
    "rgba",
    "yuva444p10le",
    {"profile": "4444", "alpha_bits": "16", "vendor": "apl0"},
)


def compatible(crf: int) -> Coding:
    """Return H.264 in MP4 with constant rate factor `crf` from 1, the best, to 51.

    0 is as 1: without any loss it would be a kind of H.264 that few players know.
    """
    factor = min(max(crf, 1), 51)
    return Coding("mp4", "libx264", "rgb24", "yuv420p", {"crf": str(factor), **_FAST})


class ConstantVideo:
    """A video in the making; see `constant_video`."""

    def __init__(self, path: Path, size: tuple[int, int], rate: Fraction, coding: Coding) -> None:
        self._coding = coding
        self._size = coding.size(*size)
        self._clock = 1 / rate
        self._next = 0
        self._broken = False
        self._reformatter = VideoReformatter()
        self._container: OutputContainer = av.open(
            str(path.absolute()), "w", format=coding.container, options=_NO_CHANCE
        )
        options = dict(coding.options)
        stream = self._container.add_stream(coding.codec, rate=rate, options=options)
        assert isinstance(stream, VideoStream)
        self._stream = stream
        stream.width, stream.height = self._size
        stream.pix_fmt = coding.stored
        context = stream.codec_context
        stream.time_base = context.time_base = self._clock
        if not coding.is_rgb:
            tell_colours(context, Colorspace.ITU709)

    def add(self, image: UInt8) -> None:
        """Write the next picture, (H, W, 3) RGB or (H, W, 4) RGBA as the coding wants it.

        It is padded with black to the right and below where the file's pictures are larger.
        """
        frame = VideoFrame.from_ndarray(self._padded(image), self._coding.given)
        if not self._coding.is_rgb:
            frame = coded(self._reformatter, frame, self._coding.stored, Colorspace.ITU709)
        frame.pts, frame.time_base = self._next, self._clock
        self._next += 1
        self._mux(self._stream.encode(frame))

    def finish(self) -> None:
        """Write what the encoder holds."""
        self._mux(self._stream.encode(None))

    def close(self) -> None:
        """Complete the file, and end the encoder's threads. Nothing can be done after it."""
        try:
            self._container.close()
        finally:
            del self._stream, self._container, self._reformatter  # their threads end with them

    def _padded(self, image: UInt8) -> UInt8:
        (width, height), (h, w) = self._size, image.shape[:2]
        if (w, h) == (width, height):
            return image
        return np.pad(image, ((0, height - h), (0, width - w), (0, 0)))

    def _mux(self, packets: list[Packet[VideoStream]]) -> None:
        if self._broken:  # FFmpeg crashes if it is given more after a failed write
            return
        try:
            for packet in packets:
                packet.duration = 1
                self._container.mux(packet)
        except BaseException:
            self._broken = True
            raise


@contextmanager
def constant_video(
    path: Path, size: tuple[int, int], rate: Fraction, coding: Coding
) -> Iterator[ConstantVideo]:
    """Give a video to add pictures to; it is complete when the block ends without an error.

    Args:
        path: The new file.
        size: Width and height of the pictures that will be given.
        rate: Pictures per second, exactly.
        coding: How they are stored.

    Raises:
        OutputError: the encoder refuses the pictures.
    """
    with encoding():
        video = ConstantVideo(path, size, rate, coding)
        try:
            yield video
            video.finish()
        except BaseException:
            with suppress(av.FFmpegError):  # this would only be what came of it
                video.close()
            raise
        video.close()
