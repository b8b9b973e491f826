"""The pictures of a live run as a video file that is whole at any moment.

Fragments: what an MP4 usually says at its end stands at the head of every second. A process that is
killed loses the last one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import av
import numpy as np

from sdpose_track.errors import OutputError, SettingsError
from sdpose_track.export.media.codecs import H264
from sdpose_track.export.media.movie import Canvas, Movie, Shape, encoding
from sdpose_track.records import SourceInfo, UInt8

FRAGMENT_S = 1
"""Seconds of video that a killed process loses at most."""
CODEC = replace(
    H264,
    options={**H264.options, "tune": "zerolatency", "g": "60"},  # it holds no pictures back
    muxer={
        "movflags": "empty_moov+default_base_moof",
        "frag_duration": str(FRAGMENT_S * 10**6),
        "flush_packets": "1",
    },
)
MP4 = ".mp4"


class LiveMovie:
    """A video in the making. One thread at a time."""

    def __init__(self, path: Path, source: SourceInfo) -> None:
        """Begin the new file `path` with pictures of the size and in the time base of `source`.

        Raises SettingsError if there is a file already, OutputError if it cannot be written.
        """
        self.path = path
        shape = Shape(source.width, source.height, source.time_base, source.rate)
        width, height = shape.padded
        self.info: SourceInfo = replace(
            source,
            name=str(path.absolute()),
            kind="video",
            width=width,
            height=height,
            codec=CODEC.name,
            pixel_format=CODEC.pixels,
            frame_count=None,
            duration=None,
        )
        """What is known of the file before it is whole."""
        self._step = max(1, round(1 / (source.rate * source.time_base)))
        self._last = 0
        with self._told():
            _claim(path)
            try:
                self._canvas = Canvas(shape)
                self._movie = Movie(path, shape, CODEC, None)
            except BaseException:
                path.unlink(missing_ok=True)
                raise

    def show(self, image: UInt8, time: int) -> None:
        """Show the (H, W, 3) BGR `image` from `time` on, in the time base, until the next one.

        Raises OutputError if it cannot be encoded or written.
        """
        with self._told():
            np.copyto(self._canvas.image, image)
            self._movie.show(self._movie.converted(self._canvas), time)
            self._last = time

    def finish(self) -> None:
        """End the last picture and close the file. Raises as `show` does."""
        with self._told():
            self._movie.finish(self._last + self._step)
            self._movie.close()

    def give_up(self) -> None:
        """Close the file as it is."""
        with suppress(av.FFmpegError, OSError):
            self._movie.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            with encoding():
                yield
        except OSError as error:
            raise OutputError(
                f"{self.path} cannot be written: {error.strerror}; free some space or record to"
                " another folder"
            ) from error


def _claim(path: Path) -> None:
    """Make the file `path`, so that it is nobody else's."""
    try:
        path.touch(exist_ok=False)
    except FileExistsError as error:
        raise SettingsError(f"{path} exists; record to another name") from error
