"""OSC as it arrives on loopback, read by python-osc's own server."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pytest
from broadcasting import HEIGHT, LIMIT_S, WIDTH, eventually, message, person, points_of
from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_bundle_builder import IMMEDIATELY
from pythonosc.osc_message import OscMessage
from pythonosc.osc_packet import OscPacket
from pythonosc.osc_server import BlockingOSCUDPServer

from sdpose_track.broadcast.message import PoseMessage
from sdpose_track.broadcast.osc import LARGEST, OscLayout, OscSender, datagrams
from sdpose_track.broadcast.sender import STEADY
from sdpose_track.errors import SettingsError
from sdpose_track.records import Float32, Pose
from sdpose_track.skeletons import COCO17, WHOLEBODY133

Heard = list[tuple[str, list[Any]]]


class Receiver:
    """A python-osc server that a test asks for one datagram after the other."""

    def __init__(self) -> None:
        self._heard: Heard = []
        dispatcher = Dispatcher()
        dispatcher.set_default_handler(lambda address, *values: self._hear(address, values))
        self._server = BlockingOSCUDPServer(("127.0.0.1", 0), dispatcher, timeout=LIMIT_S)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def next(self) -> Heard:
        """Return the messages of one datagram."""
        self._heard = []
        self._server.handle_request()
        assert self._heard, "nothing arrived"
        return self._heard

    def close(self) -> None:
        self._server.server_close()

    def _hear(self, address: str, values: tuple[Any, ...]) -> None:
        self._heard.append((address, list(values)))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with closing(Receiver()) as one:
        yield one


@pytest.fixture
def raw() -> Iterator[socket.socket]:
    """A socket that shows the very datagrams."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        one.settimeout(LIMIT_S)
        yield one


def as_points(values: list[Any]) -> Float32:
    return np.array(values, np.float32).reshape(-1, 3)


def heard_in(datagram: bytes) -> Heard:
    return [(m.message.address, list(m.message.params)) for m in OscPacket(datagram).messages]


def frame_of(sent: PoseMessage, layout: OscLayout | None = None) -> Heard:
    return [m for d in datagrams(sent, layout or OscLayout()) for m in heard_in(d)]


def test_a_frame_is_told_with_everybody_in_it(receiver: Receiver) -> None:
    with OscSender("127.0.0.1", receiver.port) as sender:
        sender.send(message(50, [person(3), person(8)], gone=(2,)))
        heard = receiver.next()

    assert [address for address, _ in heard] == [
        "/sdpose/frame", "/sdpose/lost", "/sdpose/track/3", "/sdpose/track/8",
    ]  # fmt: skip
    assert heard[0][1] == [50, 2.0, WIDTH, HEIGHT, 2]
    assert heard[1][1] == [2]
    track_id, score, *values = heard[2][1]
    assert (track_id, score) == (3, 0.5)
    expected = points_of(3) / (WIDTH, HEIGHT)
    np.testing.assert_allclose(as_points(values)[:, :2], expected, atol=1e-6)
    np.testing.assert_array_equal(as_points(values)[:, 2], 0.75)


def test_the_types_are_those_that_are_written_down() -> None:
    bundle = OscBundle(next(datagrams(message(1, [person(1)], gone=(9,)), OscLayout())))

    tags = [
        part.dgram.split(b",")[1].split(b"\0")[0].decode()
        for part in bundle
        if isinstance(part, OscMessage)
    ]
    assert tags == ["ifiii", "i", "if" + 51 * "f"]
    assert bundle.timestamp == IMMEDIATELY


def test_people_keep_their_ids_over_hundreds_of_frames(receiver: Receiver) -> None:
    with OscSender("127.0.0.1", receiver.port) as sender:
        for frame in range(300):
            sender.send(message(frame, [person(i) for i in (1, 4, 6)]))
            heard = receiver.next()
            assert heard[0][1][0] == frame
            assert [values[0] for _, values in heard[1:]] == [1, 4, 6]
            assert [address for address, _ in heard[1:]] == [
                f"/sdpose/track/{i}" for i in (1, 4, 6)
            ]
    assert sender.left_out == 0


def test_at_the_end_everybody_is_lost(receiver: Receiver) -> None:
    with OscSender("127.0.0.1", receiver.port) as sender:
        sender.send(message(5, [person(1), person(2)]))
        receiver.next()

    assert [(a, v) for a, v in receiver.next() if a != "/sdpose/frame"] == [
        ("/sdpose/lost", [1]),
        ("/sdpose/lost", [2]),
    ]


def test_ten_whole_people_fit_network_packets_and_all_arrive(raw: socket.socket) -> None:
    everybody = [person(i, WHOLEBODY133) for i in range(1, 11)]
    with OscSender("127.0.0.1", raw.getsockname()[1]) as sender:
        sender.send(message(9, everybody, gone=tuple(range(20, 60)), skeleton=WHOLEBODY133))
        heard: Heard = []
        while len([a for a, _ in heard if a != "/sdpose/lost"]) < 50:
            datagram = raw.recv(65536)
            assert len(datagram) <= LARGEST <= 1472
            (address, values), *others = heard_in(datagram)
            assert (address, values[0]) == ("/sdpose/frame", 9)
            heard += others

    assert [v for a, v in heard if a == "/sdpose/lost"] == [[i] for i in range(20, 60)]
    for pose in everybody:
        expected = np.concatenate([pose.keypoints / (WIDTH, HEIGHT), pose.scores[:, None]], axis=1)
        parts = {a.split("/")[2]: v for a, v in heard if a.endswith(f"/{pose.track_id}")}
        assert all(values[0] == pose.track_id for values in parts.values())
        names = ("feet", "face", "left_hand", "right_hand")
        told = np.concatenate(
            [as_points(parts["track"][2:]), *(as_points(parts[name][1:]) for name in names)]
        )
        np.testing.assert_allclose(told, expected, atol=1e-6)


