"""The table of people: choosing several of them, in an order, here and everywhere."""

from __future__ import annotations

from PyQt6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    Qt,
)
from PyQt6.QtGui import QMouseEvent
from PyQt6.QtWidgets import (
    QAbstractItemDelegate,
    QAbstractItemView,
    QHeaderView,
    QLineEdit,
    QTableView,
    QWidget,
)

from sdpose_track.repair.edits import LONGEST_NAME
from ui.document.document import Document
from ui.look.theme import steady_digits
from ui.people.cells import GAP, ColourCell, IconCell, NameCell, ShareCell
from ui.people.model import Column, PeopleModel

_MODES = {
    Column.ID: QHeaderView.ResizeMode.ResizeToContents,
    Column.NAME: QHeaderView.ResizeMode.Stretch,
}
_FLAG = QItemSelectionModel.SelectionFlag
_RIGHT = Qt.MouseButton.RightButton


class PeopleTable(QTableView):
    """Shows the people of the document; whom one selects is chosen there, and the other way."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._people = document.people
        self._is_following = False
        self.people_model = PeopleModel(document, self)
        self.setModel(self.people_model)
        self.setAccessibleName("People")
        self.setFont(steady_digits(self.font()))
        self._arrange()
        selection = self.selectionModel()
        assert selection is not None
        selection.selectionChanged.connect(self._on_selected)
        self._people.chosen_changed.connect(self._on_chosen)
        self._people.changed.connect(self._on_chosen)
        self.people_model.modelAboutToBeReset.connect(self._give_up_name)
        self._on_chosen()

    def _arrange(self) -> None:
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        triggers = QAbstractItemView.EditTrigger
        self.setEditTriggers(triggers.DoubleClicked | triggers.EditKeyPressed)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        for column, cell in {
            Column.SEEN: IconCell("eye", "eye-off", quiet_when=True, parent=self),
            Column.COLOUR: ColourCell(self),
            Column.NAME: NameCell(LONGEST_NAME, self),
            Column.FRAMES: ShareCell(self),
            Column.LOCKED: IconCell("lock", "unlock", quiet_when=False, parent=self),
        }.items():
            self.setItemDelegateForColumn(column, cell)
        rows, columns = self.verticalHeader(), self.horizontalHeader()
        assert rows is not None
        assert columns is not None
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(self.fontMetrics().height() + 3 * GAP)
        columns.setHighlightSections(False)
        columns.setMinimumSectionSize(4 * GAP)
        icon = self.fontMetrics().height() + 3 * GAP
        widths = {
            Column.SEEN: icon,
            Column.COLOUR: icon,
            Column.FRAMES: self.fontMetrics().horizontalAdvance("Frames") + 6 * GAP,
            Column.LOCKED: icon,
        }
        for column in Column:
            columns.setSectionResizeMode(column, _MODES.get(column, QHeaderView.ResizeMode.Fixed))
            if column in widths:
                columns.resizeSection(column, widths[column])

    def rename(self) -> None:
        """Let the user type a name for the current person."""
        row = self.people_model.row_of(self._people.current or 0)
        if row is not None:
            index = self.people_model.index(row, Column.NAME)
            self.scrollTo(index)
            self.edit(index)

    def _give_up_name(self) -> None:
        """Close the field of a name that is being typed: its person is about to go."""
        viewport = self.viewport()
        field = None if viewport is None else viewport.findChild(QLineEdit)
        if field is not None and self.state() is QAbstractItemView.State.EditingState:
            self.closeEditor(field, QAbstractItemDelegate.EndEditHint.NoHint)

    # -- choosing ------------------------------------------------------------------------------

    def selectionCommand(  # noqa: N802
        self, index: QModelIndex, event: QEvent | None = None
    ) -> QItemSelectionModel.SelectionFlag:
        """Leave the selection as it is when an eye or a lock is clicked; a menu is of its row."""
        is_sign = index.column() in (Column.SEEN, Column.LOCKED)
        if is_sign and isinstance(event, QMouseEvent) and event.button() != _RIGHT:
            return _FLAG.NoUpdate
        return super().selectionCommand(index, event)

    def _on_selected(self) -> None:
        """Choose who is selected: those who were chosen before first, the current one last."""
        if self._is_following:
            return
        selection = self.selectionModel()
        if selection is None:
            return
        ids = {self.people_model.id_at(index.row()) for index in selection.selectedRows()}
        before = [i for i in self._people.chosen if i in ids]
        fresh = sorted(ids.difference(before))
        current = selection.currentIndex()
        if current.isValid() and self.people_model.id_at(current.row()) in fresh:
            fresh.remove(self.people_model.id_at(current.row()))
            fresh.append(self.people_model.id_at(current.row()))
        self._people.choose(*before, *fresh)

    def _on_chosen(self) -> None:
        """Select who is chosen."""
        selection = self.selectionModel()
        if selection is None:
            return
        rows = [self.people_model.row_of(track_id) for track_id in self._people.chosen]
        wanted = QItemSelection()
        for row in rows:
            if row is not None:
                index = self.people_model.index(row, 0)
                wanted.select(index, self.people_model.index(row, len(Column) - 1))
        self._is_following = True
        selection.select(wanted, _FLAG.ClearAndSelect)
        if rows and rows[-1] is not None:
            name = self.people_model.index(rows[-1], Column.NAME)
            if selection.currentIndex().row() != rows[-1]:
                selection.setCurrentIndex(name, _FLAG.NoUpdate)
                self.scrollTo(name)
        self._is_following = False
