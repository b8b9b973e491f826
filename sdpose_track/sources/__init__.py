"""Where frames come from: video files, pictures, folders and numbered sequences of them.

`open_source` turns what the user typed into a `Source`, or says in one sentence why it cannot be.
"""

from __future__ import annotations

from errno import ENAMETOOLONG
from fractions import Fraction
from pathlib import Path

from sdpose_track.errors import SettingsError, SourceError
from sdpose_track.home import ADDRESS, CAMERA, at_home, of_file_address
from sdpose_track.sources.source import Damage, Source

__all__ = ["Damage", "Source", "open_source"]


def open_source(spec: str | Path, *, picture_rate: Fraction = Fraction(25)) -> Source:
    """Open a video, a picture, a folder of pictures or a pattern such as `shot_%04d.png`.

    `picture_rate` is the frames per second that pictures are given, which carry no times. The
    first frame is decoded here, so what opens can be read.

    Raises:
        SourceError: it is missing or holds nothing that can be decoded.
        SettingsError: `spec` is an address, a camera, or a pattern that cannot work, or
            `picture_rate` is not above 0.
    """
    from sdpose_track.sources.numbering import is_pattern, of_folder, of_pattern
    from sdpose_track.sources.pictures import Pictures

    spec = str(spec)
    if not spec:
        raise SettingsError("SOURCE is empty; give a video, a picture or a folder of pictures.")
    if picture_rate <= 0:
        raise SettingsError(f"The picture rate is {picture_rate}; it must be above 0.")
    path = _path(spec)
    try:
        is_folder, is_there = path.is_dir(), path.exists()
    except OSError as error:
        raise _unreadable(spec, error) from error
    if is_folder:
        slots = of_folder(path, spec)
        return Pictures(slots, name=spec, kind="pictures", picture_rate=picture_rate)
    if not is_there and is_pattern(spec):
        slots = of_pattern(str(path))
        return Pictures(slots, name=spec, kind="pictures", picture_rate=picture_rate)
    _check_file(path, spec)
    return _open_file(path, spec, picture_rate)


def _path(spec: str) -> Path:
    """Return the path that `spec` means, refusing what is live."""
    if (local := of_file_address(spec)) is not None:
        return local
    path = at_home(spec)
    is_address = bool(ADDRESS.match(spec))
    if is_address or (CAMERA.fullmatch(spec) and not path.is_file()):
        what = "an address" if is_address else "a camera"
        raise SettingsError(
            f"{spec} is {what}: follow it with sdpose-track live, which also records,"
            " or choose a file or a folder."
        )
    return path


def _check_file(path: Path, name: str) -> None:
    try:
        if not path.exists():
            raise SourceError(f"{name} does not exist; check the path.")
        if not path.is_file():
            raise SourceError(f"{name} is not a regular file; choose a file or a folder.")
        if path.stat().st_size == 0:
            raise SourceError(f"{name} is empty: it has 0 bytes; copy or download it again.")
        with path.open("rb"):
            pass
    except OSError as error:
        raise _unreadable(name, error) from error


def _unreadable(name: str, error: OSError) -> SourceError:
    reason = error.strerror or type(error).__name__
    what = "name" if error.errno == ENAMETOOLONG else "permissions"
    return SourceError(f"{name} cannot be read: {reason}; check its {what}.")


def _open_file(path: Path, name: str, picture_rate: Fraction) -> Source:
    from sdpose_track.sources.animation import Animation
    from sdpose_track.sources.picture_file import (
        SUFFIXES,
        UNREADABLE,
        looks_like_picture,
        read_header,
        unreadable_picture,
    )
    from sdpose_track.sources.pictures import Pictures
    from sdpose_track.sources.video_file import VideoFile

    if not looks_like_picture(path) and path.suffix.lower() not in SUFFIXES:
        return VideoFile(path, name=name)
    try:
        moves = read_header(path, name).moves
    except UNREADABLE as error:
        raise unreadable_picture(name) from error
    if moves:
        return Animation(path, name=name)
    return Pictures([path], name=name, kind="picture", picture_rate=picture_rate)
