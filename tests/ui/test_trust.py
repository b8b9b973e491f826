"""The viewer asks before it loads a checkpoint that nobody knows, each time, and means one file."""

from __future__ import annotations

import pickle
import shutil
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hands import click, press
from PyQt6.QtCore import QSettings, Qt
from pytestqt.qtbot import QtBot

from sdpose_track.cache import sha256_of
from sdpose_track.capture import CaptureSettings
from sdpose_track.errors import UntrustedError
from sdpose_track.live.wish import LiveWish
from sdpose_track.settings import LiveSettings
from ui.dialogs.run_facts import look_around
from ui.dialogs.run_form import RunForm
from ui.dialogs.trust import TrustDialog
from ui.document.clock import FrameClock
from ui.live.page import NOT_LOADED, LivePage
from ui.preferences import Preferences
from ui.window.main_window import MainWindow

LONG_MS = 60_000


@pytest.fixture
def evil(tmp_path: Path) -> Path:
    class Harm:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "harm",))

    path = tmp_path / "<b>evil.pt"
    path.write_bytes(pickle.dumps({"model": Harm()}))
    return path


@pytest.fixture
def live(window: MainWindow) -> LivePage:
    window.show_live(on=True)
    return window.live


def wish_for(clip: Path, checkpoint: Path) -> LiveWish:
    return LiveWish(
        spec=str(clip),
        capture=CaptureSettings(realtime=True),
        settings=LiveSettings(device="cpu", pose=str(checkpoint)),
    )


def asked(live: LivePage, qtbot: QtBot) -> TrustDialog:
    """Wait for the question."""
    qtbot.waitUntil(lambda: bool(open_questions(live)), timeout=LONG_MS)
    (dialog,) = open_questions(live)
    return dialog


def open_questions(live: LivePage) -> list[TrustDialog]:
    return [dialog for dialog in live.findChildren(TrustDialog) if dialog.isVisible()]


def test_an_unknown_checkpoint_is_asked_about_and_no_is_the_answer_of_enter_and_escape(
    live: LivePage, evil: Path, uneven_clip: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Escape):
        live.begin(wish_for(uneven_clip, evil))
        dialog = asked(live, qtbot)
        assert dialog.text() == "Load <b>evil.pt? It is not known here."
        assert dialog.textFormat() is Qt.TextFormat.PlainText
        assert "can run code" in dialog.informativeText()
        assert sha256_of(evil)[:12] in dialog.informativeText()
        assert dialog.defaultButton() is dialog.no
        press(dialog, key)
        qtbot.waitUntil(lambda: not open_questions(live))
        assert live.state is None
        assert live.controls.notice.sentence == NOT_LOADED.format(evil.name)
    assert not (tmp_path / "harm").exists()


def test_a_yes_is_for_that_file_and_that_start_and_is_kept_nowhere(
    live: LivePage, evil: Path, uneven_clip: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    live.begin(wish_for(uneven_clip, evil))
    dialog = asked(live, qtbot)
    click(dialog.yes)
    job = live._job
    assert job is not None
    assert job.wish.settings.trusted_sha256 == {sha256_of(evil)}
    assert not job.wish.settings.trust_checkpoint
    qtbot.waitUntil(lambda: live.state is None, timeout=LONG_MS)
    assert "is no YOLO checkpoint that can be loaded" in live.controls.notice.sentence
    assert not (tmp_path / "harm").exists()
    assert live._base.settings.trusted_sha256 == frozenset()

    click(live.controls.start)  # what it says now was wished for elsewhere
    asked(live, qtbot).reject()
    qtbot.waitUntil(lambda: not open_questions(live))
    live.controls.remember()
    live._base = replace(live._base, settings=LiveSettings())
    stored = QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "sdpose-track")
    assert "trust" not in "".join(f"{key}{stored.value(key)}" for key in stored.allKeys())


def test_a_file_that_is_exchanged_during_the_question_is_asked_about_again(
    live: LivePage, evil: Path, uneven_clip: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    live.begin(wish_for(uneven_clip, evil))
    dialog = asked(live, qtbot)
    evil.write_bytes(evil.read_bytes() + b"another")
    click(dialog.yes)
    qtbot.waitUntil(lambda: live.state is None, timeout=LONG_MS)
    again = asked(live, qtbot)
    assert sha256_of(evil)[:12] in again.informativeText()
    again.reject()
    assert not (tmp_path / "harm").exists()


def test_closing_the_window_is_a_no(
    window: MainWindow, live: LivePage, evil: Path, uneven_clip: Path, qtbot: QtBot
) -> None:
    live.begin(wish_for(uneven_clip, evil))
    asked(live, qtbot)
    window.close()
    assert live.state is None
    assert not open_questions(live)


def test_the_run_dialog_offers_known_models_only_whatever_the_settings_say(
    evil: Path, tmp_path: Path, own_cache: Path, preferences: Preferences, qtbot: QtBot
) -> None:
    place = own_cache / "models" / "evil.pt"
    place.parent.mkdir(exist_ok=True)
    shutil.copy(evil, place)
    form = RunForm(FrameClock(0, np.arange(10) / 25, Fraction(25)), None, tmp_path)
    qtbot.addWidget(form)
    try:
        for name in (str(evil), str(place), "evil"):
            form.restore({"pose": name, "detector": name, "device": "cpu"})
            machine = look_around()
            form.show_machine(machine)
            for box in (form.pose, form.detector):
                offered = [box.itemData(row) for row in range(box.count())]
                assert set(offered) <= {"auto", *machine.models}
                assert box.currentData() == "auto"
    finally:
        place.unlink()


def test_only_a_yes_is_told_and_it_names_the_hash(qtbot: QtBot) -> None:
    heard: list[str] = []
    for answer in ("no", "yes"):
        dialog = TrustDialog(UntrustedError("no", Path("/a/b.pt"), "0123456789abcdef" * 4))
        dialog.trusted.connect(heard.append)
        dialog.open()
        click(getattr(dialog, answer))
        assert heard == ([] if answer == "no" else ["0123456789abcdef" * 4])
