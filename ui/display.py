"""Whether a window can be shown here: Qt itself would end the program where it cannot."""

from __future__ import annotations

import ctypes
import os
import sys
from importlib import import_module

from sdpose_track.errors import SettingsError

_NO_SIZES = "This plugin does not support propagateSizeHints()"
"""What Qt says of every window that is painted in memory."""
_XCB, _XCB_CURSOR = "libxcb.so.1", "libxcb-cursor.so.0"


def prepare(*, needs_screen: bool) -> None:
    """Make sure that Qt can begin. Raises SettingsError where it cannot.

    Without a screen, what only paints a picture is painted in memory.
    """
    in_memory = False
    if sys.platform.startswith("linux") and not os.environ.get("QT_QPA_PLATFORM"):
        fault = None if os.environ.get("WAYLAND_DISPLAY") else _fault_of_x()
        if fault is not None and needs_screen:
            raise SettingsError(f"view: {fault}")
        if fault is not None:
            os.environ["QT_QPA_PLATFORM"] = "offscreen"
            in_memory = True
    try:
        import_module("PyQt6.QtWidgets")
    except ImportError as error:
        raise SettingsError(
            f"view: Qt cannot begin ({error}); install what it needs (on Debian and Ubuntu:"
            " apt install libegl1 libgl1 libxkbcommon0 libdbus-1-3)"
        ) from error
    if in_memory:
        _leave_out_what_is_usual()


def _leave_out_what_is_usual() -> None:
    """Let Qt complain of what is wrong only."""
    from PyQt6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

    def tell(_kind: QtMsgType, _context: QMessageLogContext, message: str | None) -> None:
        if message and message != _NO_SIZES and sys.stderr is not None:
            sys.stderr.write(f"{message}\n")

    qInstallMessageHandler(tell)


def _fault_of_x() -> str | None:
    """Return why Qt could open no window on an X screen, and what to do; None where it can."""
    display = os.environ.get("DISPLAY")
    if not display:
        return (
            "there is no screen here (neither DISPLAY nor WAYLAND_DISPLAY is set);"
            " run it on a desktop, or write a picture with --screenshot FILE.png"
        )
    try:
        ctypes.CDLL(_XCB_CURSOR)
        xcb = ctypes.CDLL(_XCB)
    except OSError:
        return (
            f"Qt needs {_XCB_CURSOR} to open a window; install it (on Debian and Ubuntu:"
            " apt install libxcb-cursor0)"
        )
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(None, None))
    fails = xcb.xcb_connection_has_error(connection)
    xcb.xcb_disconnect(connection)
    if fails:
        return (
            f"the screen {display} (DISPLAY) cannot be reached; run it on a desktop, or write a"
            " picture with --screenshot FILE.png"
        )
    return None
