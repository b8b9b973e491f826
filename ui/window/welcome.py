"""What is seen while nothing is open: what to do first, and what was open last."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PyQt6.QtCore import QEvent, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QAction, QColor, QKeyEvent, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from sdpose_track.home import from_home
from ui.look.icons import icon
from ui.look.theme import tokens

_MOST_SEEN = 6
"""Of the recent ones; the others are scrolled to."""
_BORDER = 1
"""Of a list, in pixels: the style sheet's."""
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class Welcome(QWidget):
    """A place to drop something on, buttons to open something, and the recent list."""

    wanted = pyqtSignal(str)
    """The path of what was chosen from the recent list."""

    def __init__(self, first: Sequence[QAction], parent: QWidget | None = None) -> None:
        """`first` are the commands that have a button; the first one is the main one."""
        super().__init__(parent)
        self.setAccessibleName("Nothing is open")
        self._target = _Target(first)
        self._recent = _Recent()
        self._recent.chosen.connect(self.wanted)
        column = QVBoxLayout()
        column.setSpacing(16)
        column.addStretch(1)
        column.addWidget(self._target)
        column.addWidget(self._recent)
        column.addStretch(2)
        row = QHBoxLayout(self)
        row.setContentsMargins(24, 16, 24, 16)
        row.addStretch(1)
        row.addLayout(column, 6)
        row.addStretch(1)

    def show_recent(self, paths: Sequence[str]) -> None:
        """Offer what was open last, the newest first."""
        self._recent.show_paths(paths)

    def set_dragged(self, dragged: bool) -> None:
        """Show that what is held over the window may be dropped."""
        self._target.set_dragged(dragged)


class _Target(QFrame):
    """The dashed field that says what to do."""

    def __init__(self, first: Sequence[QAction]) -> None:
        super().__init__()
        self._dragged = False
        self._sign = QLabel()
        self._sign.setAlignment(Qt.AlignmentFlag.AlignCenter)
        title = QLabel("Drop a video here")
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * 1.7)
        title.setFont(font)
        title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        more = QLabel("or a folder of pictures, or a session (.sdpose) to look at again")
        more.setObjectName("muted")
        more.setAlignment(Qt.AlignmentFlag.AlignCenter)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        for place, action in enumerate(first):
            buttons.addWidget(_button(action, is_main=place == 0))
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 32, 24, 32)
        column.setSpacing(12)
        column.addWidget(self._sign)
        column.addWidget(title)
        column.addWidget(more)
        column.addSpacing(8)
        column.addLayout(buttons)
        self._dress()

    def set_dragged(self, dragged: bool) -> None:
        self._dragged = dragged
        self.update()

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._dress()

    def _dress(self) -> None:
        size = 3 * self.fontMetrics().height()
        self._sign.setPixmap(icon("track").pixmap(QSize(size, size), self.devicePixelRatioF()))

    def paintEvent(self, _event: QPaintEvent | None) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(QColor(tokens().accent if self._dragged else tokens().edge), 1.5)
        pen.setDashPattern((4, 3))
        painter.setPen(pen)
        painter.setBrush(QColor(tokens().hover if self._dragged else tokens().surface))
        painter.drawRoundedRect(self.rect().toRectF().adjusted(1, 1, -1, -1), 8, 8)


class _List(QListWidget):
    """One click opens, and so does Enter; a double click is no second opening."""

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802
        item = self.currentItem()
        if event is not None and event.key() in _ENTER and item is not None:
            self.itemClicked.emit(item)
        else:
            super().keyPressEvent(event)


class _Recent(QWidget):
    """What was open last."""

    chosen = pyqtSignal(str)

    def __init__(self) -> None:
        super().__init__()
        title = QLabel("Recent")
        title.setObjectName("muted")
        self._list = _List()
        self._list.setAccessibleName("Recent videos and sessions")
        self._list.setFrameShape(QFrame.Shape.NoFrame)
        self._list.setUniformItemSizes(True)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.itemClicked.connect(self._choose)
        title.setBuddy(self._list)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(title)
        column.addWidget(self._list)

    def show_paths(self, paths: Sequence[str]) -> None:
        self._list.clear()
        for path in paths:
            name, folder = Path(path).name or path, from_home(Path(path).parent)
            item = QListWidgetItem(f"{name}    {folder}")
            item.setIcon(icon(_sign(path)))
            item.setToolTip(path)
            item.setData(Qt.ItemDataRole.UserRole, path)
            self._list.addItem(item)
        self.setVisible(bool(paths))
        row = self._list.sizeHintForRow(0) if paths else 0
        self._list.setFixedHeight(row * min(len(paths), _MOST_SEEN) + 2 * _BORDER)

    def _choose(self, item: QListWidgetItem) -> None:
        self.chosen.emit(item.data(Qt.ItemDataRole.UserRole))


def _button(action: QAction, *, is_main: bool) -> QPushButton:
    button = QPushButton(action.text().replace("&", ""))
    button.setToolTip(action.toolTip())
    button.setDefault(is_main)
    button.clicked.connect(action.trigger)
    return button


def _sign(path: str) -> str:
    """Return the name of the icon of a session, a folder, or a video or picture."""
    if path.endswith(".sdpose"):
        return "track"
    return "folder" if Path(path).is_dir() else "film"
