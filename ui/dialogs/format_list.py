"""The list of export formats: grouped by what they are for, searched, ticked."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtWidgets import QHeaderView, QTreeWidgetItem, QWidget

from sdpose_track.export.table import GROUPS, Format
from ui.dialogs.fields import GAP
from ui.dialogs.searched_tree import SearchedTree

_NAME = Qt.ItemDataRole.UserRole


class FormatList(SearchedTree):
    """Formats with one line each on what they are for; any number of them is ticked."""

    changed = pyqtSignal()
    """Others are ticked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            2, "Formats", "Search, such as Blender or JSON", "Search the formats", parent
        )
        self.tree.setHeaderHidden(True)
        self._fill()
        header = self.tree.header()
        if header is not None:
            header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
            header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.tree.setMinimumWidth(self._whole_width() // 2)
        self.tree.itemChanged.connect(lambda _item, _column: self.changed.emit())

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
            group = self.add_group(title)
            for entry in formats:
                _add(group, entry)
        self.tree.expandAll()

    def chosen(self) -> tuple[str, ...]:
        """Return the names of the formats that are ticked, in the order of the list."""
        return tuple(
            str(item.data(0, _NAME))
            for item in self.items()
            if item.checkState(0) is Qt.CheckState.Checked
        )

    def tick(self, names: Iterable[str]) -> None:
        """Tick these and no others; names that are not there are left out."""
        wanted = set(names)
        for item in self.items():
            is_on = item.data(0, _NAME) in wanted and not item.isDisabled()
            item.setCheckState(0, Qt.CheckState.Checked if is_on else Qt.CheckState.Unchecked)

    def told(self, item: QTreeWidgetItem) -> str:
        """Return what is searched of a format: what it is for, too."""
        return f"{super().told(item)} {_group_of(item)}"


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
