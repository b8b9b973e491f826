"""The bar at the top: what is used most, and how people are shown."""

from __future__ import annotations

from collections.abc import Mapping

from PyQt6.QtCore import QSignalBlocker, QSize, Qt
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QComboBox, QLabel, QSizePolicy, QToolBar, QToolButton, QWidget

from sdpose_track.smooth.choices import Smoothing
from ui.document.document import Document
from ui.look.icons import icon

GROUPS = (
    ("open", "track", "export"),
    ("undo", "redo"),
    ("compare-smoothed", "compare-raw", "compare-side-by-side", "compare-blended"),
    ("show-skeleton", "show-boxes", "show-ids", "show-trails", "show-confidence"),
    ("zoom-out", "zoom-fit", "zoom-in"),
)
"""Names of the commands that have a button, in groups."""
WITH_TEXT = ("open", "track", "export")
SMOOTHINGS = {
    Smoothing.OFFLINE: "Kalman",
    Smoothing.BUTTERWORTH: "Butterworth",
    Smoothing.SAVGOL: "Savitzky-Golay",
    Smoothing.ONE_EURO: "One-Euro",
    Smoothing.LIVE: "Live Kalman",
    Smoothing.OFF: "None",
}
"""What each smoothing is called in the window."""
_SMOOTHS = "How the keypoints are smoothed; raw ones are kept in any case"
_LIVE = "Live poses are smoothed as they come; a recording of them can be smoothed in any way"


class ToolBar(QToolBar):
    """Buttons of the commands, and the choice of the smoothing."""

    def __init__(
        self, document: Document, actions: Mapping[str, QAction], parent: QWidget | None = None
    ) -> None:
        super().__init__("Tools", parent)
        self._document = document
        self.setObjectName("tools")
        self.setMovable(False)
        height = self.fontMetrics().height()
        self.setIconSize(QSize(height + 4, height + 4))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        for number, names in enumerate(GROUPS):
            if number:
                self.addSeparator()
            for name in names:
                self._add(name, actions[name])
            if names[0].startswith("compare"):
                self._add_smoothing()
        more = self.findChild(QToolButton, "qt_toolbar_ext_button")
        if more is not None:  # Qt's own is black in every theme
            more.setIcon(icon("forward-second"))
            more.setIconSize(QSize(height - 2, height - 2))
            more.setAccessibleName("More tools")
            more.setToolTip("Tools for which the window is too narrow")

    def _add(self, name: str, action: QAction) -> None:
        self.addAction(action)
        button = self.widgetForAction(action)
        if isinstance(button, QToolButton):
            with_text = Qt.ToolButtonStyle.ToolButtonTextBesideIcon
            if name in WITH_TEXT:
                button.setToolButtonStyle(with_text)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keys to the window
            button.setAccessibleName(action.text().replace("&", ""))

    def _add_smoothing(self) -> None:
        self.addSeparator()
        label = QLabel("Smoothing ")
        self.smoothing = QComboBox()
        self.smoothing.setAccessibleName("Smoothing")
        self.smoothing.setToolTip(_SMOOTHS)
        self.smoothing.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        for smoothing, name in SMOOTHINGS.items():
            self.smoothing.addItem(name, smoothing)
        label.setBuddy(self.smoothing)
        self.addWidget(label)
        self.addWidget(self.smoothing)
        self.smoothing.activated.connect(self._choose)
        self._document.smoothing_changed.connect(self._show)
        self._show()

    def offer_smoothing(self, on: bool) -> None:
        """Let a smoothing be chosen, or say why there is nothing to choose."""
        self.smoothing.setEnabled(on)
        self.smoothing.setToolTip(_SMOOTHS if on else _LIVE)

    def _choose(self, row: int) -> None:
        self._document.choose(self.smoothing.itemData(row))

    def _show(self) -> None:
        with QSignalBlocker(self.smoothing):
            self.smoothing.setCurrentIndex(list(SMOOTHINGS).index(self._document.smoothing))
