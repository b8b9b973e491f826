"""The sound of a video, packet by packet into another: copied, or coded anew where that must be.

Damage in the sound costs sound only: it is said once in the log, and the picture is complete.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container.output import OutputContainer
from av.packet import Packet

log = logging.getLogger(__name__)

_EVERYWHERE = {"aac", "ac3", "alac", "mp3", "mp3float"}
COPIED = {
    "mp4": frozenset({*_EVERYWHERE, "eac3", "flac", "opus", "libopus"}),
    "mov": frozenset({*_EVERYWHERE, "pcm_s16be", "pcm_s16le", "pcm_s24be", "pcm_s24le"}),
}
"""By container, codecs that players expect in it, by FFmpeg's names; it could hold more of them."""
MADE = {"mp4": "aac", "mov": "pcm_s16le"}
"""By container, what other sound becomes."""
PAUSE_S = Fraction(1, 25)
"""From so long on a pause between packets is made silence; ITU-R BT.1359: 45 ms too early is seen.
"""

AudioPacket: TypeAlias = "Packet[AudioStream]"


class Sound:
    """The first audio track of a file, on the clock of the pictures it goes with."""

    def __init__(self, path: Path, origin: Fraction, *, whole: bool) -> None:
        """`origin` is the time in the file, in seconds, that becomes 0.

        What ends before it is left out, unless `whole`: then even the priming of the codec stays.
        Raises av.FFmpegError if the file cannot be opened, ValueError if it has no audio track.
        """
        self._name = path.name
        self._source = av.open(str(path.absolute()))
        self._origin = origin
        self._whole = whole
        self._told = False
        if not self._source.streams.audio:
            self._source.close()
            raise ValueError(f"{path} has no audio track")
        self._input: AudioStream = self._source.streams.audio[0]
        self._packets: Iterator[AudioPacket] = iter(())
        self._next: AudioPacket | None = None

    def attach(self, output: OutputContainer) -> None:
        """Add the track to `output`, before its first packet. Raises ValueError if it cannot be."""
        codec, container = self._input.codec_context.name, output.format.name
        if codec in COPIED[container]:
            stream = output.add_stream_from_template(self._input)
            self._packets = self._copied(stream)
        else:
            made = MADE[container]
            log.warning(
                "%s: the sound is %s, which %s players do not expect; it becomes %s.",
                self._name,
                codec,
                container.upper(),
                made.partition("_")[0].upper(),
            )
            rate = _usable_rate(made, self._input.codec_context.sample_rate)
            coded = output.add_stream(made, rate=rate, layout=self._input.codec_context.layout)
            assert isinstance(coded, AudioStream)
            self._packets = self._transcoded(coded)
        self._next = next(self._packets, None)

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
            yield from self._encoded(stream, self._decoded(packet))
        yield from self._encoded(stream, self._decoded(None))
        yield from stream.encode(None)

    def _decoded(self, packet: AudioPacket | None) -> list[AudioFrame]:
        try:
            return self._input.codec_context.decode(packet)
        except av.FFmpegError as error:
            self._tell(str(error))
            return []

    def _encoded(self, stream: AudioStream, frames: list[AudioFrame]) -> Iterator[AudioPacket]:
        for frame in frames:
            try:
                packets = stream.encode(frame)
            except av.FFmpegError as error:
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
