"""One command of the shortcut sheet: its name, its key caps, and the field that asks for a key."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtGui import QFocusEvent, QKeyEvent, QKeySequence
from PyQt6.QtWidgets import (
    QHBoxLayout,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from ui.actions import COMMANDS, Actions
from ui.dialogs.fields import GAP
from ui.look.icons import icon
from ui.look.texts import native_keys


class KeyRow(QWidget):
    """The keys of one command, or of several that are told in one line."""

    changed = pyqtSignal()
    """A command has other keys now."""
    refused = pyqtSignal(str)
    """A sentence: why it cannot have them."""

    def __init__(self, text: str, names: Sequence[str], actions: Actions) -> None:
        super().__init__()
        self._text, self._names, self._actions = text, tuple(names), actions
        self.caps: list[QPushButton] = []
        self._places: list[tuple[str, int]] = []
        self.asking: KeyAsker | None = None
        self._cells = QHBoxLayout(self)
        self._cells.setContentsMargins(0, 2, 0, 2)
        self._cells.setSpacing(GAP // 2)
        self._cells.addWidget(QLabel(text), 1)
        self.reset = _tool("undo", f"Give {text} its usual keys")
        self.reset.clicked.connect(lambda _checked: self._reset())
        self._cells.addWidget(self.reset)
        self.setMinimumHeight(self.fontMetrics().height() + 3 * GAP // 2)
        self.show_keys()

    def fits(self, words: str) -> bool:
        """Tell whether every word is in the name of the command, or in one of its keys."""
        keys = (k for name in self._names for k in self._actions.keys_of(name))
        told = f"{self._text} {' '.join(native_keys(QKeySequence(key)) for key in keys)}".lower()
        says = " ".join(COMMANDS[name].says for name in self._names).lower()
        return all(word in told or word in says for word in words.lower().split())

    # -- key caps ----------------------------------------------------------------------------------

    def show_keys(self) -> None:
        """Show the keys that the commands have now."""
        self._clear()
        for name in self._names:
            keys = self._actions.keys_of(name)
            for place, key in enumerate(keys or ("",)):
                cap = self._cap(name, place, key)
                self.caps.append(cap)
                self._places.append((name, place))
                self._cells.addWidget(cap)
        usual = all(self._actions.keys_of(name) == COMMANDS[name].keys for name in self._names)
        self.reset.setVisible(not usual)

    def _show_and_stay(self) -> None:
        """Show the keys, and keep the keyboard here."""
        self.show_keys()
        self.caps[0].show()  # else it is shown, and can have the keyboard, only later
        self.caps[0].setFocus(Qt.FocusReason.OtherFocusReason)

    def _clear(self) -> None:
        if self.asking is not None:
            self.asking.edit.blockSignals(True)  # going away, it is left, and that is no wish
        for widget in (*self.caps, self.asking):
            if widget is not None:
                self._cells.removeWidget(widget)
                widget.hide()
                widget.deleteLater()
        self.caps, self._places, self.asking = [], [], None

    def _cap(self, name: str, place: int, key: str) -> QPushButton:
        text = COMMANDS[name].text.rstrip("…")
        told = native_keys(QKeySequence(key))
        cap = QPushButton((told or "none").replace("&", "&&"))
        cap.setObjectName("keycap" if key else "no-key")
        cap.setAutoDefault(False)
        cap.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        cap.setAccessibleName(f"{text}: {told or 'no key'}")
        another = f"Choose another key for {text}; Delete takes this one away"
        cap.setToolTip(another if key else f"Choose a key for {text}")
        cap.clicked.connect(partial(self._ask, name, place))
        return cap

    # -- other keys --------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802
        """Press the focused cap with Enter; take its key away with Delete."""
        focused = next((cap for cap in self.caps if cap.hasFocus()), None)
        key = event.key() if event is not None and focused is not None else None
        if focused is not None and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            focused.click()
        elif focused is not None and key == Qt.Key.Key_Delete:
            self._take(*self._places[self.caps.index(focused)], "")
        else:
            super().keyPressEvent(event)

    def _ask(self, name: str, place: int, _checked: bool) -> None:
        """Put a field that waits for a key where the cap was."""
        self._clear()
        self.asking = KeyAsker(COMMANDS[name].text.rstrip("…"))
        self.asking.pressed.connect(partial(self._take, name, place))
        self.asking.edit.given_up.connect(self._show_and_stay)
        self.asking.edit.left.connect(self.show_keys)
        self._cells.addWidget(self.asking)
        self.asking.show()
        self.asking.edit.setFocus(Qt.FocusReason.OtherFocusReason)

    def _take(self, name: str, place: int, key: str) -> None:
        keys = list(self._actions.keys_of(name))
        keys[place : place + 1] = [key] if key and key not in keys else []
        why_not = self._actions.set_keys(name, tuple(keys))
        self._show_and_stay()
        if why_not is None:
            self.changed.emit()
        else:
            self.refused.emit(why_not)

    def _reset(self) -> None:
        problems = [self._actions.set_keys(name, COMMANDS[name].keys) for name in self._names]
        self._show_and_stay()
        self.changed.emit()
        for sentence in filter(None, problems):
            self.refused.emit(sentence)


class KeyAsker(QWidget):
    """Waits for one key; Esc and Tab leave everything as it was."""

    pressed = pyqtSignal(str)
    """The key in Qt's portable writing; empty: none is wanted."""

    def __init__(self, command: str) -> None:
        super().__init__()
        self.edit = _OneKey()
        self.edit.setMaximumSequenceLength(1)
        self.edit.setAccessibleName(f"New key for {command}")
        self.edit.setToolTip("Press the new key; Esc leaves the old one")
        self.edit.setFixedWidth(self.fontMetrics().averageCharWidth() * 16)
        for line in self.edit.findChildren(QLineEdit):
            line.setPlaceholderText("Press a key")
        self.edit.keySequenceChanged.connect(self._on_key)
        self.none = _tool("delete", f"Take this key away from {command}")
        self.none.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # else the field would be left first
        self.none.clicked.connect(lambda _checked: self.pressed.emit(""))
        cells = QHBoxLayout(self)
        cells.setContentsMargins(0, 0, 0, 0)
        cells.setSpacing(GAP // 2)
        cells.addWidget(self.edit)
        cells.addWidget(self.none)
        self.setFocusProxy(self.edit)

    def _on_key(self, keys: QKeySequence) -> None:
        if not keys.isEmpty():
            self.pressed.emit(keys.toString(QKeySequence.SequenceFormat.PortableText))


class _OneKey(QKeySequenceEdit):
    given_up = pyqtSignal()
    """Esc or Tab: the keyboard stays near."""
    left = pyqtSignal()
    """The keyboard went elsewhere."""

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802
        if event is not None and event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_Tab):
            self.given_up.emit()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent | None) -> None:  # noqa: N802
        super().focusOutEvent(event)
        if event is not None and event.reason() != Qt.FocusReason.PopupFocusReason:
            self.left.emit()


def _tool(name: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setObjectName("small")
    button.setIcon(icon(name))
    side = button.fontMetrics().height()
    button.setIconSize(QSize(side, side))
    button.setAccessibleName(tip)
    button.setToolTip(tip)
    return button
