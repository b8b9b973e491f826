"""Addresses as people write them, and what is said of those that others reach."""

from __future__ import annotations

import socket

import pytest

from sdpose_track.broadcast.address import Address, is_loopback, parse_address, resolve
from sdpose_track.errors import SettingsError


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("9000", "127.0.0.1", 9000),
        ("127.0.0.1:1", "127.0.0.1", 1),
        ("0.0.0.0:65535", "0.0.0.0", 65535),
        ("[::1]:9000", "::1", 9000),
        ("[fe80::1%eth0]:9000", "fe80::1%eth0", 9000),
        ("studio-pc.local:8000", "studio-pc.local", 8000),
        ("bühne:8000", "bühne", 8000),
    ],
)
def test_an_address_is_read_and_written_alike(text: str, host: str, port: int) -> None:
    address = parse_address(text, "--osc")

    assert address == Address(host, port)
    assert str(address) == (text if ":" in text else f"127.0.0.1:{text}")


@pytest.mark.parametrize(
    "text",
    [
        "", ":9000", "host", "host:", "host:no", "127.0.0.1", "::1:9000", "[::1]", "[::g]:9000",
        "[127.0.0.1]:9000", "osc.udp://127.0.0.1:9000", "me@host:9000", "a b:9000", "９０００",
        "-1", "host:123456",
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_the_option_and_the_form(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^--osc .*expected HOST:PORT") as caught:
        parse_address(text, "--osc")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("text", ["0", "65536", "host:99999"])
def test_a_port_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=f"--ws {text}: expected a port from 1 to 65535"):
        parse_address(text, "--ws")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.9.9.9", "::1", "localhost", "LOCALHOST", "localhost.", "a.localhost"]
)
def test_this_computer_exposes_nothing(host: str) -> None:
    assert is_loopback(host)
    assert Address(host, 9000).exposed_sending() is None
    assert Address(host, 9000).exposed_listening() is None


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "192.168.1.7", "fe80::1%eth0", "studio", "notlocalhost", "127.0.0.1.x"],
)
def test_any_other_address_is_told_to_be_open(host: str) -> None:
    address = Address(host, 9000)

    assert not is_loopback(host)
    assert f"sent to {address} unencrypted" in str(address.exposed_sending())
    assert "without a password" in str(address.exposed_listening())


@pytest.mark.parametrize("host", ["no-such-computer.invalid", "x" * 70 + ".invalid", "é" * 300])
def test_a_name_that_nobody_knows_is_a_sentence(host: str) -> None:
    with pytest.raises(SettingsError, match=r"--osc .*no computer of that name is found"):
        resolve(Address(host, 9000), socket.SOCK_DGRAM, "--osc")
