"""Receivers that are no friends: the outputs give poses to who may have them, and take nothing."""

from __future__ import annotations

import base64
import json
import random
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress

import pytest
from broadcasting import LIMIT_S, eventually, message, person
from websockets.sync.client import ClientConnection, connect

from sdpose_track.broadcast import listener, websocket
from sdpose_track.broadcast.osc import OscSender
from sdpose_track.broadcast.websocket import MOST_CLIENTS, WebSocketServer
from sdpose_track.errors import SettingsError

Amount = Callable[[int, int], int]
Tried = Callable[[str, int], None]

CONNECTIONS, WORDS, NAMES = (
    "receivers: connections that ask for too much",
    "receivers: what they say, orders and noise",
    "receivers: pages and names that are not this computer's",
)
KEY = base64.b64encode(bytes(16)).decode()
MASK = bytes(4)


@contextmanager
def serving() -> Iterator[tuple[WebSocketServer, ClientConnection]]:
    """Serve, and be a good client from the beginning: it must get everything to the end."""
    with WebSocketServer("127.0.0.1", 0) as server, ExitStack() as stack:
        address = f"ws://127.0.0.1:{server.port}/"
        good = stack.enter_context(connect(address, proxy=None, open_timeout=LIMIT_S))
        eventually(lambda: server.clients == 1)
        yield server, good
        assert hears(server, good, 1_000_000)


def hears(server: WebSocketServer, client: ClientConnection, frame: int) -> bool:
    """Send a frame, and say whether the client gets it."""
    server.send(message(frame, [person(1)]))
    while True:
        told = json.loads(client.recv(timeout=LIMIT_S))
        if told.get("frame") == frame:
            return True


def request(*lines: str, host: str = "127.0.0.1") -> bytes:
    """Return a handshake with more header `lines`."""
    head = (
        "GET / HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade",
        f"Sec-WebSocket-Key: {KEY}", "Sec-WebSocket-Version: 13", *lines, "", "",
    )  # fmt: skip
    return "\r\n".join(head).encode("latin-1")


def caller(server: WebSocketServer, said: bytes = b"") -> socket.socket:
    one = socket.create_connection(("127.0.0.1", server.port), LIMIT_S)
    one.sendall(said)
    return one


