"""Which cameras there are. Nothing is opened to find out, so no light goes on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

_LINUX = Path("/sys/class/video4linux")
_GUESSED = range(4)
"""Numbers to offer where the system has no list that can be read."""


class Camera(NamedTuple):
    """One camera to choose."""

    name: str
    spec: str
    """What `open_source` is given."""


def list_cameras(folder: Path | None = None) -> tuple[Camera, ...]:
    """Return the cameras by their number, with the names that their drivers give them.

    On Linux those in `folder`, by default where the kernel lists them; elsewhere the first few
    numbers. It reads small files: not for the thread of the window.
    """
    if folder is None and not sys.platform.startswith("linux"):
        return tuple(Camera(f"Camera {number}", str(number)) for number in _GUESSED)
    found = (folder or _LINUX).glob("video*/name")
    numbered = sorted((_number(path), path) for path in found if _is_picture_source(path))
    return tuple(Camera(_name(path, number), f"/dev/video{number}") for number, path in numbered)


def _number(path: Path) -> int:
    digits = path.parent.name.removeprefix("video")
    return int(digits) if digits.isdecimal() else 0


def _is_picture_source(path: Path) -> bool:
    """Tell a camera from its other devices, of which some only tell about the pictures."""
    index = path.with_name("index")
    try:
        return not index.exists() or index.read_text(encoding="utf-8").strip() == "0"
    except OSError:
        return True


def _name(path: Path, number: int) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip() or f"Camera {number}"
    except OSError:  # it was pulled out meanwhile
        return f"Camera {number}"
