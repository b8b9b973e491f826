"""Poses as Open Sound Control: UDP datagrams for what draws, plays and moves by them.

A frame is one bundle, or several where one would not fit a network packet; each begins with
`/sdpose/frame`, so that a receiver knows what it belongs to. One message holds one person with the
id inside, never one value, so that people cannot be mixed up.

python-osc builds the messages (OSC 1.0, opensoundcontrol.org).
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from sdpose_track.broadcast.address import THIS_COMPUTER, Address, resolve
from sdpose_track.broadcast.message import PoseMessage, confidence, triples
from sdpose_track.broadcast.sender import Notice, Sender, unheard
from sdpose_track.records import Float32, Pose

DEFAULT = Address(THIS_COMPUTER, 9000)

LARGEST = 1452
"""Bytes of a datagram that a packet of 1500, the Ethernet's, holds beside the headers of IPv6 and
UDP; with those of IPv4 it would be 1472."""

_EMPTY = 16
"""Bytes of a bundle without messages."""
_SIZE = 4
"""Bytes before each message in a bundle, which tell its length."""
_DETAILS = ("feet", "left_hand", "right_hand", "face")
"""Parts of a skeleton that have messages of their own, `/sdpose/PART/ID`. They are not below
`/sdpose/track/ID`, because receivers' `/sdpose/track/*` often matches what is below, too."""


@dataclass(frozen=True, slots=True)
class OscLayout:
    """How positions are written."""

    pixels: bool = False
    """In pixels of the picture; else 0..1 across and down it."""
    y_up: bool = False
    """From the bottom left; else from the top left."""
    arr: bool = False
    """Nothing but `/poses/arr`, PoseOSC's format of that name, which is in pixels."""


class OscSender(Sender):
    """Sends every frame to one address.

    Nobody can tell whether somebody listens there: UDP does not answer. When it is closed,
    everybody is told as lost.
    """

    def __init__(
        self,
        host: str,
        port: int,
        layout: OscLayout | None = None,
        *,
        notice: Notice = unheard,
        option: str = "--osc",
    ) -> None:
        """Raise SettingsError, which names `option`, if no computer `host` is found."""
        address = Address(host, port)
        super().__init__("osc", f"OSC to {address}", notice)
        self.exposure = address.exposed_sending()
        self._layout = layout or OscLayout()
        self._last: PoseMessage | None = None
        family, self._where = resolve(address, socket.SOCK_DGRAM, option)
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self._start()

    def _deliver(self, message: PoseMessage) -> None:
        for datagram in datagrams(message, self._layout):
            self._socket.sendto(datagram, self._where)
        self._last = message

    def _end(self) -> None:
        with self._socket, suppress(OSError):  # there is nobody left to tell
            if self._last is not None and self._last.people:
                gone = tuple(pose.track_id for pose in self._last.people)
                self._deliver(replace(self._last, people=(), gone=gone))


def datagrams(message: PoseMessage, layout: OscLayout) -> Iterator[bytes]:
    """Yield a frame as datagrams of at most `LARGEST` bytes; `/poses/arr` has no such limit."""
    if layout.arr:
        yield _arr(message, layout).dgram
        return
    size = (message.width, message.height)
    values = (message.frame, message.time_s, *size, len(message.people))
    frame = _built("/sdpose/frame", "ifiii", values)
    yield from _bundles(frame, _about_people(message, layout))


def _about_people(message: PoseMessage, layout: OscLayout) -> Iterator[OscMessage]:
    for track_id in message.gone:
        yield _built("/sdpose/lost", "i", [track_id])
    for pose in message.people:
        yield from _person(message, pose, layout)


def _person(message: PoseMessage, pose: Pose, layout: OscLayout) -> Iterator[OscMessage]:
    points = _points(message, pose, layout)
    body = points[message.skeleton.group("body")].ravel().tolist()
    begin = [pose.track_id, confidence(pose)]
    yield _built(f"/sdpose/track/{pose.track_id}", "if" + "f" * len(body), begin + body)
    for part in _DETAILS:
        if numbers := message.skeleton.group(part):
            some = points[numbers].ravel().tolist()
            values = [pose.track_id, *some]
            yield _built(f"/sdpose/{part}/{pose.track_id}", "i" + "f" * len(some), values)


def _arr(message: PoseMessage, layout: OscLayout) -> OscMessage:
    """Return PoseOSC's ARR message; its 17 keypoints are those of COCO, in the same order."""
    in_pixels = replace(layout, pixels=True)
    tags = "iii"
    values: list[float] = [message.width, message.height, len(message.people)]
    for pose in message.people:
        body = _points(message, pose, in_pixels)[message.skeleton.group("body")].ravel().tolist()
        tags += "f" * (1 + len(body))
        values += [confidence(pose), *body]
    return _built("/poses/arr", tags, values)


def _points(message: PoseMessage, pose: Pose, layout: OscLayout) -> Float32:
    """Return (K, 3) `x, y, confidence` as the layout wants them."""
    width, height = (1, 1) if layout.pixels else (message.width, message.height)
    if layout.y_up:
        return triples(pose, (1 / width, -1 / height), (0, message.height / height))
    return triples(pose, (1 / width, 1 / height), (0, 0))


def _bundles(first: OscMessage, others: Iterable[OscMessage]) -> Iterator[bytes]:
    """Yield bundles that hold `others` in their order; every one begins with `first`."""
    together, size = [first], _EMPTY + _SIZE + first.size
    for message in others:
        if size + _SIZE + message.size > LARGEST:
            yield _bundle(together)
            together, size = [first], _EMPTY + _SIZE + first.size
        together.append(message)
        size += _SIZE + message.size
    yield _bundle(together)


def _bundle(messages: Iterable[OscMessage]) -> bytes:
    builder = OscBundleBuilder(IMMEDIATELY)
    for message in messages:
        builder.add_content(message)
    return builder.build().dgram


def _built(address: str, tags: str, values: Iterable[float]) -> OscMessage:
    builder = OscMessageBuilder(address)
    for tag, value in zip(tags, values, strict=True):
        builder.add_arg(value, tag)
    return builder.build()
