"""Where poses are sent on to during a live run: opened and closed while it goes on."""

from __future__ import annotations

import threading
from enum import Enum

from sdpose_track.broadcast.address import parse_address
from sdpose_track.broadcast.message import PoseMessage
from sdpose_track.broadcast.osc import OscSender
from sdpose_track.broadcast.sender import Notice, Sink
from sdpose_track.broadcast.virtual_camera import VirtualCamera
from sdpose_track.broadcast.websocket import WebSocketServer
from sdpose_track.live.records import LiveResult
from sdpose_track.live.wish import LiveWish
from sdpose_track.records import SourceInfo
from sdpose_track.skeletons import Skeleton


class Way(Enum):
    """How poses are sent on; the values are options of the command line."""

    OSC = "--osc"
    WEBSOCKET = "--ws"
    VIRTUAL_CAMERA = "--virtual-camera"


class Senders:
    """Those that are open. From any thread; opening and closing may take a moment."""

    def __init__(self, wish: LiveWish, notice: Notice) -> None:
        """`wish` says how they send; `notice` is told what becomes of it, on any thread."""
        self._wish, self._notice = wish, notice
        self._lock = threading.Lock()
        self._open: dict[Way, Sink] = {}

    def open(self, way: Way, address: str) -> str | None:
        """Send to `address`, HOST:PORT, from now on; return who else can read it, in a sentence.

        Raises SettingsError if that is no address, or cannot be used.
        """
        where, tell, option = parse_address(address, way.value), self._notice, way.value
        host, port = where.host, where.port
        self.close(way)  # only now: a wrong address ends nothing; the right one may be the same
        sink: Sink
        if way is Way.OSC:
            sink = OscSender(host, port, self._wish.layout, notice=tell, option=option)
        else:
            origins = self._wish.origins
            sink = WebSocketServer(host, port, origins=origins, notice=tell, option=option)
        self._add(way, sink)
        return sink.exposure

    def open_camera(self, source: SourceInfo) -> None:
        """Be a camera of the size and rate of `source`. Raises SettingsError if that cannot be."""
        self.close(Way.VIRTUAL_CAMERA)
        size = (source.width, source.height)
        self._add(Way.VIRTUAL_CAMERA, VirtualCamera(size, source.rate, notice=self._notice))

    def _add(self, way: Way, sink: Sink) -> None:
        with self._lock:
            self._open[way] = sink

    def close(self, *ways: Way) -> None:
        """Send no longer; no `ways`: none of them."""
        with self._lock:
            closed = [self._open.pop(way) for way in ways or tuple(Way) if way in self._open]
        for sink in closed:
            sink.close()

    def send(self, result: LiveResult, skeleton: Skeleton) -> None:
        """Hand a result to everybody who is open; returns at once."""
        with self._lock:
            if self._open:
                message = _message(result, skeleton)
                for sink in self._open.values():
                    sink.send(message)


def _message(result: LiveResult, skeleton: Skeleton) -> PoseMessage:
    height, width = result.frame.image.shape[:2]
    return PoseMessage(
        frame=result.frame.index,
        time_s=float(result.frame.time),
        width=width,
        height=height,
        people=result.shown,
        gone=result.gone,
        skeleton=skeleton,
        image=result.frame.image,
    )
