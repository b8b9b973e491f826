from __future__ import annotations

from pathlib import Path

import pytest
from hands import click, double_click, press
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QApplication, QListWidget
from pytestqt.qtbot import QtBot

from ui.look.theme import Theme, apply
from ui.window.welcome import Welcome


def test_a_recent_file_is_opened_once_by_a_click_a_double_click_or_enter(
    qtbot: QtBot, tmp_path: Path
) -> None:
    paths = [str(tmp_path / "one.mp4"), str(tmp_path / "two.sdpose")]
    welcome = Welcome([QAction("Open…")])
    qtbot.addWidget(welcome)
    welcome.show_recent(paths)
    welcome.show()
    recent = welcome.findChild(QListWidget)
    assert recent is not None
    wanted: list[str] = []
    welcome.wanted.connect(wanted.append)
    item = recent.item(1)
    where = recent.visualItemRect(item).center()
    click(recent.viewport(), where)
    assert wanted == [paths[1]]
    double_click(recent.viewport(), where)
    assert wanted == [paths[1]] * 2
    recent.setCurrentRow(0)
    press(recent, Qt.Key.Key_Return)
    assert wanted[2:] == [paths[0]]


@pytest.mark.parametrize("count", [1, 6, 10])
def test_no_recent_file_is_seen_in_part(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path, count: int
) -> None:
    apply(qapp, Theme.DARK)  # with the style sheet, whose border counts
    welcome = Welcome([QAction("Open…")])
    qtbot.addWidget(welcome)
    welcome.show_recent([str(tmp_path / f"{n}.mp4") for n in range(count)])
    with qtbot.waitExposed(welcome):
        welcome.show()
    recent = welcome.findChild(QListWidget)
    assert recent is not None
    viewport, bar = recent.viewport(), recent.verticalScrollBar()
    assert viewport is not None
    assert bar is not None
    assert viewport.height() == recent.sizeHintForRow(0) * min(count, 6)
    assert (bar.maximum() > 0) == (count > 6)
