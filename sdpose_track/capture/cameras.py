"""Which cameras there are, and which of them is meant.

On Linux the kernel's own list is read, so nothing is opened and no light goes on.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import cv2

from sdpose_track.errors import SourceError

_LINUX = Path("/sys/class/video4linux")
_DEVICES = Path("/dev")
_DEVICE = "/dev/video"
_MOST_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Camera:
    """One camera to choose."""

    number: int
    """What OpenCV opens it by."""
    name: str
    """As its driver calls it."""

    @property
    def spec(self) -> str:
        """What `open_live` is given to open it."""
        return str(self.number)


def list_cameras(folder: Path | None = None) -> tuple[Camera, ...]:
    """Return the cameras by ascending number; empty where there are none.

    On Linux those in `folder`, by default where the kernel lists them; elsewhere those that the
    system tells of, which may take a second: not for the thread of a window.
    """
    if folder is None and not sys.platform.startswith("linux"):
        return _told_by_system()
    found = (folder or _LINUX).glob("video*/name")
    numbered = sorted((_number(path), path) for path in found if _is_picture_source(path))
    return tuple(Camera(number, _name(path, number)) for number, path in numbered)


def backend() -> int:
    """Return OpenCV's number for the way to cameras that `list_cameras` numbers them by."""
    if sys.platform == "win32":
        return int(cv2.CAP_DSHOW)  # MSMF takes many seconds to open a camera and forgets its rate
    if sys.platform == "darwin":
        return int(cv2.CAP_AVFOUNDATION)
    return int(cv2.CAP_V4L2) if sys.platform.startswith("linux") else int(cv2.CAP_ANY)


def find_camera(spec: str) -> Camera:
    """Return the camera that a number, a `/dev/videoN`, a name or a part of one means.

    Raises:
        SourceError: there is no such camera, or there is more than one; it tells which there are.
    """
    known = list_cameras()
    digits = spec.removeprefix(_DEVICE)
    if digits.isdecimal() and len(digits) <= _MOST_DIGITS:
        number = int(digits)
        named = next((camera for camera in known if camera.number == number), None)
        if named is None and not _is_device(number):
            raise SourceError(f"No camera {spec} was found; {_there_are(known)}.")
        return named or Camera(number, f"camera {number}")
    wanted = spec.casefold()
    meant = [camera for camera in known if camera.name.casefold() == wanted]
    meant = meant or [camera for camera in known if wanted in camera.name.casefold()]
    if not meant:
        said = "What was given" if "@" in spec else spec  # a password may be before it
        raise SourceError(
            f"{said} is no camera, no address of a stream and no file; {_there_are(known)}."
        )
    if len(meant) > 1:
        raise SourceError(f"{spec} means more than one camera; choose by number: {_listed(meant)}.")
    return meant[0]


def _is_device(number: int) -> bool:
    """Tell of a device beside a camera's first: a depth camera has its colours in one of those."""
    return sys.platform.startswith("linux") and (_DEVICES / f"video{number}").exists()


def _there_are(cameras: tuple[Camera, ...]) -> str:
    return f"there are: {_listed(cameras)}" if cameras else "no camera is connected"


def _listed(cameras: tuple[Camera, ...] | list[Camera]) -> str:
    return ", ".join(f"{camera.number} ({camera.name})" for camera in cameras)


def _told_by_system() -> tuple[Camera, ...]:
    from cv2_enumerate_cameras import enumerate_cameras, supported_backends

    way = backend()
    if way not in supported_backends:
        way = int(cv2.CAP_ANY)
    told = ((int(camera.index), str(camera.name or "")) for camera in enumerate_cameras(way))
    return tuple(Camera(number, name or f"camera {number}") for number, name in sorted(told))


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
        return path.read_text(encoding="utf-8", errors="replace").strip() or f"camera {number}"
    except OSError:  # it was pulled out meanwhile
        return f"camera {number}"
