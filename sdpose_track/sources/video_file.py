"""A video file as a source: every frame at its exact time, upright, whatever container it is in."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.codec.context import CodecContext
from av.container import InputContainer
from av.video.stream import VideoStream

from sdpose_track.closing import Closing
from sdpose_track.errors import SourceError
from sdpose_track.records import Frame, FrameState, LostFrame, SourceInfo
from sdpose_track.sources.container import choose_stream, open_container
from sdpose_track.sources.decoder import TELLING, Decoded, Decoder
from sdpose_track.sources.geometry import check_size
from sdpose_track.sources.packet_index import PacketIndex, read_index
from sdpose_track.sources.painter import Layout, Painter
from sdpose_track.sources.refusals import no_video, undecodable, unreadable
from sdpose_track.sources.source import Damage


class VideoFile(Closing):
    """Reads a video file with FFmpeg.

    Opening reads the file through once without decoding, and decodes its first frame: what cannot
    be decoded at all is refused here.
    """

    def __init__(self, path: Path, *, name: str | None = None, decode_threads: int = 0) -> None:
        """Open `path`, shown as `name` in messages; `decode_threads` 0 leaves it to FFmpeg.

        Raises:
            SourceError: nothing in the file can be decoded as a video.
        """
        self._path = path
        self._name = name or str(path)
        self._threads = decode_threads
        self._damage = Damage()
        self._reader: Decoder | None = None
        self._read_frame: Frame | None = None
        try:
            container = open_container(path)
        except (av.error.FFmpegError, OSError) as error:
            raise unreadable(self._name, path, error) from error
        with closing(container):
            stream = self._stream(container)
            self._index = read_index(container, stream)
            self._codec = _codec_name(stream) or ""
            self._audio = _audio_codec(container)
            aspect = stream.sample_aspect_ratio
        with closing(self._decoded_from(0)) as decoded:
            first = next(decoded, None)
        if first is None:
            raise undecodable(self._name, self._codec)
        check_size(self._name, first.picture.width, first.picture.height)
        self._layout = Layout.of(first.picture, aspect)
        check_size(self._name, *self._layout.upright)
        self._info = self._described(first.picture.format.name)
        self._reading = Painter(self._name, self._layout)

    @property
    def info(self) -> SourceInfo:
        return self._info

    @property
    def damaged(self) -> Damage:
        return self._damage

    def names(self) -> dict[int, str]:
        return {}

    def times(self) -> list[int]:
        return list(self._index.stamps)

    def frames(self, start: int = 0) -> Generator[Frame, None, None]:
        if start < 0:
            raise SourceError(f"{self._name} has no frame {start}; frames count from 0.")
        self._damage = Damage()
        painter = Painter(self._name, self._layout)
        last = start - 1
        with closing(self._decoded_from(start)) as pictures:
            for decoded in pictures:
                lost = self._lost(last + 1, decoded.index)
                self._count(len(lost), concealed=decoded.concealed)
                yield self._frame(decoded, painter, lost)
                last = decoded.index
        self._count(max(0, len(self._index) - 1 - last))

    def read(self, index: int, looked: Callable[[], None] | None = None) -> Frame:
        if not 0 <= index < len(self._index):
            raise SourceError(
                f"{self._name} has no frame {index}; its frames are 0 to {len(self._index) - 1}."
            )
        if self._read_frame is not None and self._read_frame.index == index:
            return self._read_frame
        decoded = self._reach(index, looked)
        if decoded is None or decoded.index != index:
            raise SourceError(
                f"Frame {index} of {self._name} is damaged and could not be decoded; "
                "choose another frame."
            )
        self._read_frame = self._frame(decoded, self._reading)
        return self._read_frame

    def entry(self, index: int) -> int:
        at = self._index.key_before(index) if self._index.trusted else -1
        return 0 if at < 0 else self._index.place(self._index.keys[at].stamp) or 0

    def close(self) -> None:
        self._read_frame = None
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _stream(self, container: InputContainer) -> VideoStream:
        stream = choose_stream(container)
        if stream is None:
            audio, covers = container.streams.audio, container.streams.video
            raise no_video(self._name, has_audio=bool(audio), has_cover=bool(covers))
        if _codec_name(stream) is None:
            raise undecodable(self._name, "unknown")
        return stream

    def _decoder(self, *, by_frame: bool, leave_out: bool = False) -> Decoder:
        return Decoder(
            self._path,
            self._index,
            threads=self._threads,
            by_frame=by_frame,
            leave_out=leave_out,
        )

    def _decoded_from(self, start: int) -> Generator[Decoded, None, None]:
        """Yield the pictures from `start` on.

        Decoding several frames at once loses those in the works when the last packet is damaged;
        what is missing at the end is tried again one frame after the other.
        """
        last = start - 1
        for by_frame in (True, False):
            if last + 1 >= len(self._index):
                return
            with closing(self._decoder(by_frame=by_frame)) as decoder:
                decoded = decoder.reach(last + 1)
                while decoded is not None:
                    last = decoded.index
                    yield decoded
                    decoded = decoder.advance()
            if not self._index.trusted and last >= start:
                return

    def _reach(self, index: int, looked: Callable[[], None] | None) -> Decoded | None:
        if self._reader is None:
            self._reader = self._decoder(by_frame=True, leave_out=self._codec in TELLING)
        decoded = self._reader.reach(index, looked)
        if decoded is not None and decoded.index == index:
            return decoded
        with closing(self._decoder(by_frame=False)) as decoder:
            return decoder.reach(index, looked)

    def _lost(self, first: int, end: int) -> tuple[LostFrame, ...]:
        return tuple(LostFrame(i, self._index.stamps[i]) for i in range(first, end))

    def _count(self, lost: int, *, concealed: bool = False) -> None:
        so_far = self._damage
        self._damage = Damage(so_far.lost + lost, so_far.concealed + concealed)

    def _frame(self, decoded: Decoded, painter: Painter, lost: tuple[LostFrame, ...] = ()) -> Frame:
        # A stream without time stamps may hold more pictures than packets.
        stamps, index = self._index.stamps, decoded.index
        pts = stamps[index] if index < len(stamps) else index
        return Frame(
            index=index,
            pts=pts,
            time=(pts - stamps[0]) * self._index.timing.time_base,
            image=painter.paint(decoded.picture),
            state=FrameState.CONCEALED if decoded.concealed else FrameState.WHOLE,
            lost_before=lost,
        )

    def _described(self, pixel_format: str) -> SourceInfo:
        timing, orientation = self._index.timing, self._layout.orientation
        width, height = self._layout.upright
        return SourceInfo(
            name=self._name,
            kind="video",
            width=width,
            height=height,
            time_base=timing.time_base,
            first_pts=self._index.stamps[0],
            rate=timing.rate,
            is_vfr=timing.is_vfr,
            frame_count=len(self._index),
            duration=timing.duration,
            codec=self._codec,
            pixel_format=pixel_format,
            rotation=orientation.rotation,
            mirrored=orientation.mirrored,
            pixel_aspect=self._layout.aspect,
            audio_codec=self._audio,
            size_bytes=self._path.stat().st_size,
            notes=tuple(_notes(self._index)),
        )


def _codec_name(stream: VideoStream | AudioStream) -> str | None:
    """Return the name of the codec, not of its decoder; None where FFmpeg cannot decode it."""
    context: CodecContext | None = stream.codec_context
    return context.codec.canonical_name if context is not None else None


def _audio_codec(container: InputContainer) -> str | None:
    audio = container.streams.audio
    return _codec_name(audio[0]) if audio else None


def _notes(index: PacketIndex) -> Iterator[str]:
    if index.assumed:
        yield (
            f"The video has no usable time stamps; {float(index.timing.rate):g} frames per second "
            "are assumed."
        )
    if index.cut_off:
        rest = f"{index.missing} of its {len(index) + index.missing} frames are"
        what = rest if index.missing else "what came after that is"
        yield f"The file breaks off in the middle of a frame; {what} missing."