def test_a_wildcard_for_people_gets_nothing_but_people(raw: socket.socket) -> None:
    dispatcher = Dispatcher()
    bodies: list[int] = []
    dispatcher.map("/sdpose/track/*", lambda _, *values: bodies.append(len(values)))
    sent = message(0, [person(1, WHOLEBODY133), person(2, WHOLEBODY133)], (), WHOLEBODY133)
    for datagram in datagrams(sent, OscLayout()):
        dispatcher.call_handlers_for_packet(datagram, raw.getsockname())

    assert bodies == [2 + 17 * 3] * 2


def test_nobody_is_a_frame_too() -> None:
    assert frame_of(message(3)) == [("/sdpose/frame", [3, pytest.approx(0.12), WIDTH, HEIGHT, 0])]


def test_pixels_and_y_up_can_be_chosen() -> None:
    sent = message(0, [person(2)])
    x, y = points_of(2)[5]

    def fifth(layout: OscLayout) -> Float32:
        return np.asarray(as_points(frame_of(sent, layout)[1][1][2:])[5])

    pixels, up, both = OscLayout(pixels=True), OscLayout(y_up=True), OscLayout(True, True)
    np.testing.assert_array_equal(fifth(pixels), [x, y, 0.75])
    np.testing.assert_array_equal(fifth(both), [x, HEIGHT - y, 0.75])
    np.testing.assert_allclose(fifth(up), [x / WIDTH, 1 - y / HEIGHT, 0.75], atol=1e-6)


@pytest.mark.parametrize("y_up", [False, True])
@pytest.mark.parametrize("pixels", [False, True])
@pytest.mark.parametrize("arr", [False, True])
def test_what_is_missing_is_zero_and_nothing_is_ever_not_a_number(
    pixels: bool, y_up: bool, arr: bool
) -> None:
    pose = person(1, missing=(0, 9))
    where, scores = pose.keypoints.copy(), pose.scores.copy()
    where[3], scores[4], scores[5], scores[6] = (np.inf, 5), np.nan, 1.5, -0.5
    odd = Pose(1, pose.box, float("nan"), where, scores, pose.provenance)

    heard = frame_of(message(0, [odd]), OscLayout(pixels, y_up, arr))

    values = heard[0][1][3:] if arr else heard[1][1][1:]
    assert np.isfinite(values).all()
    assert values[0] == 0
    points = as_points(values[1:])
    np.testing.assert_array_equal(points[[0, 3, 9]], 0)
    assert points[[4, 5, 6], 2].tolist() == [0, 1, 0]


def test_arr_is_the_message_of_poseosc(receiver: Receiver) -> None:
    with OscSender("127.0.0.1", receiver.port, OscLayout(arr=True)) as sender:
        sender.send(
            message(4, [person(1, WHOLEBODY133), person(2, WHOLEBODY133)], (), WHOLEBODY133)
        )
        ((address, values),) = receiver.next()

    assert address == "/poses/arr"
    assert values[:3] == [WIDTH, HEIGHT, 2]
    assert len(values) == 3 + 2 * (1 + 17 * 3)
    assert values[3] == 0.5
    np.testing.assert_array_equal(as_points(values[4:55])[:, :2], points_of(1, COCO17))
    np.testing.assert_array_equal(as_points(values[56:])[:, :2], points_of(2, COCO17))


def test_what_does_not_fit_a_datagram_is_told_once_and_the_next_frames_arrive(
    raw: socket.socket,
) -> None:
    told: list[str] = []
    port = raw.getsockname()[1]
    with OscSender("127.0.0.1", port, OscLayout(arr=True), notice=told.append) as sender:
        sender.send(message(0, [person(i) for i in range(1, 400)]))
        eventually(lambda: len(told) == 1)
        for frame in range(STEADY):
            sender.send(message(1 + frame, [person(1)]))
            assert raw.recv(65536).startswith(b"/poses/arr")
        eventually(lambda: len(told) == 2)

    assert told[0].startswith(f"OSC to 127.0.0.1:{port} fails (")
    assert told[1] == f"OSC to 127.0.0.1:{port} works again"


def test_nobody_listening_does_not_matter() -> None:
    told: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind(("127.0.0.1", 0))
        port = gone.getsockname()[1]
    with OscSender("127.0.0.1", port, notice=told.append) as sender:
        for frame in range(50):
            sender.send(message(frame, [person(1)]))

    assert told == []


def test_ipv6_and_names_are_reached() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as six:
        try:
            six.bind(("::1", 0))
        except OSError:
            pytest.skip("this computer has no IPv6")
        six.settimeout(LIMIT_S)
        with OscSender("::1", six.getsockname()[1]) as sender:
            sender.send(message(1))
            assert heard_in(six.recv(65536))[0][1][0] == 1
            assert sender.exposure is None


def test_a_name_that_nobody_knows_is_refused_with_the_option() -> None:
    with pytest.raises(SettingsError, match=r"--send-to nowhere\.invalid:9000: no computer"):
        OscSender("nowhere.invalid", 9000, option="--send-to")


def test_sending_to_the_network_is_told() -> None:
    with OscSender("192.0.2.1", 9000) as sender:
        assert "192.0.2.1:9000 unencrypted" in str(sender.exposure)
