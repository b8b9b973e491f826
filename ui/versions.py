"""Which versions are at work here, and under which licences. Only texts; nothing is asked for."""

from __future__ import annotations

import platform
from functools import cache
from importlib import metadata
from typing import NamedTuple

from PyQt6.QtCore import PYQT_VERSION_STR, QT_VERSION_STR, qVersion

from sdpose_track import __version__
from sdpose_track.checkpoints.manifest import manifest
from ui import licences

PROGRAM = "sdpose-track"
LICENCE = "AGPL-3.0-or-later"


class Part(NamedTuple):
    """Something that this program stands upon."""

    name: str
    version: str
    """Empty where none is known."""
    licence: str
    purpose: str
    """What it is for; empty for packages that only other packages need."""


@cache
def packages() -> tuple[Part, ...]:
    """Return the packages that are needed and are here, by name."""
    found = (_package(facts) for facts in licences.packages().values())
    return tuple(sorted((p for p in found if p), key=lambda p: p.name.lower()))


def inside() -> tuple[Part, ...]:
    """Return what comes inside of packages, and the weights of the models that are known."""
    libraries = [
        Part(lib.name, "", lib.licence, f"comes with {lib.within}" if lib.within else "")
        for lib in licences.bundled()
    ]
    return (*libraries, *(Part(n, "", m.license, "weights") for n, m in manifest().items()))


def system() -> tuple[tuple[str, str], ...]:
    """Return (what, version) of the program and of what it stands upon."""
    return (
        (PROGRAM, __version__),
        ("Python", f"{platform.python_version()} ({platform.python_implementation()})"),
        ("Qt", f"{qVersion() or QT_VERSION_STR} (PyQt {PYQT_VERSION_STR})"),
        ("FFmpeg", _ffmpeg()),
        ("System", platform.platform()),
    )


def _package(facts: licences.Licensed) -> Part | None:
    try:
        about = metadata.metadata(facts.name)
    except metadata.PackageNotFoundError:  # another system's, or left out by hand
        return None
    return Part(about["Name"], about["Version"], facts.licence, facts.use)


def _ffmpeg() -> str:
    import av

    return str(av.ffmpeg_version_info)
