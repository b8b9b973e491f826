from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from documents import opened
from hands import CTRL, PLAIN, SHIFT, click, double_click, press
from PyQt6.QtCore import QModelIndex, QPoint, QSettings, Qt
from PyQt6.QtWidgets import (
    QApplication,
    QColorDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot
from sessions import People, Script, fixture_a, fixture_c, person, source_info, write

from sdpose_track.records import Provenance
from sdpose_track.repair.edits import Delete, Lock, Merge, Place, Rename, Split, Swap
from sdpose_track.session.edit_log import EditLog
from sdpose_track.session.history import History
from sdpose_track.session.recording import Recording
from sdpose_track.session.repairing import Repairing
from sdpose_track.session.schema import ModelRecord, SessionHeader
from sdpose_track.session.writer import SessionWriter
from ui.actions import Actions
from ui.document.document import Document
from ui.document.reading import Kind
from ui.people.commands import Commands
from ui.people.model import Column
from ui.people.panel import PeoplePanel
from ui.preferences import Preferences

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # offscreen


def in_turn() -> Script:
    """Persons 1 to 4 one after another, ten frames each; person 5 all the time."""
    people: People = {i: (person(i // 10 + 1, i), person(5, i)) for i in range(40)}
    return Script(source_info(count=40), range(40), people)


class Stand:
    """The panel as a window has it: its actions connected, and what is refused remembered."""

    def __init__(self, qtbot: QtBot, document: Document) -> None:
        self.qtbot, self.document = qtbot, document
        self.host = QWidget()
        qtbot.addWidget(self.host)
        self.actions = Actions(Preferences(), self.host)
        self.panel = PeoplePanel(document, Commands(document), self.actions)
        qtbot.addWidget(self.panel)
        self.panel.resize(360, 480)
        for name, deed in self.panel.acts().items():
            self.actions[name].triggered.connect(lambda _on, do=deed: do())
        self.told: list[str] = []
        document.refused.connect(self.told.append)
        with qtbot.waitExposed(self.panel):
            self.panel.show()

    @property
    def people(self) -> tuple[int, ...]:
        return tuple(row.track_id for row in self.document.people.rows)

    def cell(self, track_id: int, column: Column = Column.NAME) -> QModelIndex:
        row = self.panel.table.people_model.row_of(track_id)
        assert row is not None
        return self.panel.table.people_model.index(row, column)

    def click(
        self,
        track_id: int,
        column: Column = Column.NAME,
        modifier: Qt.KeyboardModifier = PLAIN,
    ) -> None:
        """Click into a cell of the table."""
        click(self.panel.table.viewport(), self.middle(track_id, column), modifier)

    def middle(self, track_id: int, column: Column = Column.NAME) -> QPoint:
        return self.panel.table.visualRect(self.cell(track_id, column)).center()

    def press(self, name: str) -> None:
        """Click the button of an action."""
        wanted = self.actions[name]
        (button,) = (b for b in self.panel.findChildren(QToolButton) if b.defaultAction() is wanted)
        click(button, QPoint(8, button.height() // 2))

    def stored(self) -> History:
        with Recording.open(self.document.facts.path) as recording:  # type: ignore[union-attr]
            return recording.history()

    def wait_for(self, *held: object) -> None:
        """Wait until these repairs hold and the panel knows it."""
        self.qtbot.waitUntil(lambda: self.stored().held == held)
        self.qtbot.waitUntil(lambda: self.actions["undo"].isEnabled() == bool(held))


@pytest.fixture
def stand(qtbot: QtBot, tmp_path: Path) -> Iterator[Stand]:
    with standing(qtbot, write(tmp_path / "a.sdpose", fixture_a())) as stand:
        yield stand


@pytest.fixture
def stand_of_five(qtbot: QtBot, tmp_path: Path) -> Iterator[Stand]:
    with standing(qtbot, write(tmp_path / "a.sdpose", in_turn())) as stand:
        yield stand


@contextmanager
def standing(qtbot: QtBot, path: Path) -> Iterator[Stand]:
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(path.parent))
    with opened(qtbot, path) as document:
        yield Stand(qtbot, document)


# -- choosing --------------------------------------------------------------------------------------


def test_rows_that_are_clicked_are_chosen_in_the_order_of_the_clicks(stand_of_five: Stand) -> None:
    stand = stand_of_five
    clicks: list[tuple[int, Qt.KeyboardModifier, tuple[int, ...]]] = [
        (4, PLAIN, (4,)),
        (2, CTRL, (4, 2)),
        (5, CTRL, (4, 2, 5)),
        (2, CTRL, (4, 5)),
        (1, PLAIN, (1,)),
        (3, SHIFT, (1, 2, 3)),
        (5, PLAIN, (5,)),
        (3, SHIFT, (5, 4, 3)),
    ]
    for track_id, modifier, expected in clicks:
        stand.click(track_id, modifier=modifier)
        assert stand.document.people.chosen == expected


def test_who_is_chosen_elsewhere_is_selected(stand_of_five: Stand) -> None:
    stand, table = stand_of_five, stand_of_five.panel.table
    stand.document.people.choose(5, 2)
    selection = table.selectionModel()
    assert selection is not None
    assert {table.people_model.id_at(i.row()) for i in selection.selectedRows()} == {2, 5}
    assert table.currentIndex().row() == 1
    assert stand.document.people.chosen == (5, 2)
    stand.document.people.choose()
    assert not selection.hasSelection()


def test_a_click_on_an_eye_or_a_lock_leaves_the_choice_as_it_is(qtbot: QtBot, stand: Stand) -> None:
    stand.click(1)
    stand.click(2, Column.SEEN)
    assert not stand.document.people.is_seen(2)
    assert stand.document.people.chosen == (1,)
    stand.click(2, Column.LOCKED)
    stand.wait_for(Lock(2))
    assert stand.document.people.chosen == (1,)
    stand.click(2, Column.SEEN)
    assert stand.document.people.is_seen(2)


def test_the_next_person_follows_the_list_round_and_the_nth_is_that_of_the_row(
    stand_of_five: Stand,
) -> None:
    stand, people = stand_of_five, stand_of_five.document.people
    stand.actions["next-person"].trigger()
    assert people.chosen == (1,)
    stand.actions["previous-person"].trigger()
    assert people.chosen == (5,)
    stand.actions["next-person"].trigger()
    stand.actions["next-person"].trigger()
    assert people.chosen == (2,)
    stand.panel.commands.choose_nth(4)
    assert people.chosen == (4,)
    stand.panel.commands.choose_nth(9)
    assert people.chosen == (4,)


# -- repairing -------------------------------------------------------------------------------------


def test_a_swap_from_the_menu_and_undone_by_its_button_changes_the_poses(
    qtbot: QtBot, stand: Stand
) -> None:
    document = stand.document
    document.player.seek(20)
    stand.click(2)
    stand.click(1, modifier=CTRL)
    stand.press("swap")
    stand.wait_for(Swap(2, 1, 20))
    other = person(2, 30).keypoints

    def poses_at_30() -> dict[int, object]:
        found = document.poses.at(30, Kind.RAW) or ()
        return {p.track_id: p.keypoints.tolist() for p in found}

    qtbot.waitUntil(lambda: poses_at_30().get(1) == other.tolist())
    stand.press("undo")
    stand.wait_for()
    qtbot.waitUntil(lambda: poses_at_30().get(2) == other.tolist())
    stand.press("redo")
    stand.wait_for(Swap(2, 1, 20))
    assert "Persons 2 and 1 exchange ids from frame 20 on" in stand.actions["undo"].toolTip()
    stand.actions["undo"].trigger()
    stand.wait_for()
    stand.actions["swap-everywhere"].trigger()
    stand.wait_for(Swap(2, 1))


def test_all_who_are_chosen_become_the_first_one(qtbot: QtBot, stand_of_five: Stand) -> None:
    stand = stand_of_five
    stand.click(2)
    stand.click(1, modifier=CTRL)
    stand.click(4, modifier=CTRL)
    stand.press("merge")
    stand.wait_for(Merge(2, 1), Merge(2, 4))
    qtbot.waitUntil(lambda: stand.people == (2, 3, 5))
    assert stand.document.people.chosen == (2,)
    stand.press("undo")
    qtbot.waitUntil(lambda: stand.people == (1, 2, 3, 4, 5))


def test_a_merge_of_people_who_are_together_says_why_not(qtbot: QtBot, stand: Stand) -> None:
    stand.document.people.choose(1, 2)
    stand.press("merge")
    qtbot.waitUntil(lambda: bool(stand.told))
    assert stand.told[0].startswith("person 1 and person 2 are both there in frames 10 to 44")
    assert stand.people == (1, 2)


def test_a_person_is_split_at_the_frame_that_is_shown(qtbot: QtBot, stand: Stand) -> None:
    stand.click(2)
    assert not stand.actions["split"].isEnabled()
    assert "is not seen before and after this frame" in stand.actions["split"].toolTip()
    stand.document.player.seek(30)
    assert stand.actions["split"].isEnabled()
    stand.press("split")
    stand.wait_for(Split(2, 30, 3))
    qtbot.waitUntil(lambda: stand.people == (1, 2, 3))


def test_people_are_deleted_altogether_or_between_the_marks(stand: Stand) -> None:
    stand.document.people.choose(1, 2)
    assert not stand.actions["delete-marked"].isEnabled()
    stand.document.player.set_in(20)
    stand.document.player.set_out(25)
    stand.actions["delete-marked"].trigger()
    stand.wait_for(Delete(1, 20, 25), Delete(2, 20, 25))
    stand.press("undo")
    stand.wait_for()
    stand.press("delete")
    stand.wait_for(Delete(1), Delete(2))
    stand.qtbot.waitUntil(lambda: stand.people == ())
    assert not stand.panel.table.isVisible()


def test_a_name_is_typed_into_the_table(qtbot: QtBot, stand: Stand) -> None:
    stand.click(2)
    stand.actions["rename"].trigger()
    field = stand.panel.table.findChild(QLineEdit)
    assert field is not None
    field.insert("Żaneta")
    press(field, Qt.Key.Key_Return)
    stand.wait_for(Rename(2, "Żaneta"))
    qtbot.waitUntil(lambda: stand.cell(2).data() == "Żaneta")
    stand.press("undo")
    qtbot.waitUntil(lambda: stand.cell(2).data() == "Person 2")


def test_a_double_click_on_a_name_edits_it_and_escape_leaves_it(qtbot: QtBot, stand: Stand) -> None:
    double_click(stand.panel.table.viewport(), stand.middle(1))
    field = stand.panel.table.findChild(QLineEdit)
    assert field is not None
    field.insert("nobody")
    press(field, Qt.Key.Key_Escape)
    assert stand.cell(1).data() == "Person 1"
    assert stand.stored().edits == ()


def test_a_name_that_somebody_has_is_refused_in_a_sentence(qtbot: QtBot, stand: Stand) -> None:
    stand.document.people.choose(1)
    stand.panel.commands.call("Anna")
    stand.document.people.choose(2)
    stand.panel.commands.call("Anna")
    qtbot.waitUntil(lambda: bool(stand.told))
    assert stand.told == ["person 1 is called Anna already; choose another name"]


def test_locks_go_on_for_all_and_off_again_and_keep_repairs_away(
    qtbot: QtBot, stand: Stand
) -> None:
    stand.document.people.choose(1)
    stand.press("lock")
    stand.wait_for(Lock(1))
    qtbot.waitUntil(lambda: not stand.actions["delete"].isEnabled())
    assert "Person 1 is locked; unlock them first" in stand.actions["delete"].toolTip()
    stand.document.people.choose(1, 2)
    stand.press("lock")
    stand.wait_for(Lock(1), Lock(2))
    qtbot.waitUntil(lambda: stand.document.people.rows[1].is_locked)
    stand.press("lock")
    stand.wait_for(Lock(1), Lock(2), Lock(1, locked=False), Lock(2, locked=False))


def test_a_keypoint_is_placed_with_the_blend_that_is_chosen(qtbot: QtBot, stand: Stand) -> None:
    panel, blend = stand.panel, stand.panel.blend
    panel.place(1, 20, "left_wrist", 300.5, 200.25)
    stand.wait_for(Place(1, 20, "left_wrist", 300.5, 200.25, 0.0))
    blend.setFocus()
    press(blend, Qt.Key.Key_Down)
    press(blend, Qt.Key.Key_Down)
    assert blend.currentText() == "Fade over 0.5 s on both sides"
    panel.place(1, 30, "nose", 10, 20)
    stand.wait_for(
        Place(1, 20, "left_wrist", 300.5, 200.25, 0.0), Place(1, 30, "nose", 10, 20, 0.5)
    )

    def placed() -> bool:
        people = stand.document.poses.at(30, Kind.RAW) or ()
        return any(pose.provenance[0] == Provenance.EDITED for pose in people)

    qtbot.waitUntil(placed)  # the file has it before the window has
    pose = (stand.document.poses.at(30, Kind.RAW) or ())[0]
    assert np.allclose(pose.keypoints[0], [10, 20])


# -- how people look -------------------------------------------------------------------------------


def test_people_are_hidden_shown_and_shown_alone(stand: Stand) -> None:
    people = stand.document.people
    people.choose(1, 2)
    stand.press("hide")
    assert (people.is_seen(1), people.is_seen(2)) == (False, False)
    stand.press("hide")
    stand.press("solo")
    assert people.soloed == 2
    stand.press("solo")
    assert people.soloed is None


def test_a_colour_is_chosen_from_the_palette_or_any_and_taken_back(
    qtbot: QtBot, stand: Stand
) -> None:
    people, panel = stand.document.people, stand.panel
    people.choose(2)
    by_name = {action.text(): action for action in panel.colours.actions()}
    by_name["Vermilion"].trigger()
    assert people.colour_of(2) == "#D55E00"
    by_name["Other…"].trigger()
    dialog = panel.findChild(QColorDialog)
    assert dialog is not None
    dialog.setCurrentColor(Qt.GlobalColor.darkCyan)
    dialog.accept()
    assert people.colour_of(2) == "#008080"
    by_name["As usual"].trigger()
    assert people.colour_of(2) is None


# -- what makes sense ------------------------------------------------------------------------------


def test_buttons_work_only_where_they_make_sense_and_say_why_not(stand: Stand) -> None:
    actions = stand.actions
    assert not any(actions[n].isEnabled() for n in ("rename", "hide", "swap", "merge", "delete"))
    assert actions["rename"].toolTip() == "Rename Person (N)\nChoose a person first"
    assert actions["swap"].toolTip().endswith("\nChoose exactly two people")
    assert not actions["undo"].isEnabled()
    stand.document.people.choose(1)
    assert actions["rename"].isEnabled()
    assert actions["rename"].toolTip() == "Rename Person (N)"
    assert not actions["merge"].isEnabled()
    stand.document.people.choose(1, 2)
    assert actions["swap"].isEnabled()
    assert actions["merge"].isEnabled()
    assert not actions["split"].isEnabled()


def test_while_a_run_writes_only_looks_can_be_changed(qtbot: QtBot, stand: Stand) -> None:
    stand.document.people.choose(1, 2)
    stand.press("lock")
    stand.wait_for(Lock(1), Lock(2))
    stand.document.edits.why_not = "a run is writing the session"
    for name in ("swap", "merge", "delete", "lock", "rename", "undo", "redo"):
        assert not stand.actions[name].isEnabled()
        assert stand.actions[name].toolTip().endswith("\nA run is writing the session")
    assert stand.actions["hide"].isEnabled()
    stand.document.edits.why_not = None
    assert stand.actions["undo"].isEnabled()


def test_a_session_that_another_program_repairs_is_told(qtbot: QtBot, stand: Stand) -> None:
    assert stand.document.facts is not None
    stand.document.people.choose(1)
    with EditLog.open(stand.document.facts.path):
        stand.press("delete")
        qtbot.waitUntil(lambda: bool(stand.told))
    assert stand.told[0].endswith("close the window that repairs it")
    assert stand.people == (1, 2)


def test_repairs_of_yesterday_can_be_undone_from_the_panel(qtbot: QtBot, tmp_path: Path) -> None:
    path = write(tmp_path / "a.sdpose", fixture_a())
    with Repairing.open(path) as session:
        session.apply(Rename(2, "Bo"))
    with standing(qtbot, path) as stand:
        assert stand.actions["undo"].text() == "Undo: person 2 is called Bo"
        stand.press("undo")
        stand.wait_for()
        qtbot.waitUntil(lambda: stand.cell(2).data() == "Person 2")


def test_without_people_the_panel_says_so(qtbot: QtBot, stand: Stand) -> None:
    stand.document.leave()
    labels = [child for child in stand.panel.findChildren(QWidget) if child.isVisible()]
    shown = [text for child in labels if (text := getattr(child, "text", str)())]
    assert "People are listed here once the tracking has found them." in shown


def test_where_nobody_was_found_it_is_said_what_to_do(qtbot: QtBot, tmp_path: Path) -> None:
    with standing(qtbot, write(tmp_path / "nobody.sdpose", fixture_c())) as stand:
        texts = [label.text() for label in stand.panel.findChildren(QLabel) if label.isVisible()]
        assert "Nobody was found in this session; track again with a lower confidence." in texts


def test_where_nothing_was_tracked_yet_nobody_is_said_to_be_missing(
    qtbot: QtBot, tmp_path: Path
) -> None:
    path, model = tmp_path / "begun.sdpose", ModelRecord("yolo11n-pose", "d" * 64)
    header = SessionHeader(source_info(), "coco17", model, model, {}, "0.1.0")
    with SessionWriter.create(path, header) as writer, standing(qtbot, path) as stand:
        labels = [label for label in stand.panel.findChildren(QLabel) if label.isVisible()]
        said = "People are listed here once the tracking has found them."
        assert said in [label.text() for label in labels]
        writer.finish({})
        with qtbot.waitSignal(stand.document.session_changed):
            stand.document.refresh()
        assert any(label.text().startswith("Nobody was found") for label in labels)


def test_a_name_that_is_being_typed_goes_with_its_session(
    qtbot: QtBot, stand: Stand, tmp_path: Path
) -> None:
    with qtbot.waitActive(stand.panel):
        stand.panel.activateWindow()
    stand.document.people.choose(1)
    stand.panel.rename()
    field = QApplication.focusWidget()
    assert isinstance(field, QLineEdit)
    field.insert("Bo")
    with qtbot.waitSignal(stand.document.opened):
        stand.document.open(write(tmp_path / "nobody.sdpose", fixture_c()))
    qtbot.waitUntil(lambda: not stand.panel.table.findChildren(QLineEdit))
    with Recording.open(tmp_path / "a.sdpose") as recording:
        assert recording.history().held == ()


def test_closing_in_the_middle_of_a_repair_keeps_it(qtbot: QtBot, tmp_path: Path) -> None:
    path = write(tmp_path / "a.sdpose", fixture_a())
    with standing(qtbot, path) as stand:
        stand.document.people.choose(1, 2)
        stand.actions["swap-everywhere"].trigger()
        stand.actions["delete"].trigger()
    with EditLog.open(path) as log:
        assert log.history.held == (Swap(1, 2), Delete(1), Delete(2))


def test_a_right_click_offers_what_can_be_done(qtbot: QtBot, stand: Stand) -> None:
    stand.document.people.choose(1)
    stand.panel.table.customContextMenuRequested.emit(stand.middle(1))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    offered = {action.text(): action.isEnabled() for action in menu.actions()}
    assert offered["Rename Person"]
    assert not offered["Merge People"]
    assert "Colour" in offered
    menu.close()
