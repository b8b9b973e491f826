"""The timeline as a panel: the board, its scroll bars, and buttons to zoom."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QSignalBlocker, Qt
from PyQt6.QtWidgets import QGridLayout, QHBoxLayout, QScrollBar, QToolButton, QWidget

from ui.document.document import Document
from ui.look.icons import icon
from ui.timeline.board import Board

_CLOSER = 2.0
"""How much closer one press of a button looks."""


class Timeline(QWidget):
    """Time from left to right, people from top to bottom."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.board = Board(document, self)
        self._along = QScrollBar(Qt.Orientation.Horizontal, self)
        self._down = QScrollBar(Qt.Orientation.Vertical, self)
        self._zoom = self._zoom_buttons()
        for bar, name in ((self._along, "Scroll in time"), (self._down, "Scroll the people")):
            bar.setAccessibleName(name)
            policy = bar.sizePolicy()
            policy.setRetainSizeWhenHidden(True)  # the lanes do not jump
            bar.setSizePolicy(policy)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.board, 0, 0, 1, 2)
        layout.addWidget(self._down, 0, 2)
        layout.addWidget(self._zoom, 1, 0)
        layout.addWidget(self._along, 1, 1, 1, 2)
        layout.setColumnStretch(1, 1)
        self._along.valueChanged.connect(self._scroll_along)
        self._down.valueChanged.connect(self._scroll_down)
        self.board.view_changed.connect(self._follow)
        self.setFocusProxy(self.board)
        self._follow()

    def zoom_in(self) -> None:
        """Look closer, about the playhead."""
        self.board.zoom(_CLOSER)

    def zoom_out(self) -> None:
        """Look from farther away."""
        self.board.zoom(1 / _CLOSER)

    def fit(self) -> None:
        """Have all frames in view."""
        self.board.fit()

    def _zoom_buttons(self) -> QWidget:
        """Return the row of buttons below the left column."""
        row = QWidget(self)
        layout = QHBoxLayout(row)
        layout.setContentsMargins(4, 0, 4, 0)
        layout.setSpacing(0)
        layout.addWidget(self._button("zoom-out", "Zoom the timeline out", self.zoom_out))
        layout.addWidget(self._button("zoom-fit", "Show the whole video", self.fit))
        layout.addWidget(self._button("zoom-in", "Zoom the timeline in", self.zoom_in))
        layout.addStretch(1)
        return row

    def _button(self, sign: str, name: str, does: Callable[[], None]) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(icon(sign))
        button.setAccessibleName(name)
        button.setToolTip(name)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.clicked.connect(lambda _checked: does())
        return button

    def _follow(self) -> None:
        """Put the scroll bars where the view is."""
        board, scale, places = self.board, self.board.scale, self.board.places
        self._zoom.setFixedWidth(round(places.track_left))
        whole = scale.fitted()
        pixels = scale.width / scale.span
        hidden = 0 if scale.is_whole else round((whole.span - scale.span) * pixels)
        value = round((scale.start - whole.start) * pixels)
        _put(self._along, value, hidden, round(scale.width))
        _put(
            self._down,
            round(places.offset),
            round(places.hidden_height),
            round(places.lanes_height),
        )
        self._down.setSingleStep(round(board.places.lane_height))

    def _scroll_along(self, value: int) -> None:
        scale = self.board.scale
        now = (scale.start - scale.fitted().start) * scale.width / scale.span
        self.board.show_scale(scale.scrolled(value - now))

    def _scroll_down(self, value: int) -> None:
        self.board.show_lanes_from(value)


def _put(bar: QScrollBar, value: int, hidden: int, page: int) -> None:
    """Show where a view is; there is nothing to scroll where nothing is `hidden`."""
    with QSignalBlocker(bar):
        bar.setRange(0, hidden)
        bar.setPageStep(page)
        bar.setSingleStep(max(1, page // 10))
        bar.setValue(value)
    bar.setVisible(hidden > 0)
