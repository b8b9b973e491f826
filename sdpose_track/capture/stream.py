"""A stream from the network, read by FFmpeg: one decoded picture at a time.

What is known of delay here: packets that FFmpeg reads while it finds out what the stream is must
be kept (`fflags nobuffer` throws them away, and the first key frame with them); a parser holds
every picture back until the next one begins, so there is none where packets are whole anyway.
What is needed shows only once it is open, and some cameras take one connection and no second one:
so it is opened without a parser, which is put in afterwards.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import closing
from fractions import Fraction

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from sdpose_track.capture import telling
from sdpose_track.capture.address import Address
from sdpose_track.capture.clock import MediaClock, Pace
from sdpose_track.capture.feed import Arrival, Cue, Look, LostError
from sdpose_track.capture.hurry import Hurry
from sdpose_track.capture.trust import distrusted, tls_options
from sdpose_track.records import FrameState
from sdpose_track.sources.container import choose_stream
from sdpose_track.sources.geometry import MAX_PIXELS, check_size

OPEN_S = 5.0
"""Seconds for which FFmpeg waits for an answer, and again until it knows what is sent."""
READ_S = 5.0
"""Seconds without a packet after which a stream is lost."""
READ_LIST_S = 20.0
"""The same where a list is asked again and again for its next segment."""
PICTURE_S = 12.0
"""Seconds of packets without a picture after which it is lost: key frames may be 10 s apart."""

MOST_FALLS = 3
"""A finished file that broke off so many times, each time as soon as before, is given up: it would
begin anew for ever."""
FARTHER_S = 1.0
"""How much farther than ever it must come for that not to count."""

_FORMATS = (
    "asf,avi,dash,flv,h264,hevc,hls,ivf,live_flv,m4v,matroska,mjpeg,mov,mpeg,mpegts,mpegvideo,"
    "mpjpeg,obu,ogg,rtsp"
)
"""What a stream may be; FFmpeg would also show text, fonts and lists of local files."""
_LISTS = frozenset({"hls", "dash"})
_WHOLE = frozenset({"dash", "flv", "hls", "live_flv", "matroska", "mov", "mpegts", "mpjpeg"})
"""Formats whose packets are whole pictures."""
_MARKED = frozenset({"av1", "h264", "hevc", "mjpeg", "vp8", "vp9"})
"""Codecs that MPEG-TS cuts into packets by the picture."""
_BARE = frozenset({"h264", "hevc", "m4v", "mjpeg", "mpegvideo", "obu"})
"""Pictures one after the other and nothing else: FFmpeg reads them in pieces of any size."""
_STAMPLESS = _BARE | {"mpjpeg"}
"""Formats that hold no times: FFmpeg makes them up."""
_LIST_SUFFIXES = (".m3u8", ".m3u", ".mpd")
_NO_PARSE = 0x20  # AVFMT_FLAG_NOPARSE
_USUAL_RATE = Fraction(25)
_MOST_RATE = 1000
_UNPARSED = ("http", "https", "tcp", "udp")
"""Where any format may come, many of them with whole pictures in their packets."""
_USUAL = {
    "analyzeduration": "500000",
    "fpsprobesize": "0",
    "format_whitelist": _FORMATS,
    "live_start_index": "-1",  # HLS: from the newest segment on
    "merge_pmt_versions": "1",  # MPEG-TS: else a sender that begins anew is never heard again
}
_OPTIONS = {
    "http": {"http_proxy": "none"},  # else FFmpeg asks the environment for one
    "rtsp": {"rtsp_flags": "prefer_tcp"},  # a lost datagram smears the picture
    "udp": {"overrun_nonfatal": "1"},
}


class Stream:
    """A feed over the network."""

    kind = "stream"

    def __init__(self, address: Address, *, any_certificate: bool = False) -> None:
        """Read from `address`; `any_certificate`: who answers there is not checked."""
        self.name = address.shown
        self.blocks_s = 2 * OPEN_S
        self.look = Look(_USUAL_RATE)
        self._address = address
        self._tls = tls_options(address, any_certificate=any_certificate)
        self._clock = MediaClock()
        path = address.shown.removesuffix("?…").lower()
        self._read_s = READ_LIST_S if path.endswith(_LIST_SUFFIXES) else READ_S
        self._farthest = self._reached = float("-inf")
        """Own times of a finished file's pictures: of the last before it broke off, the newest."""
        self._falls = 0

    def play(self, cue: Cue) -> Generator[Arrival, None, None]:
        with closing(self._open()) as container:
            stream = choose_stream(container)
            if stream is None:
                raise telling.without_video(self._address, has_audio=bool(container.streams.audio))
            if not _codec(stream):
                raise telling.undecodable(self._address)
            context = stream.codec_context
            check_size(self.name, context.width, context.height)
            context.options = {"max_pixels": str(MAX_PIXELS)}  # a larger one may come later
            stream.thread_type = "SLICE"  # decoding several pictures at once holds each back
            self._clock.restart()
            is_finite = _is_finite(container, self._address)
            pictures = self._pictures(container, stream, cue)
            if is_finite:
                pictures = self._finite(pictures)
            if is_finite or container.format.name in _LISTS:
                pictures = _paced(pictures, cue, waits=is_finite)
            for picture, arrived in pictures:
                self.look = _look(container, stream, picture)
                yield self._arrival(picture, arrived, has_times=_has_times(container))
        if not is_finite and not cue.stop.is_set():
            raise telling.ended(self._address)

    def _arrival(self, picture: VideoFrame, arrived: float, *, has_times: bool) -> Arrival:
        return Arrival(
            picture=picture,
            arrived=arrived,
            ticks=self._clock.tick(arrived, _stamp(picture) if has_times else None),
            state=FrameState.CONCEALED if picture.is_corrupt else FrameState.WHOLE,
        )

    def _finite(
        self, pictures: Generator[tuple[VideoFrame, float], None, None]
    ) -> Generator[tuple[VideoFrame, float], None, None]:
        """Yield the pictures of a finished file. Raises SourceError if it always breaks off."""
        try:
            with closing(pictures):
                for picture, arrived in pictures:
                    self._reached = _stamp(picture) or 0.0
                    yield picture, arrived
        except LostError:
            is_farther = self._reached > self._farthest + FARTHER_S
            self._farthest = max(self._farthest, self._reached)
            self._falls = 1 if is_farther else self._falls + 1
            if self._falls >= MOST_FALLS:
                raise telling.falling(self._address, self._falls) from None
            raise

    def _open(self) -> InputContainer:
        """Open it; once more where it turns out to be a list, which is waited for longer."""
        container = self._opened()
        if container.format.name in _LISTS and self._read_s != READ_LIST_S:
            container.close()
            self._read_s = READ_LIST_S
            container = self._opened()
        if not _is_whole(container):
            container.flags &= ~_NO_PARSE
        return container

    def _opened(self) -> InputContainer:
        scheme = self._address.scheme
        options = {
            **_USUAL,
            **_OPTIONS.get(scheme.removesuffix("s"), {}),
            **self._tls,
            "protocol_whitelist": self._address.protocols,
        }
        if scheme in _UNPARSED:
            options["fflags"] = "noparse"
        self.blocks_s = max(2 * OPEN_S, self._read_s)
        began = time.monotonic()
        try:
            return av.open(
                self._address.url,
                options=options,
                metadata_errors="replace",
                timeout=(OPEN_S, self._read_s),
            )
        except (FFmpegError, OSError) as error:
            # FFmpeg's own error names the address, and the password in it.
            waited = time.monotonic() - began
            if self._tls and (why := distrusted(self._address)) is not None:
                raise telling.untrusted(self._address, why) from None
            raise telling.not_opened(self._address, error, waited, OPEN_S) from None

    def _pictures(
        self, container: InputContainer, stream: VideoStream, cue: Cue
    ) -> Generator[tuple[VideoFrame, float], None, None]:
        """Yield each picture and when the packet was there that completed it."""
        newest = decoded = time.monotonic()
        packets, hurry = container.demux(stream), Hurry()
        is_bare = container.format.name in _BARE
        pictures: list[VideoFrame] = []
        while not cue.stop.is_set():
            try:
                packet = next(packets, None)
            except (FFmpegError, OSError) as error:
                raise telling.broken_off(self._address, error, self._read_s) from None
            if packet is None:
                return
            arrived = time.monotonic()
            skip = hurry.skip(arrived, arrived - decoded, came=bool(pictures))
            stream.codec_context.skip_frame = skip
            pictures = _decoded(stream, packet, is_bare=is_bare)
            decoded = time.monotonic()
            for picture in pictures:
                yield picture, arrived
            if pictures or skip != "DEFAULT":
                newest = time.monotonic()
            elif arrived - newest > PICTURE_S:
                raise telling.silent(self._address, PICTURE_S)


