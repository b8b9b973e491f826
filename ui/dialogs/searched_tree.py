"""Rows in named groups below a search: what its words do not name is hidden, empty groups too."""

from __future__ import annotations

from collections.abc import Iterator

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ui.dialogs.fields import GAP


class SearchedTree(QWidget):
    """A search above a tree of groups; a list of its own makes the groups and fills them."""

    def __init__(
        self, columns: int, name: str, asks: str, called: str, parent: QWidget | None = None
    ) -> None:
        """Have so many `columns` in the tree `name`; the search is `called`, and shows `asks`."""
        super().__init__(parent)
        self.search = QLineEdit()
        self.search.setPlaceholderText(asks)
        self.search.setAccessibleName(called)
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self.filter)
        self.tree = QTreeWidget()
        self.tree.setAccessibleName(name)
        self.tree.setColumnCount(columns)
        self.tree.setRootIsDecorated(False)
        self.tree.setItemsExpandable(False)
        self.tree.setIndentation(GAP)
        self.tree.setStyleSheet("QTreeView::item { padding: 2px 0; }")
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(GAP)
        self.column.addWidget(self.search)
        self.column.addWidget(self.tree, 1)
        self.setFocusProxy(self.search)

    def add_group(self, title: str) -> QTreeWidgetItem:
        """Add a heading, below all rows that are there, and return it."""
        group = QTreeWidgetItem(self.tree, [title])
        group.setFirstColumnSpanned(True)
        group.setFlags(Qt.ItemFlag.ItemIsEnabled)
        font = group.font(0)
        font.setBold(True)
        group.setFont(0, font)
        return group

    def items(self) -> Iterator[QTreeWidgetItem]:
        """Yield the rows of all groups, hidden ones too, from top to bottom."""
        for group in self._groups():
            yield from _rows(group)

    def filter(self, text: str) -> None:
        """Hide what has not every word that is searched for."""
        words = text.lower().split()
        for item in self.items():
            told = self.told(item).lower()
            item.setHidden(not all(word in told for word in words))
        for group in self._groups():
            group.setHidden(all(row.isHidden() for row in _rows(group)))

    def told(self, item: QTreeWidgetItem) -> str:
        """Return what is searched of a row: all its columns."""
        return " ".join(item.text(column) for column in range(self.tree.columnCount()))

    def _groups(self) -> Iterator[QTreeWidgetItem]:
        for number in range(self.tree.topLevelItemCount()):
            group = self.tree.topLevelItem(number)
            if group is not None:
                yield group


def _rows(group: QTreeWidgetItem) -> Iterator[QTreeWidgetItem]:
    for number in range(group.childCount()):
        row = group.child(number)
        if row is not None:
            yield row
