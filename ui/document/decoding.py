"""Decodes the pictures that somebody wants to look at, on a thread of its own.

There is one wish at a time, and the newest counts. What comes next in the direction of the wish is
decoded ahead; going backwards, a run of pictures is decoded forwards at once, since each alone
would cost the way from its key frame.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import cv2
import numpy as np
from PyQt6.QtGui import QImage

from sdpose_track.errors import SourceError
from sdpose_track.records import FrameState, UInt8
from sdpose_track.sources import Source
from ui.document.sketches import Sketches

AHEAD = 12
"""Pictures decoded beyond the wished one, in the direction of play."""
AROUND = 3
"""Pictures decoded on both sides of one that is looked at."""
PREVIEW_FROM = 8
"""Frames to decode on the way to a wish from which on something else is shown first."""
PATIENCE_S = 0.15
"""A way begun is gone to its end, whatever is wished meanwhile, where nothing new was shown for so
long: else nothing would be seen while somebody drags through a video."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One frame, ready to be painted."""

    index: int
    image: QImage | None
    """32 bits a pixel, upright, over memory that is not written any more; None if it was lost."""
    state: FrameState
    pixels: UInt8 | None = None
    """(H, W, 4) what `image` shows."""
    is_sketch: bool = False
    """It is unsharp, and the picture itself is being decoded."""

    @property
    def nbytes(self) -> int:
        """Memory of the pixels."""
        return 0 if self.pixels is None else self.pixels.nbytes


@dataclass(frozen=True, slots=True)
class Wish:
    """Which frame is wanted."""

    index: int
    step: int = 0
    """Wanted next: every `step`-th frame after it, or before it below 0; some of both at 0."""


class _OverTakenError(Exception):
    """Another frame is wanted now."""


