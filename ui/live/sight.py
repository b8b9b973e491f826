"""A frame made ready to be painted, which no thread of the window has to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from PyQt6.QtGui import QImage

from sdpose_track.live.records import LiveResult
from sdpose_track.records import UInt8


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """One frame with its people."""

    result: LiveResult
    image: QImage
    """In the format that Qt paints four times as fast as the library's own."""
    pixels: UInt8
    """(H, W, 4), which `image` does not copy."""


def sight_of(result: LiveResult) -> Sight:
    """Return a result ready to be painted. From any thread; 0.3 ms at 1080p."""
    pixels = np.asarray(cv2.cvtColor(result.frame.image, cv2.COLOR_BGR2BGRA), np.uint8)
    height, width = pixels.shape[:2]
    memory: Any = pixels.data  # not in the stubs: it is not copied
    image = QImage(memory, width, height, 4 * width, QImage.Format.Format_RGB32)
    return Sight(result, image, pixels)
