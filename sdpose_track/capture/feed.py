"""What the capture thread reads from, and what comes out of it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

from av.video.frame import VideoFrame

from sdpose_track.errors import SourceError
from sdpose_track.flag import Flag
from sdpose_track.records import FrameState, UInt8


class LostError(SourceError):
    """A stream that cannot be read, now or any more; it may come back."""

    def __init__(self, name: str, what: str, remedy: str) -> None:
        """Say that `name` did `what`, and the `remedy`; both are halves of a sentence."""
        super().__init__(f"{name} {what}; {remedy}.")
        self.name = name
        self.what = what
        self.remedy = remedy


@dataclass(frozen=True, slots=True, eq=False)
class Arrival:
    """A picture that came, not yet painted."""

    picture: VideoFrame | UInt8
    """As FFmpeg decoded it; or (H, W, 3) BGR, upright."""
    arrived: float
    """When it was there, in seconds of `time.monotonic()`."""
    ticks: int
    """Its time in `LIVE_TIME_BASE`, ascending from picture to picture."""
    state: FrameState = FrameState.WHOLE


@dataclass(frozen=True, slots=True)
class Look:
    """What a feed knows of its pictures once the first one is there."""

    rate: Fraction
    """Nominal pictures per second."""
    codec: str = ""
    pixel_format: str = ""
    aspect: Fraction | None = None
    """Width of a stored pixel over its height; None unknown."""


@dataclass(frozen=True, slots=True)
class Cue:
    """What the taker of the pictures tells the capture thread."""

    stop: Flag = field(default_factory=Flag)
    """No more pictures are wanted."""
    begin: Flag = field(default_factory=Flag)
    """Pictures are taken from now on: what can wait begins here. Set with `stop` too."""


class Feed(Protocol):
    """A camera, a stream or a file. `play` runs on the capture thread alone."""

    name: str
    """For messages."""
    kind: str
    """As in `SourceInfo`."""
    blocks_s: float
    """Seconds for which reading may take no notice of `Cue.stop`."""
    look: Look
    """Known once the first picture came."""

    def play(self, cue: Cue) -> Generator[Arrival, None, None]:
        """Open it and yield each picture when it is there; end when it ends by itself.

        It may be called again once it has ended, to open anew. It notices `cue.stop` soon.

        Raises:
            LostError: it may come back. SourceError: it will not.
        """
