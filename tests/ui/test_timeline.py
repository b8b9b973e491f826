"""The painted timeline, with a real mouse's events on the real widget."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from documents import opened, session_of
from hands import press
from PyQt6.QtCore import QEvent, QObject, QPoint, QPointF, QSize, Qt
from PyQt6.QtGui import QColor, QHelpEvent, QImage, QMouseEvent, QPaintEvent, QWheelEvent
from PyQt6.QtWidgets import QApplication, QScrollBar, QToolButton, QToolTip
from pytestqt.qtbot import QtBot
from sessions import Script, fixture_a, person, source_info, write

from sdpose_track.repair.edits import Delete, Lock, Rename
from sdpose_track.review.doubts import Doubt
from ui.document.document import Document
from ui.document.lanes import LaneData, Presence
from ui.look.colours import person_colour
from ui.timeline.board import Board
from ui.timeline.overlay import mark_places
from ui.timeline.timeline import Timeline

pytestmark = pytest.mark.qt_log_ignore("does not support")  # the offscreen screen lacks much
LEFT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton
PLAIN, CTRL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
PRESS, MOVE = QEvent.Type.MouseButtonPress, QEvent.Type.MouseMove
RELEASE, DOUBLE = QEvent.Type.MouseButtonRelease, QEvent.Type.MouseButtonDblClick


@pytest.fixture
def document(qtbot: QtBot, tmp_path: Path) -> Iterator[Document]:
    """45 frames: person 1 is in all of them, person 2 from frame 10 on; there is no video."""
    with opened(qtbot, write(tmp_path / "two.sdpose", fixture_a())) as document:
        qtbot.waitUntil(lambda: document.review.doubts is not None)
        yield document


@pytest.fixture
def uneven(qtbot: QtBot, uneven_clip: Path, tmp_path: Path) -> Iterator[Document]:
    """Six frames at 0, 40, 80, 160, 200 and 320 ms."""
    with opened(qtbot, session_of(uneven_clip, tmp_path / "uneven.sdpose")) as document:
        qtbot.waitUntil(lambda: document.review.doubts is not None)
        yield document


@pytest.fixture
def crowd(qtbot: QtBot, tmp_path: Path) -> Iterator[Document]:
    """Twelve people in ten frames."""
    people = {i: tuple(person(n, i) for n in range(1, 13)) for i in range(10)}
    script = Script(source_info(count=10), range(10), people)
    with opened(qtbot, write(tmp_path / "crowd.sdpose", script)) as document:
        qtbot.waitUntil(lambda: document.review.doubts is not None)
        yield document


def shown(qtbot: QtBot, document: Document) -> Timeline:
    timeline = Timeline(document)
    qtbot.addWidget(timeline)
    timeline.resize(900, 240)
    with qtbot.waitExposed(timeline):
        timeline.show()
    qtbot.waitUntil(lambda: timeline.board.backdrop.made > 0)
    return timeline


def mouse(
    board: Board,
    kind: QEvent.Type,
    where: QPointF,
    button: Qt.MouseButton = LEFT,
    modifier: Qt.KeyboardModifier = PLAIN,
) -> None:
    held = Qt.MouseButton.NoButton if kind == RELEASE else button
    at = QPointF(board.mapToGlobal(where))
    QApplication.sendEvent(board, QMouseEvent(kind, where, at, button, held, modifier))


def click(board: Board, where: QPointF, modifier: Qt.KeyboardModifier = PLAIN) -> None:
    mouse(board, PRESS, where, LEFT, modifier)
    mouse(board, RELEASE, where)


def drag(board: Board, path: list[QPointF], button: Qt.MouseButton = LEFT) -> None:
    mouse(board, PRESS, path[0], button)
    for where in path[1:]:
        mouse(board, MOVE, where, button)
    mouse(board, RELEASE, path[-1], button)


def wheel(
    board: Board, where: QPointF, turned: QPoint, modifier: Qt.KeyboardModifier = PLAIN
) -> None:
    event = QWheelEvent(
        where, QPointF(board.mapToGlobal(where)), QPoint(), turned, Qt.MouseButton.NoButton,
        modifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(board, event)


def in_ruler(board: Board, frame: float) -> QPointF:
    """Return the middle of a frame in the ruler."""
    scale, whole = board.scale, int(frame)
    x = (scale.x_of(whole) + scale.end_x_of(whole)) / 2
    return QPointF(board.places.track_left + x, board.places.ruler_height / 2)


def in_lane(board: Board, place: int, frame: int) -> QPointF:
    return QPointF(in_ruler(board, frame).x(), board.places.lane(place).center().y())


def in_header(board: Board, place: int) -> QPointF:
    return QPointF(board.places.left / 2, board.places.lane(place).center().y())


def chosen(document: Document) -> tuple[int, ...]:
    return document.people.chosen


def colour_at(board: Board, where: QPointF) -> QColor:
    image: QImage = board.grab().toImage()
    ratio = image.devicePixelRatio()
    return image.pixelColor(int(where.x() * ratio), int(where.y() * ratio))


def bar_at(board: Board, place: int, frame: int) -> QColor:
    """Return the colour of the bar of a lane, between the lines of the ruler's grid."""
    where = in_lane(board, place, frame) + QPointF(1, -board.places.lane_height * 0.15)
    return colour_at(board, where)


