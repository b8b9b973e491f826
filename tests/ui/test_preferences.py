"""What the viewer remembers, and what it makes of damaged values."""

from __future__ import annotations

from pathlib import Path

import pytest
from PyQt6.QtCore import QByteArray, QSettings
from pytestqt.qtbot import QtBot

from sdpose_track.smooth.choices import Smoothing
from ui.look.theme import Theme
from ui.preferences import MOST_RECENT, NAME, Preferences


def stored() -> QSettings:
    return QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, NAME, NAME)


def test_the_tests_have_settings_of_their_own(preferences: Preferences, tmp_path: Path) -> None:
    preferences.sync()
    assert Path(stored().fileName()).is_relative_to(tmp_path)


def test_what_nobody_has_set_is_as_usual(preferences: Preferences) -> None:
    assert preferences.theme is Theme.SYSTEM
    assert preferences.smoothing is Smoothing.OFFLINE
    assert preferences.picture_bytes is None
    assert preferences.geometry is None
    assert preferences.recent == []
    assert preferences.keys == {}
    assert preferences.folder("open") == ""


def test_what_was_set_is_there_in_the_same_run_and_in_the_next(preferences: Preferences) -> None:
    preferences.theme = Theme.LIGHT
    preferences.smoothing = Smoothing.BUTTERWORTH
    preferences.picture_bytes = 123 << 20
    preferences.geometry = QByteArray(b"\x00\x01geometry")
    preferences.keys = {"play": ("P", "Ctrl+,"), "undo": ()}
    preferences.switches = {"show-boxes": True}
    preferences.set_choices("export", {"format": "bvh", "fps": 30})
    preferences.sync()
    again = Preferences()
    assert again.theme is Theme.LIGHT
    assert again.smoothing is Smoothing.BUTTERWORTH
    assert again.picture_bytes == 123 << 20
    assert again.geometry == QByteArray(b"\x00\x01geometry")
    assert again.keys == {"play": ("P", "Ctrl+,"), "undo": ()}
    assert again.switches == {"show-boxes": True}
    assert again.choices("export") == {"format": "bvh", "fps": 30}


def test_a_choice_is_told_when_it_changes(qtbot: QtBot, preferences: Preferences) -> None:
    with qtbot.waitSignal(preferences.changed, timeout=1000):
        preferences.theme = Theme.DARK
    with qtbot.waitSignal(preferences.changed, timeout=1000):
        preferences.picture_bytes = 64 << 20
    with qtbot.waitSignal(preferences.changed, timeout=1000):
        preferences.forget_recent()


def test_values_of_another_version_are_dropped(preferences: Preferences) -> None:
    preferences.theme = Theme.LIGHT
    stored().setValue("schema", "0")
    assert Preferences().theme is Theme.SYSTEM


@pytest.mark.parametrize("damaged", ["", "{", "[1]", "42", '{"pictures": "much", "paths": 3}'])
def test_damaged_values_are_as_if_never_stored(preferences: Preferences, damaged: str) -> None:
    for name in (
        "theme",
        "smoothing",
        "memory",
        "recent",
        "keys",
        "switches",
        "geometry",
        "folders",
    ):
        stored().setValue(name, damaged)
    test_what_nobody_has_set_is_as_usual(preferences)


def test_the_newest_file_is_first_and_none_is_told_twice(
    preferences: Preferences, tmp_path: Path
) -> None:
    files = [tmp_path / f"{n}.mp4" for n in range(MOST_RECENT + 2)]
    for file in files:
        file.touch()
        preferences.add_recent(str(file))
    preferences.add_recent(str(files[5]))
    assert len(preferences.recent) == MOST_RECENT
    assert preferences.recent[:2] == [str(files[5]), str(files[-1])]
    assert len(set(preferences.recent)) == MOST_RECENT


def test_a_file_that_is_gone_is_not_told(preferences: Preferences, tmp_path: Path) -> None:
    preferences.add_recent(str(tmp_path / "gone.mp4"))
    assert preferences.recent == []


def test_a_folder_that_is_gone_is_not_proposed(preferences: Preferences, tmp_path: Path) -> None:
    preferences.set_folder("open", str(tmp_path))
    preferences.set_folder("export", str(tmp_path / "gone"))
    assert preferences.folder("open") == str(tmp_path)
    assert preferences.folder("export") == ""
