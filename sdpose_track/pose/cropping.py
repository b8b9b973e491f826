"""Where in a picture SDPose looks for a person: geometry only, no pixels.

Two ways are known. `udp` is the one that SDPose was trained and scored with: the box grows by a
quarter and to the input's proportions, and may reach beyond the picture (Huang et al., "The Devil
Is in the Details", CVPR 2020). `stretch` is that of SDPose's own demo: the whole pixels of the box,
stretched to the input. Either way input pixels become source pixels by one formula,
`Crop.to_image`. Only numpy may enter; `sampling` reads the pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sdpose_track.records import Float32, Float64

PADDING = 1.25
"""Sides of the udp crop over those of the box: limbs reach beyond boxes."""
INPUT_SIZE = (768, 1024)
"""(width, height) of the input at which SDPose was trained, in pixels."""
LEAST_SIDE = 2.0**-10
"""A box thinner than this many pixels is empty: no picture is sampled more finely."""
LARGEST = 2.0**24
"""From here on float32 does not tell neighbouring pixels apart."""


@dataclass(frozen=True, slots=True)
class Crop:
    """The part of a picture that becomes the network's input."""

    origin: tuple[float, float]
    """`x, y` in source pixels of the point (0, 0) of the input."""
    size: tuple[float, float]
    """(width, height) in source pixels."""
    input_size: tuple[int, int]
    """(width, height) of the input in pixels."""
    antialias: bool
    """Whole source pixels are scaled to the input, averaged where it is smaller (`stretch`); else
    the centres of the outermost input pixels lie on the edges of the crop, and each input pixel is
    interpolated between the four source pixels around it (`udp`)."""

    def to_image(self, points: npt.ArrayLike) -> Float64:
        """Return (..., 2) `x, y` in source pixels for (..., 2) points in input pixels.

        The decoder's input pixels: 0 is the first pixel's centre, `input_size` the last one's. NaN
        stays NaN, and nothing is clipped to the picture.
        """
        shares = np.asarray(points, np.float64) / self.input_size
        return np.asarray(shares * self.size + self.origin, np.float64)


def udp_crop(
    box: Float32, _picture: tuple[int, int], input_size: tuple[int, int] = INPUT_SIZE
) -> Crop:
    """Return the crop that SDPose is trained and scored with.

    `box` is (4,) `x1, y1, x2, y2` in pixels; the picture's size does not matter. The arithmetic is
    float32 like the reference's, so that crops agree to the last bit. Raises ValueError for a box
    that is empty or not finite.
    """
    low, high = _corners(box)
    centre = (low + high) * np.float32(0.5)
    width, height = (high - low) * np.float32(PADDING)
    proportion = np.float32(input_size[0] / input_size[1])
    if width > height * proportion:
        height = width / proportion
    else:
        width = height * proportion
    x, y = float(centre[0]) - float(width) / 2, float(centre[1]) - float(height) / 2
    return Crop((x, y), (float(width), float(height)), input_size, antialias=False)


def stretch_crop(
    box: Float32, picture: tuple[int, int], input_size: tuple[int, int] = INPUT_SIZE
) -> Crop:
    """Return the whole pixels of the box that lie in the picture, as SDPose's demo cuts them.

    `box` is (4,) `x1, y1, x2, y2` in pixels, `picture` (width, height). Raises ValueError for a box
    that is empty or not finite, and for one that keeps no whole pixel inside the picture.
    """
    low, high = _corners(box)
    left, top = (max(0, int(corner)) for corner in low)
    right, bottom = (min(end, int(corner)) for end, corner in zip(picture, high, strict=True))
    if right <= left or bottom <= top:
        width, height = picture
        raise ValueError(
            f"the box {_named(box)} keeps no whole pixel of the {width}×{height} picture; give a"
            " box that lies in it"
        )
    return Crop((left, top), (right - left, bottom - top), input_size, antialias=True)


CROPS: dict[str, Callable[[Float32, tuple[int, int], tuple[int, int]], Crop]] = {
    "udp": udp_crop,
    "stretch": stretch_crop,
}
"""From the names in `settings.CROPS`. Each takes a box, the (width, height) of the picture and that
of the input."""


def touches(box: Float32, picture: tuple[int, int]) -> bool:
    """Return whether (4,) `x1, y1, x2, y2` covers some of a picture of (width, height) pixels.

    False for a box that is empty or has a corner that is NaN.
    """
    x1, y1, x2, y2 = (float(corner) for corner in box)
    width, height = picture
    return max(x1, 0) < min(x2, width) and max(y1, 0) < min(y2, height)


def _corners(box: Float32) -> tuple[Float32, Float32]:
    """Return the corners of a box; raise ValueError if it is empty or not finite."""
    corners = np.asarray(box, np.float32)
    low, high = corners[:2], corners[2:]
    if not (np.abs(corners) < LARGEST).all():
        raise ValueError(f"the box {_named(box)} is not finite; give four numbers of pixels")
    if not (high - low >= LEAST_SIDE).all():
        raise ValueError(f"the box {_named(box)} is empty; give one with x1 < x2 and y1 < y2")
    return low, high


def _named(box: Float32) -> str:
    return ", ".join(f"{float(corner):g}" for corner in box)
