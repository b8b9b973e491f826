"""Whether a window can be shown here: Qt itself would end the program where it cannot."""

from __future__ import annotations

import ctypes
import os
import sys
from importlib import import_module

from sdpose_track.errors import SettingsError

_XCB = "libxcb-cursor.so.0"


def prepare(*, needs_screen: bool) -> None:
    """Make sure that Qt can begin. Raises SettingsError where it cannot.

    Without a screen, what only paints a picture is painted in memory.
    """
    if sys.platform.startswith("linux") and "QT_QPA_PLATFORM" not in os.environ:
        if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            if needs_screen:
                raise SettingsError(
                    "view: there is no screen here (neither DISPLAY nor WAYLAND_DISPLAY is set);"
                    " run it on a desktop, or write a picture with --screenshot FILE.png"
                )
            os.environ["QT_QPA_PLATFORM"] = "offscreen"
        elif not os.environ.get("WAYLAND_DISPLAY"):
            _check_xcb()
    try:
        import_module("PyQt6.QtWidgets")
    except ImportError as error:
        raise SettingsError(
            f"view: Qt cannot begin ({error}); install what it needs (on Debian and Ubuntu:"
            " apt install libegl1 libgl1 libxkbcommon0 libdbus-1-3)"
        ) from error


def _check_xcb() -> None:
    try:
        ctypes.CDLL(_XCB)
    except OSError as error:
        raise SettingsError(
            f"view: Qt needs {_XCB} to open a window; install it (on Debian and Ubuntu:"
            " apt install libxcb-cursor0)"
        ) from error