def is_open(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        return client.recv(1, socket.MSG_PEEK) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


@pytest.mark.parametrize("said", [b"", b"GET / HT", request()[:-2] + b"X: "], ids=repr)
def test_connections_that_never_ask_are_not_kept(
    monkeypatch: pytest.MonkeyPatch, said: bytes, amount: Amount, tried: Tried
) -> None:
    """Each takes an open file from the run, which may have a thousand."""
    monkeypatch.setattr(websocket, "OPENING_S", 600.0)
    count = amount(90, 400)
    with serving() as (server, _), ExitStack() as stack:
        crowd = []
        for _ in range(count):
            try:
                crowd.append(stack.enter_context(closing(caller(server, said))))
            except OSError:  # was hung up on already
                continue
        eventually(lambda: sum(map(is_open, crowd)) < listener.MOST_OPEN)
        tried(CONNECTIONS, count)


def test_a_thousand_clients_are_no_more_than_the_most(amount: Amount, tried: Tried) -> None:
    count = amount(60, 400)
    with serving() as (server, _), ExitStack() as stack:
        for _ in range(count):
            try:
                stack.enter_context(closing(caller(server, request())))
            except OSError:
                continue
        eventually(lambda: server.clients == MOST_CLIENTS)
        server.send(message(1, [person(1)]))
        tried(CONNECTIONS, count)


def test_clients_that_never_read_keep_nobody_waiting(amount: Amount, tried: Tried) -> None:
    with serving() as (server, good), ExitStack() as stack:
        for _ in range(MOST_CLIENTS - 1):
            stuck = stack.enter_context(closing(caller(server)))
            stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            stuck.sendall(request())
        eventually(lambda: server.clients == MOST_CLIENTS)
        for frame in range(amount(50, 2000)):
            assert hears(server, good, frame)
        tried(CONNECTIONS, MOST_CLIENTS)


def frame(head: int, data: bytes, length: bytes | None = None) -> bytes:
    """Return a masked frame whose first byte is `head`, with any `length` for its own."""
    return bytes([head]) + (length or bytes([0x80 | len(data)])) + MASK + data


SAID = {
    "an order": frame(0x81, b'{"command": "stop"}') * 20,
    "a path": frame(0x81, b"../../etc/passwd"),
    "bytes": frame(0x82, bytes(range(100))),
    "no text": frame(0x81, b"\xff\xfe"),
    "a frame of 2^63 bytes": frame(0x82, b"", b"\xff" + b"\x7f" + b"\xff" * 7),
    "a frame of 100 MB": frame(0x82, b"", b"\xff" + (10**8).to_bytes(8)),
    "many parts": frame(0x01, b"a") + frame(0x00, b"b" * 125) * 99,
    "parts without end": frame(0x01, b"") * 3,
    "compressed": frame(0xC1, b"\x4a\x4c\x04\x00"),
    "reserved bits": frame(0xF1, b"a"),
    "a reserved kind": frame(0x83, b""),
    "not masked": b"\x81\x01a",
    "a long ping": frame(0x89, b"a" * 255, b"\xfe\x00\xff"),
    "pings": frame(0x89, b"a" * 125) * 400,
    "answers to nothing": frame(0x8A, b"1234") * 400,
    "an end": frame(0x88, b"\x03\xe8"),
    "a damaged end": frame(0x88, b"\x00"),
    "a handshake again": request(),
    "zeros": bytes(5000),
}


def test_nothing_that_a_client_says_is_an_order(tried: Tried) -> None:
    offers = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
    with serving() as (server, good), ExitStack() as stack:
        for number, said in enumerate(SAID.values()):
            bad = stack.enter_context(closing(caller(server, request(offers))))
            answer = bad.recv(4096)
            assert answer.startswith(b"HTTP/1.1 101 ")
            assert b"permessage-deflate" not in answer
            bad.sendall(said)
            assert hears(server, good, number)
            tried(WORDS, 1)


@pytest.mark.parametrize("lines", [(), ("Origin: http://evil.example",)])
def test_who_talks_on_before_the_answer_is_cut_off(
    lines: tuple[str, ...], amount: Amount, tried: Tried
) -> None:
    with serving() as (server, good):
        for _ in range(amount(20, 500)):
            with closing(socket.create_connection(("127.0.0.1", server.port), LIMIT_S)) as bad:
                bad.sendall(request(*lines) + b"\xff" * 9)
                with suppress(ConnectionError):
                    assert bad.recv(4096) == b""
            tried(WORDS, 1)
        assert hears(server, good, 1)


def test_who_asks_for_answers_and_leaves_fills_no_log(
    caplog: pytest.LogCaptureFixture, amount: Amount, tried: Tried
) -> None:
    """For each answer that cannot be written asyncio has a line."""
    with serving() as (server, good):
        for number in range(amount(20, 500)):
            with closing(caller(server, request())) as bad:
                assert bad.recv(4096).startswith(b"HTTP/1.1 101 ")
                bad.sendall(SAID["pings"])
                bad.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            assert hears(server, good, number)
            tried(WORDS, 1)
    assert [record.message for record in caplog.records if record.name == "asyncio"] == []


def test_noise_on_the_port_harms_nobody(amount: Amount, tried: Tried) -> None:
    valid = request("Origin: http://localhost", "Cookie: a=b")
    with serving() as (server, good):
        for seed in range(amount(100, 10_000)):
            chance = random.Random(seed)
            said = bytearray(valid)
            for _ in range(chance.randrange(1, 9)):
                at = chance.randrange(len(said))
                said[at : at + chance.choice((0, 1, 1, 9))] = chance.randbytes(chance.randrange(4))
            said += SAID[chance.choice(list(SAID))]
            with closing(socket.create_connection(("127.0.0.1", server.port), LIMIT_S)) as bad:
                bad.sendall(said[: chance.randrange(len(said))] if chance.random() < 0.3 else said)
            if seed % 20 == 0:
                assert hears(server, good, seed), f"seed {seed}"
            tried(WORDS, 1)


@pytest.mark.parametrize(
    "said",
    [
        b"GET /" + b"a" * 10**6,
        request()[:-2] + b"X: " + b"a" * 10**6,
        request()[:-2] + b"".join(b"X%d: y\r\n" % i for i in range(5000)) + b"\r\n",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000000\r\n\r\n" + bytes(10**6),
    ],
    ids=["path", "header", "headers", "body"],
)
def test_a_request_without_end_is_cut_off(said: bytes, tried: Tried) -> None:
    with serving() as (server, _), closing(caller(server)) as bad:
        try:
            bad.sendall(said)
            answer = bad.recv(4096)
        except ConnectionError:
            answer = b""
        assert not answer.startswith(b"HTTP/1.1 101 ")
        tried(CONNECTIONS, 1)


@pytest.mark.parametrize(
    ("lines", "host", "is_let_in"),
    [
        ((), "127.0.0.1:9001", True),
        ((), "localhost:9001", True),
        ((), "[::1]:9001", True),
        ((), "evil.example", False),
        ((), "evil.example:9001", False),
        ((), "127.0.0.1.evil.example", False),
        ((), "localhost.evil.example", False),
        ((), "127.0.0.1@evil.example", False),
        ((), "[::1", False),
        ((), "", False),
        (("Host: evil.example",), "127.0.0.1", False),
        (("Origin: http://evil.example",), "evil.example", False),
        (("Origin: http://evil.example",), "127.0.0.1", False),
        (("Origin: http://127.0.0.1.evil.example",), "127.0.0.1", False),
        (("Origin: http://localhost@evil.example",), "127.0.0.1", False),
        (("Origin: null",), "127.0.0.1", False),
        (("Origin: http://localhost", "Origin: http://evil.example"), "127.0.0.1", False),
        (("Origin: http://localhost:8000",), "127.0.0.1:9001", True),
    ],
)
def test_a_name_that_was_made_to_lead_here_lets_nobody_in(
    lines: tuple[str, ...], host: str, is_let_in: bool, tried: Tried
) -> None:
    with serving() as (server, _), closing(caller(server, request(*lines, host=host))) as page:
        answer = page.recv(4096)
        assert answer.startswith(b"HTTP/1.1 101 ") is is_let_in, answer
        assert b"kp" not in answer
        tried(NAMES, 1)


def test_outputs_are_of_this_computer_unless_another_address_is_named_and_told() -> None:
    with WebSocketServer("127.0.0.1", 0) as server:
        assert server.exposure is None
    with WebSocketServer("0.0.0.0", 0) as server:
        assert server.exposure is not None
        assert "open to the network" in server.exposure
        with closing(caller(server, request(host="my-computer.local"))) as other:
            assert other.recv(4096).startswith(b"HTTP/1.1 101 "), "it may have any name there"
    with OscSender("127.0.0.1", 9) as sender:
        assert sender.exposure is None


def test_the_same_holds_over_ipv6(tried: Tried) -> None:
    try:
        server = WebSocketServer("::1", 0)
    except SettingsError:
        pytest.skip("this computer has no IPv6")
    with server:
        assert server.exposure is None
        for host, is_let_in in (("[::1]", True), ("evil.example", False)):
            with socket.create_connection(("::1", server.port), LIMIT_S) as page:
                page.sendall(request(host=host))
                assert page.recv(4096).startswith(b"HTTP/1.1 101 ") is is_let_in
                tried(NAMES, 1)


def test_an_osc_receiver_that_answers_is_not_heard(amount: Amount, tried: Tried) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(LIMIT_S)
        with OscSender("127.0.0.1", receiver.getsockname()[1]) as sender:
            for number in range(amount(50, 5000)):
                sender.send(message(number, [person(1)]))
                data, where = receiver.recvfrom(65536)
                assert data.startswith(b"#bundle")
                receiver.sendto(b"/sdpose/stop\0\0\0\0" * 4000, where)
                tried(WORDS, 1)