class Painted(QObject):
    """Keeps how much of a widget is painted at a time."""

    def __init__(self, board: Board) -> None:
        super().__init__(board)
        self.areas: list[int] = []
        """Pixels of each painting."""
        board.installEventFilter(self)

    def eventFilter(self, _watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        if isinstance(event, QPaintEvent):
            box = event.rect()
            self.areas.append(box.width() * box.height())
        return False


# -- going somewhere -------------------------------------------------------------------------------


def test_a_click_on_the_ruler_goes_to_the_frame_that_is_there(
    qtbot: QtBot, document: Document
) -> None:
    board = shown(qtbot, document).board
    for frame in (0, 7, 44, 23):
        click(board, in_ruler(board, frame))
        assert document.player.frame == frame


def test_a_click_goes_to_the_exact_frame_of_an_uneven_video(qtbot: QtBot, uneven: Document) -> None:
    board = shown(qtbot, uneven).board
    for frame in (5, 0, 3, 2, 4, 1):
        click(board, in_ruler(board, frame))
        assert uneven.player.frame == frame
    border = board.places.track_left + board.scale.x_of(3)
    click(board, QPointF(border - 1, 5))
    assert uneven.player.frame == 2
    click(board, QPointF(border + 1, 5))
    assert uneven.player.frame == 3
    wide, narrow = (board.scale.end_x_of(i) - board.scale.x_of(i) for i in (2, 1))
    assert wide == pytest.approx(2 * narrow)


def test_a_drag_scrubs_and_ends_at_the_newest_frame(qtbot: QtBot, document: Document) -> None:
    board = shown(qtbot, document).board
    visited: list[int] = []
    document.player.moved.connect(visited.append)
    drag(board, [in_ruler(board, frame) for frame in (3, 20, 31, 12, 38)])
    assert visited == [3, 20, 31, 12, 38]
    assert document.player.frame == 38
    mouse(board, MOVE, in_ruler(board, 5), Qt.MouseButton.NoButton)
    assert document.player.frame == 38


def test_scrubbing_holds_playing_only_while_it_lasts(qtbot: QtBot, document: Document) -> None:
    board = shown(qtbot, document).board
    document.player.set_speed(0.1)
    document.player.play()
    heard: list[bool] = []
    document.player.playing_changed.connect(heard.append)
    mouse(board, PRESS, in_ruler(board, 10))
    assert heard == [False]
    mouse(board, RELEASE, in_ruler(board, 10))
    assert heard == [False, True]
    document.player.pause()


def test_dragging_beyond_the_edge_brings_later_frames_into_view(
    qtbot: QtBot, document: Document
) -> None:
    board = shown(qtbot, document).board
    document.player.seek(10)
    board.zoom(3)
    assert not board.scale.shows(40)
    edge = QPointF(board.width() + 60, 5)
    last = board.scale.frames_in_view()[-1]
    drag(board, [in_ruler(board, 10), edge])
    assert document.player.frame > last
    assert board.scale.shows(document.player.frame)


# -- zooming and scrolling -------------------------------------------------------------------------


def test_the_wheel_zooms_about_the_frame_under_the_cursor(qtbot: QtBot, document: Document) -> None:
    board = shown(qtbot, document).board
    where = in_lane(board, 0, 30)
    x = where.x() - board.places.track_left
    time = board.scale.time_at(x)
    for _ in range(4):
        wheel(board, where, QPoint(0, 120))
        assert board.scale.time_at(x) == pytest.approx(time)
    assert board.scale.frame_at(x) == 30
    assert board.scale.span < 0.5 * document.player.clock.duration


def test_the_wheel_sideways_and_with_shift_scrolls_in_time(
    qtbot: QtBot, document: Document
) -> None:
    board = shown(qtbot, document).board
    document.player.seek(22)
    board.zoom(3)
    where, before = in_lane(board, 0, 22), board.scale
    wheel(board, where, QPoint(-120, 0))
    assert board.scale.start > before.start
    assert board.scale.span == before.span
    wheel(board, where, QPoint(0, 120), SHIFT)
    assert board.scale.start == pytest.approx(before.start)


def test_a_double_click_shows_everything_again(qtbot: QtBot, document: Document) -> None:
    board = shown(qtbot, document).board
    board.zoom(4)
    assert not board.scale.is_whole
    mouse(board, DOUBLE, in_ruler(board, document.player.frame))
    assert board.scale.is_whole


def test_the_middle_button_drags_the_view(qtbot: QtBot, document: Document) -> None:
    board = shown(qtbot, document).board
    document.player.seek(22)
    board.zoom(3)
    where = in_lane(board, 0, 22)
    x, time = (
        where.x() - board.places.track_left,
        board.scale.time_at(where.x() - board.places.track_left),
    )
    drag(board, [where, where - QPointF(50, 0)], MIDDLE)
    assert board.scale.time_at(x - 50) == pytest.approx(time)
    assert document.player.frame == 22


def test_buttons_and_the_scroll_bar_change_the_view(qtbot: QtBot, document: Document) -> None:
    timeline = shown(qtbot, document)
    buttons = {b.accessibleName(): b for b in timeline.findChildren(QToolButton)}
    bars = {b.accessibleName(): b for b in timeline.findChildren(QScrollBar)}
    along = bars["Scroll in time"]
    assert not along.isVisible()
    buttons["Zoom the timeline in"].click()
    assert along.isVisible()
    along.setValue(along.maximum())
    assert timeline.board.scale.frames_in_view()[-1] == 44
    buttons["Zoom the timeline out"].click()
    assert timeline.board.scale.is_whole
    buttons["Zoom the timeline in"].click()
    buttons["Show the whole video"].click()
    assert timeline.board.scale.is_whole


def test_a_seek_from_elsewhere_brings_the_playhead_into_view(
    qtbot: QtBot, document: Document
) -> None:
    board = shown(qtbot, document).board
    board.zoom(5)
    document.player.seek(40)
    assert board.scale.shows(40)


def test_playing_leaves_a_view_alone_that_was_scrolled_elsewhere(
    qtbot: QtBot, document: Document
) -> None:
    board = shown(qtbot, document).board
    document.player.seek(1)
    board.zoom(5, 0)
    document.player.play()
    board.show_scale(board.scale.scrolled(1e6))
    there = board.scale.start
    with qtbot.waitSignal(document.player.moved):
        pass
    document.player.pause()
    assert board.scale.start == there


def test_another_video_is_shown_whole(qtbot: QtBot, document: Document, tmp_path: Path) -> None:
    board = shown(qtbot, document).board
    board.zoom(5)
    other = write(tmp_path / "other.sdpose", fixture_a())
    with qtbot.waitSignal(document.opened):
        document.open(other)
    assert board.scale.is_whole


# -- in and out ------------------------------------------------------------------------------------


def test_handles_of_in_and_out_can_be_dragged(qtbot: QtBot, document: Document) -> None:
    board = shown(qtbot, document).board
    player = document.player
    player.set_in(5)
    player.set_out(30)

    def handle(name: str) -> QPointF:
        return QPointF(mark_places(board.view)[name], 8)

    def border(frame: int) -> QPointF:
        return QPointF(board.places.track_left + board.scale.x_of(frame), 8)

    drag(board, [handle("in"), border(8), border(12)])
    drag(board, [handle("out"), border(21)])
    assert (player.mark_in, player.mark_out) == (12, 20)
    assert player.frame == 0
    drag(board, [handle("in"), border(40)])
    assert (player.mark_in, player.mark_out) == (20, 20)
    drag(board, [handle("out"), border(2)])
    assert (player.mark_in, player.mark_out) == (20, 20)


def test_what_is_outside_of_in_and_out_is_shaded(qtbot: QtBot, document: Document) -> None:
    board = shown(qtbot, document).board
    plain = bar_at(board, 0, 40)
    document.player.set_out(30)
    assert bar_at(board, 0, 40) != plain
    assert bar_at(board, 0, 20) == plain


# -- people ----------------------------------------------------------------------------------------


def test_lanes_have_the_colour_of_their_person_where_they_are(
    qtbot: QtBot, document: Document
) -> None:
    board = shown(qtbot, document).board
    assert bar_at(board, 0, 20) == person_colour(1)
    assert bar_at(board, 1, 20) == person_colour(2)
    assert bar_at(board, 1, 4) not in (person_colour(1), person_colour(2))
    document.people.paint(1, "#123456")
    assert bar_at(board, 0, 20) == QColor("#123456")


def test_a_click_on_a_header_chooses_and_one_in_a_lane_seeks_too(
    qtbot: QtBot, document: Document
) -> None:
    board = shown(qtbot, document).board
    click(board, in_header(board, 1))
    assert chosen(document) == (2,)
    assert document.player.frame == 0
    click(board, in_lane(board, 0, 25))
    assert chosen(document) == (1,)
    assert document.player.frame == 25
    click(board, in_header(board, 1), CTRL)
    assert chosen(document) == (1, 2)


def test_keys_move_between_lanes_and_choose(qtbot: QtBot, document: Document) -> None:
    timeline = shown(qtbot, document)
    board = timeline.board
    assert "Lane 1 of 2" in board.accessibleDescription()
    press(board, Qt.Key.Key_Down)
    assert "Lane 2 of 2: Person 2" in board.accessibleDescription()
    press(board, Qt.Key.Key_Return)
    assert chosen(document) == (2,)
    assert "Chosen" in board.accessibleDescription()
    press(board, Qt.Key.Key_Up)
    press(board, Qt.Key.Key_Enter, CTRL)
    assert chosen(document) == (2, 1)
    assert timeline.focusProxy() is board


def test_lanes_are_painted_anew_after_an_edit(qtbot: QtBot, document: Document) -> None:
    board = shown(qtbot, document).board
    before = board.grab().toImage()
    with qtbot.waitSignal(document.people.changed):
        document.edits.apply(Rename(2, "Anna"), Lock(1))
    assert board.grab().toImage() != before
    board.lane = 1
    click(board, in_header(board, 1))
    assert "Anna (2)" in board.accessibleDescription()


def test_the_last_lane_may_go_away_while_keys_are_about_it(qtbot: QtBot, crowd: Document) -> None:
    board = shown(qtbot, crowd).board
    crowd.people.choose(12)
    with qtbot.waitSignal(crowd.people.changed):
        crowd.edits.apply(Delete(12))
    assert "Lane 11 of 11" in board.accessibleDescription()
    press(board, Qt.Key.Key_Return)
    assert chosen(crowd) == (11,)


def test_lanes_that_do_not_fit_are_scrolled_to(qtbot: QtBot, crowd: Document) -> None:
    timeline = shown(qtbot, crowd)
    board = timeline.board
    assert board.places.hidden_height > 0
    crowd.people.choose(12)
    assert 11 in board.places.visible_lanes()
    assert board.places.lane(11).bottom() <= board.height() + 0.5
    wheel(board, in_header(board, board.places.visible_lanes()[-1]), QPoint(0, 120 * 12))
    assert board.places.offset == 0


def test_gaps_and_filled_parts_look_unlike_what_was_measured(
    qtbot: QtBot, document: Document
) -> None:
    board = shown(qtbot, document).board
    measured = bar_at(board, 0, 2)
    presence = np.full(45, Presence.MEASURED, np.uint8)
    presence[20:25], presence[30:35] = Presence.FILLED, Presence.ABSENT
    lane = LaneData(1, 0, presence, np.full(45, 255, np.uint8))
    document.review.lanes[1] = lane
    document.review.lane_changed.emit(lane)
    seen = {frame: bar_at(board, 0, frame) for frame in (2, 22, 32)}
    assert seen[2] == measured
    assert len({colour.name() for colour in seen.values()}) == 3


def test_frames_that_the_session_does_not_have_are_told_apart(
    qtbot: QtBot, document: Document
) -> None:
    board = shown(qtbot, document).board
    assert document.facts is not None
    full = bar_at(board, 0, 40)
    document.facts = replace(document.facts, indices=range(30), is_complete=False)
    document.session_changed.emit()
    assert bar_at(board, 0, 40) != full
    assert bar_at(board, 0, 20) == full


# -- worth a look ----------------------------------------------------------------------------------


def doubts(*frames: int) -> tuple[Doubt, ...]:
    return tuple(
        Doubt("switch", i, i, i, i / 30, (1,), 0.6, f"at {i / 30:.2f} s look here", "")
        for i in frames
    )


def in_doubts(board: Board, frame: int) -> QPointF:
    return QPointF(in_ruler(board, frame).x(), board.places.doubts.center().y())


def test_a_click_on_what_is_worth_a_look_jumps_there_and_chooses_who_is_concerned(
    qtbot: QtBot, document: Document
) -> None:
    board = shown(qtbot, document).board
    document.people.choose(2)
    document.review.doubts = doubts(8, 33)
    document.review.doubts_changed.emit()
    click(board, in_doubts(board, 33) + QPointF(4, 2))
    assert document.player.frame == 33
    assert document.people.chosen == (1,)
    click(board, in_doubts(board, 8) - QPointF(4, 2))
    assert document.player.frame == 8
    click(board, in_doubts(board, 20))
    assert document.player.frame == 20


def test_a_mild_doubt_is_an_outline_and_a_severe_one_is_filled(
    qtbot: QtBot, document: Document
) -> None:
    board = shown(qtbot, document).board
    ground = colour_at(board, in_doubts(board, 8))
    mild, severe = doubts(8, 33)
    document.review.doubts = (mild, replace(severe, severity=1.0))
    document.review.doubts_changed.emit()
    assert colour_at(board, in_doubts(board, 8)) == ground
    assert colour_at(board, in_doubts(board, 33)) != ground


def test_hovering_tells_the_doubt_and_how_many_are_close_by(qtbot: QtBot, crowd: Document) -> None:
    board = shown(qtbot, crowd).board
    one, other = doubts(4, 4)
    crowd.review.doubts = (one, replace(other, severity=0.9, says="at 0.13 s this is worse"))
    crowd.review.doubts_changed.emit()

    def hover(where: QPointF) -> str:
        there = where.toPoint()
        event = QHelpEvent(QEvent.Type.ToolTip, there, board.mapToGlobal(there))
        QApplication.sendEvent(board, event)
        return QToolTip.text()

    said = hover(in_doubts(board, 4))
    assert said.startswith("At 0.13 s this is worse.")
    assert "1 milder sign" in said
    assert "frame 6" in hover(in_lane(board, 2, 6))
    assert hover(in_header(board, 1)).startswith("Person 2")
    QToolTip.hideText()


# -- painting --------------------------------------------------------------------------------------


def test_a_playhead_that_moves_paints_no_lanes_and_only_where_it_was_and_is(
    qtbot: QtBot, document: Document
) -> None:
    board = shown(qtbot, document).board
    painted, made = Painted(board), board.backdrop.made
    for frame in (10, 11, 12):
        count = len(painted.areas)
        document.player.seek(frame)
        qtbot.waitUntil(lambda count=count: len(painted.areas) > count)  # type: ignore[misc]
    assert board.backdrop.made == made
    assert max(painted.areas[1:]) < board.width() * board.height() / 3


def test_the_playhead_is_where_its_frame_begins(qtbot: QtBot, document: Document) -> None:
    board = shown(qtbot, document).board
    document.player.seek(20)
    x = board.places.track_left + board.scale.x_of(20)
    there = colour_at(board, QPointF(x, board.height() - 3))
    document.player.seek(30)
    assert colour_at(board, QPointF(x, board.height() - 3)) != there


def test_an_empty_document_can_be_looked_at_and_clicked(qtbot: QtBot) -> None:
    document = Document()
    try:
        board = shown(qtbot, document).board
        click(board, QPointF(400, 10))
        wheel(board, QPointF(400, 10), QPoint(0, 120))
        press(board, Qt.Key.Key_Down)
        assert board.accessibleDescription() == "There are no people yet."
    finally:
        document.close()


def test_the_kept_picture_has_all_pixels_of_the_device(qtbot: QtBot, document: Document) -> None:
    board = shown(qtbot, document).board
    size = board.size()
    one = board.backdrop.get(board.view, size, 1.0)
    assert (one.width(), one.height()) == (size.width(), size.height())
    fine = board.backdrop.get(board.view, QSize(801, 203), 1.25)
    made = board.backdrop.made
    assert board.backdrop.get(board.view, QSize(801, 203), 1.25).size() == fine.size()
    assert board.backdrop.made == made
    two = board.backdrop.get(board.view, size, 2.0)
    assert (two.width(), two.height()) == (2 * size.width(), 2 * size.height())
