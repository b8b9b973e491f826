"""The transport bar and its slider: real keys on real widgets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from documents import opened, session_of
from hands import click, press
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtGui import QAction
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QToolButton, QWidget
from pytestqt.qtbot import QtBot
from sessions import fixture_a, write

from ui.document.document import Document
from ui.look.icons import icon
from ui.timeline.transport import GROUPS, Transport

pytestmark = pytest.mark.qt_log_ignore("does not support")  # the offscreen screen lacks much
_type = cast(Callable[..., None], QTest.keyClicks)  # the stubs take it for a method


@pytest.fixture
def document(qtbot: QtBot, tmp_path: Path) -> Iterator[Document]:
    """45 frames at 30 fps without a video."""
    with opened(qtbot, write(tmp_path / "two.sdpose", fixture_a())) as document:
        yield document


def shown(qtbot: QtBot, document: Document) -> Transport:
    actions = {name: QAction(icon(name), name) for group in GROUPS for name in group}
    transport = Transport(document, actions)
    for action in actions.values():
        action.setParent(transport)
    qtbot.addWidget(transport)
    transport.resize(1000, 40)
    with qtbot.waitActive(transport):
        transport.show()
        transport.activateWindow()
    return transport


def typed(transport: Transport, field: str, text: str) -> None:
    entry = getattr(transport, field)
    entry.setFocus()
    entry.selectAll()
    _type(entry, text)
    press(entry, Qt.Key.Key_Return)


def test_keys_on_the_slider_move_by_a_frame_and_by_a_second(
    qtbot: QtBot, document: Document
) -> None:
    slider = shown(qtbot, document).slider
    slider.setFocus()
    press(slider, Qt.Key.Key_Right)
    press(slider, Qt.Key.Key_Right)
    press(slider, Qt.Key.Key_Left)
    assert document.player.frame == 1
    press(slider, Qt.Key.Key_PageUp)
    assert document.player.frame == 31
    press(slider, Qt.Key.Key_End)
    assert document.player.frame == 44


def test_the_slider_tells_where_we_are(qtbot: QtBot, document: Document) -> None:
    slider = shown(qtbot, document).slider
    document.player.seek(15)
    assert slider.accessibleName() == "Playhead"
    assert slider.value() == 15
    assert slider.accessibleDescription() == "Frame 15 of 44, 0:00:00.500"


def test_pressing_the_groove_goes_there(qtbot: QtBot, document: Document) -> None:
    slider = shown(qtbot, document).slider
    click(slider, QPoint(slider.width() // 2, slider.height() // 2))
    assert document.player.frame in (21, 22, 23)
    click(slider, QPoint(slider.width() - 2, slider.height() // 2))
    assert document.player.frame == 44


def test_holding_the_slider_holds_playing(qtbot: QtBot, document: Document) -> None:
    slider = shown(qtbot, document).slider
    document.player.set_speed(0.1)
    document.player.play()
    heard: list[bool] = []
    document.player.playing_changed.connect(heard.append)
    click(slider, QPoint(slider.width() // 2, slider.height() // 2))
    assert heard == [False, True]
    document.player.pause()


@pytest.mark.parametrize(
    ("field", "text", "frame"),
    [("frame", "17", 17), ("time", "0:00:01.000", 30), ("frame", "0:01", 30), ("time", "+3", 8),
     ("frame", "999", 44)],
)  # fmt: skip
def test_a_frame_or_a_time_can_be_typed(
    qtbot: QtBot, document: Document, field: str, text: str, frame: int
) -> None:
    transport = shown(qtbot, document)
    document.player.seek(5)
    typed(transport, field, text)
    assert document.player.frame == frame
    assert transport.frame.text() == str(frame)
    assert not getattr(transport, field).hasFocus()


def test_what_is_neither_a_frame_nor_a_time_is_refused_in_a_sentence(
    qtbot: QtBot, document: Document
) -> None:
    transport = shown(qtbot, document)
    with qtbot.waitSignal(document.refused) as refused:
        typed(transport, "time", "soon")
    assert refused.args == ["“soon” is neither a frame nor a time; type 120, +10 or 0:04.5."]
    assert document.player.frame == 0
    press(transport.time, Qt.Key.Key_Escape)
    assert transport.time.text() == "0:00:00.000"


def test_what_is_being_typed_is_not_overwritten(qtbot: QtBot, document: Document) -> None:
    transport = shown(qtbot, document)
    transport.frame.setFocus()
    transport.frame.selectAll()
    _type(transport.frame, "4")
    document.player.seek(9)
    assert transport.frame.text() == "4"
    transport.slider.setFocus()
    assert transport.frame.text() == "9"


def test_time_duration_and_rate_are_shown(qtbot: QtBot, document: Document) -> None:
    transport = shown(qtbot, document)
    document.player.seek(44)
    assert transport.time.text() == "0:00:01.467"
    assert transport.duration.text() == "/ 0:00:01.500"
    assert transport.rate.text() == "30 fps"


def test_an_uneven_rate_is_called_variable(qtbot: QtBot, uneven_clip: Path, tmp_path: Path) -> None:
    with opened(qtbot, session_of(uneven_clip, tmp_path / "uneven.sdpose")) as document:
        transport = shown(qtbot, document)
        assert transport.rate.text().startswith("variable, ")
        document.player.seek(3)
        assert transport.time.text() == "0:00:00.160"


def test_speeds_are_chosen_and_followed(qtbot: QtBot, document: Document) -> None:
    transport = shown(qtbot, document)
    transport.speed.setFocus()
    press(transport.speed, Qt.Key.Key_Up)
    assert document.player.speed == 0.75
    document.player.set_speed(-2)
    assert transport.speed.currentIndex() == -1
    assert transport.speed.placeholderText() == "−2 ×"
    document.player.set_speed(4)
    assert transport.speed.currentText() == "4 ×"


def test_pictures_that_were_left_out_are_counted(qtbot: QtBot, document: Document) -> None:
    transport = shown(qtbot, document)
    assert not transport.left_out.text()
    document.player.left_out = 3
    document.player.seek(2)
    assert transport.left_out.text() == "3 left out"


def test_every_button_has_a_name_and_can_be_reached_by_tab(
    qtbot: QtBot, document: Document
) -> None:
    transport = shown(qtbot, document)
    buttons = transport.findChildren(QToolButton)
    assert len(buttons) == sum(map(len, GROUPS))
    for button in buttons:
        assert button.accessibleName()
        assert button.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_a_narrow_bar_leaves_labels_away_and_keeps_every_control(
    qtbot: QtBot, document: Document
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    actions = {name: QAction(icon(name), name, window) for group in GROUPS for name in group}
    transport = Transport(document, actions, window)
    transport.resize(1000, 40)
    window.resize(1000, 40)
    window.show()
    labels = (transport.duration, transport.rate)
    assert all(label.isVisible() for label in labels)
    least = transport.minimumSizeHint().width()
    transport.resize(least, 40)
    assert not any(label.isVisible() for label in labels)
    assert transport.minimumSizeHint().width() == least
    controls = (*transport.findChildren(QToolButton), transport.time, transport.frame)
    for control in (*controls, transport.speed, transport.slider):
        assert control.isVisible()
        assert control.geometry().right() < least
    transport.resize(1000, 40)
    assert all(label.isVisible() for label in labels)
