"""What tells that a live run goes on while something else is looked at."""

from __future__ import annotations

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QStackedWidget, QToolButton, QWidget

from ui.jobs.job import State
from ui.live.page import LivePage
from ui.look.icons import icon

_STATES = {
    State.PREPARING: "Live is starting",
    State.RUNNING: "Live is on",
    State.STOPPING: "Live is stopping",
}
RECORDING = "Live is on, recording"


class LiveSign(QWidget):
    """Leads back to the live page, and stops it. Hidden while there is nothing to tell."""

    wanted = pyqtSignal()
    """The live page is to be seen."""

    def __init__(self, live: LivePage, pages: QStackedWidget) -> None:
        """`live` is one of `pages`."""
        super().__init__()
        self._live, self._pages = live, pages
        self.back = QToolButton()
        self.stop = QToolButton()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for button in (self.back, self.stop):
            button.setObjectName("small")  # the line is no higher for it
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keys to the window
            row.addWidget(button)
        self.back.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.back.setToolTip("Back to the live page")
        self.stop.setText("Stop")
        self.stop.setAccessibleName("Stop the live run")
        self.stop.setToolTip("Close the source; a recording is whole then")
        self.back.clicked.connect(self.wanted)
        self.stop.clicked.connect(live.stop)
        live.changed.connect(self._show)
        pages.currentChanged.connect(lambda _page: self._show())
        self._show()

    def _show(self) -> None:
        live, state = self._live, self._live.state
        if state is None or self._pages.currentWidget() is live:
            self.hide()
            return
        is_recording = state is State.RUNNING and live.is_recording
        self.back.setText(RECORDING if is_recording else _STATES.get(state, ""))
        self.back.setIcon(icon("record" if is_recording else "live"))
        self.stop.setEnabled(state is not State.STOPPING)
        self.show()
