"""Why a stream cannot be read, in halves of one plain sentence: what it does, and what to do."""

from __future__ import annotations

import os
import socket
from errno import EADDRINUSE

import av
from av.error import FFmpegError

from sdpose_track.capture.address import Address
from sdpose_track.capture.feed import LostError
from sdpose_track.errors import SourceError

_CHECK = "check the address, and that a video is sent there"


def not_opened(
    address: Address, error: FFmpegError | OSError, waited_s: float, most_s: float
) -> LostError:
    """Return why `address` could not be opened after `waited_s`; FFmpeg waits for `most_s`."""
    if waited_s >= most_s:  # FFmpeg may call it anything then
        return LostError(
            address.shown, f"has sent nothing that is a video within {most_s:g} s", _CHECK
        )
    what, remedy = _halves(address, error)
    return LostError(address.shown, what, remedy)


def untrusted(address: Address, why: str) -> LostError:
    """Return that who answers at `address` may be somebody else."""
    return LostError(
        address.shown,
        f"shows a certificate that is not trusted ({why})",
        "--insecure-tls takes it unchecked, as most cameras in one's own network need; or name its"
        " certificate in SSL_CERT_FILE",
    )


def broken_off(address: Address, error: FFmpegError | OSError, waited_s: float) -> LostError:
    """Return why the stream that was read cannot be read on."""
    if isinstance(error, av.error.ExitError | TimeoutError):
        return silent(address, waited_s)
    return LostError(address.shown, "broke off", "check the camera and the network")


def falling(address: Address, times: int) -> SourceError:
    """Return that a finished file broke off so many times, and never got farther."""
    return SourceError(
        f"{address.shown} broke off {times} times, always at the same place; download the file, "
        "and take it with --realtime."
    )


def silent(address: Address, waited_s: float) -> LostError:
    """Return that no picture came for `waited_s`."""
    what = f"has sent no picture for {waited_s:g} s"
    return LostError(address.shown, what, "check the camera and the network")


def ended(address: Address) -> LostError:
    """Return that the other side closed the stream."""
    return LostError(address.shown, "has ended", "check that it still sends")


def without_video(address: Address, *, has_audio: bool) -> LostError:
    """Return that the stream holds no video."""
    found = "sends only sound" if has_audio else "sends no video"
    return LostError(address.shown, found, "choose an address that sends a video")


def undecodable(address: Address) -> LostError:
    """Return that FFmpeg knows no decoder for the video."""
    return LostError(
        address.shown,
        "sends a video that cannot be decoded here",
        "let the camera send H.264, H.265 or MJPEG",
    )


def _halves(address: Address, error: FFmpegError | OSError) -> tuple[str, str]:
    known = _of_http(address, error) or _of_network(address, error)
    if known is not None:
        return known
    if isinstance(error, av.error.ProtocolNotFoundError):
        return (
            f"cannot be opened: FFmpeg has no {address.scheme} here",
            "let the camera send over rtsp:// or udp://",
        )
    is_web = address.scheme in ("http", "https")
    return (
        "answers, but not with a video that can be read",
        "check the address: the web page of a camera is not its stream" if is_web else _CHECK,
    )


def _of_http(address: Address, error: Exception) -> tuple[str, str] | None:
    """Return what an answer of HTTP or RTSP means."""
    if isinstance(error, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError):
        if address.has_login:
            return "refuses this name and password", "check both"
        shape = f"{address.scheme}://NAME:PASSWORD@{address.host}"
        return "wants a name and a password", f"write them as {shape}/…"
    if isinstance(error, av.error.HTTPNotFoundError):
        return "is not there: the server does not know this path", "check what follows its name"
    if isinstance(error, av.error.HTTPServerError):
        return "answers with an error of the server", "try again later"
    if isinstance(error, av.error.HTTPClientError):
        return "refuses the request", "check the address"
    return None


def _of_network(address: Address, error: Exception) -> tuple[str, str] | None:
    """Return why the other side was not reached, or did not stay."""
    if isinstance(error, ConnectionRefusedError):
        return "refuses the connection", "check that it is on, and the port"
    if isinstance(error, EOFError | ConnectionError):
        return "closed the connection without sending a video", _CHECK
    if not isinstance(error, OSError):
        return None
    if error.errno == EADDRINUSE:
        return "cannot be listened to: another program has this port", "close it"
    if not _is_known(address.host):
        return f"names a computer that is not known: {address.host}", "check its name"
    reason = os.strerror(error.errno) if error.errno else "no reason was given"
    return f"cannot be reached ({reason})", _CHECK


def _is_known(host: str) -> bool:
    """Tell whether there is such a computer: FFmpeg says only that something went wrong."""
    try:
        socket.getaddrinfo(host or None, 0)
    except (OSError, UnicodeError):
        return False
    return True
