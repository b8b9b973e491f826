"""The WebSocket server on loopback, with real clients: good, slow, strange and hostile ones."""

from __future__ import annotations

import itertools
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, cast

import numpy as np
import pytest
from broadcasting import HEIGHT, LIMIT_S, WIDTH, eventually, message, person, points_of
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin
from websockets.uri import parse_uri

from sdpose_track.broadcast import pose_json, websocket
from sdpose_track.broadcast.origins import Origins
from sdpose_track.broadcast.pose_json import SOURCES
from sdpose_track.broadcast.websocket import (
    LARGEST_READ,
    MOST_CLIENTS,
    ON_THE_WAY,
    WebSocketServer,
)
from sdpose_track.errors import SettingsError
from sdpose_track.records import Pose, Provenance
from sdpose_track.skeletons import COCO17, WHOLEBODY133, Skeleton


@pytest.fixture
def server() -> Iterator[WebSocketServer]:
    with WebSocketServer("127.0.0.1", 0) as one:
        yield one


@contextmanager
def client_of(server: WebSocketServer, origin: str | None = None) -> Iterator[ClientConnection]:
    """Connect a client, which the server knows already."""
    before = server.clients
    with connect(
        f"ws://127.0.0.1:{server.port}/",
        origin=None if origin is None else Origin(origin),
        proxy=None,
        open_timeout=LIMIT_S,
    ) as client:
        eventually(lambda: server.clients > before)
        yield client


