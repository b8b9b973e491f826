"""One open decoder on a video file: frames in order from any place, exactly.

It yields FFmpeg's pictures with their index and does not convert a pixel, so that frames on the
way to a wanted one cost as little as can be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from sdpose_track.errors import SourceError
from sdpose_track.sources.packet_index import PacketIndex, VideoPacket, packets, stamp_of

_KEYS_BACK = (0, 1, 3)  # how many key frames earlier to begin when a frame does not come out


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """A picture as the decoder gave it."""

    index: int
    picture: VideoFrame
    concealed: bool


def open_container(path: Path) -> InputContainer:
    """Open `path` as a file and nothing else, whatever its name looks like.

    Raises:
        av.error.FFmpegError: it is no media file. OSError: it cannot be read.
    """
    return av.open(
        f"file:{path.absolute()}",
        options={"protocol_whitelist": "file"},
        metadata_errors="replace",
    )


def choose_stream(container: InputContainer) -> VideoStream | None:
    """Return the stream to show, everything else switched off; None if there is no video.

    An attached picture (the cover of a song) is no video.
    """
    attached = av.stream.Disposition.attached_pic
    videos = [s for s in container.streams.video if not s.disposition & attached]
    if not videos:
        return None
    best = container.streams.best("video")
    chosen = next((s for s in videos if s is best), videos[0])
    for other in container.streams:
        if other is not chosen:
            other.discard = av.stream.Discard.all
    return chosen


class Decoder:
    """Decodes one file. Belongs to one thread, and is closed there."""

    def __init__(
        self, path: Path, index: PacketIndex, *, threads: int = 0, by_frame: bool = True
    ) -> None:
        """Open nothing yet.

        `threads` 0 leaves the number to FFmpeg. Decoding several frames at once (`by_frame`) is
        faster, and loses the frames still waiting when the last packet is damaged.
        """
        self._path = path
        self._index = index
        self._threads = threads
        self._by_frame = by_frame
        self._container: InputContainer | None = None
        self._stream: VideoStream | None = None
        self._coming: Iterator[Decoded] = iter(())
        self._counted = 0
        self.current: Decoded | None = None
        """The newest picture; None before the first and after the last."""

    def close(self) -> None:
        """Release the file and the decoder's threads. A second call does nothing."""
        self.current = None
        self._coming = iter(())
        if self._container is not None:
            self._container.close()
            self._container = None

    def advance(self) -> Decoded | None:
        """Decode the next frame of a higher index and make it `current`; None at the end."""
        last = self.current.index if self.current is not None else -1
        self.current = next((d for d in self._coming if d.index > last), None)
        return self.current

    def reach(self, target: int) -> Decoded | None:
        """Make the first frame at or after `target` current and return it; None past the end.

        What comes out is what decoding from the beginning would give: a seek that begins too late
        is noticed and repeated from further back.
        """
        if self._is_near(target):
            return self._forward(target)
        key = self._index.key_before(target) if self._index.trusted else -1
        found: Decoded | None = None
        for back in _KEYS_BACK:
            self._begin(key - back)
            found = self._forward(target)
            if (found is not None and found.index == target) or key - back <= 0:
                break
        return found

    def _forward(self, target: int) -> Decoded | None:
        while self.current is not None and self.current.index < target:
            self.advance()
        return self.current

    def _is_near(self, target: int) -> bool:
        """Tell whether `target` lies ahead with no key frame in between to jump to."""
        here = self.current
        if here is None or here.index > target:
            return False
        if not self._index.trusted:
            return True
        return self._index.key_before(target) <= max(0, self._index.key_before(here.index))

    def _begin(self, key: int) -> None:
        """Decode from `keys[key]`, or from the file's beginning where that is simpler."""
        self.current = None
        while key > 0:
            start = self._seek(key)
            if start is not None:
                break
            key -= 1
        else:
            self.close()
            start = self._open()
        self._counted = 0
        self._coming = self._decode(start)
        self.advance()

    def _open(self) -> Iterator[VideoPacket]:
        try:
            self._container = open_container(self._path)
        except (av.error.FFmpegError, OSError) as error:
            raise SourceError(
                f"{self._path} could be opened before and cannot be now; put it back and try again."
            ) from error
        self._stream = choose_stream(self._container)
        if self._stream is None:
            return iter(())
        self._stream.thread_type = "AUTO" if self._by_frame else "SLICE"
        self._stream.codec_context.thread_count = self._threads
        source = packets(self._container, self._stream)
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
            source = _from_key(packets(container, stream))
            first = next(source, None)
            stamp = stamp_of(first) if first is not None else None
            if first is not None and self._index.is_key(stamp, up_to=key):
                return _chained(first, source)
        return None

    def _decode(self, source: Iterator[VideoPacket]) -> Iterator[Decoded]:
        for packet in _and_flush(source):
            for picture in self._pictures(packet):
                placed = self._placed(picture)
                if placed is not None:
                    yield placed

    def _pictures(self, packet: VideoPacket | None) -> list[VideoFrame]:
        """Return what the decoder gives for `packet`; nothing where the data is damaged.

        The damage shows in the index as frames that never came.
        """
        if self._stream is None:
            return []
        try:
            return self._stream.decode(packet)
        except av.error.FFmpegError:
            return []

    def _placed(self, picture: VideoFrame) -> Decoded | None:
        if not self._index.trusted:
            self._counted += 1
            return Decoded(self._counted - 1, picture, picture.is_corrupt)
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
