"""What a user's hands do: clicks and keys, on the widget itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QWidget

LEFT = Qt.MouseButton.LeftButton
PLAIN = Qt.KeyboardModifier.NoModifier
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
_click = cast(Callable[..., None], QTest.mouseClick)  # the stubs take them for methods
_double_click = cast(Callable[..., None], QTest.mouseDClick)
_press = cast(Callable[..., None], QTest.mousePress)
_release = cast(Callable[..., None], QTest.mouseRelease)
_move = cast(Callable[..., None], QTest.mouseMove)
_wait = cast(Callable[[int], None], QTest.qWait)
_key = cast(Callable[..., None], QTest.keyClick)


def click(
    widget: QWidget | None,
    where: QPoint | None = None,
    modifier: Qt.KeyboardModifier = PLAIN,
) -> None:
    """Click with the left button, in the middle of the widget if it is not said where."""
    _click(widget, LEFT, modifier, where or QPoint())


def double_click(widget: QWidget | None, where: QPoint) -> None:
    """Click twice, as a mouse tells it."""
    _click(widget, LEFT, PLAIN, where)
    _double_click(widget, LEFT, PLAIN, where)


def press(widget: QWidget | None, key: Any, modifier: Qt.KeyboardModifier = PLAIN) -> None:
    """Press a key and let it go."""
    _key(widget, key, modifier)


def drag(widget: QWidget, start: QPoint, end: QPoint) -> None:
    """Press the left button at `start`, move to `end` and let go."""
    _move(widget, start)
    _press(widget, LEFT, PLAIN, start)
    for share in (0.3, 0.7, 1.0):
        _move(widget, start + (end - start) * share)
    _release(widget, LEFT, PLAIN, end)


def wait(milliseconds: int) -> None:
    """Let the windows live for a while."""
    _wait(milliseconds)
