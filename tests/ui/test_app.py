"""How the application ends: by Ctrl-C too."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from PyQt6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from ui.app import interruptible, photograph


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_ctrl_c_and_a_logout_are_heard_after_what_is_under_way_and_not_in_the_midst_of_it(
    name: str, qtbot: QtBot
) -> None:
    if not hasattr(signal, name):
        pytest.skip(f"there is no {name} here")
    number, heard = getattr(signal, name), list[bool]()
    before = signal.getsignal(number)
    with interruptible(lambda: heard.append(True)) as stopping:
        signal.raise_signal(number)
        assert not heard
        qtbot.waitUntil(lambda: bool(heard))
        assert stopping.exit_code == 128 + number
    assert signal.getsignal(number) == before


def test_ctrl_c_ends_the_wait_for_a_picture_of_the_window(
    qtbot: QtBot, people_clip: Path, tmp_path: Path
) -> None:
    QTimer.singleShot(0, lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        photograph(str(people_clip), tmp_path / "window.png")
    assert not (tmp_path / "window.png").exists()
