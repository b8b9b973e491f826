from __future__ import annotations

import io
import socket
import traceback
from collections.abc import Iterator

import av
import cv2
import numpy as np
import pytest
from streams import LOOPBACK, PageServer, RawServer, RtspServer, Server, grey_pictures

from sdpose_track.capture import CaptureSettings, open_live, stream
from sdpose_track.errors import SourceError

NOT_A_VIDEO = "answers, but not with a video that can be read; check the address"
SECRET = "hidden"
NOISE = np.random.default_rng(1).bytes(1_000_000)
PAGE = b"<!doctype html><html><body>" + 500 * b"<p>Camera</p>" + b"</body></html>"


@pytest.fixture(autouse=True)
def nothing_on_screen(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """FFmpeg is not heard."""
    yield
    assert capfd.readouterr() == ("", "")


def told(address: str) -> str:
    """Return the sentence with which `address` is refused."""
    with pytest.raises(SourceError) as caught:
        open_live(address, CaptureSettings(), print)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def jpeg() -> bytes:
    return bytes(cv2.imencode(".jpg", grey_pictures()[0])[1])


def only_sound() -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        track = container.add_stream("aac", rate=44_100)
        for i in range(20):
            sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            sound.sample_rate, sound.pts = 44_100, 1024 * i
            container.mux(track.encode(sound))
        container.mux(track.encode())
    return file.getvalue()


@pytest.mark.parametrize(
    ("server", "wanted"),
    [
        (RawServer(NOISE), "a video"),
        (RawServer(NOISE, again=True), NOT_A_VIDEO),
        (RawServer(b"HTTP/1.1 200 OK\r\n\r\nhello"), "a video"),
        (PageServer("text/html", PAGE), NOT_A_VIDEO + ": the web page of a camera is not its"),
        (PageServer("application/json", b'{"state": "on"}'), NOT_A_VIDEO),
        (PageServer("application/octet-stream", NOISE), NOT_A_VIDEO),
        (PageServer("video/mp4", b""), "a video"),
        (PageServer("image/jpeg", jpeg()), NOT_A_VIDEO),
        (PageServer("video/mp4", only_sound()), "sends only sound; choose an address that"),
        (PageServer("text/plain", b"", 404), "is not there: the server does not know this path"),
        (PageServer("text/plain", b"", 401), "wants a name and a password; write them as http://"),
        (PageServer("text/plain", b"", 403), "wants a name and a password"),
        (PageServer("text/plain", b"", 418), "refuses the request; check the address"),
        (PageServer("text/plain", b"", 503), "answers with an error of the server; try again"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_is_no_stream_is_refused_in_a_sentence(
    server: Server, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "OPEN_S", 1.0)
    with server:
        sentence = told(server.address)
    assert sentence.startswith(f"{server.address} ")
    assert wanted in sentence


@pytest.mark.parametrize("scheme", ["tcp", "http", "https", "rtsp", "rtmp"])
def test_a_server_that_accepts_and_says_nothing_is_not_waited_for(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "OPEN_S", 0.5)
    with RawServer(b"") as server:
        address = f"{scheme}://{LOOPBACK}:{server.port}"
        assert told(address).startswith(
            f"{address} has sent nothing that is a video within 0.5 s; "
        )


def test_a_port_to_which_nobody_sends_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "OPEN_S", 0.5)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((LOOPBACK, 0))
        port = taken.getsockname()[1]
    assert "has sent nothing that is a video within 0.5 s" in told(f"udp://{LOOPBACK}:{port}")


def test_a_port_that_another_program_has_is_told() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((LOOPBACK, 0))
        port = taken.getsockname()[1]
        assert "another program has this port; close it" in told(f"udp://{LOOPBACK}:{port}")


@pytest.mark.parametrize("scheme", ["tcp", "http", "https", "rtsp", "rtmp"])
def test_a_refused_connection_is_told(scheme: str) -> None:
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        port = free.getsockname()[1]
    address = f"{scheme}://{LOOPBACK}:{port}/x"
    wanted = f"{address} refuses the connection; check that it is on, and the port."
    assert told(address) == wanted


@pytest.mark.parametrize("scheme", ["http", "rtsp", "tcp"])
def test_a_computer_that_is_not_known_is_named(scheme: str) -> None:
    assert "names a computer that is not known: camera.invalid; check its name" in told(
        f"{scheme}://camera.invalid:1/x"
    )


def test_a_protocol_that_ffmpeg_may_have_been_built_without_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream, "OPEN_S", 0.5)
    assert told("srt://127.0.0.1:1").startswith("srt://127.0.0.1:1 ")


@pytest.mark.parametrize("login", ["", f"joe:{SECRET}@"])
def test_a_wrong_password_is_told_and_never_shown(login: str) -> None:
    server = RtspServer()
    server.login = "joe:right"
    address = server.address.replace("//", f"//{login}")
    with server, pytest.raises(SourceError) as caught:
        open_live(f"{address}?key={SECRET}", CaptureSettings(), print)
    sentence = str(caught.value)
    wanted = "refuses this name and password; check both" if login else "wants a name and a passw"
    assert wanted in sentence
    assert SECRET not in "".join(traceback.format_exception(caught.value))
