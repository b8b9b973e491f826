"""What `~` and `file://` mean in a name that somebody typed."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

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
