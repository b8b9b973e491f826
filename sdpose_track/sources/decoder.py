"""One open decoder on a video file: frames in order from any place, exactly.

It yields FFmpeg's pictures with their index and does not convert a pixel, and on the way to a
wanted frame it leaves out what no other picture refers to: the way costs as little as can be.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from sdpose_track.sources.container import choose_stream, open_container
from sdpose_track.sources.packet_index import PacketIndex, VideoPacket, packets, stamp_of
from sdpose_track.sources.refusals import vanished

_KEYS_BACK = (0, 1, 3)  # how many key frames earlier to begin when a frame does not come out
TELLING = ("h264",)
"""Codecs that mark a picture to which none refers. HEVC marks it for its own layer only, and VP8
and VP9 learn from it how to read the next."""
_STRICT = {"err_detect": "explode"}
"""FFmpeg does not tell of every part that it paints over; with this it refuses the picture."""
_NEVER = -(1 << 63)


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """A picture as the decoder gave it."""

    index: int
    picture: VideoFrame
    concealed: bool


@dataclass(slots=True)
class _Pass:
    """What is under way since decoding last began somewhere."""

    packets: Iterator[VideoPacket | None] = field(default_factory=lambda: iter(()))
    leaves_out: bool = False
    """Whether pictures on the way may be left out."""
    ready: deque[Decoded] = field(default_factory=deque)
    counted: int = 0
    """Pictures that came out so far."""
    left_out: int = _NEVER
    """Up to this time, pictures may be missing."""
    is_sound: bool = True
    """No damage was met so far."""


class Decoder:
    """Decodes one file. Belongs to one thread, and is closed there."""

    def __init__(
        self,
        path: Path,
        index: PacketIndex,
        *,
        threads: int = 0,
        by_frame: bool = True,
        leave_out: bool = False,
    ) -> None:
        """Open nothing yet.

        `threads` 0 leaves the number to FFmpeg. Decoding several frames at once (`by_frame`) is
        faster, and loses the frames still waiting when the last packet is damaged. To `leave_out`
        on the way what nothing refers to is faster too; `advance` then stops at damage, so it is
        for `reach` only, and for the codecs in `TELLING`.
        """
        self._path = path
        self._index = index
        self._threads = threads
        self._by_frame = by_frame
        self._may_leave_out = leave_out and index.trusted and not index.flagged
        self._container: InputContainer | None = None
        self._stream: VideoStream | None = None
        self._pass = _Pass()
        self.current: Decoded | None = None
        """The newest picture; None before the first and after the last."""

    def close(self) -> None:
        """Release the file and the decoder's threads. A second call does nothing."""
        self.current = None
        self._pass = _Pass()
        self._release()

    def advance(self) -> Decoded | None:
        """Decode the next frame of a higher index and make it `current`; None at the end."""
        return self._next(None, _go_on)

    def reach(self, target: int, looked: Callable[[], None] | None = None) -> Decoded | None:
        """Make the first frame at or after `target` current and return it; None past the end.

        What comes out is what decoding from the beginning would give: a seek that begins too late
        is noticed and repeated from further back, and in a file that shows damage nothing is left
        out. `looked` is called before every packet; what it raises ends the search.
        """
        look = looked or _go_on
        if self._is_near(target):
            found = self._forward(target, look)
            if self._holds(found, target):
                return found
        key = self._index.key_before(target) if self._index.trusted else -1
        if self._may_leave_out:
            self._begin(key, leave_out=True)
            found = self._forward(target, look)
            if self._holds(found, target):
                return found
        found = None
        for back in _KEYS_BACK:
            self._begin(key - back)
            found = self._forward(target, look)
            if (found is not None and found.index == target) or key - back <= 0:
                break
        return found

    def _holds(self, found: Decoded | None, target: int) -> bool:
        """Tell whether `found` is what it would be had nothing been left out.

        Once it may not be, nothing is left out any more: damaged parts are painted over with what
        was decoded last, whether or not it is referred to.
        """
        if not self._pass.leaves_out:
            return True
        is_right = found is not None and found.index == target and self._pass.is_sound
        self._may_leave_out = is_right
        return is_right

    def _forward(self, target: int, look: Callable[[], None]) -> Decoded | None:
        before = self._index.stamps[target] if self._pass.leaves_out else None
        if self.current is None:
            self._next(before, look)
        while self.current is not None and self.current.index < target:
            self._next(before, look)
        return self.current

    def _next(self, before: int | None, look: Callable[[], None]) -> Decoded | None:
        """Make the next picture current; what is shown `before` a time may be left out."""
        last = self.current.index if self.current is not None else -1
        ready = self._pass.ready
        while True:
            while ready:
                decoded = ready.popleft()
                if decoded.index > last:
                    self.current = decoded
                    return decoded
            look()
            if not self._feed(before):
                self.current = None
                return None

    def _is_near(self, target: int) -> bool:
        """Tell whether `target` lies ahead with no key frame in between to jump to."""
        here = self.current
        if here is None or here.index > target:
            return False
        if not self._index.trusted:
            return True
        if here.index < target and self._index.stamps[target] <= self._pass.left_out:
            return False
        return self._index.key_before(target) <= max(0, self._index.key_before(here.index))

    def _begin(self, key: int, *, leave_out: bool = False) -> None:
        """Decode from `keys[key]`, or from the file's beginning where that is simpler."""
        self.current = None
        if leave_out != self._pass.leaves_out:
            self._release()
        self._pass = _Pass(leaves_out=leave_out)
        while key > 0:
            start = self._seek(key)
            if start is not None:
                break
            key -= 1
        else:
            self._release()
            start = self._open()
        self._pass.packets = _and_flush(start)

    def _release(self) -> None:
        if self._container is not None:
            self._container.close()
            self._container = None

    def _open(self) -> Iterator[VideoPacket]:
        try:
            self._container = open_container(self._path)
        except (av.error.FFmpegError, OSError) as error:
            raise vanished(str(self._path)) from error
        self._stream = choose_stream(self._container)
        if self._stream is None:
            return iter(())
        self._stream.thread_type = "AUTO" if self._by_frame else "SLICE"
        self._stream.codec_context.thread_count = self._threads
        if self._pass.leaves_out:
            self._stream.codec_context.options = _STRICT
        source = packets(self._container, self._stream, self._index.places)
        return _from_key(source) if self._index.keys else source

    def _seek(self, key: int) -> Iterator[VideoPacket] | None:
        """Return the packets from `keys[key]` or earlier; None if the container lands elsewhere.

        MPEG streams are sought by decoding time, most other containers by presentation time. A
        program stream may number what follows a seek differently: then the key is not one of ours.
        """
        if self._container is None:
            self._open()
        container, stream, wanted = self._container, self._stream, self._index.keys[key]
        if container is None or stream is None:
            return None
        ways = [wanted.stamp, wanted.stamp if wanted.dts is None else wanted.dts]
        if container.format.name.startswith("mpeg"):
            ways.reverse()
        for way in dict.fromkeys(ways):
            try:
                container.seek(way, stream=stream, backward=True)
            except av.error.FFmpegError:
                continue
            source = _from_key(packets(container, stream, self._index.places))
            first = next(source, None)
            stamp = stamp_of(first) if first is not None else None
            if first is not None and self._index.is_key(stamp, up_to=key):
                return _chained(first, source)
        return None

    def _feed(self, before: int | None) -> bool:
        """Give the decoder its next packet; False if there is none."""
        try:
            packet = next(self._pass.packets)
        except StopIteration:
            return False
        if self._stream is None:
            return False
        self._mark(self._stream, packet, before)
        try:
            pictures = self._stream.decode(packet)
        except av.error.FFmpegError:
            # The damage shows in the index as frames that never came.
            self._pass.is_sound = False
            return True
        for picture in pictures:
            placed = self._placed(picture)
            if placed is not None:
                self._pass.is_sound &= not placed.concealed
                self._pass.ready.append(placed)
        return True

    def _mark(self, stream: VideoStream, packet: VideoPacket | None, before: int | None) -> None:
        """Tell the decoder whether it may leave out the picture in `packet`."""
        stamp = None if packet is None else stamp_of(packet)
        leave = before is not None and stamp is not None and stamp < before
        if leave and stamp is not None:
            self._pass.left_out = max(self._pass.left_out, stamp)
        stream.codec_context.skip_frame = "NONREF" if leave else "DEFAULT"

    def _placed(self, picture: VideoFrame) -> Decoded | None:
        if not self._index.trusted:
            self._pass.counted += 1
            return Decoded(self._pass.counted - 1, picture, picture.is_corrupt)
        stamp = picture.dts if picture.pts is None else picture.pts
        at = self._index.place(stamp)
        if at is None:
            return None
        return Decoded(at, picture, picture.is_corrupt or stamp in self._index.flagged)


def _from_key(source: Iterator[VideoPacket]) -> Iterator[VideoPacket]:
    """Leave out what comes before the first key packet: it refers to pictures that are not here."""
    started = False
    for packet in source:
        started = started or packet.is_keyframe
        if started:
            yield packet


def _chained(first: VideoPacket, rest: Iterator[VideoPacket]) -> Iterator[VideoPacket]:
    yield first
    yield from rest


def _and_flush(source: Iterator[VideoPacket]) -> Iterator[VideoPacket | None]:
    yield from source
    yield None


def _go_on() -> None:
    """Look at nothing: nobody wants to end the search."""
