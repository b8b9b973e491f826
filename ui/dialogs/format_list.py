"""The list of export formats: grouped by what they are for, searched, ticked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.util import find_spec

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from sdpose_track.export.table import GROUPS, Format
from ui.dialogs.fields import GAP

_NAME = Qt.ItemDataRole.UserRole


class FormatList(QWidget):
    """Formats with one line each on what they are for; any number of them is ticked."""

    changed = pyqtSignal()
    """Others are ticked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search, such as Blender or JSON")
        self.search.setAccessibleName("Search the formats")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.tree = QTreeWidget()
        self.tree.setAccessibleName("Formats")
        self.tree.setColumnCount(2)
        self.tree.setHeaderHidden(True)
        self.tree.setRootIsDecorated(False)
        self.tree.setItemsExpandable(False)
        self.tree.setIndentation(GAP)
        self.tree.setStyleSheet("QTreeView::item { padding: 2px 0; }")
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._fill()
        header = self.tree.header()
        if header is not None:
            header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
            header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.tree.setMinimumWidth(self._whole_width() // 2)
        self.tree.itemChanged.connect(lambda _item, _column: self.changed.emit())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addWidget(self.search)
        column.addWidget(self.tree, 1)
        self.setFocusProxy(self.search)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return a size in which no summary is cut."""
        return super().sizeHint().expandedTo(QSize(self._whole_width(), 0))

    def _whole_width(self) -> int:
        """Return the pixels in which no summary is cut."""
        bar = self.tree.verticalScrollBar()
        columns = sum(self.tree.sizeHintForColumn(column) for column in range(2))
        return columns + GAP + (0 if bar is None else bar.sizeHint().width())

    def _fill(self) -> None:
        for title, formats in GROUPS.items():
            group = QTreeWidgetItem(self.tree, [title])
            group.setFirstColumnSpanned(True)
            group.setFlags(Qt.ItemFlag.ItemIsEnabled)
            font = group.font(0)
            font.setBold(True)
            group.setFont(0, font)
            for entry in formats:
                _add(group, entry)
        self.tree.expandAll()

    def chosen(self) -> tuple[str, ...]:
        """Return the names of the formats that are ticked, in the order of the list."""
        return tuple(
            str(item.data(0, _NAME))
            for item in self._items()
            if item.checkState(0) is Qt.CheckState.Checked
        )

    def tick(self, names: Iterable[str]) -> None:
        """Tick these and no others; names that are not there are left out."""
        wanted = set(names)
        for item in self._items():
            is_on = item.data(0, _NAME) in wanted and not item.isDisabled()
            item.setCheckState(0, Qt.CheckState.Checked if is_on else Qt.CheckState.Unchecked)

    def _items(self) -> Iterator[QTreeWidgetItem]:
        for place in range(self.tree.topLevelItemCount()):
            group = self.tree.topLevelItem(place)
            for row in range(0 if group is None else group.childCount()):
                item = None if group is None else group.child(row)
                if item is not None:
                    yield item

    def _filter(self, text: str) -> None:
        """Hide what has not every word that is searched for."""
        words = text.lower().split()
        for item in self._items():
            told = f"{item.text(0)} {item.text(1)} {_group_of(item)}".lower()
            item.setHidden(not all(word in told for word in words))
        for place in range(self.tree.topLevelItemCount()):
            group = self.tree.topLevelItem(place)
            if group is not None:
                children = (group.child(row) for row in range(group.childCount()))
                group.setHidden(all(child is None or child.isHidden() for child in children))


def _add(group: QTreeWidgetItem, entry: Format) -> None:
    item = QTreeWidgetItem(group, [entry.name, entry.summary])
    item.setData(0, _NAME, entry.name)
    item.setCheckState(0, Qt.CheckState.Unchecked)
    item.setTextAlignment(0, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
    item.setToolTip(1, entry.summary)
    if entry.needs is not None and find_spec(entry.needs) is None:
        item.setDisabled(True)
        item.setText(1, f"{entry.summary} (pip install 'sdpose-track[{entry.name}]')")
        item.setToolTip(1, f"This needs the package {entry.needs}")


def _group_of(item: QTreeWidgetItem) -> str:
    parent = item.parent()
    return "" if parent is None else parent.text(0)
