"""One picture file, read with Pillow and brought to upright 8-bit BGR."""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from sdpose_track.errors import SourceError
from sdpose_track.records import UInt8
from sdpose_track.sources.geometry import (
    MAX_PIXELS,
    MAX_SIDE,
    Orientation,
    check_size,
)

SUFFIXES = frozenset(
    (
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".apng",
        ".webp",
        ".bmp",
        ".dib",
        ".tif",
        ".tiff",
        ".avif",
        ".jp2",
        ".tga",
        ".ppm",
        ".pgm",
        ".pbm",
        ".pnm",
    )
)
"""Endings of the file names that a folder's pictures are chosen by."""

_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "DIB", "TIFF", "AVIF", "JPEG2000", "TGA", "PPM", "GIF")
"""What they may be, by Pillow's names, whatever their file is called. For others Pillow starts
programs: Ghostscript for EPS, which is a language."""

UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
)
"""What Pillow raises over damaged data."""

_EXIF_ORIENTATION = 0x0112
_AT_ONCE = 4_000_000
"""Pixels that are converted together: what that takes beside the picture stays small."""
_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\x00", b"MM\x00*", b"BM")


@dataclass(frozen=True, slots=True)
class Header:
    """What a picture file says of itself before its pixels are read."""

    width: int
    """Of the upright picture, in pixels."""
    height: int
    orientation: Orientation
    codec: str
    """Pillow's name of the format in lower case: `jpeg`, `png`."""
    mode: str
    """Pillow's name of the pixel format: `RGB`, `CMYK`, `I;16`."""
    moves: bool
    """It is an animation: a WebP, PNG or AVIF of several frames."""


def looks_like_picture(path: Path) -> bool:
    """Tell by its first bytes whether `path` is a picture that Pillow should read, not FFmpeg."""
    with path.open("rb") as file:
        head = file.read(16)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return True
    if head[4:12] in (b"ftypavif", b"ftypavis"):
        return True
    # A stream of JPEGs one after the other begins like a single one.
    return head.startswith(_MAGIC) and path.suffix.lower() not in (".mjpeg", ".mjpg")


def unreadable_picture(name: str) -> SourceError:
    """Return the error for a picture whose pixels cannot be read."""
    return SourceError(
        f"{name} is no picture that can be read, or damaged; copy it again or choose another."
    )


@contextmanager
def opened(path: Path, name: str) -> Generator[Image.Image, None, None]:
    """Open `path` with Pillow after checking its size against the limit.

    Raises:
        SourceError: it, or one of its frames, is above the limit. Any of `UNREADABLE`: it is no
            picture.
    """
    try:
        with path.open("rb") as file:
            with unwarned():
                image = Image.open(file, formats=_FORMATS)
            with image:
                check_size(name, image.width, image.height)
                yield image
    except Image.DecompressionBombError as error:
        raise SourceError(
            f"{name} is larger than the limit of {MAX_SIDE} pixels a side and "
            f"{MAX_PIXELS // 1_000_000} megapixels; scale it down first."
        ) from error


@contextmanager
def unwarned() -> Generator[None, None, None]:
    """Let Pillow say nothing of damaged tags, nor of sizes below our limit, which is checked here.

    It would be printed among what is for people; what matters of it is an error anyway.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def read_header(path: Path, name: str) -> Header:
    """Read what `path` says of itself; its pixels may still turn out damaged.

    Raises:
        SourceError: it is above the limit of size. Any of `UNREADABLE`: it is no picture.
    """
    with opened(path, name) as image:
        orientation = orientation_of(image)
        width, height = orientation.size(image.width, image.height)
        codec = (image.format or "").lower()
        with unwarned():
            frames = getattr(image, "n_frames", 1)
        moves = codec in ("webp", "png", "avif") and frames > 1
        return Header(width, height, orientation, codec, image.mode, moves)


def read_picture(path: Path, name: str) -> UInt8:
    """Return the pixels of `path` as (H, W, 3) BGR, upright.

    Raises:
        SourceError: it is above the limit of size. Any of `UNREADABLE`: it is damaged.
    """
    with opened(path, name) as image:
        orientation = orientation_of(image)
        return orientation.apply(to_bgr(image))


def orientation_of(image: Image.Image) -> Orientation:
    """Return how EXIF says the picture must be turned; damaged EXIF counts as none."""
    try:
        with unwarned():
            return Orientation.from_exif(image.getexif().get(_EXIF_ORIENTATION))
    except UNREADABLE:
        return Orientation()


def to_bgr(image: Image.Image) -> UInt8:
    """Return `image` of any mode as (H, W, 3) 8-bit BGR; what is transparent becomes black.

    Raises:
        Any of `UNREADABLE`: its data is damaged.
    """
    with unwarned():
        image.load()
    width, height = image.size
    bgr = np.empty((height, width, 3), np.uint8)
    rows = max(1, _AT_ONCE // max(1, width))
    for top in range(0, height, rows):
        part = image.crop((0, top, width, min(height, top + rows)))
        bgr[top : top + rows] = _converted(part)
    return bgr


def _converted(image: Image.Image) -> UInt8:
    if image.mode == "F" or image.mode.startswith("I"):
        grey = _to_8_bit(np.asarray(image))
        return np.repeat(grey[:, :, np.newaxis], 3, axis=2)
    if image.has_transparency_data:
        rgba = np.asarray(image.convert("RGBA"), dtype=np.uint8)
        alpha = rgba[:, :, 3:].astype(np.uint16)
        over_black = (rgba[:, :, :3] * alpha + 127) // 255
        return _reversed(over_black.astype(np.uint8))
    return _reversed(np.asarray(image.convert("RGB"), dtype=np.uint8))


def _reversed(rgb: UInt8) -> UInt8:
    return cast(UInt8, cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))


def _to_8_bit(grey: npt.NDArray[np.generic]) -> UInt8:
    """Scale 16-bit integers, or floats in 0..1, to 8 bits; what is wider is clipped."""
    unit = 1.0 if grey.dtype.kind == "f" else 65535.0
    scaled = np.nan_to_num(grey.astype(np.float64)) * (255.0 / unit)
    return np.asarray(np.clip(np.rint(scaled), 0, 255), dtype=np.uint8)
