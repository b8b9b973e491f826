"""From FFmpeg's picture to the upright BGR image with square pixels that every stage works on."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.sidedata.sidedata import SideData
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

from sdpose_track.records import UInt8
from sdpose_track.sources.geometry import (
    Orientation,
    check_size,
    fit,
    letterbox,
    sealed,
    square_size,
)

log = logging.getLogger(__name__)

_SANE_ASPECT = (Fraction(1, 8), Fraction(8))
_UNSPECIFIED = 2  # AVCOL_SPC_UNSPECIFIED


@dataclass(frozen=True, slots=True)
class Layout:
    """How the stored pictures of one file are brought to the one size that all frames have."""

    stored: tuple[int, int]
    """Width and height of the first picture as stored, in pixels."""
    aspect: Fraction
    """Width of a stored pixel over its height."""
    orientation: Orientation

    @classmethod
    def of(cls, picture: VideoFrame, aspect: Fraction | None) -> Layout:
        """Return the layout of the file whose first picture is `picture`.

        A pixel aspect that no camera ever had is taken for damage and for square.
        """
        low, high = _SANE_ASPECT
        sane = aspect if aspect and low <= aspect <= high else Fraction(1)
        return cls((picture.width, picture.height), sane, orientation_of(picture))

    @property
    def flat(self) -> tuple[int, int]:
        """Width and height with square pixels, before the turn."""
        return square_size(*self.stored, self.aspect)

    @property
    def upright(self) -> tuple[int, int]:
        """Width and height of every frame that the source yields."""
        return self.orientation.size(*self.flat)


def orientation_of(picture: VideoFrame) -> Orientation:
    """Return how `picture` must be mirrored and turned, by the display matrix that it carries."""
    try:
        matrix = picture.side_data.get("DISPLAYMATRIX")
    except ValueError:  # it carries more, of a kind that PyAV does not know, such as EXIF
        return Orientation(round(-picture.rotation / 90) * 90 % 360)
    return (
        Orientation.from_display_matrix(bytes(matrix))
        if isinstance(matrix, SideData)
        else Orientation()
    )


class Painter:
    """Converts the pictures of one file. Belongs to one thread."""

    def __init__(self, name: str, layout: Layout) -> None:
        self._name = name
        self._layout = layout
        self._reformatter = VideoReformatter()
        self._told_of_size = False

    def paint(self, picture: VideoFrame) -> UInt8:
        """Return `picture` as a read-only (H, W, 3) BGR image of the layout's upright size.

        Raises:
            SourceError: the picture is above the limit of size.
        """
        check_size(self._name, picture.width, picture.height)
        if (picture.width, picture.height) == self._layout.stored:
            image = self._bgr(picture, self._layout.flat)
        else:
            image = self._refitted(picture)
        return sealed(self._layout.orientation.apply(image))

    def _refitted(self, picture: VideoFrame) -> UInt8:
        if not self._told_of_size:
            self._told_of_size = True
            log.warning(
                "%s changes its picture size from %d × %d to %d × %d; it is scaled to the first.",
                self._name,
                *self._layout.stored,
                picture.width,
                picture.height,
            )
        flat = self._layout.flat
        shape = square_size(picture.width, picture.height, self._layout.aspect)
        return letterbox(self._bgr(picture, fit(*shape, flat)), flat)

    def _bgr(self, picture: VideoFrame, size: tuple[int, int]) -> UInt8:
        """Convert in one call of swscale, which reads matrix and range off the picture's tags."""
        if size == (picture.width, picture.height):
            how = Interpolation.FAST_BILINEAR
        elif size[0] < picture.width:
            how = Interpolation.AREA
        else:
            how = Interpolation.BILINEAR
        try:
            scaled = self._scaled(picture, size, how)
        except av.error.FFmpegError:
            # A matrix that swscale has no figures for: better slightly off than no picture.
            picture.colorspace = _UNSPECIFIED
            scaled = self._scaled(picture, size, how)
        return np.asarray(scaled.to_ndarray(), dtype=np.uint8)

    def _scaled(self, picture: VideoFrame, size: tuple[int, int], how: Interpolation) -> VideoFrame:
        return self._reformatter.reformat(
            picture, width=size[0], height=size[1], format="bgr24", interpolation=how
        )
