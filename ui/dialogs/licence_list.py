"""What the program stands upon, in groups, with versions and licences; one looks things up."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ui.dialogs.fields import GAP, label
from ui.versions import Part

COLUMNS = ("Name", "Version", "Licence", "For")
_LICENCE = COLUMNS.index("Licence")
_WIDEST = 36
"""Average letters of a licence's column; longer ones end in an ellipsis, and a tip tells them."""


class LicenceList(QWidget):
    """A search above a list of parts in named groups."""

    def __init__(self, groups: dict[str, tuple[Part, ...]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search a name, a licence or a purpose")
        self.search.setAccessibleName("Search a name, a licence or a purpose")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.tree = QTreeWidget()
        self.tree.setAccessibleName("Packages, their versions and licences")
        self.tree.setHeaderLabels(COLUMNS)
        self.tree.setRootIsDecorated(False)
        self.tree.setItemsExpandable(False)
        self.tree.setIndentation(GAP)
        self.tree.setUniformRowHeights(True)
        self.tree.setStyleSheet("QTreeView::item { padding: 2px 0; }")
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self._rows = [row for title, parts in groups.items() for row in self._group(title, parts)]
        self.tree.expandAll()
        self._set_widths()
        self.nothing = label("Nothing matches.", muted=True)
        self.nothing.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addWidget(self.search)
        column.addWidget(self.nothing)
        column.addWidget(self.tree, 1)
        self.setFocusProxy(self.search)

    @property
    def shown(self) -> tuple[str, ...]:
        """The names that the search leaves, from top to bottom."""
        return tuple(row.text(0) for row in self._rows if not row.isHidden())

    def _group(self, title: str, parts: tuple[Part, ...]) -> list[QTreeWidgetItem]:
        group = QTreeWidgetItem(self.tree, [title])
        group.setFirstColumnSpanned(True)
        group.setFlags(Qt.ItemFlag.ItemIsEnabled)
        font = group.font(0)
        font.setBold(True)
        group.setFont(0, font)
        rows = [QTreeWidgetItem(group, list(part)) for part in parts]
        for row in rows:
            for column in range(len(COLUMNS)):
                row.setToolTip(column, row.text(column))
        return rows

    def _set_widths(self) -> None:
        header = self.tree.header()
        if header is None:
            return
        header.setSectionsMovable(False)
        for column in range(len(COLUMNS) - 1):
            self.tree.resizeColumnToContents(column)
        header.setSectionResizeMode(len(COLUMNS) - 1, QHeaderView.ResizeMode.Stretch)
        widest = self.tree.fontMetrics().averageCharWidth() * _WIDEST
        self.tree.setColumnWidth(_LICENCE, min(self.tree.columnWidth(_LICENCE), widest))

    def _filter(self, words: str) -> None:
        wanted = words.lower().split()
        for row in self._rows:
            told = " ".join(row.text(column) for column in range(len(COLUMNS))).lower()
            row.setHidden(not all(word in told for word in wanted))
        for number in range(self.tree.topLevelItemCount()):
            group = self.tree.topLevelItem(number)
            if group is not None:
                rows = (group.child(n) for n in range(group.childCount()))
                group.setHidden(all(row is None or row.isHidden() for row in rows))
        self.nothing.setVisible(not self.shown)
