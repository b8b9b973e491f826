"""Who gets a key: the control that has the focus and uses it, or else the window's command.

Qt asks first: before a shortcut fires, the focused control is sent a `ShortcutOverride`. Text
fields answer for what they type; other controls do not, so a plain key such as Space would play
the video though a button has the focus. The answer is given here for all of them.
"""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QEvent, QObject, Qt
from PyQt6.QtGui import QAction, QKeyEvent
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QRadioButton,
    QTabBar,
    QTableView,
    QTextEdit,
    QTreeView,
    QWidget,
)

_PRESS = {Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Select}
_ASIDE = {Qt.Key.Key_Left, Qt.Key.Key_Right}
_ACROSS = {*_ASIDE, Qt.Key.Key_Home, Qt.Key.Key_End}
_ARROWS = {*_ASIDE, Qt.Key.Key_Up, Qt.Key.Key_Down}
_FAR = {Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown}
_EDITING = {*_ARROWS, *_FAR, Qt.Key.Key_Backspace, Qt.Key.Key_Delete, *_PRESS}
_TYPING = {*_EDITING, Qt.Key.Key_Escape}
_SHIFT, _KEYPAD = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.KeypadModifier
_LEVEL = Qt.KeyboardModifier.GroupSwitchModifier
_ALT_GR = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
"""How Windows tells of AltGr."""
_TEXTS = (QLineEdit, QAbstractSpinBox, QPlainTextEdit, QTextEdit)
_CONTROLS = (*_TEXTS, QAbstractButton, QAbstractItemView, QAbstractSlider, QComboBox, QTabBar)


def install(app: QApplication) -> None:
    """Let controls have the keys that they use. Calling it again changes nothing."""
    if not app.findChildren(_Answers):
        _Answers(app)


def uses(widget: QWidget, event: QKeyEvent) -> bool:
    """Tell whether a control does something with a key; never with Ctrl, Alt or Meta.

    Letters stay commands while a table or list has the focus: J, K, L, I and O are wanted right
    after a click on a person.
    """
    modifiers = event.modifiers()
    if modifiers & ~(_SHIFT | _KEYPAD):
        return False
    if _is_typed_in(widget):
        return event.key() in _TYPING or _is_writing(event)
    if isinstance(widget, QAbstractItemView):
        return _view_uses(widget, event)
    if modifiers & _SHIFT:
        return False
    if isinstance(widget, QComboBox):
        return event.key() in _EDITING - _ASIDE or _is_writing(event)
    return event.key() in _keys_of(widget)


def listen(window: QWidget, command: Callable[[str], QAction | None]) -> None:
    """Let signs that nobody in `window` types fire the `command` that has them as its key.

    Qt looks for the key without AltGr first: on a German keyboard `[` would be 8.
    """
    _Signs(window, command)


class _Signs(QObject):
    """Listens to the window, to which keys come that its controls do not use."""

    def __init__(self, window: QWidget, command: Callable[[str], QAction | None]) -> None:
        super().__init__(window)
        self._command = command
        window.installEventFilter(self)

    def eventFilter(self, _watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        kinds = (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress)
        if not isinstance(event, QKeyEvent) or event.type() not in kinds or not _is_sign(event):
            return False
        action = self._command(event.text())
        if action is None:
            return False
        event.accept()
        if event.type() == QEvent.Type.KeyPress:
            action.trigger()
        return True


class _Answers(QObject):
    """Listens to whichever control has the focus, so that no other event passes through Python."""

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        app.focusChanged.connect(self._on_focus)
        self._on_focus(None, app.focusWidget())

    def _on_focus(self, _old: QWidget | None, now: QWidget | None) -> None:
        if isinstance(now, _CONTROLS):
            now.installEventFilter(self)  # one that is there already is not added again

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and isinstance(watched, QWidget)
            and uses(watched, event)
        ):
            event.accept()
            return True
        return False


def _is_typed_in(widget: QWidget) -> bool:
    if isinstance(widget, QComboBox):
        return widget.isEditable()
    return isinstance(widget, _TEXTS) and not widget.isReadOnly()


def _is_writing(event: QKeyEvent) -> bool:
    return bool(event.text()) and event.text().isprintable()


def _is_sign(event: QKeyEvent) -> bool:
    """Tell `[` and `?` from letters, digits and keys that are held with Ctrl, Alt or Meta."""
    text, held = event.text(), event.modifiers() & ~(_SHIFT | _KEYPAD | _LEVEL)
    is_sign = len(text) == 1 and text.isprintable() and not text.isalnum() and text != " "
    return is_sign and held in (Qt.KeyboardModifier.NoModifier, _ALT_GR)


def _view_uses(view: QAbstractItemView, event: QKeyEvent) -> bool:
    """Tell whether a list, table or tree moves, marks or opens something with a key."""
    key = event.key()
    in_rows = view.selectionBehavior() is QAbstractItemView.SelectionBehavior.SelectRows
    if in_rows and isinstance(view, QTableView) and key in _ACROSS:
        return False  # they go from cell to cell, which nobody sees
    if in_rows and isinstance(view, QTreeView) and key in _ASIDE:
        return view.rootIsDecorated()
    if key == Qt.Key.Key_Space:
        return _has_use_for_space(view)
    return key in _ARROWS | _FAR | _PRESS


def _has_use_for_space(view: QAbstractItemView) -> bool:
    """Space ticks a box, or chooses what is not chosen yet."""
    current, chosen = view.currentIndex(), view.selectionModel()
    if not current.isValid() or chosen is None:
        return False
    return bool(current.flags() & Qt.ItemFlag.ItemIsUserCheckable) or not chosen.isSelected(current)


def _keys_of(widget: QWidget) -> set[Qt.Key]:
    if isinstance(widget, QRadioButton):
        return _PRESS | _ARROWS
    if isinstance(widget, QAbstractButton):
        return _PRESS
    if isinstance(widget, QAbstractSlider):
        return _ARROWS | _FAR
    return _ASIDE if isinstance(widget, QTabBar) else set()
