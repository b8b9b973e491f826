"""Every frame of a video file, known from its packets alone.

Headers lie about frame counts and rates; the packets do not. Reading them without decoding costs
about as much as copying the file, and gives the exact time of every frame, the places to seek to,
and what the decoder owes: a frame listed here that never comes out was lost.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Generator, Mapping
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
_LARGEST = 2**53  # what programs that read sessions and exports still hold exactly
_CHUNK_HEADER = 8  # bytes before the data of a chunk of an AVI, by which its index tells places

Places = Mapping[int, int]
"""Time stamp of a packet by its place in the file, in bytes."""


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
    missing: int = 0
    """Frames after that, by the file's own index; 0 where it has none."""
    places: Places = field(default_factory=dict)
    """What to believe in place of the packets' own time stamps; usually nothing."""

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


def packets(
    container: InputContainer, stream: VideoStream, places: Places | None = None
) -> Generator[VideoPacket, None, bool]:
    """Yield the packets of `stream` that hold data; return True if the file ended with an error.

    An empty packet would tell the decoder that the stream is over, so none is let through.
    Packets in `places` get the time stamp that they have there.
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
            if places and packet.pos is not None and packet.pos in places:
                packet.pts = packet.dts = places[packet.pos]
            yield packet


def read_index(container: InputContainer, stream: VideoStream) -> PacketIndex:
    """Read `container` through to its end and return the frames of `stream`."""
    survey = _Survey(stream)
    source = packets(container, stream)
    cut_off = False
    while True:
        try:
            survey.add(next(source))
        except StopIteration as end:
            cut_off = bool(end.value)
            break
    return survey.index(stream, cut_off=cut_off)


def _chunks(stream: VideoStream) -> Places:
    """Return what the index of an AVI lists; empty for other containers.

    AVI stores no times. FFmpeg counts the chunks that it meets, and counts on where damage hides
    some: all that follow would be too early.
    """
    if not _is_avi(stream):
        return {}
    return {e.pos + _CHUNK_HEADER: e.timestamp for e in stream.index_entries if e.size}


def _reorders_unmarked(stream: VideoStream) -> bool:
    """Tell whether pictures come out in another order than their packets' stamps say.

    AVI stores no presentation times, so FFmpeg numbers reordered H.264 as it lies in the file.
    """
    context = stream.codec_context
    return _is_avi(stream) and context.name in ("h264", "hevc") and bool(context.has_b_frames)


def _is_avi(stream: VideoStream) -> bool:
    return stream.container.format.name == "avi"


class _Survey:
    """Gathers what the packets say, in decoding order."""

    def __init__(self, stream: VideoStream) -> None:
        self._hides = stream.codec_context.name.startswith("vp8")
        self._is_avi = _is_avi(stream)
        self._first_key: int | None = None
        self._stamps: list[int] = []
        self._before_key: list[int] = []
        self._keys: list[Key] = []
        self._flagged: set[int] = set()
        self._met = 0
        self._stamp_at: dict[int, int] = {}
        """By place in the file, of an AVI whose pictures are not reordered."""
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
        self._met += 1
        if self._is_avi and packet.pos is not None and stamp is not None and stamp == packet.dts:
            self._stamp_at[packet.pos] = stamp
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
        places = self._believe(_chunks(stream))
        shown = self._shown()
        stamps = sorted(set(shown).union(self._owed(places)))
        doubles = len(shown) - len(stamps)
        trusted = not (
            self._unstamped
            or self._restarts
            or doubles > _MOST_DOUBLES * max(1, len(stamps))
            or any(abs(stamp) > _LARGEST for stamp in (*stamps[:1], *stamps[-1:]))
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
            missing=max(0, len(stream.index_entries) - self._met),
            places=places,
        )

    def _believe(self, listed: Places) -> Places:
        """Number the packets as `listed`, and return it, if more are listed than could be read."""
        known = self._stamp_at.keys()
        if len(listed) <= self._met or len(known) < self._met or not listed.keys() >= known:
            return {}
        true = {stamp: listed[place] for place, stamp in self._stamp_at.items()}
        self._stamps = [true[stamp] for stamp in self._stamps]
        self._before_key = [true[stamp] for stamp in self._before_key]
        self._keys = [Key(true[key.stamp], true[key.stamp]) for key in self._keys]
        self._flagged = {true[stamp] for stamp in self._flagged}
        self._first_key = self._keys[0].stamp if self._keys else None
        return listed

    def _owed(self, places: Places) -> list[int]:
        """Return the stamps of the frames in `places` that can be decoded where they are read."""
        first = self._first_key
        return [stamp for stamp in places.values() if first is None or stamp >= first]

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
