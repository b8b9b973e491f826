"""Where poses are sent to or fetched from: HOST:PORT as people write it, and who else is reached.

Only the text of an option enters. This computer is the default everywhere; whoever names another
address is told what that means, in a sentence for the caller to show.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from typing import Any

from sdpose_track.errors import SettingsError

THIS_COMPUTER = "127.0.0.1"

_FORM = re.compile(
    r"(?:(?P<name>[^\s\[\]:/@]+):|\[(?P<v6>[0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]:)?(?P<port>[0-9]{1,5})"
)


@dataclass(frozen=True, slots=True)
class Address:
    """A port of a computer."""

    host: str
    """Its name or number, IPv6 without brackets."""
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def exposed_sending(self) -> str | None:
        """Say who can see what is sent there, in a sentence; None if it stays on this computer."""
        if is_loopback(self.host):
            return None
        return (
            f"everybody's poses are sent to {self} unencrypted: whoever is there, "
            "or listens on the network between, can read them"
        )

    def exposed_listening(self) -> str | None:
        """Say who can connect to it, in a sentence; None if only this computer can."""
        if is_loopback(self.host):
            return None
        return (
            f"{self} is open to the network: every computer that reaches it can read "
            "everybody's poses, without a password"
        )


def parse_address(text: str, option: str) -> Address:
    """Return what `text`, the value of `option`, names: HOST:PORT, [IPV6]:PORT, or PORT.

    A port alone is one of this computer. Raises SettingsError, which names `option`.
    """
    form = _FORM.fullmatch(text)
    if form is None or (form["v6"] is not None and not _is_ipv6(form["v6"])):
        raise SettingsError(
            f"{option} {text}: expected HOST:PORT or a port, such as {THIS_COMPUTER}:9000, "
            "[::1]:9000 or 9000"
        )
    port = int(form["port"])
    if not 1 <= port <= 65535:
        raise SettingsError(f"{option} {text}: expected a port from 1 to 65535")
    return Address(form["v6"] or form["name"] or THIS_COMPUTER, port)


def is_loopback(host: str) -> bool:
    """Say whether `host` is this computer for certain: a name that must be looked up is not."""
    name = host.lower().removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def resolve(
    address: Address, kind: socket.SocketKind, option: str
) -> tuple[socket.AddressFamily, Any]:
    """Return the family and the socket address of `address`, IPv4 where it has both.

    Raises SettingsError, which names `option`, if nobody knows the name.
    """
    try:
        found = socket.getaddrinfo(address.host, address.port, type=kind)
    except (OSError, UnicodeError) as error:  # UnicodeError: a name that no domain can have
        raise SettingsError(
            f"{option} {address}: no computer of that name is found; check it, or give its number"
        ) from error
    family, _, _, _, where = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    return family, where


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True
