"""Which commands can be given when, what the full screen shows, and signs in every theme."""

from __future__ import annotations

from pathlib import Path

import pytest
from hands import press
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot
from sessions import fixture_a, write

from ui.look import theme
from ui.look.theme import Theme
from ui.window.banner import Banners, Tone
from ui.window.main_window import MainWindow

pytestmark = pytest.mark.qt_log_ignore("does not support")  # the offscreen screen lacks much
LONG_MS = 60_000
OF_FRAMES = ("play", "next", "go-to", "mark-in", "zoom-in", "snapshot")


@pytest.fixture
def playing(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> MainWindow:
    """A window with a session whose video is missing."""
    with qtbot.waitSignal(window.document.opened, timeout=LONG_MS):
        window.open(str(write(tmp_path / "two.sdpose", fixture_a())))
    return window


def can(window: MainWindow, *names: str) -> set[bool]:
    return {window.commands_table[name].isEnabled() for name in names}


def test_with_nothing_open_there_is_nothing_to_play_export_or_close(window: MainWindow) -> None:
    assert can(window, *OF_FRAMES, "export", "track", "close", "resume", "cancel-job") == {False}
    assert can(window, "open", "open-folder", "live", "settings", "shortcuts", "quit") == {True}


def test_a_session_can_be_played_and_exported_and_no_longer_once_it_is_closed(
    playing: MainWindow,
) -> None:
    assert can(playing, *OF_FRAMES, "export", "close", "find-video") == {True}
    assert can(playing, "track", "resume", "pause-job") == {False}, "no video; complete; no run"
    playing.commands_table["close"].trigger()
    assert can(playing, *OF_FRAMES, "export", "close", "find-video") == {False}


def test_the_keys_of_playing_do_nothing_on_the_live_page(playing: MainWindow) -> None:
    playing.commands_table["live"].trigger()
    press(playing, Qt.Key.Key_Right)
    assert playing.document.player.frame == 0
    playing.commands_table["live"].trigger()
    press(playing, Qt.Key.Key_Right)
    assert playing.document.player.frame == 1


def test_a_smoothing_cannot_be_chosen_on_the_live_page_which_says_why(playing: MainWindow) -> None:
    choice = playing.tool_bar.smoothing
    before = choice.toolTip()
    assert choice.isEnabled()
    playing.commands_table["live"].trigger()
    assert not choice.isEnabled()
    assert "smoothed as they come" in choice.toolTip()
    playing.commands_table["live"].trigger()
    assert (choice.isEnabled(), choice.toolTip()) == (True, before)


def test_people_whom_nobody_sees_are_not_changed_by_keys_on_the_live_page(
    qtbot: QtBot, playing: MainWindow
) -> None:
    people = playing.document.people
    people.choose(2)
    playing.commands_table["lock"].trigger()
    qtbot.waitUntil(lambda: all(can(playing, name) == {True} for name in ("undo", "lock")))
    playing.commands_table["lock"].trigger()
    qtbot.waitUntil(lambda: can(playing, "delete") == {True})
    playing.commands_table["live"].trigger()
    assert can(playing, "undo", "redo", "delete", "rename", "hide") == {False}
    press(playing, Qt.Key.Key_Delete)
    press(playing, Qt.Key.Key_H)
    people.choose(2)  # as a key does; what is offered is told anew
    assert can(playing, "delete") == {False}
    playing.commands_table["live"].trigger()
    assert can(playing, "undo", "delete", "hide") == {True}
    assert [row.track_id for row in people.rows] == [1, 2]
    assert people.is_seen(2)


def test_poses_are_not_compared_on_the_live_page_where_they_are_there_once(
    playing: MainWindow,
) -> None:
    compare = ("compare-smoothed", "compare-raw", "compare-side-by-side", "compare-blended")
    assert can(playing, *compare) == {True}
    playing.commands_table["live"].trigger()
    assert can(playing, *compare) == {False}
    playing.commands_table["live"].trigger()
    assert can(playing, *compare) == {True}


def test_the_full_screen_is_the_pictures_and_escape_brings_everything_back(
    qtbot: QtBot, playing: MainWindow
) -> None:
    docks = [playing.docks[name] for name in ("People", "Worth a look")]
    around = (playing.tool_bar, playing.status, playing.timeline, *docks)
    sizes = playing.splitter.sizes()
    assert can(playing, "leave-full-screen") == {False}
    press(playing, Qt.Key.Key_F)
    qtbot.waitUntil(playing.isFullScreen)
    assert playing.commands_table["full-screen"].isChecked()
    assert not any(part.isVisible() for part in around)
    assert playing.transport.isVisible()
    assert not playing.docks["Plots"].isVisible()
    press(playing, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not playing.isFullScreen())
    assert not playing.commands_table["full-screen"].isChecked()
    assert all(part.isVisible() for part in around)
    assert not playing.docks["Plots"].isVisible()
    qtbot.waitUntil(lambda: playing.splitter.sizes() == sizes)


def test_what_the_full_screen_hid_is_there_again_after_the_next_start(
    qtbot: QtBot, playing: MainWindow
) -> None:
    playing.commands_table["full-screen"].trigger()
    qtbot.waitUntil(playing.isFullScreen)
    playing.close()
    again = MainWindow(playing.preferences, asks=False)
    try:
        again.show()
        assert not again.isFullScreen()
        assert again.tool_bar.isVisible()
        assert again.status.isVisible()
    finally:
        again.close()
        again.deleteLater()


def test_the_window_fits_on_a_small_screen(playing: MainWindow) -> None:
    playing.commands_table["panel-plots"].trigger()
    least = playing.minimumSizeHint()
    assert least.width() <= 1024
    assert least.height() <= 740


def test_a_file_name_at_the_beginning_of_a_sentence_keeps_its_letters(window: MainWindow) -> None:
    window.say("clip.mp4 is not there any more")
    window.say("the disk is full")
    assert window.banners.sentences == ["clip.mp4 is not there any more", "The disk is full"]


def test_the_sign_of_a_banner_takes_the_colours_of_another_theme(
    qtbot: QtBot, qapp: QApplication
) -> None:
    theme.apply(qapp, Theme.DARK)
    banners = Banners()
    qtbot.addWidget(banners)
    banners.say("The disk is full", Tone.ERROR)
    banners.show()

    def ink() -> set[str]:
        signs = (label.pixmap().toImage() for label in banners.findChildren(QLabel))
        sign = next(image for image in signs if not image.isNull())
        pixels = (sign.pixelColor(x, y) for x in range(sign.width()) for y in range(sign.height()))
        return {pixel.name() for pixel in pixels if pixel.alpha() == 255}

    assert theme.DARK.error in ink()
    theme.apply(qapp, Theme.LIGHT)
    assert theme.LIGHT.error in ink()
