"""The time axis: which seconds are in view, and where on it a frame lies. No Qt may enter.

The axis is time, so frames of an uneven rate are as wide as they are long.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sdpose_track.records import Float64, Int32
from ui.document.clock import FrameClock

FEWEST_FRAMES = 8
"""In view when zoomed in as far as it goes."""
_TURNED = 0.1
"""Where in the view, 0..1, the frame lies with which a new page begins."""
_NEAR = 0.25
"""So much of a view outside of it is near: the view moves no farther than it must."""


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """The seconds from `start` to `start + span` laid over `width` pixels."""

    clock: FrameClock
    width: float
    """Pixels, 1 or more."""
    start: float
    """Seconds from the first frame of the source, at the left."""
    span: float
    """Seconds in view, above 0."""

    @classmethod
    def whole(cls, clock: FrameClock, width: float) -> Scale:
        """Return the scale that has all frames in view."""
        begin, end = clock.time_of(clock.first), clock.end_of(clock.last)
        return cls(clock, max(1.0, width), begin, max(end - begin, 1e-6))

    # -- seconds, frames and pixels ----------------------------------------------------------------

    @property
    def frame_width(self) -> float:
        """How many pixels a frame usually has."""
        return self.clock.usual_s * self.width / self.span

    def x_of_time(self, seconds: float) -> float:
        """Return where a time is, in pixels from the left."""
        return (seconds - self.start) * self.width / self.span

    def x_of(self, index: int) -> float:
        """Return where a frame begins, in pixels from the left."""
        return self.x_of_time(self.clock.time_of(index))

    def end_x_of(self, index: int) -> float:
        """Return where a frame gives way to the next, in pixels from the left."""
        return self.x_of_time(self.clock.end_of(index))

    def time_at(self, x: float) -> float:
        """Return the seconds at a pixel."""
        return self.start + x * self.span / self.width

    def middles(self, indices: Int32) -> Float64:
        """Return (n,) where the middles of frames are, in pixels from the left."""
        seconds = self.clock.seconds
        if not len(seconds):
            return np.zeros(len(indices))
        places = np.clip(indices - self.clock.first, 0, len(seconds) - 1)
        ends = np.append(seconds[1:], self.clock.end_of(self.clock.last))
        times = (seconds[places] + ends[places]) / 2
        return np.asarray((times - self.start) * (self.width / self.span))

    def frame_at(self, x: float) -> int:
        """Return the frame that is shown at a pixel; the first or last one outside."""
        return self.clock.at(self.time_at(x))

    def border_at(self, x: float) -> int:
        """Return the frame whose beginning is nearest to a pixel; one past the last at the end."""
        index = self.frame_at(x)
        return index if x - self.x_of(index) <= self.end_x_of(index) - x else index + 1

    def frames_in_view(self) -> range:
        """Return the frames of which a part is in view."""
        if not len(self.clock.indices):
            return range(0)
        return range(self.frame_at(0), self.frame_at(self.width) + 1)

    def edges(self, count: int) -> Int32:
        """Return (count + 1,) frame indices: column c of `count` equal ones shows the frames from
        its edge to the next one's, and at least that of its edge.
        """
        times = self.start + np.arange(count + 1) * (self.span / count)
        places = np.searchsorted(self.clock.seconds, times + 1e-9, side="right") - 1
        return np.asarray(np.maximum(places, 0) + self.clock.first, np.int32)

    # -- other views -------------------------------------------------------------------------------

    @property
    def is_whole(self) -> bool:
        """All frames are in view."""
        return self.span >= self._whole_span * (1 - 1e-9)

    def fitted(self) -> Scale:
        """Return the view of all frames."""
        return Scale.whole(self.clock, self.width)

    def resized(self, width: float) -> Scale:
        """Return the same seconds over another width in pixels."""
        return replace(self, width=max(1.0, width))

    def over(self, clock: FrameClock) -> Scale:
        """Return the same view of other frames; if all were in view, all are again."""
        if self.is_whole:
            return Scale.whole(clock, self.width)
        return replace(self, clock=clock).zoomed(1, 0)

    def zoomed(self, factor: float, x: float) -> Scale:
        """Return the view `factor` times as close, with what is at pixel `x` kept there."""
        shortest = min(FEWEST_FRAMES * self.clock.usual_s, self._whole_span)
        span = min(max(self.span / factor, shortest), self._whole_span)
        return self._view(self.time_at(x) - x / self.width * span, span)

    def scrolled(self, pixels: float) -> Scale:
        """Return the view some pixels to the right (or left, below 0)."""
        return self._view(self.start + pixels * self.span / self.width, self.span)

    def shows(self, index: int) -> bool:
        """Tell whether a frame begins in view."""
        return -0.5 <= self.x_of(index) <= self.width + 0.5

    def showing(self, index: int, *, turning: bool = False) -> Scale:
        """Return the view with a frame in it: the same one if it is, else no farther than needed
        if it is near, else with the frame in the middle; `turning` like the pages of a book.
        """
        if self.shows(index):
            return self
        x = self.x_of(index)
        if turning and x > 0:
            return self.scrolled(x - _TURNED * self.width)
        if -_NEAR * self.width < x < (1 + _NEAR) * self.width:
            return self.scrolled(x if x < 0 else x - self.width)
        return self.scrolled(x - self.width / 2)

    @property
    def _whole_span(self) -> float:
        return Scale.whole(self.clock, self.width).span

    def _view(self, start: float, span: float) -> Scale:
        """Return a view with no more of nothing in it than there must be."""
        whole = Scale.whole(self.clock, self.width)
        last = whole.start + whole.span - span
        return replace(self, start=max(whole.start, min(start, last)), span=span)