class Decoding:
    """The thread and what it decoded. All methods may be called from any thread."""

    def __init__(
        self, opener: Callable[[], Source], tell: Callable[[], None], most_bytes: int
    ) -> None:
        """Begin to open what `opener` opens; `tell` is called when anything is new.

        Up to `most_bytes` of pictures are kept, the ones nearest to the wish.
        """
        self._opener = opener
        self._tell = tell
        self.most_bytes = most_bytes
        self._turn = threading.Condition()
        self._wish: Wish | None = None
        self._kept: dict[int, Picture] = {}
        self._closing = False
        self._shown_at = 0.0
        self._place = 0
        """Where the decoder is: the frame that was decoded last."""
        self._sketches: Sketches | None = None
        self._rests = False
        self.source: Source | None = None
        """Once it is open; to be read by this thread only, but for `info` and `times`."""
        self.error: BaseException | None = None
        """Why it could not be opened, or read on."""
        self._thread = threading.Thread(target=self._run, name="sdpose-pictures")
        self._thread.start()

    def wish(self, index: int, step: int = 0) -> None:
        """Want a frame, and those next to it."""
        with self._turn:
            self._wish = Wish(index, step)
            self._turn.notify()

    def get(self, index: int) -> Picture | None:
        """Return a frame that was decoded; None if it is not there, or not yet."""
        with self._turn:
            return self._kept.get(index)

    def nearest(self, index: int) -> Picture | None:
        """Return the decoded frame that is nearest to `index`; None without any."""
        with self._turn:
            if not self._kept:
                return None
            return self._kept[min(self._kept, key=lambda i: abs(i - index))]

    def rest(self, *, on: bool) -> None:
        """Make no sketches, since others need the processor, or go on making them."""
        with self._turn:
            self._rests = on
            self._turn.notify()

    def stop(self) -> None:
        """Ask the thread to end and to forget its pictures; nobody waits. Safe to call again."""
        with self._turn:
            self._closing = True
            self._turn.notify()

    def join(self) -> None:
        """Wait for the end of a thread that was asked to."""
        self._thread.join()

    @property
    def is_alive(self) -> bool:
        """Its thread has not ended."""
        return self._thread.is_alive()

    # -- on its thread -----------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            with self._opener() as source, Sketches(source) as sketches:
                self.source, self._sketches = source, sketches
                self._tell()
                while not self._closing:
                    wish = self._next(source, sketches)
                    if wish is not None:
                        self._serve(source, sketches, wish)
                    elif not self._closing:
                        sketches.make()
        except BaseException as error:  # noqa: BLE001  boundary: raised in the window's thread
            self.error = error
            self._tell()
        with self._turn:
            self._kept.clear()
            self._sketches = None

    def _next(self, source: Source, sketches: Sketches) -> Wish | None:
        """Wait for a wish that leaves something to decode; None to sketch meanwhile, or to end."""
        with self._turn:
            while not self._closing:
                wish = self._wish
                if wish is not None and next(self._missing(source, wish), None) is not None:
                    return wish
                is_idle = wish is not None and wish.step == 0 and not self._rests
                if is_idle and not sketches.is_done:
                    return None
                self._turn.wait()
            return None

    @property
    def sketched(self) -> int:
        """How many frames have a sketch."""
        sketches = self._sketches
        return 0 if sketches is None else len(sketches)

    def _missing(self, source: Source, wish: Wish) -> Iterator[int]:
        count = source.info.frame_count
        for index in self._wanted(source, wish):
            if index >= 0 and (count is None or index < count) and not self._has(index):
                yield index

    def _has(self, index: int) -> bool:
        picture = self._kept.get(index)
        return picture is not None and not picture.is_sketch

    def _wanted(self, source: Source, wish: Wish) -> tuple[int, ...]:
        """Return as many of the frames for a wish as can be kept."""
        return tuple(islice(_wanted(wish), self._room(source)))

    def _room(self, source: Source) -> int:
        """Return how many pictures can be kept: two at least, else nothing could be played."""
        return max(2, self.most_bytes // (4 * source.info.width * source.info.height))

    def _serve(self, source: Source, sketches: Sketches, wish: Wish) -> None:
        """Decode the first frame that `wish` leaves missing."""
        index = next(self._missing(source, wish))

        def looked() -> None:
            if self._closing or (self._wish is not wish and self._is_overtaken(source, index)):
                raise _OverTakenError

        try:
            if index == wish.index:
                self._preview(source, sketches, index, looked)
            if index < wish.index or wish.step < 0:
                for before in self._run_before(source, index, max(1, -wish.step)):
                    self._keep(source, self._read(source, before, looked))
            self._keep(source, self._read(source, index, looked))
        except _OverTakenError:
            return

    def _run_before(self, source: Source, index: int, stride: int) -> Iterator[int]:
        """Yield every `stride`-th frame before `index` that is on the way to it, ascending."""
        farthest = index - min(AHEAD, self._room(source)) * stride
        run = range(index - stride, max(source.entry(index) - 1, farthest), -stride)
        return (before for before in reversed(run) if not self._has(before))

    def _preview(
        self, source: Source, sketches: Sketches, index: int, looked: Callable[[], None]
    ) -> None:
        """If the way is long, show the sketch first, or else the key frame that it begins with."""
        entry = source.entry(index)
        begins = self._place if entry < self._place <= index else entry
        if index - begins < PREVIEW_FROM:
            return
        sketch = sketches.get(index)
        if sketch is not None:
            self._keep(source, _picture(index, sketch, FrameState.WHOLE, is_sketch=True))
        elif entry not in self._kept:
            self._keep(source, self._read(source, entry, looked))

    def _read(self, source: Source, index: int, looked: Callable[[], None]) -> Picture:
        try:
            frame = source.read(index, looked)
        except SourceError:
            return Picture(index, None, FrameState.LOST)
        self._place = index
        pixels = np.asarray(cv2.cvtColor(frame.image, cv2.COLOR_BGR2BGRA), np.uint8)
        return _picture(index, pixels, frame.state)

    def _is_overtaken(self, source: Source, index: int) -> bool:
        """Tell whether the frame on the way is of no use for the wish that has come since."""
        wish = self._wish
        if wish is None or index in self._wanted(source, wish):
            return False
        return time.monotonic() - self._shown_at < PATIENCE_S

    def _keep(self, source: Source, picture: Picture) -> None:
        with self._turn:
            self._kept[picture.index] = picture
            self._shown_at = time.monotonic()
            self._make_room(source, picture)
        self._tell()

    def _make_room(self, source: Source, newest: Picture) -> None:
        """Let go of what is farthest from the wish, and of what it does not want first."""
        used = sum(kept.nbytes for kept in self._kept.values())
        if used <= self.most_bytes or self._wish is None:
            return
        here, wanted = self._wish.index, self._wanted(source, self._wish)
        others = [i for i in self._kept if i not in wanted and i != newest.index]
        for index in sorted(others, key=lambda i: -abs(i - here)):
            used -= self._kept.pop(index).nbytes
            if used <= self.most_bytes:
                return


def _wanted(wish: Wish) -> Iterator[int]:
    """Yield the frames that a wish is served with, the most wanted first."""
    yield wish.index
    if wish.step:
        yield from (wish.index + wish.step * k for k in range(1, AHEAD + 1))
    else:
        yield from range(wish.index + 1, wish.index + AROUND + 1)
        yield from range(wish.index - 1, wish.index - AROUND - 1, -1)


def _picture(index: int, pixels: UInt8, state: FrameState, *, is_sketch: bool = False) -> Picture:
    height, width = pixels.shape[:2]
    memory: Any = pixels.data  # not in the stubs: it is not copied
    image = QImage(memory, width, height, 4 * width, QImage.Format.Format_RGB32)
    return Picture(index, image, state, pixels, is_sketch)
