"""Fits a picture into a network's input and maps its answers back.

Rectangular letterbox: the longer side is scaled to `size`, the shorter one padded with grey only up
to the next multiple of the network's stride. The arithmetic, down to the rounding, is that of the
code the YOLO checkpoints are scored with, so that boxes agree with it to the last digit.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from sdpose_track.records import Float32, UInt8

GREY = 114


@dataclass(frozen=True, slots=True)
class Letterbox:
    """How a picture of one size lies in a network's input."""

    height: int
    """Of the input, in pixels; a multiple of the stride."""
    width: int
    inner_height: int
    """Of the scaled picture inside the input."""
    inner_width: int
    top: int
    left: int
    gain: float
    """Input pixels per source pixel."""

    @classmethod
    def fit(cls, height: int, width: int, size: int, stride: int) -> Letterbox:
        """Return the letterbox of a `height` × `width` picture whose longer side becomes `size`."""
        gain = min(size / height, size / width)
        inner_h, inner_w = max(1, round(height * gain)), max(1, round(width * gain))
        pad_h, pad_w = -inner_h % stride, -inner_w % stride
        top, left = round(pad_h / 2 - 0.1), round(pad_w / 2 - 0.1)
        return cls(inner_h + pad_h, inner_w + pad_w, inner_h, inner_w, top, left, gain)

    def apply(self, image: UInt8) -> UInt8:
        """Return (height, width, 3) uint8: `image` (H, W, 3) scaled onto grey."""
        out = np.full((self.height, self.width, 3), GREY, np.uint8)
        inner = out[
            self.top : self.top + self.inner_height, self.left : self.left + self.inner_width
        ]
        if image.shape[:2] == inner.shape[:2]:
            inner[:] = image
        else:
            size = (self.inner_width, self.inner_height)
            inner[:] = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
        return out

    def undo(self, points: Float32) -> Float32:
        """Return (..., 2) `x, y` in source pixels for points in input pixels."""
        offset = np.array([self.left, self.top], np.float32)
        return np.asarray((points - offset) / np.float32(self.gain), dtype=np.float32)
