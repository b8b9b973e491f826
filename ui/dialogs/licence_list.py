"""What the program stands upon, in groups, with versions and licences; one looks things up."""

from __future__ import annotations

from PyQt6.QtWidgets import QHeaderView, QTreeWidgetItem, QWidget

from ui.dialogs.fields import label
from ui.dialogs.searched_tree import SearchedTree
from ui.versions import Part

COLUMNS = ("Name", "Version", "Licence", "For")
_LICENCE = COLUMNS.index("Licence")
_WIDEST = 36
"""Average letters of a licence's column; longer ones end in an ellipsis, and a tip tells them."""


class LicenceList(SearchedTree):
    """A search above a list of parts in named groups."""

    def __init__(self, groups: dict[str, tuple[Part, ...]], parent: QWidget | None = None) -> None:
        asks = "Search a name, a licence or a purpose"
        name = "Packages, their versions and licences"
        super().__init__(len(COLUMNS), name, asks, asks, parent)
        self.tree.setHeaderLabels(COLUMNS)
        self.tree.setUniformRowHeights(True)
        for title, parts in groups.items():
            self._fill(self.add_group(title), parts)
        self.tree.expandAll()
        self._set_widths()
        self.nothing = label("Nothing matches.", muted=True)
        self.nothing.hide()
        self.column.insertWidget(1, self.nothing)

    @property
    def shown(self) -> tuple[str, ...]:
        """The names that the search leaves, from top to bottom."""
        return tuple(row.text(0) for row in self.items() if not row.isHidden())

    def _fill(self, group: QTreeWidgetItem, parts: tuple[Part, ...]) -> None:
        for part in parts:
            row = QTreeWidgetItem(group, list(part))
            for column in range(len(COLUMNS)):
                row.setToolTip(column, row.text(column))

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

    def filter(self, text: str) -> None:
        """Hide what is not searched for, and say so where that is all."""
        super().filter(text)
        self.nothing.setVisible(not self.shown)
