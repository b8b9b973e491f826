"""The table of commands, and the keys that a user gives them."""

from __future__ import annotations

from collections import Counter

import pytest
from PyQt6.QtGui import QKeySequence
from PyQt6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from ui.actions import COMMANDS, HIDDEN, MENUS, Actions
from ui.look.icons import NAMES
from ui.preferences import Preferences


@pytest.fixture
def window(qtbot: QtBot) -> QMainWindow:
    window = QMainWindow()
    qtbot.addWidget(window)
    return window


@pytest.fixture
def actions(preferences: Preferences, window: QMainWindow) -> Actions:
    return Actions(preferences, window)


def test_no_two_commands_share_a_key_and_every_key_is_one() -> None:
    keys = Counter(QKeySequence(key).toString() for c in COMMANDS.values() for key in c.keys)
    assert "" not in keys
    assert [key for key, count in keys.items() if count > 1] == []
    assert not {"Tab", "Shift+Tab"} & keys.keys()


def test_every_name_is_told_once_and_every_icon_is_drawn() -> None:
    assert sum(map(len, MENUS.values())) == len(COMMANDS)
    assert {c.icon for c in COMMANDS.values()} - {""} <= set(NAMES)
    assert all(c.text for c in COMMANDS.values())


def test_every_action_has_its_keys_and_tells_the_first_in_its_tooltip(actions: Actions) -> None:
    for name, action in actions.items():
        told = [keys.toString() for keys in action.shortcuts()]
        assert told == [QKeySequence(key).toString() for key in COMMANDS[name].keys]
        if told:
            first = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            assert f"({first})" in action.toolTip()


def test_every_command_stands_in_the_menus_but_those_that_have_keys_only(
    actions: Actions, window: QMainWindow
) -> None:
    bar = window.menuBar()
    assert bar is not None
    actions.fill_menus(bar)
    menus = [entry.menu() for entry in bar.actions()]
    found = {a.objectName() for menu in menus if menu for a in menu.actions()} - {""}
    assert found == set(COMMANDS) - HIDDEN - {"recent"}
    assert actions.recent in [a.menu() for menu in menus if menu for a in menu.actions()]


def test_other_keys_count_at_once_and_the_next_time(
    actions: Actions, preferences: Preferences, window: QMainWindow
) -> None:
    assert actions.set_keys("play", ("P", "Ctrl+P")) is None
    assert [k.toString() for k in actions["play"].shortcuts()] == ["P", "Ctrl+P"]
    assert "(P)" in actions["play"].toolTip()
    assert actions.holder("Space") is None
    assert actions.holder("p") == "play"
    assert Actions(preferences, window).keys_of("play") == ("P", "Ctrl+P")


def test_a_key_that_is_taken_is_refused_in_a_sentence(actions: Actions) -> None:
    sentence = actions.set_keys("mark-in", ("I", "K"))
    assert sentence == "K is the key of Pause; take another one"
    assert actions.keys_of("mark-in") == ("I",)


@pytest.mark.parametrize("key", ["Tab", "Shift+Tab", "Backtab"])
def test_tab_is_never_a_key(actions: Actions, key: str) -> None:
    assert actions.set_keys("play", (key,)) == "Tab moves between the controls; take another key"


def test_what_is_no_key_is_refused(actions: Actions) -> None:
    assert actions.set_keys("play", ("",)) == "that is no key; take another one"


def test_a_command_may_have_no_key(actions: Actions) -> None:
    assert actions.set_keys("play", ()) is None
    assert actions["play"].shortcuts() == []
    assert "(" not in actions["play"].toolTip()


def test_usual_keys_are_not_stored_as_chosen_ones(
    actions: Actions, preferences: Preferences
) -> None:
    actions.set_keys("play", ("P",))
    actions.set_keys("play", COMMANDS["play"].keys)
    assert preferences.keys == {}


def test_all_keys_are_as_usual_again(actions: Actions, preferences: Preferences) -> None:
    actions.set_keys("play", ("P",))
    actions.set_keys("pause", ("Space",))
    actions.reset_keys()
    assert preferences.keys == {}
    assert actions.holder("Space") == "play"
    assert actions["pause"].shortcut() == QKeySequence("K")


def test_stored_keys_of_a_command_that_is_gone_are_ignored(
    preferences: Preferences, window: QMainWindow
) -> None:
    preferences.keys = {"no-such-command": ("Space",)}
    actions = Actions(preferences, window)
    assert actions.holder("Space") == "play"
