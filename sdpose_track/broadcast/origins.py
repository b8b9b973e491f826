"""Which web pages may read the poses.

A browser lets every page of every site connect to this computer, and tells us only the page's
origin. So pages of this computer are let in and others must be named; programs that are not
browsers say no origin. `null` must be named too: any site can have it, by a sandboxed frame.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from sdpose_track.broadcast.address import is_loopback
from sdpose_track.errors import SettingsError

ANY, OPAQUE = "*", "null"


class Origins:
    """Web pages that may connect: those of this computer, and `more` as `https://example.org`.

    In `more`, `null` is pages that hide where they come from and `*` is every page. Raises
    SettingsError, which names `option`, if one of `more` is nothing of that.
    """

    def __init__(self, more: Iterable[str], option: str) -> None:
        self._more = frozenset(_checked(origin, option) for origin in more)

    def allow(self, origin: str) -> bool:
        """Say whether a page with this `Origin` header may connect."""
        return ANY in self._more or origin.lower() in self._more or _is_ours(origin)


def names_this_computer(host: str) -> bool:
    """Say whether a `Host` header is one of this computer's own names.

    A page's domain may be made to lead here. Its browser says the origin then, and is refused for
    it; what says none and comes by such a name is refused for that.
    """
    try:
        return is_loopback(urlsplit(f"//{host}").hostname or "")
    except ValueError:
        return False


def _is_ours(origin: str) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    if parts.scheme == "file":
        return True
    return parts.scheme in ("http", "https") and is_loopback(parts.hostname or "")


def _checked(origin: str, option: str) -> str:
    plain = origin.lower().removesuffix("/")
    scheme, colons, host = plain.partition("://")
    if plain in (ANY, OPAQUE) or (scheme and colons and host and "/" not in host):
        return plain
    raise SettingsError(
        f"{option} {origin}: expected the beginning of a page's address, such as "
        f"https://example.org, or {OPAQUE}, or {ANY} for all"
    )
