"""A file in place of a camera: played at its own speed, from the first frame that is wanted."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import closing
from fractions import Fraction

from sdpose_track.capture.clock import LIVE_TIME_BASE
from sdpose_track.capture.feed import Arrival, Cue, Look
from sdpose_track.records import Frame
from sdpose_track.sources import Source, open_source
from sdpose_track.sources.refusals import vanished


class Rehearsal:
    """A feed from a video, an animation or pictures."""

    kind = "rehearsal"
    blocks_s = 5.0

    def __init__(self, spec: str, rate: Fraction | None, *, loop: bool) -> None:
        """Play what `open_source` knows as `spec`; pictures at `rate` a second, or at 25."""
        self.name = spec
        self.look = Look(rate or Fraction(25))
        self._loop = loop

    def play(self, cue: Cue) -> Generator[Arrival, None, None]:
        with closing(open_source(self.name, picture_rate=self.look.rate)) as source:
            self.look = _look(source)
            zero, ticks = time.monotonic(), -1
            is_first = True
            for frame, media in self._frames(source):
                if cue.stop.wait(max(0.0, zero + float(media) - time.monotonic())):
                    return
                # A file's own times may lie closer than these can tell.
                ticks = max(ticks + 1, round(media / LIVE_TIME_BASE))
                yield Arrival(
                    picture=frame.image,
                    arrived=time.monotonic(),
                    ticks=ticks,
                    state=frame.state,
                )
                if is_first:
                    cue.begin.wait()
                    zero = time.monotonic() - float(media)
                    is_first = False

    def _frames(self, source: Source) -> Generator[tuple[Frame, Fraction], None, None]:
        """Yield the frames and their times in seconds, round after round.

        Raises SourceError if a round has fewer frames than the first: it would go on without end.
        """
        info, began = source.info, Fraction(0)
        lost: int | None = None
        while True:
            end = None
            with closing(source.frames()) as frames:
                for frame in frames:
                    end = began + frame.time
                    yield frame, end
            if end is None or lost not in (None, source.damaged.lost):
                raise vanished(self.name)
            if not self._loop:
                return
            lost = source.damaged.lost
            began = max(began + (info.duration or 0), end + 1 / info.rate)


def _look(source: Source) -> Look:
    info = source.info
    return Look(info.rate, info.codec, info.pixel_format, info.pixel_aspect)
