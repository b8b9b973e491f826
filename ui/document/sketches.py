"""Small copies of a video's pictures, made while nothing else is to be decoded.

A seek may have to decode two seconds of video; its sketch is there at once, and the picture itself
follows. They are kept compressed: a long video has one for every few frames.
"""

from __future__ import annotations

from collections.abc import Generator

import cv2
import numpy as np

from sdpose_track.closing import Closing
from sdpose_track.errors import SourceError
from sdpose_track.records import Frame, UInt8
from sdpose_track.sources import Source

MOST_BYTES = 192 << 20
LONGER_SIDE = 960
"""Of a sketch, in pixels."""
QUALITY = 80
"""Of its JPEG, 0..100."""
USUAL_BYTES = 64 << 10
"""Of one sketch, more or less: by this a long video has one for every few frames only."""


class Sketches(Closing):
    """The sketches of one source. Belongs to the thread that decodes."""

    def __init__(self, source: Source, most_bytes: int = MOST_BYTES) -> None:
        """Keep up to `most_bytes` of sketches; nothing is decoded yet."""
        self._source = source
        self._most = most_bytes
        self._made: dict[int, UInt8] = {}
        self._used = 0
        self._stride = 1 + (source.info.frame_count or 0) * USUAL_BYTES // most_bytes
        self._coming: Generator[Frame, None, None] | None = None
        self.is_done = source.info.kind != "video"
        """There are all that there will be: single pictures are as fast themselves."""

    def __len__(self) -> int:
        return len(self._made)

    def make(self) -> None:
        """Make one more; where the source cannot be read any more, those that are there are all."""
        if self._coming is None:
            self._coming = self._source.frames()
        try:
            frame = next(self._coming, None)
        except SourceError:
            frame = None
        if frame is None or self._used > self._most:
            self.is_done = True
            self.close()
        elif frame.index % self._stride == 0:
            sketch = _small(frame.image)
            self._made[frame.index] = sketch
            self._used += sketch.nbytes

    def get(self, index: int) -> UInt8 | None:
        """Return a frame in the source's size, (H, W, 4) BGRA, unsharp; None if there is none."""
        made = self._made.get(index)
        if made is None:
            return None
        picture = cv2.imdecode(made, cv2.IMREAD_COLOR)
        size = (self._source.info.width, self._source.info.height)
        large = cv2.resize(np.asarray(picture), size, interpolation=cv2.INTER_LINEAR)
        return np.asarray(cv2.cvtColor(large, cv2.COLOR_BGR2BGRA), np.uint8)

    def close(self) -> None:
        """Decode no more; what was made stays. Safe to call again."""
        if self._coming is not None:
            self._coming.close()
        self._coming = None


def _small(image: UInt8) -> UInt8:
    height, width = image.shape[:2]
    scale = LONGER_SIDE / max(height, width)
    if scale < 1:
        size = max(1, round(scale * width)), max(1, round(scale * height))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    _, made = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return np.asarray(made, np.uint8)
