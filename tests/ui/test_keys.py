"""Keys go to the control that uses them, and to the window's commands otherwise."""

from __future__ import annotations

import pytest
from hands import press
from PyQt6.QtCore import QEvent, Qt
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QLineEdit,
    QListWidget,
    QMainWindow,
    QPushButton,
    QSlider,
    QSpinBox,
    QTabBar,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from ui import keys
from ui.actions import Actions
from ui.preferences import Preferences

Key = Qt.Key


class Desk(QMainWindow):
    """A window with every command, and room for controls."""

    def __init__(self, preferences: Preferences) -> None:
        super().__init__()
        self.fired: list[str] = []
        self.actions_table = Actions(preferences, self)
        for name, action in self.actions_table.items():
            action.triggered.connect(lambda _checked, name=name: self.fired.append(name))
        middle = QWidget()
        self.column = QVBoxLayout(middle)
        self.setCentralWidget(middle)

    def press(self, control: QWidget, key: Qt.Key) -> list[str]:
        """Give a control the focus and press a key; return the commands that followed."""
        control.show()
        control.setFocus()
        self.fired.clear()
        press(control, key)
        return self.fired


@pytest.fixture
def desk(qtbot: QtBot, qapp: QApplication, preferences: Preferences) -> Desk:
    keys.install(qapp)
    window = Desk(preferences)
    qtbot.addWidget(window)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    return window


def test_where_nothing_uses_a_key_its_command_follows(desk: Desk) -> None:
    assert desk.press(desk, Key.Key_Space) == ["play"]
    assert desk.press(desk, Key.Key_Right) == ["next"]
    assert desk.press(desk, Key.Key_N) == ["rename"]


def test_what_is_typed_into_a_field_is_text_and_no_command(desk: Desk) -> None:
    line = QLineEdit()
    desk.column.addWidget(line)
    for key in (Key.Key_K, Key.Key_Space, Key.Key_N, Key.Key_Left, Key.Key_Home, Key.Key_Backspace):
        assert desk.press(line, key) == []
    assert line.text() == "k n"


def test_a_field_that_cannot_be_typed_in_leaves_letters_to_the_window(desk: Desk) -> None:
    line = QLineEdit("fixed")
    line.setReadOnly(True)
    desk.column.addWidget(line)
    assert desk.press(line, Key.Key_K) == ["pause"]


def test_function_keys_are_commands_also_while_typing(desk: Desk) -> None:
    line = QLineEdit()
    desk.column.addWidget(line)
    assert desk.press(line, Key.Key_F11) == ["full-screen"]


def test_a_number_is_typed_and_stepped(desk: Desk) -> None:
    box = QSpinBox()
    box.setRange(0, 500)
    desk.column.addWidget(box)
    box.show()
    box.setFocus()
    box.selectAll()
    for key in (Key.Key_1, Key.Key_2, Key.Key_Up, Key.Key_PageUp):
        assert desk.press(box, key) == []
    assert box.value() == 23


@pytest.mark.parametrize("is_editable", [False, True], ids=["choosing", "typing"])
def test_a_combo_box_takes_letters_and_arrows(desk: Desk, is_editable: bool) -> None:
    box = QComboBox()
    box.addItems(["alpha", "kappa", "omega"])
    box.setEditable(is_editable)
    desk.column.addWidget(box)
    assert desk.press(box, Key.Key_Down) == []
    assert box.currentText() == "kappa"
    assert desk.press(box, Key.Key_End) == []
    assert desk.press(box, Key.Key_O) == []


@pytest.mark.parametrize("made", [QPushButton, QCheckBox])
def test_space_presses_the_button_that_has_the_focus(
    desk: Desk, made: type[QPushButton | QCheckBox]
) -> None:
    button, pressed = made("Do"), list[bool]()
    button.clicked.connect(pressed.append)
    desk.column.addWidget(button)
    assert desk.press(button, Key.Key_Space) == []
    assert len(pressed) == 1
    assert desk.press(button, Key.Key_K) == ["pause"]


def test_arrows_move_the_slider_that_has_the_focus(desk: Desk) -> None:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(0, 50)
    desk.column.addWidget(slider)
    assert desk.press(slider, Key.Key_Right) == []
    assert slider.value() == 1
    assert desk.press(slider, Key.Key_End) == []
    assert slider.value() == 50
    assert desk.press(slider, Key.Key_Space) == ["play"]


