from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from documents import opened
from hands import press
from PyQt6.QtCore import QEvent, QPoint, QPointF, Qt
from PyQt6.QtGui import QColor, QFontMetricsF, QMouseEvent, QWheelEvent
from PyQt6.QtWidgets import QApplication, QComboBox, QToolButton
from pytestqt.qtbot import QtBot
from sessions import LEFT_WRIST, fixture_a, fixture_c, points, write

from sdpose_track.repair.edits import Delete
from sdpose_track.session.repairing import Repairing
from ui.document.document import Document
from ui.look.theme import DARK, LIGHT, Theme, apply
from ui.plots.chart import Chart
from ui.plots.curves import Choice, Quantity
from ui.plots.panel import NOBODY, NOBODY_CHOSEN, NOTHING_OPEN, PlotPanel

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen screen has none
WRIST = Choice(Quantity.POSITION, "left_wrist")


@pytest.fixture
def document(qtbot: QtBot, tmp_path: Path) -> Iterator[Document]:
    with opened(qtbot, write(tmp_path / "clip.sdpose", fixture_a())) as document:
        yield document


@pytest.fixture
def panel(qtbot: QtBot, document: Document) -> PlotPanel:
    panel = PlotPanel(document)
    qtbot.addWidget(panel)
    panel.resize(800, 360)
    panel.choose(WRIST)
    with qtbot.waitExposed(panel):
        panel.show()
    return panel


def shown(qtbot: QtBot, panel: PlotPanel, track_id: int = 1) -> Chart:
    """Choose a person and wait for their curves, laid out."""
    panel._document.people.choose(track_id)
    qtbot.waitUntil(lambda: bool(panel.plots) and panel._track_id == track_id, timeout=10_000)
    chart = panel.chart
    assert chart is not None
    qtbot.waitUntil(lambda: chart._scale.width > 100)
    return chart


def place_of(chart: Chart, index: int) -> QPointF:
    """Return where a frame is in the viewport of the first plot."""
    box = chart._panes[0].box
    left = chart.view.mapFromScene(box.mapToScene(QPointF(0, 0)))
    return QPointF(left.x() + chart._scale.x_of(index), left.y() + 20)


