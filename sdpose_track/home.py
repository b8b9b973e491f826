"""What a name that somebody typed means: `~`, `file://`, an address, a camera."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
"""How an address begins; the group is its scheme. One letter would be a drive of Windows."""
CAMERA = re.compile(r"\d{1,9}|/dev/video\d{1,9}")
"""A camera by its number, unless there is a file of that name; no number is longer."""
_FILE = "file://"


def at_home(name: str | Path) -> Path:
    """Return the path `name` with its `~` expanded; that of nobody known stays, as in a shell."""
    path = Path(name)
    if not str(name).startswith("~"):
        return path  # `./~` is a file of that name
    try:
        return path.expanduser()
    except (RuntimeError, ValueError):  # ValueError: a NUL, which no name has
        return path


def from_home(path: Path) -> str:
    """Return `path` as people write it: with `~` for their own folder, as `at_home` reads it."""
    try:
        return str(Path("~") / path.relative_to(Path.home()))
    except (ValueError, RuntimeError):
        return str(path)


def of_file_address(name: str) -> Path | None:
    """Return the path that a `file://` address means; None for what is no such address."""
    if not name.lower().startswith(_FILE):
        return None
    try:
        return Path(unquote(urlsplit(name).path))
    except ValueError:  # such as a host in half a pair of brackets
        return Path(unquote(name[len(_FILE) :]))
