"""Servers on loopback that send a clip as cameras do, at its own pace, each picture numbered.

The number is burnt into the picture, so a test knows which one came out, and `sent` says when it
went in. A server may be stopped and started again on its port; its numbers go on then, while its
time stamps begin anew, as those of a camera do.
"""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from socketserver import BaseRequestHandler, StreamRequestHandler, ThreadingTCPServer
from typing import Any, Literal, Self

import av
import cv2
import numpy as np

from sdpose_track.records import UInt8

LOOPBACK = "127.0.0.1"
BITS = 16
_DATAGRAM = 7 * 188  # bytes: what fits an Ethernet packet
_BOUNDARY = "picture"


def burn(picture: UInt8, number: int) -> UInt8:
    """Return the (H, W, 3) `picture` with `number` in a row of black and white squares on top."""
    side = picture.shape[1] // BITS
    burnt = picture.copy()
    for bit in range(BITS):
        burnt[:side, bit * side : (bit + 1) * side] = 255 * (number >> bit & 1)
    return burnt


def number_of(image: UInt8) -> int:
    """Return the number that was burnt into the picture."""
    side = image.shape[1] // BITS
    middle = slice(side // 4, side - side // 4)
    return sum(
        1 << bit for bit in range(BITS) if image[middle, bit * side :][:, middle].mean() > 127
    )


def grey_pictures() -> list[UInt8]:
    """Return one (240, 320, 3) BGR picture that is easy to compress."""
    ramp = np.linspace(40, 200, 320, dtype=np.uint8)
    return [np.repeat(np.tile(ramp, (240, 1))[:, :, None], 3, axis=2)]


class _Written:
    """A file in memory whose bytes are taken as they come."""

    def __init__(self) -> None:
        self._chunk = bytearray()

    def write(self, data: bytes) -> int:
        self._chunk += data
        return len(data)

    def take(self) -> bytes:
        chunk = bytes(self._chunk)
        self._chunk.clear()
        return chunk


@dataclass(frozen=True)
class Coding:
    """How a server compresses."""

    rate: Fraction = Fraction(25)
    gop: int = 10
    """Pictures from one key frame to the next."""
    options: tuple[tuple[str, str], ...] = (("tune", "zerolatency"),)
    stamp_rate: Fraction | None = None
    """Pictures per second that the time stamps tell; None: the true ones."""
    codec: Literal["libx264", "mpeg2video"] = "libx264"
    """Of an MPEG transport stream."""
    channel: int = 256
    """The number of an MPEG transport stream's video in it."""

    @property
    def x264(self) -> dict[str, str]:
        return {"preset": "ultrafast", "g": str(self.gop), "crf": "18", **dict(self.options)}


class TransportStream:
    """Compresses pictures to H.264 in MPEG-TS."""

    def __init__(self, shape: tuple[int, ...], coding: Coding) -> None:
        self._written = _Written()
        self._container = av.open(
            self._written,
            "w",
            format="mpegts",
            options={"flush_packets": "1", "mpegts_start_pid": str(coding.channel)},
        )
        rate = coding.stamp_rate or coding.rate
        self._stream = self._container.add_stream(coding.codec, rate=rate, options=coding.x264)
        self._stream.height, self._stream.width = shape[:2]
        self._stream.pix_fmt = "yuv420p"
        self._count = 0

    def chunk(self, picture: UInt8) -> bytes:
        """Return the bytes that the next picture adds to the stream."""
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "bgr24")
        frame.pts, self._count = self._count, self._count + 1
        self._container.mux(self._stream.encode(frame))
        return self._written.take()

    def close(self) -> bytes:
        """Return the bytes that end the stream."""
        self._container.mux(self._stream.encode())
        self._container.close()
        return self._written.take()


