"""Which versions are at work here, and under which licences. Only texts; nothing is asked for."""

from __future__ import annotations

import platform
import re
from importlib import metadata
from typing import NamedTuple

from PyQt6.QtCore import PYQT_VERSION_STR, QT_VERSION_STR, qVersion

from sdpose_track import __version__

PROGRAM = "sdpose-track"
LICENCE = "AGPL-3.0-or-later"
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_LONGEST = 60
"""Letters: some packages write the whole licence where its name belongs."""
_BESIDE = ("PyQt6-Qt6", "pyqtgraph")
"""Packages that are not among the declared requirements."""


class Package(NamedTuple):
    """A package that this program needs."""

    name: str
    version: str
    licence: str
    """Its name; empty where the package does not say."""


def packages() -> tuple[Package, ...]:
    """Return the packages that this program needs and that are here, by name."""
    try:
        wanted = metadata.requires(PROGRAM) or []
    except metadata.PackageNotFoundError:  # a checkout that was never installed
        wanted = []
    names = {found.group() for line in wanted if "extra ==" not in line
             if (found := _NAME.match(line))}  # fmt: skip
    here = (_package(name) for name in names.union(_BESIDE))
    return tuple(sorted((p for p in here if p), key=lambda p: p.name.lower()))


def system() -> tuple[tuple[str, str], ...]:
    """Return (what, version) of the program and of what it stands upon."""
    return (
        (PROGRAM, __version__),
        ("Python", f"{platform.python_version()} ({platform.python_implementation()})"),
        ("Qt", f"{qVersion() or QT_VERSION_STR} (PyQt {PYQT_VERSION_STR})"),
        ("FFmpeg", _ffmpeg()),
        ("System", platform.platform()),
    )


def _package(name: str) -> Package | None:
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None
    return Package(about["Name"], about["Version"], _licence(about))


def _licence(about: metadata.PackageMetadata) -> str:
    """Return the name of a licence from whichever of three fields has it."""
    told = about.get_all("License-Expression") or about.get_all("License") or []
    names = [text for text in told if "\n" not in text and len(text) <= _LONGEST]
    if not names and (expression := about.get_all("License-Expression")):
        return str(expression[0])
    if names and names[0] not in ("", "UNKNOWN"):
        return str(names[0])
    classes = [text for text in about.get_all("Classifier") or [] if text.startswith("License")]
    return str(classes[0].rpartition(":: ")[2]) if classes else ""


def _ffmpeg() -> str:
    import av

    return str(av.ffmpeg_version_info)
