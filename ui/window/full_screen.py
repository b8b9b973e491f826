"""The picture on the whole screen: what stands around it goes, and comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PyQt6.QtCore import QEvent, QObject, Qt
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QDockWidget, QMainWindow, QSplitter, QWidget


class FullScreen(QObject):
    """Follows the window, which the desktop may fill the screen with as well."""

    def __init__(
        self,
        window: QMainWindow,
        splitter: QSplitter,
        around: Sequence[QWidget],
        actions: Mapping[str, QAction],
    ) -> None:
        """`around` the picture, which is the first in `splitter`, stand these and the panels."""
        super().__init__(window)
        self._window = window
        self._splitter = splitter
        self._sizes = splitter.sizes()
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
            self._sizes = self._splitter.sizes()
            for widget in self._gone:
                widget.hide()
            self._splitter.setSizes([sum(self._sizes), 0])  # no smaller than it can be
        elif not is_full and self._gone:
            for widget in self._gone:
                widget.show()
            self._gone = ()
            self._splitter.setSizes(self._sizes)
