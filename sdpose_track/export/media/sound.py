"""The sound of a video, packet by packet into another: copied, or coded anew where that must be.

Damage in the sound costs sound only: it is said once in the log, and the picture is complete.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import TypeAlias

import av
from av.audio.frame import AudioFrame
from av.audio.layout import AudioLayout
from av.audio.stream import AudioStream
from av.container.output import OutputContainer
from av.packet import Packet

from sdpose_track.sources.container import open_container

log = logging.getLogger(__name__)

_EVERYWHERE = {"aac", "ac3", "alac", "mp3", "mp3float"}
COPIED = {
    "mp4": frozenset({*_EVERYWHERE, "eac3", "flac", "opus", "libopus"}),
    "mov": frozenset(_EVERYWHERE),
}
"""By container, codecs that players expect in it, by FFmpeg's names; it could hold more of them."""
REPEATED = {
    "mp4": frozenset[str](),
    "mov": frozenset({"pcm_s16be", "pcm_s16le", "pcm_s24be", "pcm_s24le"}),
}
"""By container, codecs that it takes sample by sample: no time stamp there can hold a pause."""
MADE = {"mp4": "aac", "mov": "pcm_s16le"}
"""By container, what other sound becomes."""
PAUSE_S, LONGEST_PAUSE_S = Fraction(1, 25), 3600
"""Pauses in sound that is coded anew are filled with silence from the one on, at which it would be
seen to come too early (ITU-R BT.1359), to the other, beyond which a time stamp is damaged."""
_USUAL_LAYOUTS = {
    1: "mono", 2: "stereo", 3: "2.1", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1",
}  # fmt: skip
"""By channels: AVI and Matroska do not say the places of uncompressed ones, and encoders ask."""
_MOST_PLANES = 8
"""Beyond so many channels PyAV cannot write into planar samples: it crashes."""

AudioPacket: TypeAlias = "Packet[AudioStream]"