def _decoded(
    stream: VideoStream, packet: Packet[VideoStream], *, is_bare: bool
) -> list[VideoFrame]:
    """Return the pictures that `packet` completes."""
    context = stream.codec_context
    try:
        if not is_bare:
            return stream.decode(packet)
        # What was read while opening has passed no parser, so all of it goes through this one.
        units = context.parse(bytes(packet))
        return [picture for unit in units for picture in context.decode(unit)]
    except FFmpegError:  # damaged on its way; the next ones may be whole
        return []


def _paced(
    pictures: Generator[tuple[VideoFrame, float], None, None], cue: Cue, *, waits: bool
) -> Generator[tuple[VideoFrame, float], None, None]:
    """Yield each picture when it is due: they come in bursts. What `waits` begins with the cue."""
    pace = Pace()
    is_first = True
    with closing(pictures):
        for picture, arrived in pictures:
            stamp = _stamp(picture)
            due = arrived if stamp is None else pace.due(time.monotonic(), stamp)
            if cue.stop.wait(max(0.0, due - time.monotonic())):
                return
            yield picture, max(due, arrived)
            if is_first and waits:
                cue.begin.wait()
            is_first = False


def _is_whole(container: InputContainer) -> bool:
    """Tell whether its packets need no parser: they are whole pictures, or parsed here."""
    name = container.format.name
    if name == "mpegts":
        return all(_codec(stream) in _MARKED for stream in container.streams.video)
    return name in _BARE or bool(_WHOLE & set(name.split(",")))


def _codec(stream: VideoStream) -> str:
    context: av.VideoCodecContext | None = stream.codec_context
    return "" if context is None else context.name


def _is_finite(container: InputContainer, address: Address) -> bool:
    """Tell a file on a server, which has an end, from a stream that breaks off."""
    if container.format.name in _LISTS:
        return container.duration is not None
    is_web = address.scheme in ("http", "https")
    return is_web and container.size > 0 and _has_times(container)


def _has_times(container: InputContainer) -> bool:
    return container.format.name not in _STAMPLESS


def _stamp(picture: VideoFrame) -> float | None:
    """Return the picture's own time in seconds; None where it has none."""
    stamp = picture.dts if picture.pts is None else picture.pts
    return None if stamp is None or picture.time_base is None else float(stamp * picture.time_base)


def _look(container: InputContainer, stream: VideoStream, picture: VideoFrame) -> Look:
    claims = (stream.codec_context.framerate, stream.average_rate)
    sane = (claim for claim in claims if claim and 1 <= claim <= _MOST_RATE)
    rate = next(sane, _USUAL_RATE) if _has_times(container) else _USUAL_RATE
    return Look(rate, _codec(stream), picture.format.name, stream.sample_aspect_ratio)
