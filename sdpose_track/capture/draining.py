"""A live source: a thread of its own drains it always, and hands over the newest picture.

Neither `frames` nor `interrupt` ever waits for a device or for FFmpeg, so a run ends at once even
when a camera says nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing

from av.video.frame import VideoFrame

from sdpose_track.capture.clock import LIVE_TIME_BASE
from sdpose_track.capture.feed import Cue, Feed
from sdpose_track.capture.lasting import lasting
from sdpose_track.capture.newest import Newest
from sdpose_track.closing import Closing
from sdpose_track.errors import SourceError
from sdpose_track.records import Frame, SourceInfo, UInt8
from sdpose_track.sources.geometry import check_size, letterbox, sealed
from sdpose_track.sources.painter import Layout, Painter
from sdpose_track.threads import begin


class LiveSource(Closing):
    """Frames of a camera, a stream or a rehearsal, as they come. `open_live` makes one."""

    def __init__(self, feed: Feed, notice: Callable[[str], None], patience_s: float) -> None:
        """Open nothing yet. `notice` is told sentences, on the capture thread."""
        self._feed = feed
        self._notice = notice
        self._patience_s = patience_s
        self._cue = Cue()
        self._newest = Newest()
        self._thread = threading.Thread(target=self._drain, name="sdpose-capture", daemon=True)
        self._info: SourceInfo | None = None
        self._painter: Painter | None = None

    @property
    def info(self) -> SourceInfo:
        """What is known since the first picture came."""
        if self._info is None:
            raise RuntimeError("the live source has not been opened")
        return self._info

    @property
    def arrived(self) -> int:
        """Pictures that came since the first one that `frames` took, that one included."""
        return self._newest.arrived

    @property
    def left_out(self) -> int:
        """Those of them that were never taken, because a newer one came."""
        return self._newest.left_out

    def open(self) -> None:
        """Start the capture thread and wait for the first picture.

        Raises:
            SourceError: it cannot be opened, sends no picture, or was interrupted meanwhile.
            DeviceError: this machine gives no more threads.
        """
        begin(self._thread)
        first = self._newest.look()
        if first is None:
            why = "was stopped before" if self._cue.stop.is_set() else "ended before"
            raise SourceError(f"{self._feed.name} {why} its first picture came; start it again.")
        self._info = self._described(first.picture)

    def frames(self, start: int = 0) -> Generator[Frame, None, None]:
        """Yield the newest picture each time it is asked for one; once, and from the first only.

        Frames are numbered in the order in which they came: a gap tells what was left out. It ends
        with the source, or at once when interrupted.

        Raises:
            SourceError: the camera was unplugged, or patience with the stream is over.
        """
        if start:
            raise SourceError(f"{self._feed.name} is live: it has no frame {start} to begin with.")
        self._cue.begin.set()
        began = time.monotonic()
        zero: int | None = None
        while (taken := self._newest.take()) is not None:
            number, arrival = taken
            zero = arrival.ticks if zero is None else zero
            ticks = arrival.ticks - zero
            yield Frame(
                index=number,
                pts=ticks,
                time=ticks * LIVE_TIME_BASE,
                image=self._painted(arrival.picture),
                state=arrival.state,
                arrived=max(arrival.arrived, began),  # what waited for this is not late
            )

    def interrupt(self) -> None:
        """End `frames` at once. Safe from any thread and signal handler, any number of times."""
        self._cue.stop.set()
        self._cue.begin.set()
        self._newest.abort()

    def close(self, patience_s: float | None = None) -> None:
        """Interrupt, and wait until the device is free: at most as long as a read may take.

        With `patience_s` no longer than that, for a program that ends now: FFmpeg may listen to a
        silent stream for many seconds, and what it holds is given back with the process.
        """
        self.interrupt()
        if self._thread.ident is not None:
            blocks = self._feed.blocks_s
            self._thread.join(blocks if patience_s is None else min(blocks, patience_s))

    # -- on the capture thread ---------------------------------------------------------------------

    def _drain(self) -> None:
        arrivals = lasting(self._feed, self._cue, self._notice, self._patience_s)
        try:
            with closing(arrivals):
                for arrival in arrivals:
                    self._newest.put(arrival)
                    if self._cue.stop.is_set():
                        break
            self._newest.end()
        except BaseException as error:  # noqa: BLE001  boundary: `frames` raises it again
            self._newest.end(error)

    # -- on the thread of `frames` -----------------------------------------------------------------

    def _painted(self, picture: VideoFrame | UInt8) -> UInt8:
        size = (self.info.width, self.info.height)
        if isinstance(picture, VideoFrame):
            if self._painter is None:
                raise RuntimeError("a feed gives either FFmpeg's pictures or painted ones")
            return self._painter.paint(picture)
        check_size(self._feed.name, picture.shape[1], picture.shape[0])
        return sealed(picture if picture.shape[1::-1] == size else letterbox(picture, size))

    def _described(self, picture: VideoFrame | UInt8) -> SourceInfo:
        look, name = self._feed.look, self._feed.name
        if isinstance(picture, VideoFrame):
            check_size(name, picture.width, picture.height)
            layout = Layout.of(picture, look.aspect)
            self._painter = Painter(name, layout)
            width, height = layout.upright
        else:
            height, width = picture.shape[:2]
        check_size(name, width, height)
        return SourceInfo(
            name=name,
            kind=self._feed.kind,
            width=width,
            height=height,
            time_base=LIVE_TIME_BASE,
            first_pts=0,
            rate=look.rate,
            is_vfr=False,
            frame_count=None,
            duration=None,
            codec=look.codec,
            pixel_format=look.pixel_format,
        )