def point(
    chart: Chart, kind: QEvent.Type, at: QPointF, button: Qt.MouseButton = Qt.MouseButton.LeftButton
) -> None:
    viewport = chart.view.viewport()
    changed = Qt.MouseButton.NoButton if kind is QEvent.Type.MouseMove else button
    held = Qt.MouseButton.NoButton if kind is QEvent.Type.MouseButtonRelease else button
    there = QPointF(viewport.mapToGlobal(at.toPoint()))
    event = QMouseEvent(kind, at, there, changed, held, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(viewport, event)


def turn(chart: Chart, at: QPointF, notches: int, keys: Qt.KeyboardModifier | None = None) -> None:
    viewport = chart.view.viewport()
    event = QWheelEvent(
        at, QPointF(viewport.mapToGlobal(at.toPoint())), QPoint(), QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton, keys or Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(viewport, event)


def is_wide(chart: Chart, width: int) -> bool:
    return chart.width() == width


def python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


def test_pyqtgraph_is_not_imported_before_a_plot_is_shown() -> None:
    assert python("import sys, ui.plots.panel; print('pyqtgraph' in sys.modules)") == "False"


def test_pyqtgraph_does_not_keep_the_hooks_for_uncaught_errors() -> None:
    code = """
import sys, threading
before = sys.excepthook, threading.excepthook
import ui.plots.door
print((sys.excepthook, threading.excepthook) == before)
"""
    assert python(code) == "True"


def test_without_anybody_chosen_it_says_what_to_do(qtbot: QtBot, panel: PlotPanel) -> None:
    assert panel.message.isVisible()
    assert panel.message.text() == NOBODY_CHOSEN
    shown(qtbot, panel)
    assert not panel.message.isVisible()
    panel._document.people.choose()
    assert panel.message.text() == NOBODY_CHOSEN
    assert panel.message.isVisible()


def test_without_a_session_it_says_so(qtbot: QtBot, panel: PlotPanel) -> None:
    shown(qtbot, panel)
    panel._document.leave()
    assert panel.message.isVisible()
    assert panel.message.text() == NOTHING_OPEN


def test_the_curves_are_those_of_the_chosen_person(qtbot: QtBot, panel: PlotPanel) -> None:
    for track_id in (1, 2):
        shown(qtbot, panel, track_id)
        x, y = panel.plots
        assert x.raw.at(30) == points(track_id, 30)[LEFT_WRIST, 0]
        assert y.raw.at(30) == points(track_id, 30)[LEFT_WRIST, 1]


def test_of_two_people_chosen_at_once_only_the_later_one_is_drawn(
    qtbot: QtBot, panel: PlotPanel
) -> None:
    shown(qtbot, panel, 1)
    panel._document.people.choose(2)
    panel._document.people.choose(1)
    panel._document.people.choose(2)
    qtbot.waitUntil(lambda: bool(panel.plots))
    assert panel.plots[0].raw.at(30) == points(2, 30)[LEFT_WRIST, 0]


def test_nothing_is_measured_while_the_panel_is_hidden(qtbot: QtBot, document: Document) -> None:
    panel = PlotPanel(document)
    qtbot.addWidget(panel)
    document.people.choose(1)
    finished: list[None] = []
    document.review.lane.ask(lambda: None, finished.append)
    qtbot.waitUntil(lambda: bool(finished))
    assert panel.chart is None
    panel.show()
    qtbot.waitUntil(lambda: bool(panel.plots), timeout=10_000)


def test_the_lists_choose_and_remember_of_what(qtbot: QtBot, panel: PlotPanel) -> None:
    shown(qtbot, panel)
    quantity, of = panel.choosers.findChildren(QComboBox)
    assert of.currentText() == "Left wrist"

    quantity.setFocus()
    press(quantity, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: panel.plots[0].name == "Speed")
    quantity.setCurrentIndex(quantity.findText("Joint angle"))
    qtbot.waitUntil(lambda: panel.plots[0].unit == "°")
    of.setFocus()
    press(of, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: panel.plots[0].name == "Knee right")
    quantity.setCurrentIndex(quantity.findText("Position"))
    qtbot.waitUntil(lambda: len(panel.plots) == 2)
    assert of.currentText() == "Left wrist"
    quantity.setCurrentIndex(quantity.findText("Joint angle"))
    qtbot.waitUntil(lambda: panel.plots[0].unit == "°")
    assert of.currentText() == "Knee right"


def test_pressing_seeks_and_dragging_scrubs(qtbot: QtBot, panel: PlotPanel) -> None:
    chart, player = shown(qtbot, panel), panel._document.player

    point(chart, QEvent.Type.MouseButtonPress, place_of(chart, 20) + QPointF(1, 0))
    assert player.frame == 20
    point(chart, QEvent.Type.MouseMove, place_of(chart, 33) + QPointF(1, 0))
    assert player.frame == 33
    point(chart, QEvent.Type.MouseButtonRelease, place_of(chart, 33))
    point(chart, QEvent.Type.MouseMove, place_of(chart, 5), Qt.MouseButton.NoButton)
    assert player.frame == 33


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
def test_the_right_button_opens_the_menu_and_does_not_seek(qtbot: QtBot, panel: PlotPanel) -> None:
    chart = shown(qtbot, panel)
    point(chart, QEvent.Type.MouseButtonPress, place_of(chart, 20), Qt.MouseButton.RightButton)
    point(chart, QEvent.Type.MouseButtonRelease, place_of(chart, 20), Qt.MouseButton.RightButton)
    assert panel._document.player.frame == 0
    chart.view.customContextMenuRequested.emit(QPoint(5, 5))
    menu = panel.choosers.more.menu()
    assert menu is not None
    qtbot.waitUntil(menu.isVisible)
    menu.close()


def test_the_playhead_and_the_words_follow_the_player(qtbot: QtBot, panel: PlotPanel) -> None:
    chart, player = shown(qtbot, panel), panel._document.player
    player.seek(30)

    qtbot.waitUntil(lambda: "0:00:01.000" in panel.readout.text())

    x = panel.plots[0].smooth.at(30)
    assert f"x {x:.1f} px" in panel.readout.text()
    assert chart.view.accessibleDescription() == panel.readout.text()
    assert all(pane._playhead.value() == pytest.approx(1.0) for pane in chart._panes)


def test_many_moves_in_a_row_move_the_playhead_once(qtbot: QtBot, panel: PlotPanel) -> None:
    chart, player = shown(qtbot, panel), panel._document.player
    moves: list[object] = []
    chart._panes[0]._playhead.sigPositionChanged.connect(moves.append)
    for index in range(1, 31):
        player.seek(index)
    qtbot.waitUntil(lambda: bool(moves))
    assert len(moves) == 1
    assert "0:00:01.000" in panel.readout.text()


def test_the_wheel_zooms_about_the_pointer_and_fit_shows_everything(
    qtbot: QtBot, panel: PlotPanel
) -> None:
    chart = shown(qtbot, panel)
    whole, at = chart.seconds_in_view, place_of(chart, 30)

    turn(chart, at, 3)

    start, stop = chart.seconds_in_view
    assert stop - start == pytest.approx((whole[1] - whole[0]) / 1.25**3)
    assert place_of(chart, 30).x() == pytest.approx(at.x(), abs=1.5)
    assert np.allclose(chart._panes[0].box.viewRange()[0], (start, stop))
    assert np.allclose(chart._panes[1].box.viewRange()[0], (start, stop))
    turn(chart, at, -1, Qt.KeyboardModifier.ShiftModifier)
    assert chart.seconds_in_view[0] > start
    panel.choosers.fit.click()
    assert chart.seconds_in_view == whole


def test_the_middle_button_moves_along(qtbot: QtBot, panel: PlotPanel) -> None:
    chart, middle = shown(qtbot, panel), Qt.MouseButton.MiddleButton
    chart.zoom(3.0)
    start = chart.seconds_in_view[0]
    at = place_of(chart, 12)
    point(chart, QEvent.Type.MouseButtonPress, at, middle)
    point(chart, QEvent.Type.MouseMove, at - QPointF(50, 0), middle)
    point(chart, QEvent.Type.MouseButtonRelease, at, middle)
    assert chart._scale.x_of_time(start) == pytest.approx(-50, abs=1.5)
    assert panel._document.player.frame == 0


def test_the_view_turns_to_the_playhead_only_if_it_is_to_follow(
    qtbot: QtBot, panel: PlotPanel
) -> None:
    chart, player = shown(qtbot, panel), panel._document.player
    chart.zoom(4.0)
    before = chart.seconds_in_view
    panel.choosers.follow.click()
    player.seek(44)
    qtbot.waitUntil(lambda: chart._frame == 44)
    assert chart.seconds_in_view == before
    panel.choosers.follow.click()
    start, stop = chart.seconds_in_view
    assert start <= player.clock.time_of(44) <= stop


def test_what_lies_outside_of_in_and_out_is_shaded(qtbot: QtBot, panel: PlotPanel) -> None:
    chart, player = shown(qtbot, panel), panel._document.player
    before, after = chart._panes[0]._shades
    assert not before.isVisible()
    assert not after.isVisible()
    player.set_in(9)
    player.set_out(29)
    assert before.rect().right() == pytest.approx(9 / 30)
    assert after.rect().left() == pytest.approx(1.0)
    player.clear_marks()
    assert not before.isVisible()


def test_curves_change_with_the_repairs(qtbot: QtBot, panel: PlotPanel, tmp_path: Path) -> None:
    shown(qtbot, panel)
    with Repairing.open(tmp_path / "clip.sdpose") as repairing:
        repairing.apply(Delete(1))
    panel._document.refresh()
    qtbot.waitUntil(lambda: panel.message.text() == NOBODY_CHOSEN, timeout=10_000)
    assert panel.plots == ()


def test_it_wears_the_theme_and_the_persons_colour(
    qtbot: QtBot, qapp: QApplication, panel: PlotPanel
) -> None:
    chart = shown(qtbot, panel)
    for theme, colours in ((Theme.LIGHT, LIGHT), (Theme.DARK, DARK)):
        apply(qapp, theme)
        ground = chart.view.grab().toImage().pixelColor(2, 2)
        assert ground == QColor(colours.base)
    panel._document.people.paint(1, "#12ff34")
    assert chart._panes[0]._seen.opts["pen"].color() == QColor("#12ff34")


def test_the_values_in_view_are_copied_as_a_table(qtbot: QtBot, panel: PlotPanel) -> None:
    shown(qtbot, panel)
    clipboard = QApplication.clipboard()
    assert clipboard is not None
    clipboard.clear()
    panel.copy_values()
    qtbot.waitUntil(lambda: clipboard.text().startswith("frame,seconds,x (px) raw"))
    assert len(clipboard.text().splitlines()) == 46


def test_a_picture_is_saved_or_the_reason_told(
    qtbot: QtBot, panel: PlotPanel, tmp_path: Path
) -> None:
    shown(qtbot, panel)
    panel.save_picture(tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    with qtbot.waitSignal(panel.refused) as told:
        panel.save_picture(tmp_path / "no folder" / "curves.png")
    assert told.args == [
        f"{tmp_path / 'no folder' / 'curves.png'} cannot be written; choose another folder."
    ]


def test_every_control_has_a_name_and_can_be_reached_by_tab(qtbot: QtBot, panel: PlotPanel) -> None:
    chart = shown(qtbot, panel)
    controls = [*panel.findChildren(QComboBox), *panel.choosers.findChildren(QToolButton)]
    assert len(controls) == 5
    for control in (*controls, chart.view):
        assert control.accessibleName()
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus
    assert panel.legend.accessibleName() == "Lines: raw, smoothed, predicted or filled"


def test_the_time_axis_has_labels_for_the_whole_and_for_frames(
    qtbot: QtBot, panel: PlotPanel
) -> None:
    chart = shown(qtbot, panel)
    bottom = chart._panes[-1].item.getAxis("bottom")
    assert "0:00:01.0" in [label for _, label in bottom._tickLevels[0]]
    for _ in range(20):
        chart.zoom(2.0, 0.5)
    labels = [label for _, label in bottom._tickLevels[0]]
    assert "0:00:00.500" in labels


def test_no_label_of_the_time_axis_is_cut_off(qtbot: QtBot, panel: PlotPanel) -> None:
    chart = shown(qtbot, panel)
    bottom = chart._panes[-1].item.getAxis("bottom")
    metrics = QFontMetricsF(chart.font())
    for width in range(600, 900, 25):
        panel.resize(width, 360)
        qtbot.waitUntil(partial(is_wide, chart, width))
        chart._fill()
        seconds, label = bottom._tickLevels[0][-1]
        end = chart._scale.x_of_time(seconds) + metrics.horizontalAdvance(label) / 2
        assert end <= chart._scale.width


def test_two_curves_are_told_apart_where_the_panel_is_as_low_as_it_can_be(
    qtbot: QtBot, panel: PlotPanel
) -> None:
    chart = shown(qtbot, panel)
    panel.resize(800, panel.minimumSizeHint().height())
    qtbot.waitUntil(lambda: panel.height() == panel.minimumSizeHint().height())
    upper, lower = (pane.item.getAxis("left").label for pane in chart._panes)
    qtbot.waitUntil(
        lambda: (
            upper.mapRectToScene(upper.boundingRect()).bottom()
            <= lower.mapRectToScene(lower.boundingRect()).top() + 4  # around a text there is air
        )
    )


def test_in_a_session_without_people_nobody_is_to_be_chosen(qtbot: QtBot, tmp_path: Path) -> None:
    with opened(qtbot, write(tmp_path / "nobody.sdpose", fixture_c())) as document:
        panel = PlotPanel(document)
        qtbot.addWidget(panel)
        assert panel.message.text() == NOBODY
