"""A picture scaled into one of another shape, with equal bars at two sides: geometry only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sdpose_track.records import Float32, Float64

Size = tuple[int, int]
"""Width and height in pixels."""


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Where a picture of `source` lies in one of `size`: whole, as large as it can be, centred.

    It covers whole pixels (Wan's `padding_resize`), which may stretch one side by less than one.
    """

    source: Size
    size: Size

    @property
    def inner(self) -> Size:
        """What the picture covers."""
        (w, h), (width, height) = self.source, self.size
        if h * width > height * w:
            return max(1, height * w // h), height
        return width, max(1, width * h // w)

    @property
    def origin(self) -> tuple[int, int]:
        """Pixel `x, y` of its top left corner."""
        (width, height), (w, h) = self.size, self.inner
        return (width - w) // 2, (height - h) // 2

    @property
    def scale(self) -> tuple[float, float]:
        """Pixels in the new picture per pixel of the source, across and down."""
        (w, h), (inner_w, inner_h) = self.source, self.inner
        return inner_w / w, inner_h / h

    def points(self, keypoints: Float32) -> Float32:
        """Return (..., 2) `x, y` of the source as pixels of the new picture; NaN stays.

        Whole numbers are the centres of pixels in both, so what `cv2.resize` does to a pixel is
        done to a point on it. At the same size nothing changes by a bit.
        """
        if self.size == self.source:
            return keypoints
        corners: Float64 = np.asarray(keypoints, np.float64) + 0.5
        return np.asarray(corners * self.scale - 0.5 + self.origin, np.float32)
