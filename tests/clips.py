"""Clips that are encoded for a test: known pictures, in any codec, at any times."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream

from sdpose_track.records import UInt8

__all__ = ["PTS_MS", "Coding", "Shape", "Stamps", "UInt8", "drifting", "encode", "encode_flat"]

PTS_MS = (0, 40, 80, 160, 200, 320)
"""Of the frames of `uneven_clip`: uneven on purpose, 25 fps with frames missing."""
TKHD_MATRIX = 44
"""Bytes from the name of an MP4's version 0 `tkhd` box to its display matrix (ISO 14496-12)."""


@dataclass(frozen=True)
class Coding:
    """How pictures are compressed."""

    codec: str = "libx264"
    options: dict[str, str] = field(default_factory=dict)
    pixel_format: str = "yuv420p"


@dataclass(frozen=True)
class Stamps:
    """When pictures are shown."""

    pts: Sequence[int] | None = None
    """In `time_base`; None for 0, 1, 2 ..."""
    time_base: Fraction = Fraction(1, 25)
    trimmed: int = 0
    """Pictures at the start that an edit list cuts away."""


@dataclass(frozen=True)
class Shape:
    """How stored pictures are to be shown."""

    matrix: tuple[int, ...] | None = None
    """The nine numbers of an MP4's display matrix, fixed-point as stored."""
    aspect: Fraction | None = None
    """Width of a stored pixel over its height."""


def drifting(count: int) -> list[UInt8]:
    """Return `count` RGB pictures of 64×48, no two alike: a bright block drifts over grain."""
    ramp = np.random.default_rng(3).integers(20, 120, (48, 64, 3)).astype(float)
    pictures = []
    for i in range(count):
        picture = ramp.copy()
        x, y = (i % 16) * 3 + 2, (i // 16) * 11 + 1
        picture[y : y + 12, x : x + 14] = (240, 200, 40)
        pictures.append(picture.astype(np.uint8))
    return pictures


def encode(
    path: Path,
    pictures: Sequence[UInt8],
    coding: Coding | None = None,
    *,
    stamps: Stamps | None = None,
    shape: Shape | None = None,
) -> Path:
    """Write (H, W, 3) RGB `pictures` to `path`, whose suffix names the container."""
    frames = [av.VideoFrame.from_ndarray(np.ascontiguousarray(p), "rgb24") for p in pictures]
    look = shape or Shape()
    _write(path, frames, coding or Coding(), stamps or Stamps(), look.aspect)
    if look.matrix is not None:
        data = bytearray(path.read_bytes())
        at = data.index(b"tkhd") + TKHD_MATRIX
        data[at : at + 36] = struct.pack(">9i", *look.matrix)
        path.write_bytes(data)
    return path


def encode_flat(
    path: Path,
    yuv: tuple[int, int, int],
    pixel_format: str = "yuv420p",
    colorspace: int = 1,
    color_range: int = 1,
) -> Path:
    """Write three pictures of one colour, tagged with a matrix and a range by FFmpeg's numbers."""
    kind = np.uint16 if "10" in pixel_format else np.uint8
    frame = av.VideoFrame(64, 48, pixel_format)
    for plane, value in zip(frame.planes, yuv, strict=True):
        plane.update(np.full(plane.buffer_size // kind().itemsize, value, kind).tobytes())
    coding = Coding(options={"crf": "0" if kind is np.uint8 else "1"}, pixel_format=pixel_format)
    _write(path, [frame] * 3, coding, Stamps(), None, tags=(colorspace, color_range))
    return path


def _write(
    path: Path,
    frames: Sequence[av.VideoFrame],
    coding: Coding,
    stamps: Stamps,
    aspect: Fraction | None,
    tags: tuple[int, int] | None = None,
) -> None:
    times = range(len(frames)) if stamps.pts is None else stamps.pts
    with av.open(str(path), "w") as container:
        stream = container.add_stream(coding.codec, rate=25, options=coding.options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = frames[0].width, frames[0].height
        stream.pix_fmt = coding.pixel_format
        stream.time_base = stream.codec_context.time_base = stamps.time_base
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if tags is not None:
            stream.codec_context.colorspace, stream.codec_context.color_range = tags
        for frame, pts in zip(frames, times, strict=True):
            frame.pts, frame.time_base = pts - stamps.trimmed, stamps.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
