"""Encrypted streams: who answers is checked, and whoever says so takes a camera unchecked."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from socketserver import TCPServer
from typing import Any

import pytest
from command import called, refused
from streams import LOOPBACK, MjpegServer, RtspServer, Server

from sdpose_track.capture import CaptureSettings, open_live, trust
from sdpose_track.cli.live_grammar import wish_from
from sdpose_track.cli.parser import build_parser
from sdpose_track.errors import SourceError

SECRET = "hidden"
OPENSSL = shutil.which("openssl")
CERTIFICATE = (
    "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
)  # fmt: skip


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate of localhost, which is not that of 127.0.0.1."""
    if OPENSSL is None:
        pytest.skip("no openssl is here to make a certificate with")
    path = tmp_path_factory.mktemp("tls") / "own.pem"
    command = (OPENSSL, *CERTIFICATE, "-keyout", str(path), "-out", str(path))
    subprocess.run(command, check=True, capture_output=True)
    return path


class Encrypted:
    """Lets a server of `streams` encrypt; a mixin."""

    certificate: Path

    def server(self) -> Any:
        server: TCPServer = super().server()  # type: ignore[misc]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        # The handshake is for the thread of the connection: who refuses may not end the server.
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        return server


class Https(Encrypted, MjpegServer):
    scheme = "https"


class Rtsps(Encrypted, RtspServer):
    scheme = "rtsps"
    login = f"joe:{SECRET}"


@pytest.fixture(params=[Https, Rtsps])
def server(request: pytest.FixtureRequest, own: Path) -> Iterator[Server]:
    server = request.param()
    server.certificate = own
    with server:
        yield server


def address_of(server: Server, host: str = LOOPBACK) -> str:
    return server.address.replace(LOOPBACK, f"joe:{SECRET}@{host}")


def test_a_certificate_that_nobody_signed_is_refused_in_a_sentence(server: Server) -> None:
    with pytest.raises(SourceError) as caught:
        open_live(address_of(server), CaptureSettings(), print)
    sentence = str(caught.value)
    assert sentence.startswith(f"{server.address} shows a certificate that is not trusted (self")
    assert "--insecure-tls" in sentence
    assert SECRET not in sentence


def test_whoever_says_so_takes_a_camera_unchecked(server: Server) -> None:
    settings = CaptureSettings(any_certificate=True)
    with open_live(address_of(server), settings, print) as source:
        assert source.info.name == server.address
        assert len(list(zip(source.frames(), range(3), strict=False))) == 3


def test_a_camera_whose_certificate_is_named_is_trusted(
    server: Server, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(own))
    with open_live(address_of(server, "localhost"), CaptureSettings(), print) as source:
        assert (source.info.width, source.info.height) == (320, 240)


def test_a_certificate_of_another_computer_is_refused(
    server: Server, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(own))
    with pytest.raises(SourceError, match=r"not trusted \(IP address mismatch"):
        open_live(address_of(server), CaptureSettings(), print)


def test_the_option_of_the_command_line_is_the_way_around_it(server: Server) -> None:
    words = ["live", server.address, "--headless"]
    sentence = refused(called(*words), 3)
    assert "--insecure-tls takes it unchecked" in sentence
    assert not wish_from(build_parser().parse_args(words)).capture.any_certificate
    words.append("--insecure-tls")
    assert wish_from(build_parser().parse_args(words)).capture.any_certificate


def test_a_server_that_does_not_encrypt_is_not_called_distrusted() -> None:
    with MjpegServer() as server, pytest.raises(SourceError) as caught:
        open_live(server.address.replace("http:", "https:"), CaptureSettings(), print)
    assert "certificate" not in str(caught.value)


def test_a_server_that_is_off_is_not_called_distrusted() -> None:
    with socket.create_server((LOOPBACK, 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(SourceError, match="refuses the connection"):
        open_live(f"https://{LOOPBACK}:{port}/", CaptureSettings(), print)


def test_the_authorities_are_a_file_of_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(trust.authorities())
    assert len(context.get_ca_certs()) > 50