def test_arrows_turn_the_tabs_that_have_the_focus(desk: Desk) -> None:
    tabs = QTabBar()
    tabs.addTab("one")
    tabs.addTab("two")
    desk.column.addWidget(tabs)
    assert desk.press(tabs, Key.Key_Right) == []
    assert tabs.currentIndex() == 1
    assert desk.press(tabs, Key.Key_Home) == ["first"]


def table_of(rows: int) -> QTableWidget:
    table = QTableWidget(rows, 2)
    table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
    for row in range(rows):
        for column in range(2):
            table.setItem(row, column, QTableWidgetItem(f"cell {row} {column}"))
    table.setCurrentCell(0, 0)
    return table


def test_a_table_of_rows_is_walked_while_frames_are_stepped_and_played(desk: Desk) -> None:
    table = table_of(4)
    desk.column.addWidget(table)
    assert desk.press(table, Key.Key_Down) == []
    assert table.currentRow() == 1
    assert desk.press(table, Key.Key_PageDown) == []
    assert table.currentRow() > 1
    assert desk.press(table, Key.Key_End) == ["last"]
    assert desk.press(table, Key.Key_Right) == ["next"]
    assert desk.press(table, Key.Key_K) == ["pause"]


def test_a_table_of_cells_is_walked_sideways(desk: Desk) -> None:
    table = table_of(2)
    table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectItems)
    desk.column.addWidget(table)
    assert desk.press(table, Key.Key_Right) == []
    assert table.currentColumn() == 1


def test_space_ticks_a_row_that_can_be_ticked_and_plays_otherwise(desk: Desk) -> None:
    rows = QListWidget()
    rows.addItems(["plain", "ticked"])
    plain, ticked = rows.item(0), rows.item(1)
    assert plain is not None
    assert ticked is not None
    plain.setFlags(plain.flags() & ~Qt.ItemFlag.ItemIsUserCheckable)
    ticked.setCheckState(Qt.CheckState.Unchecked)
    desk.column.addWidget(rows)
    rows.setCurrentRow(0)
    assert desk.press(rows, Key.Key_Space) == ["play"]
    rows.setCurrentRow(1)
    assert desk.press(rows, Key.Key_Space) == []
    assert ticked.checkState() is Qt.CheckState.Checked


def test_a_cell_that_is_edited_takes_every_letter(desk: Desk) -> None:
    table = table_of(2)
    desk.column.addWidget(table)
    table.show()
    table.setFocus()
    item = table.item(0, 0)
    table.editItem(item)
    editor = QApplication.focusWidget()
    assert isinstance(editor, QLineEdit)
    for key in (Key.Key_K, Key.Key_Space, Key.Key_J):
        assert desk.press(editor, key) == []
    assert editor.text() == "k j"


def test_installing_again_changes_nothing(desk: Desk, qapp: QApplication) -> None:
    before = len(qapp.children())
    keys.install(qapp)
    assert len(qapp.children()) == before


@pytest.mark.parametrize("held", [0x0, 0x40000000, 0x0C000000], ids=["none", "AltGr", "Ctrl+Alt"])
def test_a_sign_is_told_by_what_is_typed_since_other_keyboards_have_it_elsewhere(
    desk: Desk, held: int
) -> None:
    keys.listen(desk, desk.actions_table.typed)
    modifiers = Qt.KeyboardModifier(held)
    asked = QKeyEvent(QEvent.Type.ShortcutOverride, Key.Key_8, modifiers, "[")
    asked.ignore()
    QApplication.sendEvent(desk, asked)
    assert asked.isAccepted(), "or else Qt would look for 8, which chooses a person"
    QApplication.sendEvent(desk, QKeyEvent(QEvent.Type.KeyPress, Key.Key_8, modifiers, "["))
    assert desk.fired == ["slower"]


def test_a_sign_that_is_typed_into_a_field_is_text(desk: Desk) -> None:
    keys.listen(desk, desk.actions_table.typed)
    line = QLineEdit()
    desk.column.addWidget(line)
    assert desk.press(line, Key.Key_BracketLeft) == []
    assert line.text() == "["


def test_escape_is_a_fields_own_and_leaves_the_full_screen_elsewhere(desk: Desk) -> None:
    line, rows = QLineEdit(), QListWidget()
    for control in (line, rows):
        desk.column.addWidget(control)
    assert desk.press(line, Key.Key_Escape) == []
    assert desk.press(rows, Key.Key_Escape) == ["leave-full-screen"]
