"""Which commands make sense now: the others are grey, and their keys do nothing.

What can be done with the people who are chosen is known to their panel.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PyQt6.QtCore import QObject
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QStackedWidget, QWidget

from sdpose_track.session.its_source import LIVE
from ui.actions import MENUS
from ui.document.document import Document
from ui.window.work import Work

_OF_FRAMES = (
    "snapshot", "zoom-in", "zoom-out", "zoom-fit", "zoom-full",
    *(command.name for command in MENUS["&Play"]),
)  # fmt: skip
_OF_A_SESSION = ("export", "next-doubt", "previous-doubt")
_OF_A_RUN = ("pause-job", "cancel-job")


class Able(QObject):
    """Makes commands grey, and no longer."""

    def __init__(
        self,
        document: Document,
        work: Work,
        pages: QStackedWidget,
        player_page: QWidget,
        actions: Mapping[str, QAction],
    ) -> None:
        """Frames are played while `player_page` is the current one of `pages`."""
        super().__init__(pages)
        self._document, self._work, self._actions = document, work, actions
        self._pages, self._player_page = pages, player_page
        for signal in (
            document.opened,
            document.session_changed,
            document.pictures.opened,
            work.changed,
            pages.currentChanged,
        ):
            signal.connect(self._show)
        self._show()

    def _show(self) -> None:
        document, run = self._document, self._work.run
        is_open, facts = document.is_open, document.facts
        is_seen = is_open and self._pages.currentWidget() is self._player_page
        self._enable(_OF_FRAMES, is_seen)
        self._enable(_OF_A_SESSION, facts is not None)
        self._enable(_OF_A_RUN, run is not None)
        self._enable(("close",), is_open)
        self._enable(("track",), document.pictures.is_open and run is None)
        self._enable(("resume",), facts is not None and not facts.is_complete and run is None)
        is_from_file = facts is not None and facts.header.source.kind not in LIVE
        self._enable(("find-video",), is_from_file)

    def _enable(self, names: Iterable[str], on: bool) -> None:
        for name in names:
            self._actions[name].setEnabled(on)
