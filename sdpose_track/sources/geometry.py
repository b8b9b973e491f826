"""How a stored picture becomes upright, how large it may be, and how an odd one is made to fit.

Shared by videos and pictures, so that both turn, mirror and letterbox alike.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import cv2
import numpy as np

from sdpose_track.errors import SourceError
from sdpose_track.records import UInt8

MAX_SIDE = 16384
"""Largest width and height of a picture, in pixels."""
MAX_PIXELS = 150_000_000
"""Largest area of a picture: 450 MB as BGR."""

_TURNS = {
    90: cv2.ROTATE_90_CLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_COUNTERCLOCKWISE,
}
_EXIF = {
    2: (0, True),
    3: (180, False),
    4: (180, True),
    5: (270, True),
    6: (90, False),
    7: (90, True),
    8: (270, False),
}


@dataclass(frozen=True, slots=True)
class Orientation:
    """What must be done to a stored picture to see it upright: mirror first, then turn."""

    rotation: int = 0
    """Degrees clockwise: 0, 90, 180 or 270."""
    mirrored: bool = False
    """Left and right change places before the turn."""

    @classmethod
    def from_display_matrix(cls, data: bytes) -> Orientation:
        """Read FFmpeg's display matrix: nine int32, row by row.

        Read here because FFmpeg's own reading, an angle alone, takes a mirror for a half turn.
        A matrix that shears, or turns by something between, counts as the nearest quarter turn.
        """
        if len(data) < 36:
            return cls()
        a, b, _, c, d, *_ = struct.unpack("=9i", data[:36])
        mirrored = a * d - b * c < 0
        if mirrored:
            a, b = -a, -b
        if not (a or b):
            return cls()
        if abs(a) >= abs(b):
            return cls(0 if a > 0 else 180, mirrored)
        return cls(90 if b > 0 else 270, mirrored)

    @classmethod
    def from_exif(cls, tag: object) -> Orientation:
        """Read the value of the EXIF tag 0x0112; what is no such value means upright."""
        known = tag if isinstance(tag, int) else 1
        return cls(*_EXIF.get(known, (0, False)))

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Return the upright size of a stored `width` × `height`, in pixels."""
        return (height, width) if self.rotation in (90, 270) else (width, height)

    def apply(self, image: UInt8) -> UInt8:
        """Return the (H, W, 3) `image` upright; the same array where nothing is to be done."""
        if self.mirrored:
            image = cast(UInt8, cv2.flip(image, 1))
        turn = _TURNS.get(self.rotation)
        return image if turn is None else cast(UInt8, cv2.rotate(image, turn))


def check_size(name: str, width: int, height: int) -> None:
    """Refuse a picture that would fill the memory.

    Raises:
        SourceError: a side is above `MAX_SIDE` or the area above `MAX_PIXELS`.
    """
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise SourceError(
            f"{name} is {width} × {height} pixels, more than the limit of {MAX_SIDE} a side and "
            f"{MAX_PIXELS // 1_000_000} megapixels; scale it down first."
        )


def square_size(width: int, height: int, aspect: Fraction) -> tuple[int, int]:
    """Return the size with square pixels: the height stays, the width is scaled by `aspect`."""
    return max(1, round(width * aspect)), height


def fit(width: int, height: int, into: tuple[int, int]) -> tuple[int, int]:
    """Return the largest size of the same shape that fits `into` (width, height), in pixels."""
    scale = min(Fraction(into[0], width), Fraction(into[1], height))
    return (
        max(1, min(into[0], round(width * scale))),
        max(1, min(into[1], round(height * scale))),
    )


def letterbox(image: UInt8, into: tuple[int, int]) -> UInt8:
    """Return `image` in the middle of a black picture of (width, height) `into`.

    It is scaled where its shape does not already fit on one axis.
    """
    height, width = image.shape[:2]
    inner = fit(width, height, into)
    if inner != (width, height):
        smaller = inner[0] < width
        how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        image = cast(UInt8, cv2.resize(image, inner, interpolation=how))
    left, top = (into[0] - inner[0]) // 2, (into[1] - inner[1]) // 2
    canvas = np.zeros((into[1], into[0], 3), np.uint8)
    canvas[top : top + inner[1], left : left + inner[0]] = image
    return canvas


def sealed(image: UInt8) -> UInt8:
    """Return `image` contiguous and read-only, as every `Frame` holds it."""
    own = np.ascontiguousarray(image)
    own.flags.writeable = False
    return own