class Sound:
    """The first audio track of a file, on the clock of the pictures it goes with."""

    def __init__(self, path: Path, origin: Fraction, *, whole: bool) -> None:
        """`origin` is the time in the file, in seconds, that becomes 0.

        What ends before it is left out, unless `whole`: then even the priming of the codec stays.
        Raises av.FFmpegError if the file cannot be opened, ValueError if it has no audio track.
        """
        self._name = path.name
        self._source = open_container(path)
        self._origin = origin
        self._whole = whole
        self._told = False
        self._due: Fraction | None = None
        if not self._source.streams.audio:
            self._source.close()
            raise ValueError(f"{path} has no audio track")
        self._input: AudioStream = self._source.streams.audio[0]
        self._packets: Iterator[AudioPacket] = iter(())
        self._next: AudioPacket | None = None

    def attach(self, output: OutputContainer) -> None:
        """Add the track to `output`, before its first packet.

        What cannot be put into such a file is said in the log, and nothing is added.
        """
        context, container = self._input.codec_context, output.format.name
        for encoder in _ways(context.name, container):
            if not self._fits(container, encoder):
                continue
            if encoder not in (None, context.name):
                log.warning(
                    "%s: the sound is %s, which %s players do not expect; it becomes %s.",
                    self._name,
                    context.name,
                    container.upper(),
                    MADE[container].partition("_")[0].upper(),
                )
            stream = self._track(output, encoder)
            self._packets = self._transcoded(stream) if encoder else self._copied(stream)
            self._next = next(self._packets, None)
            return
        self.close()
        log.warning(
            "%s: the sound (%s, %d channels at %d Hz) cannot be put into %s; the video has none.",
            self._name,
            context.name,
            context.layout.nb_channels,
            context.sample_rate,
            container.upper(),
        )

    def write_until(self, output: OutputContainer, end: Fraction | None) -> None:
        """Write the packets that begin before `end` seconds; None writes all the rest."""
        while (packet := self._next) is not None:
            if end is not None and (packet.pts or 0) * packet.time_base >= end:
                return
            try:
                output.mux(packet)
            except av.FFmpegError as error:
                if isinstance(error, OSError):
                    raise
                self._tell(str(error))
            self._next = next(self._packets, None)

    def close(self) -> None:
        """Close the file. Safe to call again."""
        self._next = None
        self._packets = iter(())
        self._source.close()

    # -- inside ----------------------------------------------------------------------------------

    def _fits(self, container: str, encoder: str | None) -> bool:
        """Try the track in a file of its own: in the video's, a refusal would end the video."""
        try:
            with av.open(BytesIO(), "w", format=container) as trial:
                self._track(trial, encoder)
                trial.start_encoding()
        except (av.FFmpegError, ValueError):
            return False
        return True

    def _track(self, output: OutputContainer, encoder: str | None) -> AudioStream:
        """Add a track to `output` that is made by `encoder`; None for a copy."""
        if encoder is None:
            return output.add_stream_from_template(self._input)
        context = self._input.codec_context
        rate = _usable_rate(encoder, context.sample_rate)
        stream = output.add_stream(encoder, rate=rate, layout=_named_layout(context.layout))
        assert isinstance(stream, AudioStream)
        return stream

    def _copied(self, stream: AudioStream) -> Iterator[AudioPacket]:
        before: int | None = None
        for packet in self._demuxed():
            if before is not None and packet.dts is not None and packet.dts <= before:
                self._tell("time stamps run backwards")
                continue
            before = packet.dts
            packet.stream = stream
            yield packet

    def _transcoded(self, stream: AudioStream) -> Iterator[AudioPacket]:
        for packet in self._demuxed():
            yield from self._encoded(stream, self._steady(self._decoded(packet)))
        yield from self._encoded(stream, self._steady(self._decoded(None)))
        yield from self._encoded(stream, (None,))

    def _decoded(self, packet: AudioPacket | None) -> list[AudioFrame]:
        try:
            return self._input.codec_context.decode(packet)
        except av.FFmpegError as error:
            self._tell(str(error))
            return []

    def _steady(self, frames: list[AudioFrame]) -> Iterator[AudioFrame]:
        """Yield `frames` with silence in the pauses between them: an encoder closes those up."""
        for frame in frames:
            if frame.pts is not None and frame.time_base is not None:
                begin = frame.pts * frame.time_base
                if self._due is None:
                    self._due = begin
                if PAUSE_S <= begin - self._due <= LONGEST_PAUSE_S:
                    yield from _silence(frame, self._due, begin)
                    self._due = begin
            if self._due is not None:
                self._due += Fraction(frame.samples, frame.sample_rate)
            yield frame

    def _encoded(
        self, stream: AudioStream, frames: Iterable[AudioFrame | None]
    ) -> Iterator[AudioPacket]:
        for frame in frames:
            try:
                packets = stream.encode(frame)
            except (av.FFmpegError, ValueError) as error:  # the latter where the layout changes
                self._tell(str(error))
                continue
            yield from packets

    def _demuxed(self) -> Iterator[AudioPacket]:
        """Yield the packets whose time is known and wanted, on the new clock."""
        base = self._input.time_base or Fraction(1, self._input.codec_context.sample_rate)
        shift = round(self._origin / base)
        try:
            for packet in self._source.demux(self._input):
                if packet.pts is None or packet.dts is None:
                    if packet.size:
                        self._tell("a packet has no time")
                    continue
                if packet.is_corrupt:
                    self._tell("packets are marked as corrupt")
                packet.pts -= shift
                packet.dts -= shift
                if self._whole or packet.pts + (packet.duration or 0) > 0:
                    yield packet
        except av.FFmpegError as error:
            self._tell(str(error))

    def _tell(self, what: str) -> None:
        if not self._told:
            self._told = True
            log.warning("%s: the sound is damaged (%s); the picture is not.", self._name, what)


def _ways(codec: str, container: str) -> tuple[str | None, ...]:
    """Return the encoders for sound of that codec, the best first; None for a copy."""
    if codec in COPIED[container]:
        return None, MADE[container]
    return (codec if codec in REPEATED[container] else MADE[container],)


def _usable_rate(encoder: str, rate: int) -> int:
    """Return the samples per second that `encoder` takes, nearest to `rate`."""
    rates = av.Codec(encoder, "w").audio_rates
    return min(rates, key=lambda own: abs(own - rate)) if rates else rate


def _named_layout(layout: AudioLayout) -> str:
    """Return the name of a layout: the usual one of that many channels if it only counts them."""
    is_named = not layout.name.endswith(" channels")
    return layout.name if is_named else _USUAL_LAYOUTS.get(layout.nb_channels, layout.name)


def _silence(like: AudioFrame, begin: Fraction, end: Fraction) -> Iterator[AudioFrame]:
    """Yield frames of silence from `begin` to `end`, in seconds, that go with the frame `like`.

    Each is of a second at most.
    """
    if like.format.is_planar and like.layout.nb_channels > _MOST_PLANES:
        return
    assert like.time_base is not None
    quiet = b"\x80" if like.format.name.startswith("u8") else b"\0"
    left = round((end - begin) * like.sample_rate)
    while left > 0:
        count = min(left, like.sample_rate)
        frame = AudioFrame(like.format.name, like.layout.name, count)
        frame.sample_rate = like.sample_rate
        frame.time_base, frame.pts = like.time_base, round(begin / like.time_base)
        for plane in frame.planes:
            plane.update(quiet * plane.buffer_size)
        yield frame
        left -= count
        begin += Fraction(count, like.sample_rate)
