"""Who a camera or a server says it is, where it is encrypted: certificates are checked.

FFmpeg checks none unless it is told to, and a name and a password would go to whoever answers. It
tells a certificate that it refuses as any other failure, so why it was is asked for once more here.
The pieces of a list over https (HLS) are fetched by FFmpeg without these options: of a list, only
the list itself is checked.
"""

from __future__ import annotations

import socket
import ssl

import certifi

from sdpose_track.capture.address import Address

_PORTS = {"https": 443, "rtsps": 322}
"""Of the schemes that are encrypted, where an address names none."""
_ASK_S = 2.0
"""Seconds for the handshake that tells why a certificate was refused."""


def authorities() -> str:
    """Return the file of certificates that are believed.

    `SSL_CERT_FILE` names it, else the system has one, else it is that of the package certifi.
    """
    return ssl.get_default_verify_paths().cafile or certifi.where()


def tls_options(address: Address, *, any_certificate: bool) -> dict[str, str]:
    """Return FFmpeg's options for an encrypted `address`; none where nothing is to be checked."""
    if address.scheme not in _PORTS or any_certificate:
        return {}
    return {"tls_verify": "1", "ca_file": authorities()}


def distrusted(address: Address) -> str | None:
    """Return why the certificate of `address` is refused, in a few words; None: it is not."""
    if address.scheme not in _PORTS:
        return None
    where = (address.host, address.port or _PORTS[address.scheme])
    try:
        context = ssl.create_default_context(cafile=authorities())
        with (
            socket.create_connection(where, _ASK_S) as plain,
            context.wrap_socket(plain, server_hostname=address.host),
        ):
            return None
    except ssl.SSLCertVerificationError as error:
        return error.verify_message.rstrip(".").partition(". ")[0]
    except (OSError, ValueError):  # it is something else, or nobody answers any more
        return None
