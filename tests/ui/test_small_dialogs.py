"""The shortcut sheet, settings, about and go-to: used with keys and clicks, as people do."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hands import SHIFT, click, press
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialog,
    QLineEdit,
    QMainWindow,
    QSpinBox,
    QTableWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot

from sdpose_track import __version__
from sdpose_track.smooth.choices import Smoothing
from ui import licences
from ui.actions import COMMANDS, Actions
from ui.crash_dialog import CrashDialog
from ui.dialogs.about import AboutDialog
from ui.dialogs.go_to import GoToDialog
from ui.dialogs.key_rows import KeyRow
from ui.dialogs.settings import SettingsDialog
from ui.dialogs.shortcuts import ShortcutSheet
from ui.document.clock import NO_FRAMES, FrameClock
from ui.document.pictures import MOST_BYTES
from ui.look import theme
from ui.preferences import Preferences
from ui.versions import inside, packages

Key = Qt.Key
CLOCK = FrameClock(10, 0.4 + np.arange(100) / 25, Fraction(25))
Opens = Callable[[QDialog], None]
PARTS = (QSpinBox, QLineEdit, QComboBox, QTableWidget)
"""Whose inner controls a screen reader tells with them."""
BY_TAB = Qt.FocusPolicy.TabFocus


@pytest.fixture(autouse=True)
def dressed(qapp: QApplication) -> None:
    theme.apply(qapp, theme.Theme.DARK)


@pytest.fixture
def opens(qtbot: QtBot) -> Opens:
    def show(dialog: QDialog) -> None:
        qtbot.addWidget(dialog)
        with qtbot.waitActive(dialog):
            dialog.show()
            dialog.activateWindow()

    return show


@pytest.fixture
def window(qtbot: QtBot) -> QMainWindow:
    made = QMainWindow()
    qtbot.addWidget(made)
    return made


@pytest.fixture
def actions(preferences: Preferences, window: QMainWindow) -> Actions:
    return Actions(preferences, window)


@pytest.fixture
def sheet(actions: Actions, opens: Opens) -> ShortcutSheet:
    made = ShortcutSheet(actions)
    opens(made)
    return made


# -- all of them -----------------------------------------------------------------------------------


@pytest.fixture(params=["sheet", "about", "settings", "go-to", "crash"])
def dialog(
    request: pytest.FixtureRequest,
    qapp: QApplication,
    actions: Actions,
    preferences: Preferences,
    opens: Opens,
) -> QDialog:
    theme.apply(qapp, theme.Theme.DARK)
    makers: dict[str, Callable[[], QDialog]] = {
        "sheet": lambda: ShortcutSheet(actions),
        "about": AboutDialog,
        "settings": lambda: SettingsDialog(preferences),
        "go-to": lambda: GoToDialog(CLOCK, 12),
        "crash": CrashDialog,
    }
    made = makers[request.param]()
    opens(made)
    return made


def test_escape_closes_a_dialog(dialog: QDialog) -> None:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    press(QApplication.focusWidget(), Key.Key_Escape)
    assert not dialog.isVisible()


def test_every_control_of_a_dialog_has_a_name_and_fits_a_small_screen(dialog: QDialog) -> None:
    kinds = (QAbstractButton, QLineEdit, QComboBox, QSpinBox)
    for control in (w for kind in kinds for w in dialog.findChildren(kind)):
        name = control.accessibleName() or (
            control.text() if isinstance(control, QAbstractButton) else ""
        )
        is_part = isinstance(control.parentWidget(), PARTS)
        assert name or is_part, control
    assert dialog.minimumSizeHint().width() <= 1280
    assert dialog.minimumSizeHint().height() <= 720


def test_tab_reaches_every_button_of_a_dialog(dialog: QDialog) -> None:
    wanted = {
        button
        for button in dialog.findChildren(QAbstractButton)
        if button.isVisible() and button.isEnabled() and button.focusPolicy() & BY_TAB
    }
    seen: set[QWidget | None] = set()
    for _ in range(300):
        press(QApplication.focusWidget(), Key.Key_Tab)
        if (now := QApplication.focusWidget()) in seen and wanted <= seen:
            break
        seen.add(now)
    assert wanted <= seen


# -- shortcuts -------------------------------------------------------------------------------------


def told(row: KeyRow) -> list[str]:
    return [cap.text() for cap in row.caps]


def ask(sheet: ShortcutSheet, name: str, cap: int = 0) -> QWidget:
    """Click a key cap and return the field that asks for another key."""
    row = sheet.rows[name]
    click(row.caps[cap])
    assert row.asking is not None
    assert row.asking.edit.hasFocus() or row.asking.edit.isAncestorOf(row.focusWidget())
    return row.asking.edit


def test_every_command_stands_in_the_sheet_with_its_keys(sheet: ShortcutSheet) -> None:
    assert sheet.rows.keys() == COMMANDS.keys()
    assert told(sheet.rows["play"]) == ["Space"]
    assert told(sheet.rows["redo"]) == ["Ctrl+Shift+Z", "Ctrl+Y"]
    assert told(sheet.rows["resume"]) == ["none"]
    assert told(sheet.rows["person-1"]) == [str(n) for n in range(1, 10)]


@pytest.mark.parametrize(
    ("words", "seen", "unseen"),
    [("person", "rename", "play"), ("ctrl+z", "undo", "open"), ("FRAME prev", "previous", "next")],
)
def test_a_search_leaves_what_has_every_word(
    sheet: ShortcutSheet, words: str, seen: str, unseen: str
) -> None:
    sheet.search.setText(words)
    assert sheet.rows[seen].isVisible()
    assert not sheet.rows[unseen].isVisible()
    sheet.search.clear()
    assert sheet.rows[unseen].isVisible()


def test_a_search_that_finds_nothing_says_so(sheet: ShortcutSheet) -> None:
    sheet.search.setText("xyzzy")
    assert sheet.nothing.isVisible()


def test_a_key_cap_takes_another_key(sheet: ShortcutSheet, actions: Actions) -> None:
    press(ask(sheet, "play"), Key.Key_P)
    assert actions.keys_of("play") == ("P",)
    row = sheet.rows["play"]
    assert told(row) == ["P"]
    assert row.caps[0].hasFocus()
    assert row.reset.isVisible()


def test_the_second_of_two_keys_is_changed_alone(sheet: ShortcutSheet, actions: Actions) -> None:
    press(ask(sheet, "redo", 1), Key.Key_F7, SHIFT)
    assert actions.keys_of("redo") == ("Ctrl+Shift+Z", "Shift+F7")


def test_enter_on_a_cap_asks_and_escape_leaves_it(sheet: ShortcutSheet, actions: Actions) -> None:
    row = sheet.rows["play"]
    row.caps[0].setFocus()
    press(row.caps[0], Key.Key_Return)
    assert row.asking is not None
    press(row.asking.edit, Key.Key_Escape)
    assert row.caps[0].hasFocus()
    assert told(row) == ["Space"]
    assert sheet.isVisible()
    assert actions.keys_of("play") == ("Space",)


def test_going_elsewhere_leaves_the_key(sheet: ShortcutSheet, actions: Actions) -> None:
    ask(sheet, "play")
    sheet.search.setFocus()
    assert sheet.rows["play"].asking is None
    assert sheet.search.hasFocus()
    assert told(sheet.rows["play"]) == ["Space"]


def test_a_key_that_is_taken_is_told_in_a_sentence(sheet: ShortcutSheet, actions: Actions) -> None:
    press(ask(sheet, "play"), Key.Key_K)
    assert sheet.notice.sentence == "K is the key of Pause; take another one"
    assert actions.keys_of("play") == ("Space",)
    press(ask(sheet, "play"), Key.Key_P)
    assert not sheet.notice.isVisible()


def test_a_key_is_taken_away_with_the_bin_or_with_delete(
    sheet: ShortcutSheet, actions: Actions
) -> None:
    ask(sheet, "redo", 1)
    asking = sheet.rows["redo"].asking
    assert asking is not None
    click(asking.none)
    assert actions.keys_of("redo") == ("Ctrl+Shift+Z",)
    press(sheet.rows["play"].caps[0], Key.Key_Tab)
    sheet.rows["play"].caps[0].setFocus()
    press(sheet.rows["play"].caps[0], Key.Key_Delete)
    assert actions.keys_of("play") == ()
    assert told(sheet.rows["play"]) == ["none"]


def test_a_command_without_a_key_gets_one(sheet: ShortcutSheet, actions: Actions) -> None:
    press(ask(sheet, "resume"), Key.Key_R)
    assert actions.keys_of("resume") == ("R",)


def test_one_command_and_all_of_them_get_their_usual_keys_back(
    sheet: ShortcutSheet, actions: Actions
) -> None:
    everything = next(b for b in sheet.findChildren(QAbstractButton) if b.text() == "Reset All")
    assert not everything.isEnabled()
    press(ask(sheet, "play"), Key.Key_P)
    press(ask(sheet, "open"), Key.Key_U)
    click(sheet.rows["play"].reset)
    assert actions.keys_of("play") == ("Space",)
    assert actions.keys_of("open") == ("U",)
    assert everything.isEnabled()
    click(everything)
    assert actions.keys_of("open") == ("Ctrl+O",)
    assert told(sheet.rows["open"]) == ["Ctrl+O"]
    assert not everything.isEnabled()


def test_a_usual_key_that_somebody_else_has_now_stays_there(
    sheet: ShortcutSheet, actions: Actions
) -> None:
    press(ask(sheet, "play"), Key.Key_P)
    press(ask(sheet, "resume"), Key.Key_Space)
    click(sheet.rows["play"].reset)
    assert sheet.notice.sentence == "Space is the key of Resume Tracking; take another one"
    assert actions.keys_of("play") == ("P",)


# -- settings --------------------------------------------------------------------------------------


def test_settings_count_at_once(qapp: QApplication, preferences: Preferences, opens: Opens) -> None:
    dialog = SettingsDialog(preferences)
    opens(dialog)
    for chosen in (theme.Theme.LIGHT, theme.Theme.DARK):
        dialog.theme.setCurrentIndex(dialog.theme.findData(chosen))
        assert preferences.theme is chosen
        assert theme.is_dark() is (chosen is theme.Theme.DARK)
    dialog.smoothing.setCurrentIndex(dialog.smoothing.findData(Smoothing.ONE_EURO))
    assert preferences.smoothing is Smoothing.ONE_EURO
    dialog.memory.setValue(1024)
    assert preferences.picture_bytes == 1024 << 20
    dialog.memory.setValue(MOST_BYTES >> 20)
    assert preferences.picture_bytes is None


def test_settings_show_what_is_stored(preferences: Preferences, opens: Opens) -> None:
    preferences.smoothing = Smoothing.OFF
    preferences.picture_bytes = 512 << 20
    preferences.theme = theme.Theme.LIGHT
    dialog = SettingsDialog(preferences)
    opens(dialog)
    shown = (dialog.smoothing.currentData(), dialog.memory.value(), dialog.theme.currentData())
    assert shown == (Smoothing.OFF, 512, theme.Theme.LIGHT)


def test_every_smoothing_can_be_chosen(preferences: Preferences, opens: Opens) -> None:
    dialog = SettingsDialog(preferences)
    opens(dialog)
    assert all(dialog.smoothing.findData(each) >= 0 for each in Smoothing)


def test_the_recent_list_is_cleared(
    preferences: Preferences, opens: Opens, people_clip: Path
) -> None:
    preferences.add_recent(str(people_clip))
    dialog = SettingsDialog(preferences)
    opens(dialog)
    click(dialog.forget_button)
    assert preferences.recent == []
    assert not dialog.forget_button.isEnabled()
    assert people_clip.exists()


def test_the_keys_button_asks_for_the_sheet(
    qtbot: QtBot, preferences: Preferences, opens: Opens
) -> None:
    dialog = SettingsDialog(preferences)
    opens(dialog)
    with qtbot.waitSignal(dialog.shortcuts_wanted, timeout=1000):
        click(dialog.keys_button)


# -- about -----------------------------------------------------------------------------------------


def test_about_tells_versions_and_licences_and_copies_them(opens: Opens) -> None:
    dialog = AboutDialog()
    opens(dialog)
    click(dialog.copy_button)
    clipboard = QApplication.clipboard()
    assert clipboard is not None
    text = clipboard.text()
    assert text == dialog.text
    assert f"sdpose-track: {__version__}" in text
    assert "Licence: AGPL-3.0-or-later" in text
    assert "Python: 3." in text
    names = {part.name for part in (*packages(), *inside())}
    assert {"PyQt6", "PyQt6-Qt6", "torch", "ultralytics", "diffusers", "av", "numpy"} <= names
    assert {"FFmpeg, with x264 and x265", "Qt 6", "SQLite", "sdpose-body"} <= names
    assert all(name in text for name in names)
    assert set(dialog.parts.shown) == names


def test_about_finds_what_is_under_a_licence(opens: Opens) -> None:
    dialog = AboutDialog()
    opens(dialog)
    parts = dialog.parts
    found = {}
    for words in ("lgpl qt", "no such licence"):
        parts.search.setText(words)
        found[words] = parts.shown, parts.nothing.isVisible()
    assert found["lgpl qt"] == (("Qt 5", "Qt 6", "PyQt6-Qt6"), False)
    assert found["no such licence"] == ((), True)


def test_every_part_tells_its_licence_in_a_line() -> None:
    assert all(part.licence and "\n" not in part.licence for part in (*packages(), *inside()))


def test_packages_are_those_that_the_documents_list() -> None:
    listed = licences.packages()
    assert {licences.plain(part.name) for part in packages()} <= set(listed)
    assert all(part.licence == listed[licences.plain(part.name)].licence for part in packages())


# -- go to -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "frame"),
    [("10", 10), ("109", 109), ("+5", 55), ("-5", 45), ("0.4", 10), ("0:00:00.440", 11),
     ("1,0", 25), ("0:01.0", 25), ("4.36 s", 109)],
)  # fmt: skip
def test_a_frame_a_step_or_a_time_is_gone_to(
    qtbot: QtBot, opens: Opens, typed: str, frame: int
) -> None:
    dialog = GoToDialog(CLOCK, 50)
    opens(dialog)
    chosen: list[int] = []
    dialog.chosen.connect(chosen.append)
    dialog.entry.setText(typed)
    press(dialog.entry, Key.Key_Return)
    assert chosen == [frame]
    assert not dialog.isVisible()


@pytest.mark.parametrize(
    ("typed", "why"),
    [("abc", "neither a frame nor a time"), ("", "neither a frame nor a time"),
     ("9", "outside"), ("110", "outside"), ("+99", "outside"), ("0.1", "outside"),
     ("4.41", "outside"), ("1:00:00", "outside"), ("9" * 40, "outside")],
)  # fmt: skip
def test_what_is_nowhere_is_told_in_a_sentence_and_asked_again(
    opens: Opens, typed: str, why: str
) -> None:
    dialog = GoToDialog(CLOCK, 50)
    opens(dialog)
    chosen: list[int] = []
    dialog.chosen.connect(chosen.append)
    dialog.entry.setText(typed)
    press(dialog.entry, Key.Key_Return)
    assert chosen == []
    assert why in dialog.notice.sentence
    assert dialog.isVisible()
    assert dialog.entry.hasFocus()
    press(dialog.entry, Key.Key_1)
    assert not dialog.notice.isVisible()


def test_where_there_are_no_frames_none_is_gone_to(opens: Opens) -> None:
    dialog = GoToDialog(NO_FRAMES, 0)
    opens(dialog)
    press(dialog.entry, Key.Key_Return)
    assert "outside" in dialog.notice.sentence