class _Hub:
    """Hands what is sent to everyone who listens."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queues: set[SimpleQueue[bytes | None]] = set()
        self._is_closed = False
        self.heard = threading.Event()
        """Somebody has begun to listen."""

    def send(self, chunk: bytes | None) -> None:
        with self._lock:
            for queue in self._queues:
                queue.put(chunk)

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
        self.send(None)

    @contextmanager
    def listen(self) -> Iterator[Iterator[bytes]]:
        queue: SimpleQueue[bytes | None] = SimpleQueue()
        with self._lock:
            if self._is_closed:
                queue.put(None)
            self._queues.add(queue)
        self.heard.set()
        try:
            yield iter(queue.get, None)
        finally:
            with self._lock:
                self._queues.discard(queue)


class Server:
    """Sends numbered pictures. Subclasses say how."""

    scheme = "tcp"
    path = ""

    def __init__(
        self, pictures: Sequence[UInt8] | None = None, coding: Coding | None = None, port: int = 0
    ) -> None:
        self.pictures = pictures or grey_pictures()
        """Shown in turn, from the first again after the last; BGR."""
        self.coding = coding or Coding()
        self.port = port or _free_port()
        self.sent: dict[int, float] = {}
        """`time.monotonic()` at which each number went out."""
        self.hub = _Hub()
        self._number = 0
        self._over = threading.Event()
        self._talking = threading.Event()
        self._talking.set()
        self._told = threading.Condition()
        self._pacing: threading.Thread | None = None

    @property
    def address(self) -> str:
        return f"{self.scheme}://{LOOPBACK}:{self.port}{self.path}"

    def start(self) -> None:
        """Send at the clip's pace until `stop`."""
        self.hub = _Hub()
        self._over.clear()
        self.listen()
        self._pacing = threading.Thread(target=self._pace, name="serve-pictures", daemon=True)
        self._pacing.start()

    def stop(self) -> None:
        """End every connection and free the port."""
        self._over.set()
        self._talking.set()
        if self._pacing is not None:
            self._pacing.join()
            self._pacing = None
        self.hub.close()
        self.hang_up()

    def hush(self, *, on: bool = True) -> None:
        """Keep the connections and send nothing, or go on."""
        if on:
            self._talking.clear()
        else:
            self._talking.set()

    def wait_until_sent(self, number: int) -> None:
        """Wait until the picture with `number` went out."""
        with self._told:
            assert self._told.wait_for(lambda: number in self.sent, 60)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # -- how it is sent ----------------------------------------------------------------------------

    def listen(self) -> None:
        """Take connections."""

    def hang_up(self) -> None:
        """Give up what `listen` took."""

    def coder(self) -> Any:
        """Return what makes chunks of pictures."""
        return TransportStream(self.pictures[0].shape, self.coding)

    def send(self, chunk: bytes) -> None:
        self.hub.send(chunk)

    def _pace(self) -> None:
        coder, began, count = self.coder(), time.monotonic(), 0
        while not self._over.wait(max(0, began + count / self.coding.rate - time.monotonic())):
            self._talking.wait()
            number, self._number = self._number, (self._number + 1) % (1 << BITS)
            chunk = coder.chunk(burn(self.pictures[number % len(self.pictures)], number))
            self.sent[number] = time.monotonic()
            if chunk:
                self.send(chunk)
            with self._told:
                self._told.notify_all()
            count += 1
        coder.close()


class UdpServer(Server):
    """MPEG-TS in datagrams, to whoever holds the port."""

    scheme = "udp"

    def listen(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def hang_up(self) -> None:
        self._socket.close()

    def send(self, chunk: bytes) -> None:
        for at in range(0, len(chunk), _DATAGRAM):
            self._socket.sendto(chunk[at : at + _DATAGRAM], (LOOPBACK, self.port))


class _Listening(Server):
    """Takes connections and serves each on its own thread."""

    def listen(self) -> None:
        self._server = self.server()
        self._serving = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="serve", daemon=True
        )
        self._serving.start()

    def hang_up(self) -> None:
        self._server.shutdown()
        self._serving.join()
        self._server.server_close()

    def server(self) -> ThreadingTCPServer | ThreadingHTTPServer:
        raise NotImplementedError


