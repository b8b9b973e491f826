from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from documents import opened
from PyQt6.QtCore import QModelIndex, Qt
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot
from sessions import Script, fixture_a, person, source_info, write

from sdpose_track.repair.edits import Delete, Lock, Rename, Split
from sdpose_track.session.recording import Recording
from sdpose_track.session.repairing import Repairing
from ui.document.document import Document
from ui.people.model import Column, PeopleModel

CHECK = Qt.ItemDataRole.CheckStateRole


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """Person 1 is in frames 0 to 44, person 2 in frames 10 to 44; there is no video."""
    return write(tmp_path / "two.sdpose", fixture_a())


@pytest.fixture
def document(qtbot: QtBot, session: Path) -> Iterator[Document]:
    with opened(qtbot, session) as document:
        yield document


def texts(model: PeopleModel) -> list[list[str | None]]:
    columns = (Column.ID, Column.NAME, Column.FRAMES)
    return [[model.index(n, c).data() for c in columns] for n in range(model.rowCount())]


def changed_cells(model: PeopleModel) -> list[tuple[int, Column]]:
    """Return a list that every cell is put into that the model says has changed."""
    cells: list[tuple[int, Column]] = []

    def heard(first: QModelIndex, last: QModelIndex) -> None:
        assert first == last
        cells.append((first.row(), Column(first.column())))

    model.dataChanged.connect(heard)
    return cells


def test_the_model_is_sound_whatever_happens(
    qtbot: QtBot, document: Document, qtmodeltester: ModelTester
) -> None:
    model = PeopleModel(document)
    check: Callable[..., None] = qtmodeltester.check
    check(model, force_py=True)  # now, and at every signal from now on
    document.edits.split(2, 20)
    qtbot.waitUntil(lambda: model.rowCount() == 3)
    document.edits.apply(Delete(1))
    qtbot.waitUntil(lambda: model.rowCount() == 2)
    document.people.solo(2)
    document.leave()
    assert model.rowCount() == 0


def test_a_row_tells_who_it_is_and_how_often_they_are_there(document: Document) -> None:
    model = PeopleModel(document)
    assert texts(model) == [["1", "Person 1", "100 %"], ["2", "Person 2", "78 %"]]
    hint = model.index(1, Column.FRAMES).data(Qt.ItemDataRole.ToolTipRole)
    assert hint == "In 35 frames, from 10 to 44"


def test_a_name_typed_in_is_stored_and_shown_and_no_other_cell_is_painted_anew(
    qtbot: QtBot, document: Document, session: Path
) -> None:
    model = PeopleModel(document)
    cells = changed_cells(model)
    name = model.index(1, Column.NAME)
    assert name.data(Qt.ItemDataRole.EditRole) == ""
    assert model.setData(name, "  Zoë 😀 Ħ ")
    qtbot.waitUntil(lambda: bool(name.data() == "Zoë 😀 Ħ"))
    assert cells == [(1, Column.NAME)]
    with Recording.open(session) as recording:
        assert recording.history().held == (Rename(2, "Zoë 😀 Ħ"),)
    assert not model.setData(name, "Zoë 😀 Ħ")


def test_a_lock_that_is_clicked_is_stored(qtbot: QtBot, document: Document, session: Path) -> None:
    model = PeopleModel(document)
    cells = changed_cells(model)
    lock = model.index(0, Column.LOCKED)
    assert model.setData(lock, Qt.CheckState.Checked, CHECK)
    qtbot.waitUntil(lambda: bool(lock.data(CHECK) == Qt.CheckState.Checked))
    assert cells == [(0, Column.LOCKED)]
    with Recording.open(session) as recording:
        assert recording.history().held == (Lock(1),)


def test_who_is_hidden_or_painted_changes_those_cells_only(document: Document) -> None:
    model = PeopleModel(document)
    cells = changed_cells(model)
    assert model.setData(model.index(1, Column.SEEN), Qt.CheckState.Unchecked, CHECK)
    assert not document.people.is_seen(2)
    document.people.paint(1, "#123456")
    document.people.paint(1, "#123456")
    assert cells == [(1, Column.SEEN), (0, Column.COLOUR)]
    document.people.solo(2)
    assert cells[2:] == [(0, Column.SEEN), (1, Column.SEEN)]


def test_people_who_come_and_go_are_rows_that_come_and_go(
    qtbot: QtBot, document: Document, session: Path
) -> None:
    model = PeopleModel(document)
    come: list[tuple[int, int]] = []
    gone: list[tuple[int, int]] = []
    resets: list[bool] = []
    model.rowsInserted.connect(lambda _parent, first, last: come.append((first, last)))
    model.rowsRemoved.connect(lambda _parent, first, last: gone.append((first, last)))
    model.modelReset.connect(lambda: resets.append(True))
    document.edits.apply(Split(1, 20, 3))
    qtbot.waitUntil(lambda: model.rowCount() == 3)
    document.edits.apply(Delete(1))
    qtbot.waitUntil(lambda: model.rowCount() == 2)
    document.edits.undo()
    qtbot.waitUntil(lambda: model.rowCount() == 3)
    assert (come, gone, resets) == ([(2, 2), (0, 0)], [(0, 0)], [])
    assert [row[0] for row in texts(model)] == ["1", "2", "3"]


def test_while_nothing_can_be_repaired_names_and_locks_cannot_be_changed(
    document: Document,
) -> None:
    model = PeopleModel(document)
    document.edits.why_not = "a run is writing"
    assert not model.index(0, Column.NAME).flags() & Qt.ItemFlag.ItemIsEditable
    assert not model.index(0, Column.LOCKED).flags() & Qt.ItemFlag.ItemIsUserCheckable
    assert model.index(0, Column.SEEN).flags() & Qt.ItemFlag.ItemIsUserCheckable


def test_of_two_hundred_people_one_who_changes_is_one_cell(qtbot: QtBot, tmp_path: Path) -> None:
    crowd = tuple(person(n, 0) for n in range(1, 201))
    path = write(tmp_path / "crowd.sdpose", Script(source_info(count=1), range(1), {0: crowd}))
    with Repairing.open(path) as session:
        session.apply(Lock(200))
    with opened(qtbot, path) as document:
        model = PeopleModel(document)
        assert model.rowCount() == 200
        assert model.index(199, Column.LOCKED).data(CHECK) == Qt.CheckState.Checked
        cells = changed_cells(model)
        document.edits.apply(Rename(117, "Anna"))
        qtbot.waitUntil(lambda: bool(cells))
        document.people.hide((3, 4))
        assert cells == [(116, Column.NAME), (2, Column.SEEN), (3, Column.SEEN)]
