"""The panels beside the picture: they can be hidden, moved and torn off."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QDockWidget, QMainWindow, QWidget


class Docks:
    """Panels by name, each with a command that shows and hides it."""

    def __init__(self, window: QMainWindow) -> None:
        self._window = window
        self._docks: dict[str, QDockWidget] = {}
        self._away: frozenset[str] = frozenset()
        """Hidden while there is nothing that they could show."""

    def __getitem__(self, name: str) -> QDockWidget:
        return self._docks[name]

    def add(
        self,
        name: str,
        panel: QWidget,
        area: Qt.DockWidgetArea,
        action: QAction,
    ) -> None:
        """Dock `panel`, called `name`; `action` shows and hides it."""
        dock = QDockWidget(name, self._window)
        dock.setObjectName(f"dock {name}")
        dock.setWidget(panel)
        dock.setAccessibleName(name)
        self._window.addDockWidget(area, dock)
        self._docks[name] = dock
        action.setCheckable(True)
        action.triggered.connect(dock.setVisible)
        dock.visibilityChanged.connect(lambda _seen: action.setChecked(not dock.isHidden()))

    def show_for(self, *, is_open: bool) -> None:
        """Take the panels away while nothing is open, and bring those back that were there."""
        if is_open:
            for name in self._away:
                self._docks[name].show()
            self._away = frozenset()
        elif not self._away:
            self._away = frozenset(n for n, dock in self._docks.items() if not dock.isHidden())
            for dock in self._docks.values():
                dock.hide()

    def bring_back(self) -> None:
        """Show what was taken away, so that the arrangement can be stored as it was."""
        self.show_for(is_open=True)
