"""Every frame of a video file, known from its packets alone.

Headers lie about frame counts and rates; the packets do not. Reading them without decoding costs
about as much as copying the file, and gives the exact time of every frame, the places to seek to,
and what the decoder owes: a frame listed here that never comes out was lost.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Generator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from sdpose_track.sources.timing import Timing, regular_rate, typical_step

VideoPacket: TypeAlias = "Packet[VideoStream]"

_MOST_DOUBLES = 0.01  # of the frames: more equal time stamps than this, and none is to be believed
_RESTART_S = 1  # time stamps that fall back by more seconds than this begin anew


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """A packet that decoding can begin with."""

    stamp: int
    """Its presentation time, in the stream's `time_base`."""
    dts: int | None = field(compare=False)
    """Its place in decoding order, which some containers seek by; None unknown."""


@dataclass(frozen=True, slots=True)
class PacketIndex:
    """The frames of one video stream by presentation time."""

    stamps: list[int]
    """(F,) presentation time of each frame, ascending, in the stream's `time_base`."""
    keys: list[Key]
    """By ascending stamp; empty where the stream marks none."""
    trusted: bool
    """False: a picture's own time stamp does not tell which frame it is; they are counted."""
    assumed: bool
    """The stamps are made up from an assumed rate: the file has none that can be used."""
    flagged: frozenset[int]
    """Stamps of frames whose packet the demultiplexer calls damaged."""
    timing: Timing
    cut_off: bool
    """The file broke off with an error or in the middle of a frame."""

    def __len__(self) -> int:
        return len(self.stamps)

    def place(self, stamp: int | None) -> int | None:
        """Return the index of the frame at `stamp`, or None if no frame belongs there."""
        if stamp is None:
            return None
        at = bisect_left(self.stamps, stamp)
        return at if at < len(self.stamps) and self.stamps[at] == stamp else None

    def key_before(self, index: int) -> int:
        """Return the position in `keys` of the last one at or before frame `index`; -1 none."""
        return bisect_right(self.keys, Key(self.stamps[index], None)) - 1

    def is_key(self, stamp: int | None, *, up_to: int) -> bool:
        """Tell whether one of `keys` up to position `up_to` lies at `stamp`."""
        if stamp is None:
            return False
        at = bisect_left(self.keys, Key(stamp, None))
        return at <= up_to and self.keys[at].stamp == stamp


def stamp_of(packet: VideoPacket) -> int | None:
    """Return the presentation time of `packet`: AVI writes it as its decoding time."""
    return packet.dts if packet.pts is None else packet.pts


def packets(container: InputContainer, stream: VideoStream) -> Generator[VideoPacket, None, bool]:
    """Yield the packets of `stream` that hold data; return True if the file ended with an error.

    An empty packet would tell the decoder that the stream is over, so none is let through.
    """
    source = container.demux(stream)
    while True:
        try:
            packet = next(source, None)
        except av.error.FFmpegError:
            return True
        if packet is None:
            return False
        if packet.size:
            yield packet


def read_index(container: InputContainer, stream: VideoStream) -> PacketIndex:
    """Read `container` through to its end and return the frames of `stream`."""
    survey = _Survey(hides=stream.codec_context.name.startswith("vp8"))
    source = packets(container, stream)
    cut_off = False
    while True:
        try:
            survey.add(next(source))
        except StopIteration as end:
            cut_off = bool(end.value)
            break
    return survey.index(stream, cut_off=cut_off)


def _reorders_unmarked(stream: VideoStream) -> bool:
    """Tell whether pictures come out in another order than their packets' stamps say.

    AVI stores no presentation times, so FFmpeg numbers reordered H.264 as it lies in the file.
    """
    context = stream.codec_context
    in_avi = stream.container.format.name == "avi"
    return in_avi and context.name in ("h264", "hevc") and bool(context.has_b_frames)


class _Survey:
    """Gathers what the packets say, in decoding order."""

    def __init__(self, *, hides: bool) -> None:
        self._hides = hides
        self._first_key: int | None = None
        self._stamps: list[int] = []
        self._before_key: list[int] = []
        self._keys: list[Key] = []
        self._flagged: set[int] = set()
        self._total = 0
        self._unstamped = 0
        self._restarts = 0
        self._newest_dts: int | None = None
        self._end = (-(1 << 63), 0)
        self._second = 1
        self._broken = False

    def add(self, packet: VideoPacket) -> None:
        if packet.time_base:
            self._second = round(1 / packet.time_base)
        self._watch_for_restart(packet)
        stamp = stamp_of(packet)
        if packet.is_keyframe and stamp is not None:
            self._keys.append(Key(stamp, packet.dts))
            if self._first_key is None:
                self._first_key = stamp
        # VP8 sends pictures that are only referred to as packets of their own.
        if packet.is_discard or (self._hides and not memoryview(packet)[0] & 0x10):
            return
        self._total += 1
        if stamp is None:
            self._unstamped += 1
            return
        if packet.is_corrupt:
            self._flagged.add(stamp)
        (self._stamps if self._first_key is not None else self._before_key).append(stamp)
        self._broken = packet.is_corrupt
        self._end = max(self._end, (stamp, packet.duration or 0))

    def _watch_for_restart(self, packet: VideoPacket) -> None:
        if packet.dts is None:
            return
        if self._newest_dts is not None:
            self._restarts += packet.dts < self._newest_dts - _RESTART_S * self._second
        self._newest_dts = packet.dts

    def index(self, stream: VideoStream, *, cut_off: bool) -> PacketIndex:
        shown = self._shown()
        stamps = sorted(set(shown))
        doubles = len(shown) - len(stamps)
        trusted = not (
            self._unstamped or self._restarts or doubles > _MOST_DOUBLES * max(1, len(stamps))
        )
        if not trusted:
            return self._counted(stream, cut_off=cut_off)
        time_base = stream.time_base or Fraction(1, self._second)
        rate, is_vfr = regular_rate(
            stamps, time_base, (stream.guessed_rate, stream.average_rate, stream.base_rate)
        )
        step = self._end[1] or typical_step(stamps) or round(1 / (rate * time_base))
        duration = (stamps[-1] - stamps[0] + step) * time_base if stamps else Fraction(0)
        return PacketIndex(
            stamps=stamps,
            keys=sorted(set(self._keys)),
            trusted=not _reorders_unmarked(stream),
            assumed=False,
            flagged=frozenset(self._flagged),
            timing=Timing(time_base, rate, is_vfr=is_vfr, duration=duration),
            cut_off=cut_off or self._broken,
        )

    def _shown(self) -> list[int]:
        """Return the stamps of what can be decoded: all of it where nothing is called a key."""
        if self._first_key is None:
            return self._before_key
        return [stamp for stamp in self._stamps if stamp >= self._first_key]

    def _counted(self, stream: VideoStream, *, cut_off: bool) -> PacketIndex:
        # A demultiplexer without time stamps makes 25 up; the codec's own rate is worth more.
        rate = stream.codec_context.framerate or stream.average_rate or Fraction(25)
        count = self._total
        return PacketIndex(
            stamps=list(range(count)),
            keys=[],
            trusted=False,
            assumed=True,
            flagged=frozenset(),
            timing=Timing(1 / rate, rate, is_vfr=False, duration=count / rate),
            cut_off=cut_off,
        )