class _Tcp(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that goes away is part of the test."""


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that goes away is part of the test."""


class TcpServer(_Listening):
    """MPEG-TS to everyone who connects."""

    takes_one = False
    """Hang up on everyone after the first."""

    def server(self) -> ThreadingTCPServer:
        outer = self

        class Handler(BaseRequestHandler):
            def handle(self) -> None:
                if outer.takes_one and outer.hub.heard.is_set():
                    return
                with outer.hub.listen() as chunks:
                    for chunk in chunks:
                        self.request.sendall(chunk)

        return _Tcp((LOOPBACK, self.port), Handler)


class _Quiet(BaseHTTPRequestHandler):
    """Answers without writing to stderr."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's name
        pass

    def answer(
        self, kind: str, body: bytes | None = None, status: int = 200, *, share: float = 1.0
    ) -> None:
        """Begin an answer that never ends, or give a `share` of what it is to be in `body`."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if body is not None:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if body is not None:
            self.wfile.write(body[: round(share * len(body))])


class HttpServer(_Listening):
    """MPEG-TS over HTTP."""

    scheme = "http"
    path = "/live.ts"

    def server(self) -> ThreadingHTTPServer:
        outer = self

        class Handler(_Quiet):
            def do_GET(self) -> None:
                outer.get(self)

        return _Http((LOOPBACK, self.port), Handler)

    def get(self, request: _Quiet) -> None:
        """Answer a request."""
        request.answer("video/mp2t")
        with self.hub.listen() as chunks:
            for chunk in chunks:
                request.wfile.write(chunk)


class _Jpegs:
    """Compresses each picture on its own."""

    def chunk(self, picture: UInt8) -> bytes:
        """Return the JPEG file of `picture`."""
        return bytes(cv2.imencode(".jpg", picture)[1])

    def close(self) -> bytes:
        """Return nothing: there is nothing to end."""
        return b""


class MjpegServer(HttpServer):
    """Pictures in a multipart answer, as most network cameras send them."""

    path = "/video.mjpg"
    tells_length = True
    """Say before each picture how long it is."""

    def coder(self) -> _Jpegs:
        return _Jpegs()

    def get(self, request: _Quiet) -> None:
        request.answer(f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
        with self.hub.listen() as chunks:
            for chunk in chunks:
                head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\n"
                if self.tells_length:
                    head += f"Content-Length: {len(chunk)}\r\n"
                request.wfile.write(head.encode() + b"\r\n" + chunk + b"\r\n")


class HlsServer(HttpServer):
    """A list of segments of one group of pictures each, of which the last few are there."""

    path = "/live.m3u8"
    KEPT = 5

    def listen(self) -> None:
        self._segments: dict[int, bytes] = {}
        self._open = bytearray()
        self._pictures = 0
        self._done = 0
        self._there = threading.Condition()
        super().listen()

    def hang_up(self) -> None:
        with self._there:
            self._there.notify_all()
        super().hang_up()

    def send(self, chunk: bytes) -> None:
        if self._pictures == self.coding.gop:
            with self._there:
                self._segments[self._done] = bytes(self._open)
                self._done += 1
                self._segments.pop(self._done - self.KEPT - 1, None)
                self._there.notify_all()
            self._open.clear()
            self._pictures = 0
        self._open += chunk
        self._pictures += 1

    def get(self, request: _Quiet) -> None:
        with self._there:
            self._there.wait_for(lambda: self._segments or self._over.is_set())
            segments = dict(self._segments)
        name = request.path.strip("/")
        if not name.endswith(".ts") and segments:
            request.answer("application/vnd.apple.mpegurl", self._list(segments))
        elif name.endswith(".ts") and int(name[:-3]) in segments:
            request.answer("video/mp2t", segments[int(name[:-3])])
        else:
            request.answer("text/plain", b"not here", 404)

    def _list(self, segments: dict[int, bytes]) -> bytes:
        seconds = float(self.coding.gop / self.coding.rate)
        lines = ["#EXTM3U", "#EXT-X-VERSION:3", f"#EXT-X-TARGETDURATION:{max(1, round(seconds))}"]
        lines.append(f"#EXT-X-MEDIA-SEQUENCE:{min(segments)}")
        for number in sorted(segments):
            lines += [f"#EXTINF:{seconds:.3f},", f"{number}.ts"]
        return "\n".join((*lines, "")).encode()


class _AccessUnits:
    """Compresses pictures to H.264 without a container."""

    def __init__(self, shape: tuple[int, ...], coding: Coding) -> None:
        self._context = av.CodecContext.create("libx264", "w")
        self._context.height, self._context.width = shape[:2]
        self._context.pix_fmt, self._context.framerate = "yuv420p", coding.rate
        self._context.time_base = 1 / coding.rate
        self._context.options = coding.x264

    def chunk(self, picture: UInt8) -> bytes:
        """Return the next picture as NAL units after start codes."""
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "bgr24")
        return b"".join(bytes(packet) for packet in self._context.encode(frame))

    def close(self) -> bytes:
        """Return nothing: the stream breaks off."""
        return b""


class ElementaryServer(TcpServer):
    """H.264 without a container, to everyone who connects."""

    def coder(self) -> _AccessUnits:
        return _AccessUnits(self.pictures[0].shape, self.coding)


class RtspServer(_Listening):
    """H.264 in RTP inside the RTSP connection (RFC 2326 10.12, RFC 6184 5.6 and 5.8)."""

    scheme = "rtsp"
    path = "/stream"
    login = ""
    """`NAME:PASSWORD` that a client must give; empty lets everyone in."""

    def coder(self) -> _AccessUnits:
        return _AccessUnits(self.pictures[0].shape, self.coding)

    def server(self) -> ThreadingTCPServer:
        outer = self

        class Handler(StreamRequestHandler):
            def handle(self) -> None:
                while (line := self.rfile.readline().decode().strip()) and outer.reply(self, line):
                    pass

        return _Tcp((LOOPBACK, self.port), Handler)

    def reply(self, request: StreamRequestHandler, line: str) -> bool:
        """Answer one request; False once the connection is over."""
        method = line.split(maxsplit=1)[0]
        headers = iter(lambda: request.rfile.readline().decode().strip(), "")
        fields = {name.lower(): told for name, _, told in (h.partition(": ") for h in headers)}
        status, more, body = "200 OK", "", ""
        login = f"Basic {b64encode(self.login.encode()).decode()}"
        if self.login and fields.get("authorization") != login:
            status, more = "401 Unauthorized", 'WWW-Authenticate: Basic realm="camera"\r\n'
        elif method == "OPTIONS":
            more = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n"
        elif method == "DESCRIBE":
            body = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=stream\r\nt=0 0\r\n"
            body += "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
            body += "a=fmtp:96 packetization-mode=1\r\na=control:track\r\n"
            more = f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
        elif method == "SETUP":
            more = "Session: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
        elif method == "PLAY":
            more = "Session: 1\r\n"
        head = f"RTSP/1.0 {status}\r\nCSeq: {fields['cseq']}\r\n{more}\r\n{body}"
        request.wfile.write(head.encode())
        if method == "PLAY" and status == "200 OK":
            self._play(request)
        return method not in ("PLAY", "TEARDOWN")

    def _play(self, request: StreamRequestHandler) -> None:
        sent, ticks = 0, int(90_000 / (self.coding.stamp_rate or self.coding.rate))
        with self.hub.listen() as chunks:
            for number, chunk in enumerate(chunks):
                payloads = list(_payloads(chunk))
                for payload in payloads:
                    last = 0x80 if payload is payloads[-1] else 0
                    packet = struct.pack(
                        ">BBHII", 0x80, 96 | last, sent & 0xFFFF, number * ticks & 0xFFFFFFFF, 1
                    )
                    packet += payload
                    request.wfile.write(struct.pack(">cBH", b"$", 0, len(packet)) + packet)
                    sent += 1


def _payloads(unit: bytes) -> Iterator[bytes]:
    """Yield the NAL units of an access unit, those that are too long in parts (FU-A)."""
    for nal in filter(None, re.split(rb"\x00*\x00\x00\x01", unit)):
        if len(nal) <= _DATAGRAM:
            yield nal
            continue
        parts = range(1, len(nal), _DATAGRAM)
        for at in parts:
            edge = 0x80 * (at == parts[0]) | 0x40 * (at == parts[-1])
            yield bytes((nal[0] & 0xE0 | 28, edge | nal[0] & 0x1F)) + nal[at : at + _DATAGRAM]


class RawServer(_Listening):
    """Sends the same bytes to everyone who connects, again and again if asked to."""

    def __init__(self, data: bytes, *, again: bool = False) -> None:
        super().__init__()
        self.connected = threading.Event()
        self._data = data
        self._again = again

    def server(self) -> ThreadingTCPServer:
        outer = self

        class Handler(BaseRequestHandler):
            def handle(self) -> None:
                outer.connected.set()
                self.request.sendall(outer._data)
                while outer._again and not outer._over.is_set():
                    self.request.sendall(outer._data)
                outer._over.wait()

        return _Tcp((LOOPBACK, self.port), Handler)


class PageServer(HttpServer):
    """Answers every request with the same page."""

    path = "/page"
    sent_share = 1.0
    """So much of what is announced is sent before the connection ends."""

    def __init__(self, kind: str, body: bytes, status: int = 200) -> None:
        super().__init__()
        self._page = (kind, body, status)
        self.asked: list[str] = []
        """What was asked for, in order."""

    def get(self, request: _Quiet) -> None:
        self.asked.append(request.path)
        kind, body, status = self._page
        request.answer(kind, body, status, share=self.sent_share)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        return int(taken.getsockname()[1])