def heard(client: ClientConnection) -> dict[str, Any]:
    """Return the next message, read as strictly as JSON is meant."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    text = client.recv(timeout=LIMIT_S, decode=True)
    return cast("dict[str, Any]", json.loads(text, parse_constant=refuse))


class BareClient:
    """A client that answers a ping only when it is told to, and reads only what it is told to."""

    def __init__(self, server: WebSocketServer, *headers: tuple[str, str]) -> None:
        self._protocol = ClientProtocol(parse_uri(f"ws://127.0.0.1:{server.port}/"))
        self._socket = socket.create_connection(("127.0.0.1", server.port), LIMIT_S)
        request = self._protocol.connect()
        for name, value in headers:
            request.headers[name] = value
        self._protocol.send_request(request)
        self._socket.sendall(b"".join(self._protocol.data_to_send()))
        self._pongs: list[bytes] = []
        self._frames = self._read()
        self.response = next(self._frames)

    def texts(self, count: int) -> list[dict[str, Any]]:
        """Read until `count` texts have come, and the ping behind the last one."""
        found = [json.loads(bytes(f.data)) for f in self._opcodes(Opcode.TEXT, count)]
        next(self._opcodes(Opcode.PING, 1))
        return found

    def confirm(self) -> None:
        """Answer all pings that were read."""
        self._socket.sendall(b"".join(self._pongs))
        self._pongs = []

    def flood(self, said: bytes) -> None:
        """Send `said` again and again; never returns. Raises ConnectionError when cut off."""
        while True:
            self._socket.sendall(said)

    def close(self) -> None:
        self._socket.close()

    def _opcodes(self, wanted: Opcode, count: int) -> Iterator[Frame]:
        kinds = (f for f in self._frames if isinstance(f, Frame) and f.opcode is wanted)
        return itertools.islice(kinds, count)

    def _read(self) -> Iterator[Any]:
        while data := self._socket.recv(65536):
            self._protocol.receive_data(data)
            self._pongs += [d for d in self._protocol.data_to_send() if d]
            yield from self._protocol.events_received()


def test_a_frame_is_the_json_that_is_written_down(server: WebSocketServer) -> None:
    with client_of(server) as client:
        server.send(message(50, [person(3), person(8, missing=(2,))]))
        assert heard(client)["type"] == "hello"
        told = heard(client)

    people = told.pop("people")
    assert told == {"type": "pose", "frame": 50, "time_s": 2.0, "w": WIDTH, "h": HEIGHT}
    assert [(p["id"], p["score"]) for p in people] == [(3, 0.5), (8, 0.5)]
    points = np.array(people[0]["kp"])
    np.testing.assert_allclose(points[:, :2], points_of(3), atol=0.0005)
    np.testing.assert_array_equal(points[:, 2], 0.75)
    assert people[1]["kp"][2] == [0, 0, 0]


@pytest.mark.parametrize("skeleton", [COCO17, WHOLEBODY133])
def test_hello_is_all_that_is_needed_to_draw(server: WebSocketServer, skeleton: Skeleton) -> None:
    with client_of(server) as client:
        server.send(message(0, [person(1, skeleton)], skeleton=skeleton))
        hello, pose = heard(client), heard(client)

    assert (hello["program"], hello["protocol"], hello["skeleton"]) == (
        "sdpose-track", 1, skeleton.name,
    )  # fmt: skip
    assert hello["keypoints"] == list(skeleton.keypoints)
    assert [tuple(edge) for edge in hello["edges"]] == list(skeleton.edges)
    assert [tuple(line) for line in hello["contours"]] == list(skeleton.contours)
    assert hello["groups"]["body"] == [0, 17]
    assert len(pose["people"][0]["kp"]) == len(hello["keypoints"])


def test_another_skeleton_is_said_hello_for_again(server: WebSocketServer) -> None:
    with client_of(server) as client:
        server.send(message(0))
        assert [heard(client)["type"] for _ in range(2)] == ["hello", "pose"]
        server.send(message(1))
        assert heard(client)["type"] == "pose"
        server.send(message(2, skeleton=WHOLEBODY133))
        assert heard(client)["skeleton"] == "wholebody133"


def test_each_keypoint_tells_where_it_came_from(server: WebSocketServer) -> None:
    plain = person(1)
    source = np.zeros(17, np.uint8)
    source[4], source[5] = Provenance.PREDICTED, Provenance.MEASURED_FAST
    mixed = Pose(1, plain.box, 0.5, plain.keypoints, plain.scores, source)
    with client_of(server) as client:
        server.send(message(0, [mixed]))
        hello, pose = heard(client), heard(client)

    names = [hello["sources"][number] for number in pose["people"][0]["source"]]
    assert names[3:7] == ["measured", "predicted", "fast", "measured"]
    assert list(hello["sources"]) == [SOURCES[p] for p in Provenance]
    assert [int(p) for p in Provenance] == list(range(len(Provenance)))


def test_nothing_is_ever_not_a_number(server: WebSocketServer) -> None:
    pose = person(1, missing=(0, 9))
    where, scores = pose.keypoints.copy(), pose.scores.copy()
    where[3], scores[4], scores[5] = (np.inf, 5), np.nan, 1.5
    odd = Pose(1, pose.box, float("nan"), where, scores, pose.provenance)
    with client_of(server) as client:
        server.send(message(0, [odd]))
        heard(client)
        told = heard(client)["people"][0]

    assert told["score"] == 0
    assert [told["kp"][k] for k in (0, 3, 9)] == [[0, 0, 0]] * 3
    assert [told["kp"][k][2] for k in (4, 5)] == [0, 1]


def test_names_beyond_ascii_survive() -> None:
    ours = Skeleton("tänzer", ("鼻",), (), (0.1,), (0,), (("körper", range(1)),))

    assert json.loads(pose_json.hello(ours))["keypoints"] == ["鼻"]


def test_people_keep_their_ids_over_hundreds_of_frames_for_every_client(
    server: WebSocketServer,
) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(client_of(server)) for _ in range(4)]
        for frame in range(300):
            server.send(message(frame, [person(i) for i in (1, 4, 6)]))
            for client in clients:
                if frame == 0:
                    assert heard(client)["type"] == "hello"
                told = heard(client)
                assert told["frame"] == frame
                assert [p["id"] for p in told["people"]] == [1, 4, 6]
    assert server.left_out == 0


def test_a_slow_client_gets_the_newest_and_holds_nobody_back(server: WebSocketServer) -> None:
    slow = BareClient(server)
    eventually(lambda: server.clients == 1)
    with client_of(server) as fast:
        for frame in range(300):
            server.send(message(frame, [person(1)]))
            if frame == 0:
                heard(fast)
            assert heard(fast)["frame"] == frame
        begin = slow.texts(1 + ON_THE_WAY)
        assert [t.get("frame") for t in begin] == [None, *range(ON_THE_WAY)]
        assert server.left_out == 300 - ON_THE_WAY - 1
        slow.confirm()
        assert [t["frame"] for t in slow.texts(1)] == [299]
    slow.close()


def test_a_client_that_never_confirms_is_given_up(
    server: WebSocketServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "PATIENCE_S", 1.0)
    stuck = BareClient(server)
    eventually(lambda: server.clients == 1)
    with client_of(server) as good:
        for frame in range(ON_THE_WAY):
            server.send(message(frame))
            if frame == 0:
                heard(good)
            heard(good)
        eventually(lambda: server.clients == 1)
        server.send(message(99))
        assert heard(good)["frame"] == 99
    stuck.close()


def test_what_clients_say_changes_nothing(server: WebSocketServer) -> None:
    with client_of(server) as client:
        for said in ("stop", "x" * LARGEST_READ, b"\x00\xff", "ä", '{"type":"quit"}'):
            client.send(said)
        client.ping().wait(LIMIT_S)  # the server has read everything before it
        server.send(message(1))
        assert [heard(client)["type"] for _ in range(2)] == ["hello", "pose"]


def test_a_client_that_sends_a_large_message_is_disconnected_and_others_stay(
    server: WebSocketServer,
) -> None:
    with client_of(server) as good, client_of(server) as bad:
        bad.send("x" * (LARGEST_READ + 1))
        with pytest.raises(ConnectionClosed):
            bad.recv(timeout=LIMIT_S)
        assert bad.close_code == 1009
        eventually(lambda: server.clients == 1)
        server.send(message(1))
        assert heard(good)["type"] == "hello"


@pytest.mark.parametrize(
    "flood",
    [
        [Frame(Opcode.TEXT, b"hello?")],
        [Frame(Opcode.PING, b"hello?")],
        [Frame(Opcode.TEXT, b"x" * 10_000_000)],
        [
            Frame(Opcode.BINARY, b"x" * 100, fin=False),
            *[Frame(Opcode.CONT, b"x", fin=False)] * 9999,
        ],
    ],
    ids=["many messages", "many pings", "10 MB", "no end"],
)
def test_a_client_that_sends_much_is_cut_off_and_others_stay(
    server: WebSocketServer, flood: list[Frame]
) -> None:
    said = b"".join(frame.serialize(mask=True) for frame in flood)
    bad = BareClient(server)
    eventually(lambda: server.clients == 1)
    with client_of(server) as good:
        with pytest.raises(ConnectionError):
            bad.flood(said)
        eventually(lambda: server.clients == 1)
        server.send(message(1))
        assert heard(good)["type"] == "hello"
    bad.close()


def test_there_is_an_end_to_how_many_are_served(server: WebSocketServer) -> None:
    crowd = [BareClient(server) for _ in range(MOST_CLIENTS)]
    eventually(lambda: server.clients == MOST_CLIENTS)
    with connect(f"ws://127.0.0.1:{server.port}/", proxy=None) as late:
        with pytest.raises(ConnectionClosed, match="32 clients are connected already"):
            late.recv(timeout=LIMIT_S)
        assert late.close_code == 1013
    crowd.pop().close()
    eventually(lambda: server.clients == MOST_CLIENTS - 1)
    with client_of(server):
        assert server.clients == MOST_CLIENTS
    for client in crowd:
        client.close()


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:5173", "https://127.0.0.1", "http://[::1]:8080", "http://app.localhost",
        "file://", None,
    ],
)  # fmt: skip
def test_pages_of_this_computer_and_programs_may_read(
    server: WebSocketServer, origin: str | None
) -> None:
    with client_of(server, origin) as client:
        server.send(message(1))
        assert heard(client)["type"] == "hello"


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example", "null", "http://localhost.evil.example", "http://127.0.0.1.nip.io",
        "http://192.168.1.7", "ftp://localhost", "http://[", "",
    ],
)  # fmt: skip
def test_pages_of_others_may_not(origin: str) -> None:
    told: list[str] = []
    with WebSocketServer("127.0.0.1", 0, notice=told.append) as server:
        for _ in range(2):
            with pytest.raises(InvalidStatus) as refused, client_of(server, origin):
                pass
            assert refused.value.response.status_code == 403

    assert len(told) == 1
    assert told[0].startswith(f"a web page of {origin} asked for the poses and was refused; --ws-o")


def test_one_of_two_origins_is_enough_to_be_refused(server: WebSocketServer) -> None:
    bare = BareClient(server, ("Origin", "http://localhost"), ("Origin", "https://evil.example"))

    assert bare.response.status_code == 403
    bare.close()


def test_made_up_origins_are_told_in_limits_and_harmlessly() -> None:
    told: list[str] = []
    with WebSocketServer("127.0.0.1", 0, notice=told.append) as server:
        for number in range(30):
            bare = BareClient(server, ("Origin", f"https://é{number}" + "x" * 500))
            assert bare.response.status_code == 403
            bare.close()

    assert len(told) == 20
    assert all(sentence.isascii() and len(sentence) < 400 for sentence in told)


def test_other_pages_can_be_let_in() -> None:
    more = ["https://Example.org:8443/", "null"]
    with WebSocketServer("127.0.0.1", 0, origins=more) as server:
        for origin in ("https://example.org:8443", "null"):
            with client_of(server, origin):
                assert server.clients == 1
            eventually(lambda: server.clients == 0)
        with pytest.raises(InvalidStatus), client_of(server, "https://example.org"):
            pass
    assert Origins(["*"], "--ws-origin").allow("https://anybody.example")


@pytest.mark.parametrize("origin", ["", "example.org", "https://", "https://example.org/page"])
def test_an_origin_that_cannot_be_is_refused_with_the_option(origin: str) -> None:
    with pytest.raises(SettingsError, match=f"--ws-origin {origin}: expected the beginning"):
        WebSocketServer("127.0.0.1", 0, origins=[origin])


def test_a_port_in_use_is_refused_with_the_option(server: WebSocketServer) -> None:
    with pytest.raises(SettingsError, match="another program listens there") as refused:
        WebSocketServer("127.0.0.1", server.port, option="--listen")
    assert str(refused.value).startswith(f"--listen 127.0.0.1:{server.port}: ")
    assert refused.value.exit_code == 2


def test_an_address_of_another_computer_is_refused() -> None:
    with pytest.raises(SettingsError, match="does not have that address"):
        WebSocketServer("192.0.2.1", 9001)


def test_listening_to_the_network_is_told() -> None:
    with WebSocketServer("0.0.0.0", 0) as server:
        assert "without a password" in str(server.exposure)


def test_noise_and_silence_on_the_port_harm_nobody(server: WebSocketServer) -> None:
    with ExitStack() as stack:
        for noise in (
            b"",
            b"\x16\x03\x01\x02\x00\x01\x00" * 50,
            b"GET / HTTP/1.1\r\n\r\n",
            b"A" * 99999,
        ):
            other = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            other.sendall(noise)
        with client_of(server) as client:
            server.send(message(1))
            assert heard(client)["type"] == "hello"


def test_a_browser_that_is_pointed_at_it_is_answered(server: WebSocketServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), LIMIT_S) as browser:
        browser.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert browser.recv(4096).startswith(b"HTTP/1.1 426 ")


def test_closing_tells_good_clients_and_drops_the_others() -> None:
    server = WebSocketServer("127.0.0.1", 0)
    stuck, silent = BareClient(server), socket.create_connection(("127.0.0.1", server.port))
    everybody = [person(i, WHOLEBODY133) for i in range(1, 11)]
    with client_of(server) as client:
        for frame in range(20):
            server.send(message(frame, everybody, (), WHOLEBODY133))
        server.close()
        server.close()
        server.send(message(99))
        assert all(json.loads(text)["type"] in ("hello", "pose") for text in client)
    assert client.close_code == 1001
    assert server.clients == 0
    stuck.close()
    silent.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port))


def test_a_client_that_reads_nothing_does_not_hold_up_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(websocket, "PATIENCE_S", 1e6)
    crowd = [person(i, WHOLEBODY133) for i in range(1, 400)]
    with ExitStack() as stack:
        server = stack.enter_context(WebSocketServer("127.0.0.1", 0))
        stuck = BareClient(server)
        stack.callback(stuck.close)
        eventually(lambda: server.clients == 1)
        (waiting,) = server._clients
        for frame in range(ON_THE_WAY):
            server.send(message(frame, crowd, (), WHOLEBODY133))
            eventually(lambda: server._newest._waiting is None)
        eventually(lambda: waiting.connection.transport.get_write_buffer_size() > 0)
        closing = threading.Thread(target=server.close)
        closing.start()
        closing.join(LIMIT_S)
        assert not closing.is_alive()


def test_it_can_be_opened_again_at_once_where_clients_were() -> None:
    with ExitStack() as stack:
        with WebSocketServer("127.0.0.1", 0) as first:
            port = first.port
            stack.enter_context(client_of(first))
        with WebSocketServer("127.0.0.1", port) as second, client_of(second):
            assert second.port == port


def test_a_frame_does_not_wait_for_the_one_before_to_be_acknowledged(
    server: WebSocketServer,
) -> None:
    with client_of(server):
        (client,) = server._clients
        line = client.connection.transport.get_extra_info("socket")
        assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
