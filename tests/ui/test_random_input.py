from __future__ import annotations

from pathlib import Path

import pytest
from documents import session_of
from PyQt6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot
from random_input import play

from ui.preferences import Preferences
from ui.window.main_window import MainWindow

DEEDS = 500


@pytest.mark.parametrize("seed", [1, 2])
def test_random_input_does_no_harm(
    qtbot: QtBot,
    preferences: Preferences,
    people_clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    monkeypatch.chdir(tmp_path)
    session = session_of(people_clip, tmp_path / "people.sdpose")
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video at all")
    window = MainWindow(preferences)
    window.show()
    try:
        window.open(str(session))
        done = play(window, [session, people_clip, broken], seed, lambda count: count >= DEEDS)
        assert sum(done.done.values()) == DEEDS
    finally:
        for dialog in window.findChildren(QDialog):
            dialog.reject()
        window.close()
        window.deleteLater()
