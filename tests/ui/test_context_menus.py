"""Right clicks and the Menu key, as the window system tells of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from documents import is_shown, session_of
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtGui import QAction, QContextMenuEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QMenu, QWidget
from pytestqt.qtbot import QtBot

from ui.document.reading import Kind
from ui.people.model import Column
from ui.window.context_menus import OF_THE_PICTURE, OF_THE_TIME
from ui.window.main_window import MainWindow

pytestmark = pytest.mark.qt_log_ignore("does not support")  # the offscreen screen lacks much
LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
PLAIN = Qt.KeyboardModifier.NoModifier
_press = cast(Callable[..., None], QTest.mousePress)  # the stubs take them for methods
_release = cast(Callable[..., None], QTest.mouseRelease)


@pytest.fixture
def desk(qtbot: QtBot, window: MainWindow, people_clip: Path, tmp_path: Path) -> Iterator[Desk]:
    """The window with 50 frames, in each of which are the people 1 and 2."""
    document = window.document
    window.open(str(session_of(people_clip, tmp_path / "people.sdpose")))
    qtbot.waitUntil(lambda: document.pictures.is_open, timeout=20_000)
    qtbot.waitUntil(lambda: is_shown(document), timeout=20_000)
    qtbot.waitUntil(lambda: window.canvas.shown_frame == 0)
    yield Desk(qtbot, window)
    while (menu := QApplication.activePopupWidget()) is not None:
        menu.close()


class Desk:
    """What one points at in the window, and the menu that comes of it."""

    def __init__(self, qtbot: QtBot, window: MainWindow) -> None:
        self.qtbot, self.window = qtbot, window
        self.canvas, self.board = window.canvas, window.timeline.board
        self.people, self.player = window.document.people, window.document.player
        self.actions = window.commands_table

    def right_click(self, widget: QWidget, where: QPoint) -> None:
        handle, at = self.window.windowHandle(), widget.mapTo(self.window, where)
        _press(handle, RIGHT, PLAIN, at)
        _release(handle, RIGHT, PLAIN, at)

    def press_menu_key(self, widget: QWidget) -> None:
        """Tell the window as its system does, which names no place."""
        widget.setFocus()
        event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(), QPoint())
        QApplication.sendEvent(self.window.windowHandle(), event)

    def person(self, track_id: int) -> QPoint:
        """A keypoint of somebody, on the canvas."""
        poses = self.window.document.poses.at(self.player.frame, Kind.SMOOTH) or ()
        pose = next(pose for pose in poses if pose.track_id == track_id)
        return QPoint(*(round(p) for p in self.canvas.lens.to_pane(*pose.keypoints[0].tolist())))

    def lane(self, row: int, frame: int | None = None) -> QPoint:
        """A point in a lane: at a frame, or in the column at its left."""
        places, scale = self.board.places, self.board.scale
        middle = 0.0 if frame is None else (scale.x_of(frame) + scale.x_of(frame + 1)) / 2
        x = places.left / 2 if frame is None else places.track_left + middle
        return QPoint(round(x), round(places.lane(row).center().y()))

    @property
    def menu(self) -> QMenu:
        """The menu that is open."""
        self.qtbot.waitUntil(lambda: QApplication.activePopupWidget() is not None)
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        return menu

    def plays(self) -> bool:
        return self.player.is_playing

    def offers(self, *names: str) -> bool:
        offered = self.menu.actions()
        return all(self.actions[name] in offered for name in names)

    def close(self) -> None:
        self.menu.close()
        self.qtbot.waitUntil(lambda: QApplication.activePopupWidget() is None)


def test_a_right_click_on_somebody_in_the_picture_is_about_them(desk: Desk) -> None:
    desk.people.choose(1)
    desk.right_click(desk.canvas, desk.person(2))
    assert desk.offers("rename", "hide", "lock", "split", "delete")
    assert desk.people.chosen == (2,)
    desk.actions["hide"].trigger()
    assert not desk.people.is_seen(2)


def test_a_right_click_on_one_of_several_who_are_chosen_is_about_all_of_them(desk: Desk) -> None:
    desk.people.choose(1, 2)
    desk.right_click(desk.canvas, desk.person(1))
    assert desk.offers("merge")
    assert desk.people.chosen == (1, 2)
    assert desk.actions["merge"].isEnabled()


def test_a_right_click_beside_everybody_is_about_the_picture(desk: Desk) -> None:
    desk.people.choose(1)
    desk.right_click(desk.canvas, QPoint(3, 3))
    assert desk.offers(*(name for group in OF_THE_PICTURE for name in group))
    assert desk.actions["delete"] not in desk.menu.actions()
    assert desk.people.chosen == (1,)


def test_the_menu_key_on_the_picture_is_about_who_is_chosen_or_else_the_picture(
    desk: Desk,
) -> None:
    desk.press_menu_key(desk.canvas)
    assert desk.offers("zoom-fit")
    desk.close()
    desk.people.choose(2)
    desk.press_menu_key(desk.canvas)
    assert desk.offers("rename", "split")
    assert desk.people.chosen == (2,)


def test_a_right_click_in_a_lane_goes_there_and_is_about_who_is_in_it(desk: Desk) -> None:
    desk.right_click(desk.board, desk.lane(1, 30))
    assert desk.offers("rename", "split", *(name for group in OF_THE_TIME for name in group))
    assert desk.people.chosen == (2,)
    assert desk.player.frame == 30
    desk.actions["mark-in"].trigger()
    assert desk.player.mark_in == 30


def test_a_right_click_on_the_name_of_a_lane_goes_nowhere(desk: Desk) -> None:
    desk.player.seek(7)
    desk.right_click(desk.board, desk.lane(0))
    assert desk.offers("rename")
    assert desk.people.chosen == (1,)
    assert desk.player.frame == 7


def test_a_right_click_on_the_ruler_is_about_the_time(desk: Desk) -> None:
    ruler = QPoint(desk.lane(0, 20).x(), 4)
    desk.right_click(desk.board, ruler)
    assert desk.offers("mark-in", "mark-out", "go-to")
    assert desk.actions["delete"] not in desk.menu.actions()
    assert desk.player.frame == 20


def test_the_menu_key_on_the_timeline_stays_at_the_frame(desk: Desk) -> None:
    desk.player.seek(12)
    desk.people.choose(1)
    desk.press_menu_key(desk.board)
    assert desk.offers("split", "mark-out")
    assert (desk.player.frame, desk.people.chosen) == (12, (1,))


def test_playing_waits_while_a_menu_tells_of_here_and_goes_on_under_one_of_the_picture(
    desk: Desk,
) -> None:
    desk.player.set_loops(True)
    desk.player.play()
    desk.right_click(desk.canvas, QPoint(3, 3))
    assert desk.offers("snapshot")
    assert desk.plays()
    desk.close()
    desk.right_click(desk.board, desk.lane(0, 20))
    assert desk.offers("split")
    assert not desk.plays()
    assert desk.player.frame == 20


def test_what_cannot_be_done_is_grey_and_says_why(desk: Desk) -> None:
    desk.right_click(desk.canvas, desk.person(1))
    merge = desk.actions["merge"]
    assert merge in desk.menu.actions()
    assert not merge.isEnabled()
    assert desk.menu.toolTipsVisible()
    assert "Choose two people" in merge.toolTip()


@pytest.mark.parametrize("where", ["canvas", "board"])
def test_while_something_is_dragged_there_is_no_menu(desk: Desk, where: str) -> None:
    widget = desk.canvas if where == "canvas" else desk.board
    start = QPoint(3, 3) if where == "canvas" else desk.lane(0, 10)
    handle, at = desk.window.windowHandle(), widget.mapTo(desk.window, start)
    wanted: list[object] = []
    widget.menu_wanted.connect(lambda *told: wanted.append(told))
    _press(handle, LEFT, PLAIN, at)
    desk.right_click(widget, start)
    _release(handle, LEFT, PLAIN, at)
    assert not wanted
    desk.right_click(widget, start)
    assert len(wanted) == 1


def test_everything_that_is_offered_stands_in_the_menu_bar_too(desk: Desk) -> None:
    bar = desk.window.menuBar()
    assert bar is not None
    known: set[QAction] = set()
    for title in bar.actions():
        menu = title.menu()
        known |= set() if menu is None else set(menu.actions())
    for widget, where in (
        (desk.canvas, QPoint(3, 3)),
        (desk.canvas, desk.person(1)),
        (desk.board, desk.lane(0, 5)),
        (desk.board, QPoint(desk.lane(0, 5).x(), 4)),
    ):
        desk.right_click(widget, where)
        offered = {a for a in desk.menu.actions() if not a.isSeparator()}
        assert {a.text() for a in offered - known} <= {"Colour"}
        desk.close()


def test_a_right_click_on_an_eye_in_the_list_is_about_its_row(desk: Desk) -> None:
    desk.people.choose(1)
    table = desk.window.people_panel.table
    row = table.people_model.row_of(2)
    assert row is not None
    viewport = table.viewport()
    assert viewport is not None
    where = table.visualRect(table.people_model.index(row, Column.SEEN)).center()
    desk.right_click(viewport, where)
    assert desk.offers("rename", "delete")
    assert desk.people.chosen == (2,)
    assert desk.people.is_seen(2)


def test_the_menu_key_in_the_list_is_about_who_is_chosen(desk: Desk) -> None:
    desk.people.choose(2)
    desk.press_menu_key(desk.window.people_panel.table)
    assert desk.offers("rename", "delete")
    assert desk.people.chosen == (2,)
