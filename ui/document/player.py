"""Where we are in the video, and playing it at its own times, forwards, backwards, slow or fast.

A frame is shown from its time stamp to that of the next one, so uneven rates play as they are. What
cannot be decoded in time is left out and counted; what falls far behind plays slower instead.
"""

from __future__ import annotations

import time

from PyQt6.QtCore import QObject, Qt, QTimer, pyqtSignal

from ui.document.clock import NO_FRAMES, FrameClock
from ui.document.pictures import Pictures

SLOWEST, FASTEST = 0.1, 4.0
"""Of speeds, forwards and backwards."""
SCREEN_HZ = 60.0
"""More pictures a second than this are not decoded."""
PATIENCE_S = 0.25
"""Seconds behind from which on playing goes on slower, instead of leaving out more."""


class Player(QObject):
    """The current frame. Whatever moves, moves through here."""

    moved = pyqtSignal(int)
    """Index of the current frame."""
    playing_changed = pyqtSignal(bool)
    speed_changed = pyqtSignal(float)
    marks_changed = pyqtSignal()
    """In, out or loop."""
    clock_changed = pyqtSignal()
    """There are other frames."""

    def __init__(self, pictures: Pictures, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pictures = pictures
        self.clock: FrameClock = NO_FRAMES
        self.frame = 0
        """Index of the current frame."""
        self.speed = 1.0
        """Times the video's own; below 0 backwards."""
        self.is_playing = False
        self.loops = False
        self.mark_in: int | None = None
        self.mark_out: int | None = None
        self.left_out = 0
        """Pictures that were not shown in time since playing began."""
        self._anchor = (0.0, 0.0)
        """A moment, in seconds of `time.monotonic`, and the time in the video then."""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._advance)
        pictures.arrived.connect(self._arrived)

    # -- what there is -----------------------------------------------------------------------------

    def show(self, clock: FrameClock, *, keep: bool = False) -> None:
        """Move over the frames of `clock`; from its first one on unless the place is to be kept."""
        self.clock = clock
        if not (keep and len(clock.indices)):
            self.pause()
        if not keep:
            self.mark_in = self.mark_out = None
            self.frame = clock.first
            self.set_speed(1.0)
            self.marks_changed.emit()
        self.clock_changed.emit()
        self.seek(self.frame)

    @property
    def marked(self) -> range:
        """The frames from the in mark to the out mark, or all."""
        indices = self.clock.indices
        first = indices.start if self.mark_in is None else self.mark_in
        stop = indices.stop if self.mark_out is None else self.mark_out + 1
        return range(max(first, indices.start), min(stop, indices.stop))

    # -- going somewhere ---------------------------------------------------------------------------

    def seek(self, index: int) -> None:
        """Go to a frame, or the nearest there is. While playing, play on from there."""
        self._go(self.clock.clamped(index))
        if self.is_playing:
            self._begin()

    def step(self, frames: int) -> None:
        """Go some frames on (or back, below 0), and stay there."""
        self.pause()
        self._go(self.clock.clamped(self.frame + frames), towards=1 if frames > 0 else -1)

    def jump(self, seconds: float) -> None:
        """Go some seconds on, or back."""
        self.seek(self.clock.moved(self.frame, seconds))

    def _go(self, index: int, towards: int = 0) -> None:
        self.frame = index
        self._pictures.wish(index, towards)
        self.moved.emit(index)

    # -- playing -----------------------------------------------------------------------------------

    def play(self) -> None:
        """Play on at the speed there is; from the beginning if we are at the end."""
        if self.is_playing or not len(self.clock.indices):
            return
        inside = self.marked or self.clock.indices
        if self.speed > 0 and self.frame >= inside[-1]:
            self._go(inside[0])
        elif self.speed < 0 and self.frame <= inside[0]:
            self._go(inside[-1])
        self.is_playing, self.left_out = True, 0
        self.playing_changed.emit(True)
        self._begin()

    def pause(self) -> None:
        """Stay where we are."""
        self._timer.stop()
        if self.is_playing:
            self.is_playing = False
            self._pictures.wish(self.frame)
            self.playing_changed.emit(False)

    def toggle(self) -> None:
        """Play or pause. What was played backwards is played forwards then."""
        if self.is_playing:
            self.pause()
        else:
            self.set_speed(abs(self.speed))
            self.play()

    def shuttle(self, way: int, factor: float = 2.0) -> None:
        """Play forwards (1) or backwards (-1); while that is so, `factor` times as fast."""
        if not self.is_playing:
            self.set_speed(way * factor / 2)
            self.play()
        elif self.speed * way < 0:
            self.set_speed(way * factor / 2)
        else:
            self.set_speed(self.speed * factor)

    def set_speed(self, speed: float) -> None:
        """Play at `speed` times the video's own, -4 to -0.1 or 0.1 to 4; the nearest there is."""
        size = min(max(abs(speed), SLOWEST), FASTEST)
        speed = size if speed >= 0 else -size
        if speed != self.speed:
            self.speed = speed
            self.speed_changed.emit(speed)
            if self.is_playing:
                self._begin()

    def scale_speed(self, factor: float) -> None:
        """Play faster or slower by a factor."""
        self.set_speed(self.speed * factor)

    @property
    def stride(self) -> int:
        """How many frames lie between two that are shown: fast video is not decoded in full."""
        wanted = abs(self.speed) * float(self.clock.rate) / SCREEN_HZ
        return max(1, round(wanted))

    def _begin(self) -> None:
        """Count the time from here."""
        self._anchor = (time.monotonic(), self.clock.time_of(self.frame))
        self._pictures.wish(self.frame, self._step())
        self._wait()

    @property
    def _end(self) -> int:
        """The frame at which playing ends."""
        inside = self.marked or self.clock.indices
        return inside[-1] if self.speed > 0 else inside[0]

    def _step(self) -> int:
        """Return how far it is to the next frame that is shown; the end is shown too."""
        way = 1 if self.speed > 0 else -1
        return way * max(1, min(self.stride, way * (self._end - self.frame)))

    def _due(self) -> float:
        """Return the time in the video that is due now."""
        moment, seconds = self._anchor
        return seconds + (time.monotonic() - moment) * self.speed

    def _frame_due(self) -> int:
        """Return the frame to show now. Backwards, one begins where it ended forwards."""
        seconds = self._due()
        index = self.clock.at(seconds)
        is_inside = self.speed < 0 and self.clock.time_of(index) < seconds
        return self.clock.clamped(index + 1) if is_inside else index

    def _wait(self) -> None:
        """Wake up when the next frame is due."""
        following = self.frame + self._step()
        ahead = (self.clock.time_of(following) - self._due()) / self.speed
        if following not in self.clock.indices:
            ahead = self.clock.usual_s / abs(self.speed)
        self._timer.start(max(0, round(ahead * 1000)))

    def _advance(self) -> None:
        """Show the newest frame that is due and there."""
        end, step = self._end, self._step()
        if (end - self.frame) * step <= 0:
            self._at_the_end()
            return
        due = self._frame_due()
        steps = max(0, (due - self.frame) // step)
        for taken in range(steps, 0, -1):
            index = self.frame + taken * step
            if (end - index) * step < 0:
                index = end
            if self._pictures.get(index) is not None or not self._pictures.is_open:
                self.left_out += taken - 1
                self._show(index)
                return
        if steps:
            self._fall_behind()
        else:
            self._wait()

    def _show(self, index: int) -> None:
        self.frame = index
        self._pictures.wish(index, self._step())
        self.moved.emit(index)
        if self.is_playing:
            self._wait()

    def _fall_behind(self) -> None:
        """Wait for the picture that is late: `_arrived` goes on. Do not run away from it."""
        late = abs(self._due() - self.clock.time_of(self.frame + self._step()))
        if late > PATIENCE_S * abs(self.speed):
            self._anchor = (time.monotonic(), self.clock.time_of(self.frame + self._step()))

    def _arrived(self) -> None:
        if self.is_playing and not self._timer.isActive():
            self._advance()

    def _at_the_end(self) -> None:
        if not self.loops:
            self.pause()
            return
        inside = self.marked or self.clock.indices
        self._go(inside[0] if self.speed > 0 else inside[-1])
        self._begin()

    # -- in and out --------------------------------------------------------------------------------

    def set_in(self, index: int | None) -> None:
        """Mark where to begin; an out mark before it is taken away."""
        self.mark_in = index
        if index is not None and self.mark_out is not None and self.mark_out < index:
            self.mark_out = None
        self.marks_changed.emit()

    def set_out(self, index: int | None) -> None:
        """Mark where to end, that frame included; an in mark after it is taken away."""
        self.mark_out = index
        if index is not None and self.mark_in is not None and self.mark_in > index:
            self.mark_in = None
        self.marks_changed.emit()

    def clear_marks(self) -> None:
        """Take both marks away."""
        self.mark_in = self.mark_out = None
        self.marks_changed.emit()

    def set_loops(self, loops: bool) -> None:
        """Begin again at the end."""
        if loops != self.loops:
            self.loops = loops
            self.marks_changed.emit()
