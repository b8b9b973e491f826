"""The picture on the whole screen: what stands around it goes, and comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PyQt6.QtCore import QEvent, QObject, Qt
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QDockWidget, QMainWindow, QWidget


class FullScreen(QObject):
    """Follows the window, which the desktop may fill the screen with as well."""

    def __init__(
        self, window: QMainWindow, around: Sequence[QWidget], actions: Mapping[str, QAction]
    ) -> None:
        """`around` the picture stand these, and the window's panels."""
        super().__init__(window)
        self._window = window
        self._around = tuple(around)
        self._actions = actions
        self._gone: tuple[QWidget, ...] = ()
        window.installEventFilter(self)
        self._show()

    def toggle(self) -> None:
        """Fill the screen, or no longer."""
        self._window.setWindowState(self._window.windowState() ^ Qt.WindowState.WindowFullScreen)

    def leave(self) -> None:
        """Fill the screen no longer."""
        if self._window.isFullScreen():
            self.toggle()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        if event is not None and event.type() == QEvent.Type.WindowStateChange:
            self._show()
        return super().eventFilter(watched, event)

    def _show(self) -> None:
        is_full = self._window.isFullScreen()
        self._actions["full-screen"].setChecked(is_full)
        self._actions["leave-full-screen"].setEnabled(is_full)
        if is_full and not self._gone:
            docks = (d for d in self._window.findChildren(QDockWidget) if not d.isFloating())
            self._gone = tuple(w for w in (*self._around, *docks) if not w.isHidden())
            for widget in self._gone:
                widget.hide()
        elif not is_full:
            for widget in self._gone:
                widget.show()
            self._gone = ()
