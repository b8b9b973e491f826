"""What the user typed: a stream, a camera or a file. And what FFmpeg may open because of it.

A stream must never make FFmpeg read a file of this computer, so each kind of address is given the
protocols that it needs and no others. Names and passwords in an address are never shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn
from urllib.parse import SplitResult, urlsplit

from sdpose_track.errors import SettingsError
from sdpose_track.home import ADDRESS, CAMERA, at_home, of_file_address

_WEB = "http,https,tls,tcp,crypto"
_PROTOCOLS = {
    "rtsp": "rtp,rtcp,tcp,udp",
    "rtsps": "rtp,rtcp,tls,tcp,udp",
    "http": _WEB,
    "https": _WEB,
    "udp": "udp",
    "tcp": "tcp",
    "rtmp": "rtmp,tcp",
    "srt": "srt,udp",
}
"""What FFmpeg may open for an address, by its scheme."""
_NEEDS_PORT = ("udp", "tcp", "srt")
_TOLD_IN_PATH = re.compile(r"[^/]*=.*")
"""Many cameras want `/user=NAME&password=WORD&channel=1` as the path."""
_KNOWN = ", ".join(f"{scheme}://" for scheme in _PROTOCOLS)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a stream is to be had."""

    url: str = field(repr=False)
    """For FFmpeg and nobody else: it may hold a password."""
    shown: str
    """For messages: without name, password and what else is told to the camera."""
    scheme: str
    host: str
    """Empty where any computer may send."""
    port: int | None
    """None: the usual one."""
    has_login: bool
    """A name and a password are in it."""

    @property
    def protocols(self) -> str:
        """FFmpeg's `protocol_whitelist` for it."""
        return _PROTOCOLS[self.scheme]


def read_spec(spec: str, *, realtime: bool) -> Address | Path | str:
    """Return what `spec` means: an address, the path of a file, or a camera's number or name.

    Raises:
        SettingsError: it is an address that cannot work, or `realtime` does not go with it.
    """
    if not spec.strip():
        raise SettingsError("SOURCE is empty; give a camera, an address or a file.")
    is_camera = bool(CAMERA.fullmatch(spec))
    local = of_file_address(spec)
    path = at_home(spec) if local is None else local
    if local is not None or (_is_there(path) and (realtime or not is_camera)):
        if not realtime:
            raise SettingsError(f"{spec} is a file: --realtime plays it at its own speed.")
        return path
    pasted = spec.strip()
    scheme = ADDRESS.match(pasted)
    if scheme:
        address = _address(pasted, scheme[1].lower())
        if realtime:
            _refuse_realtime(address.shown)
        return address
    if realtime:
        if is_camera:
            _refuse_realtime(spec)
        return path
    return spec


def _is_there(path: Path) -> bool:
    try:
        return path.exists() and not path.is_char_device()
    except (OSError, ValueError):  # too long, or with a null byte: no path
        return False


def _refuse_realtime(shown: str) -> NoReturn:
    raise SettingsError(f"--realtime: {shown} is live already; it is for files.")


def _address(spec: str, scheme: str) -> Address:
    if scheme not in _PROTOCOLS:
        raise SettingsError(
            f"{scheme}:// is no address of a live source; expected one of {_KNOWN}."
        )
    if any(letter.isspace() or not letter.isprintable() for letter in spec):
        raise SettingsError(
            f"The {scheme}:// address has a space or a sign that cannot be printed in it; "
            "write such signs as %20."
        )
    try:
        parts = urlsplit(spec)
        port, shown = parts.port, _shown(parts)
    except ValueError:  # it quotes what may be a password
        raise SettingsError(
            f"The {scheme}:// address cannot be read; expected {scheme}://HOST:PORT/PATH."
        ) from None
    if "@" in parts.path + parts.query + parts.fragment:  # the rest of a password, perhaps
        raise SettingsError(
            f"The {scheme}:// address has an @ after its host; write an @ there as %40, and in a "
            "password / as %2F, ? as %3F and # as %23."
        )
    if not parts.hostname and scheme != "udp":
        raise SettingsError(f"{shown} names no computer; expected {scheme}://HOST:PORT/PATH.")
    if port is None and scheme in _NEEDS_PORT:
        raise SettingsError(f"{shown} has no port; expected {scheme}://HOST:PORT.")
    return Address(
        url=scheme + spec[len(scheme) :],
        shown=shown,
        scheme=scheme,
        host=parts.hostname or "",
        port=port,
        has_login=bool(parts.username),
    )


def _shown(parts: SplitResult) -> str:
    """Cameras take passwords before the host, in the path and in the query: none is shown."""
    place, path = parts.netloc.rpartition("@")[2], _TOLD_IN_PATH.sub("…", parts.path)
    return f"{parts.scheme}://{place}{path}{'?…' if parts.query else ''}"
