"""Worth a look: what is doubtful, one jump away, with the repair that may put it right."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QModelIndex, Qt
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QListView,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from sdpose_track.review.doubts import Doubt
from ui.document.document import Document
from ui.look.icons import icon
from ui.look.texts import plural
from ui.people.cells import GAP
from ui.people.doubt_card import DoubtCard
from ui.people.doubts import TITLES, DoubtsModel, Order
from ui.people.suggestion import suggested

LOOKING = "Looking for doubts…"
NOTHING = "Nothing doubtful"
NO_SESSION = "What is worth a look is listed here once there are poses."
ALL = "All reasons"


class DoubtsPanel(QWidget):
    """The worth-a-look list of the document."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._is_restoring = False
        self._visited: Doubt | None = None
        """Where the user jumped last."""
        self.model = DoubtsModel(self)
        self.list = QListView()
        self.order, self.reason = QComboBox(), QComboBox()
        self.said, self.count = QLabel(), QLabel()
        self.apply_button, self.seen_button = QPushButton(), QPushButton("Seen")
        self._previous = _button("previous", "Previous worth a look", self.previous_doubt)
        self._next = _button("next", "Next worth a look", self.next_doubt)
        self._pages = QStackedWidget()
        self._arrange()
        self._connect()
        self._show()

    def _arrange(self) -> None:
        self.setAccessibleName("Worth a look")
        self.order.addItems([order.value for order in Order])
        _name(self.order, "Order", "What comes first in the list")
        _name(self.reason, "Reasons", "Which doubts are listed")
        self.list.setModel(self.model)
        self.list.setItemDelegate(DoubtCard(self._document.people, self.list))
        self.list.setResizeMode(QListView.ResizeMode.Adjust)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        _name(self.list, "Worth a look", "")
        self.said.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.said.setWordWrap(True)
        self.said.setForegroundRole(self.said.palette().ColorRole.PlaceholderText)
        self._pages.addWidget(self.list)
        self._pages.addWidget(self.said)
        _name(self.apply_button, "Apply the suggestion", "")
        self.apply_button.setIcon(icon("check"))
        self.seen_button.setCheckable(True)
        _name(self.seen_button, "Seen", "Mark this as looked at; it is dimmed then")
        head = QHBoxLayout()
        head.setSpacing(GAP)
        head.addWidget(self.order)
        head.addWidget(self.reason, 1)
        head.addWidget(self._previous)
        head.addWidget(self._next)
        foot = QHBoxLayout()
        foot.setSpacing(GAP)
        foot.addWidget(self.apply_button, 1)
        foot.addWidget(self.seen_button)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(2 * GAP, 2 * GAP, 2 * GAP, 2 * GAP)
        whole.setSpacing(2 * GAP)
        whole.addLayout(head)
        whole.addWidget(self._pages, 1)
        whole.addWidget(self.count)
        whole.addLayout(foot)

    def _connect(self) -> None:
        document = self._document
        document.review.doubts_changed.connect(self._show)
        document.opened.connect(self._on_opened)
        document.edits.can_changed.connect(self._tell)
        document.people.look_changed.connect(self._repaint)
        selection = self.list.selectionModel()
        assert selection is not None
        selection.currentChanged.connect(self._on_current)
        self.list.clicked.connect(self._jump)
        self.list.activated.connect(self._jump)
        self.order.activated.connect(self._rearrange)
        self.reason.activated.connect(self._rearrange)
        self.apply_button.clicked.connect(self.apply)
        self.seen_button.clicked.connect(self.mark_seen)

    # -- what can be done ----------------------------------------------------------------------

    def next_doubt(self) -> None:
        """Jump to the next one in the list, or to the first one from where we are."""
        self._step(1)

    def previous_doubt(self) -> None:
        """Jump to the one before in the list."""
        self._step(-1)

    def apply(self) -> None:
        """Make the repair that is suggested for the current one; it can be undone."""
        row = self.list.currentIndex().row()
        suggestion = suggested(self.model.doubt(row).suggestion) if row >= 0 else None
        if suggestion is not None:
            suggestion.apply(self._document.edits)

    def mark_seen(self, seen: bool) -> None:
        """Remember that somebody looked at the current one."""
        row = self.list.currentIndex().row()
        if row >= 0:
            self.model.mark(row, seen=seen)
            self._tell()

    def sort(self, order: Order) -> None:
        """List in an order."""
        self.order.setCurrentText(order.value)
        self._rearrange()

    def filter(self, reason: str | None) -> None:
        """List doubts of one reason only; None: all."""
        self.reason.setCurrentIndex(max(0, self.reason.findData(reason)))
        self._rearrange()

    # -- listing -------------------------------------------------------------------------------

    def _on_opened(self) -> None:
        self.model.forget()
        self._visited = None

    def _show(self) -> None:
        """List what the document has found."""
        doubts = self._document.review.doubts
        if self._document.facts is None:
            self.said.setText(NO_SESSION)
        else:
            self.said.setText(LOOKING if doubts is None else NOTHING)
        self._restoring(lambda: self.model.show(doubts or ()))
        self._tell_reasons()

    def _repaint(self) -> None:
        viewport = self.list.viewport()
        if viewport is not None:
            viewport.update()

    def _rearrange(self) -> None:
        order = Order(self.order.currentText())
        self._restoring(lambda: self.model.arrange(order, self.reason.currentData()))

    def _restoring(self, change: Callable[[], None]) -> None:
        """Change the list and stay in it where we were, without a jump."""
        self._is_restoring = True
        change()
        if self._visited is not None:
            row = self.model.row_of(self._visited)
            if row is None:
                row = self.model.row_from(self._visited.frame)
            if row is not None:
                self.list.setCurrentIndex(self.model.index(row))
        self._is_restoring = False
        self._pages.setCurrentIndex(0 if self.model.rowCount() else 1)
        self._tell()

    def _tell_reasons(self) -> None:
        """Offer the reasons that there are, and how many of each."""
        counts, chosen = self.model.counts(), self.model.reason
        self.reason.clear()
        self.reason.addItem(ALL, None)
        for reason, count in counts.items():
            self.reason.addItem(f"{TITLES[reason]} ({count})", reason)
        if chosen is not None and chosen not in counts and self._document.review.doubts is not None:
            self.filter(None)
        else:
            self.reason.setCurrentIndex(max(0, self.reason.findData(chosen)))

    def _tell(self) -> None:
        """Say what can be done with the current doubt, and how many are left."""
        row = self.list.currentIndex().row()
        doubt = self.model.doubt(row) if row >= 0 else None
        suggestion = None if doubt is None else suggested(doubt.suggestion)
        why_not = self._document.edits.why_not
        self.apply_button.setEnabled(suggestion is not None and why_not is None)
        if doubt is None or suggestion is None:
            self.apply_button.setText("Apply")
            self.apply_button.setToolTip("There is nothing to suggest: it depends on what is seen")
        else:
            self.apply_button.setText(f"Apply: {doubt.suggestion}")
            self.apply_button.setToolTip(why_not or f"Then {suggestion.says}. It can be undone")
        self.seen_button.setEnabled(doubt is not None)
        self.seen_button.setChecked(row >= 0 and self.model.is_seen(row))
        for control in (self._previous, self._next, self.order, self.reason):
            control.setEnabled(self.model.rowCount() > 0)
        total, left = self.model.rowCount(), self.model.left()
        self.count.setText(f"{plural(total, 'place')} to look at, {total - left} seen")
        self.count.setVisible(total > 0)

    # -- jumping -------------------------------------------------------------------------------

    def _on_current(self, index: QModelIndex) -> None:
        if not self._is_restoring:
            self._tell()
            self._jump(index)

    def _jump(self, index: QModelIndex) -> None:
        """Show the frame and choose the people of a doubt."""
        if index.isValid():
            self._visited = self.model.doubt(index.row())
            self._document.player.pause()
            self._document.player.seek(self._visited.frame)
            self._document.people.choose(*self._visited.track_ids)

    def _step(self, by: int) -> None:
        count = self.model.rowCount()
        if not count:
            return
        row = self.list.currentIndex().row()
        if row < 0:
            row = self.model.row_from(self._document.player.frame) or 0
        elif self._visited is not None and self.model.row_of(self._visited) == row:
            row = min(max(row + by, 0), count - 1)
        index = self.model.index(row)
        if self.list.currentIndex() == index:
            self._jump(index)
        else:
            self.list.setCurrentIndex(index)


def _name(widget: QWidget, name: str, hint: str) -> None:
    widget.setAccessibleName(name)
    widget.setToolTip(hint)


def _button(shape: str, name: str, act: Callable[[], None]) -> QToolButton:
    button = QToolButton()
    button.setIcon(icon(shape))
    _name(button, name, name)
    button.clicked.connect(act)
    return button
