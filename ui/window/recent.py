"""The menu of what was open last."""

from __future__ import annotations

from functools import partial

from PyQt6.QtCore import QObject, pyqtSignal
from PyQt6.QtWidgets import QMenu

from ui.preferences import Preferences


class RecentMenu(QObject):
    """Fills the menu whenever it is about to be shown."""

    chosen = pyqtSignal(str)
    """The path of what is to be opened again."""

    def __init__(self, menu: QMenu, preferences: Preferences) -> None:
        super().__init__(menu)
        self._menu, self._preferences = menu, preferences
        menu.setToolTipsVisible(True)
        menu.aboutToShow.connect(self._fill)

    def _fill(self) -> None:
        menu = self._menu
        menu.clear()
        for path in self._preferences.recent:
            action = menu.addAction(path.replace("&", "&&"))
            if action is not None:
                action.triggered.connect(partial(self._choose, path))
        if menu.isEmpty() and (none := menu.addAction("Nothing yet")) is not None:
            none.setEnabled(False)

    def _choose(self, path: str, _checked: bool) -> None:
        self.chosen.emit(path)
