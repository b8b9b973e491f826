"""The menus of a right click and of the Menu key, on the picture and on the timeline.

Only commands of the one table enter, and the menu of the people panel: nothing is done here that
the menu bar cannot do, and what is grey there is grey here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PyQt6.QtCore import QObject, QPoint
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QMenu

from ui.canvas.canvas import Canvas
from ui.timeline.board import Board

Groups = tuple[tuple[str, ...], ...]
OF_THE_PICTURE: Groups = (
    ("zoom-in", "zoom-out", "zoom-fit", "zoom-full", "full-screen"),
    ("compare-smoothed", "compare-raw", "compare-side-by-side", "compare-blended"),
    ("show-skeleton", "show-boxes", "show-ids", "show-trails", "show-confidence"),
    ("snapshot",),
)
"""Names of the commands that are offered where nobody is in the picture."""
OF_THE_TIME: Groups = (
    ("mark-in", "mark-out", "clear-marks", "loop"),
    ("go-in", "go-out", "go-to"),
)
"""Names of the commands that are offered everywhere on the timeline."""


class ContextMenus(QObject):
    """Shows a menu where the picture or the timeline asks for one."""

    def __init__(
        self, canvas: Canvas, board: Board, people: QMenu, actions: Mapping[str, QAction]
    ) -> None:
        """`people` is the menu of those who are chosen."""
        super().__init__(people)
        self._people, self._actions = people, actions
        self._picture = self._menu(OF_THE_PICTURE)
        self._time = self._menu(OF_THE_TIME)
        self._lane = self._menu(OF_THE_TIME, people.actions())
        canvas.menu_wanted.connect(self._on_picture)
        board.menu_wanted.connect(self._on_timeline)

    def _menu(self, groups: Groups, first: Iterable[QAction] = ()) -> QMenu:
        menu = QMenu(self._people.parentWidget())
        menu.setToolTipsVisible(True)  # which say why something is grey
        menu.addActions(list(first))
        for names in groups:
            menu.addSeparator()
            menu.addActions([self._actions[name] for name in names])
        return menu

    def _on_picture(self, where: QPoint, is_of_people: bool) -> None:
        if is_of_people:
            self._wait()
        (self._people if is_of_people else self._picture).popup(where)

    def _on_timeline(self, where: QPoint, is_of_people: bool) -> None:
        self._wait()
        (self._lane if is_of_people else self._time).popup(where)

    def _wait(self) -> None:
        """Stay at the frame that “here” is about, in what the menu offers."""
        self._actions["pause"].trigger()
