"""The people of the document as the rows of a table. What changes is signalled cell by cell."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Any

from PyQt6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt
from PyQt6.QtGui import QBrush, QColor

from sdpose_track.repair.edits import Lock, Rename
from ui.document.document import Document
from ui.document.people import Person
from ui.look.colours import person_colour
from ui.look.texts import plural
from ui.look.theme import tokens

TRACK_ID = Qt.ItemDataRole.UserRole
"""Role of the id of a row."""
SHARE = Qt.ItemDataRole.UserRole + 1
"""Role of the share of the frames that have the person, 0..1."""
CHOSEN_COLOUR = Qt.ItemDataRole.UserRole + 2
"""Role of the colour that somebody chose, `#rrggbb`; None for the usual one."""
_NOWHERE = QModelIndex()


class Column(IntEnum):
    """What a column tells."""

    SEEN = 0
    COLOUR = 1
    ID = 2
    NAME = 3
    FRAMES = 4
    LOCKED = 5


_TITLES = {
    Column.SEEN: ("", "Shown on the picture"),
    Column.COLOUR: ("", "Colour of the person"),
    Column.ID: ("Id", "Number that tracking or a repair gave"),
    Column.NAME: ("Name", "Double-click to change it"),
    Column.FRAMES: ("Frames", "Share of the frames that have the person"),
    Column.LOCKED: ("", "Locked: repairs that would change the person are refused"),
}


class PeopleModel(QAbstractTableModel):
    """One row a person, by ascending id. It changes nothing itself: it asks the document to."""

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._people = document.people
        self._rows: list[Person] = []
        self._cells: list[tuple[object, ...]] = []
        """By row: what each column was last told to show."""
        self._people.changed.connect(self._on_rows)
        self._people.look_changed.connect(self._on_cells)
        self._on_rows()

    def row_of(self, track_id: int) -> int | None:
        """Return the row of a person; None if there is none such."""
        return next((n for n, row in enumerate(self._rows) if row.track_id == track_id), None)

    def id_at(self, row: int) -> int:
        """Return the id of the person in a row."""
        return self._rows[row].track_id

    # -- what there is -------------------------------------------------------------------------

    def rowCount(self, parent: QModelIndex = _NOWHERE) -> int:  # noqa: N802
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex = _NOWHERE) -> int:  # noqa: N802
        return 0 if parent.isValid() else len(Column)

    def headerData(  # noqa: N802
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal or section not in set(Column):
            return None
        title, hint = _TITLES[Column(section)]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return title
            case Qt.ItemDataRole.ToolTipRole | Qt.ItemDataRole.AccessibleTextRole:
                return hint
            case Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(Column(section))
        return None

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = super().flags(index) | Qt.ItemFlag.ItemNeverHasChildren
        may_repair = self._document.edits.why_not is None
        if index.column() == Column.SEEN or (may_repair and index.column() == Column.LOCKED):
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        if may_repair and index.column() == Column.NAME:
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        person = self._rows[index.row()]
        answer = _ANSWERS.get(role)
        return None if answer is None else answer(self, person, Column(index.column()))

    def display(self, person: Person, column: Column) -> str | None:
        """Return the text of a cell."""
        texts = {
            Column.ID: str(person.track_id),
            Column.NAME: person.called,
            Column.FRAMES: _percent(self.share(person)),
        }
        return texts.get(column)

    def edited(self, person: Person, column: Column) -> str | None:
        """Return what an editor begins with."""
        return person.name or "" if column is Column.NAME else None

    def checked(self, person: Person, column: Column) -> Qt.CheckState | None:
        """Return whether the eye is open, or the lock shut."""
        if column is Column.SEEN:
            return _state(self._people.is_seen(person.track_id))
        return _state(person.is_locked) if column is Column.LOCKED else None

    def hint(self, person: Person, column: Column) -> str:
        """Return the tooltip of a cell."""
        seen = self._people.is_seen(person.track_id)
        hints = {
            Column.SEEN: "Shown. Click to hide" if seen else "Not shown. Click to show",
            Column.FRAMES: f"In {plural(person.frames, 'frame')}, from {person.first} to"
            f" {person.last}",
            Column.LOCKED: "Locked: repairs that would change this person are refused. Click to"
            " unlock"
            if person.is_locked
            else "Click to lock, so that repairs cannot change this person",
        }
        return hints.get(column, person.called)

    def spoken(self, person: Person, column: Column) -> str | None:
        """Return what a screen reader says of a cell without a text."""
        words = {
            Column.SEEN: "shown" if self._people.is_seen(person.track_id) else "hidden",
            Column.COLOUR: f"colour {self._colour(person)}",
            Column.LOCKED: "locked" if person.is_locked else "not locked",
        }
        return words.get(column)

    def ink(self, person: Person, column: Column) -> str | None:
        """Return the colour of a text that is not a name that somebody gave."""
        return tokens().muted if column is Column.NAME and person.name is None else None

    def share(self, person: Person) -> float:
        """Return the share of the frames that have a person, 0..1."""
        facts = self._document.facts
        return person.frames / len(facts.indices) if facts is not None and facts.indices else 0.0

    def painted(self, person: Person) -> str | None:
        """Return the colour that somebody chose for a person."""
        return self._people.colour_of(person.track_id)

    def _colour(self, person: Person) -> str:
        return person_colour(person.track_id, self.painted(person)).name()

    # -- what a user changes -------------------------------------------------------------------

    def setData(  # noqa: N802
        self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole
    ) -> bool:
        if not index.isValid():
            return False
        person = self._rows[index.row()]
        match role, index.column():
            case Qt.ItemDataRole.CheckStateRole, Column.SEEN:
                hidden = Qt.CheckState(value) is Qt.CheckState.Unchecked
                self._people.hide((person.track_id,), hidden=hidden)
            case Qt.ItemDataRole.CheckStateRole, Column.LOCKED:
                locked = Qt.CheckState(value) is Qt.CheckState.Checked
                self._document.edits.apply(Lock(person.track_id, locked))
            case Qt.ItemDataRole.EditRole, Column.NAME:
                name = str(value).strip()
                if name == (person.name or ""):
                    return False
                self._document.edits.apply(Rename(person.track_id, name))
            case _:
                return False
        return True

    # -- what the document changes -------------------------------------------------------------

    def _on_rows(self) -> None:
        wanted = self._people.rows
        ids = {row.track_id for row in wanted}
        if ids.isdisjoint(row.track_id for row in self._rows):
            self.beginResetModel()
            self._rows = list(wanted)
            self._cells = [self._shown(row) for row in self._rows]
            self.endResetModel()
            return
        for place in reversed(range(len(self._rows))):
            if self._rows[place].track_id not in ids:
                self.beginRemoveRows(_NOWHERE, place, place)
                del self._rows[place], self._cells[place]
                self.endRemoveRows()
        for place, row in enumerate(wanted):
            if place >= len(self._rows) or self._rows[place].track_id != row.track_id:
                self.beginInsertRows(_NOWHERE, place, place)
                self._rows.insert(place, row)
                self._cells.insert(place, self._shown(row))
                self.endInsertRows()
        self._rows = list(wanted)
        self._on_cells()

    def _on_cells(self) -> None:
        """Signal the cells that show something else than before."""
        for place, row in enumerate(self._rows):
            before, now = self._cells[place], self._shown(row)
            self._cells[place] = now
            for column in Column:
                if before[column] != now[column]:
                    cell = self.index(place, column)
                    self.dataChanged.emit(cell, cell)

    def _shown(self, person: Person) -> tuple[object, ...]:
        """Return by column what decides how a cell looks."""
        return (
            self._people.is_seen(person.track_id),
            self._colour(person),
            person.track_id,
            person.called,
            (self.share(person), person.first, person.last),
            person.is_locked,
        )


_ANSWERS: dict[int, Callable[[PeopleModel, Person, Column], Any]] = {
    Qt.ItemDataRole.DisplayRole: PeopleModel.display,
    Qt.ItemDataRole.EditRole: PeopleModel.edited,
    Qt.ItemDataRole.CheckStateRole: PeopleModel.checked,
    Qt.ItemDataRole.ToolTipRole: PeopleModel.hint,
    Qt.ItemDataRole.AccessibleTextRole: PeopleModel.spoken,
    Qt.ItemDataRole.ForegroundRole: lambda model, person, column: _brush(model.ink(person, column)),
    Qt.ItemDataRole.TextAlignmentRole: lambda _model, _person, column: _alignment(column),
    TRACK_ID: lambda _model, person, _column: person.track_id,
    SHARE: lambda model, person, _column: model.share(person),
    CHOSEN_COLOUR: lambda model, person, _column: model.painted(person),
}


def _alignment(column: Column) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight
    if column not in (Column.ID, Column.FRAMES):
        side = Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


def _brush(colour: str | None) -> QBrush | None:
    return None if colour is None else QBrush(QColor(colour))


def _state(is_on: bool) -> Qt.CheckState:
    return Qt.CheckState.Checked if is_on else Qt.CheckState.Unchecked


def _percent(share: float) -> str:
    return "<1 %" if 0 < share < 0.01 else f"{100 * share:.0f} %"
