"""Faults of the program: caught, told once, reported without anything private, never repeated."""

from __future__ import annotations

import faulthandler
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt6.QtCore import QObject, QTimer, pyqtSignal, qWarning
from PyQt6.QtGui import QPaintEvent
from PyQt6.QtWidgets import QApplication, QMainWindow, QWidget
from pytestqt.qtbot import QtBot

from ui import crash
from ui.crash_dialog import SENTENCE, CrashDialog

pytestmark = pytest.mark.logs_errors


class Bell(QObject):
    rung = pyqtSignal()


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's state folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "sdpose-track"


@pytest.fixture
def caught(qtbot: QtBot, qapp: QApplication, state: Path) -> Iterator[None]:
    """Whatever goes wrong is caught."""
    before = (sys.excepthook, threading.excepthook)
    crash.install(qapp)
    yield
    crash.uninstall()
    assert (sys.excepthook, threading.excepthook) == before


def dialogs() -> list[CrashDialog]:
    return [w for w in QApplication.topLevelWidgets() if isinstance(w, CrashDialog)]


def the_dialog(qtbot: QtBot) -> CrashDialog:
    qtbot.waitUntil(lambda: len(dialogs()) == 1 and dialogs()[0].isVisible())
    return dialogs()[0]


def fail(what: str = "a wheel came off") -> None:
    raise ValueError(what)


def test_an_exception_in_a_slot_is_told_and_the_program_goes_on(
    qtbot: QtBot, caught: None, caplog: pytest.LogCaptureFixture
) -> None:
    bell, heard = Bell(), list[str]()
    bell.rung.connect(fail)
    bell.rung.connect(lambda: heard.append("after"))
    bell.rung.emit()
    dialog = the_dialog(qtbot)
    assert dialog.sentence.text() == SENTENCE
    assert "ValueError: a wheel came off" in dialog.details.toPlainText()
    assert not dialog.details.isVisible()
    assert not dialog.isModal()
    assert heard == ["after"]
    assert "the program is at fault" in caplog.text


def test_an_exception_in_a_thread_names_the_thread(qtbot: QtBot, caught: None) -> None:
    thread = threading.Thread(target=fail, name="a-worker")
    thread.start()
    thread.join()
    assert "thread a-worker" in the_dialog(qtbot).details.toPlainText()


def test_later_faults_are_added_and_the_same_one_is_counted(qtbot: QtBot, caught: None) -> None:
    for _ in range(3):
        QTimer.singleShot(0, fail)
    QTimer.singleShot(0, lambda: fail("the brakes failed"))
    dialog = the_dialog(qtbot)
    qtbot.waitUntil(lambda: "the brakes failed" in dialog.details.toPlainText())
    text = dialog.details.toPlainText()
    assert text.count("a wheel came off") == 1
    assert "(3 times)" in text
    assert len(dialogs()) == 1
    assert dialog.fold.text() == "Details of 2 faults"


def test_a_fault_in_every_painting_opens_one_dialog(qtbot: QtBot, caught: None) -> None:
    class Broken(QWidget):
        def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802
            fail("in paint")

    broken = Broken()
    qtbot.addWidget(broken)
    broken.show()
    dialog = the_dialog(qtbot)
    for _ in range(5):
        broken.repaint()
    qtbot.waitUntil(lambda: "times)" in dialog.details.toPlainText())
    assert len(dialogs()) == 1


def test_a_fault_of_the_dialog_itself_is_not_told_for_ever(
    qtbot: QtBot, caught: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    told = []

    def broken(self: CrashDialog, traces: list[str]) -> None:
        told.append(len(traces))
        fail("while telling")

    monkeypatch.setattr(CrashDialog, "show_traces", broken)
    QTimer.singleShot(0, fail)
    qtbot.waitUntil(lambda: "while telling" in caplog.text)
    after = list[bool]()
    QTimer.singleShot(0, lambda: after.append(True))
    qtbot.waitUntil(lambda: bool(after))
    assert told == [1]
    for dialog in dialogs():
        dialog.close()


def test_after_the_dialog_is_closed_the_next_fault_opens_it_again(
    qtbot: QtBot, caught: None
) -> None:
    QTimer.singleShot(0, fail)
    the_dialog(qtbot).close()
    qtbot.waitUntil(lambda: not dialogs())
    QTimer.singleShot(0, lambda: fail("again"))
    assert "again" in the_dialog(qtbot).details.toPlainText()


def test_a_report_holds_versions_traces_and_messages_but_no_home_folder(
    qtbot: QtBot, caught: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "somebody"
    odd = f"{home / 'clip.mp4'} is odd"
    monkeypatch.setenv("HOME", str(home))
    qWarning("the plugin is old")
    QTimer.singleShot(0, lambda: fail(odd))
    dialog = the_dialog(qtbot)
    path = tmp_path / "report.txt"
    dialog.report_wanted.emit(path)
    text = path.read_text(encoding="utf-8")
    assert "Python: 3." in text
    assert "numpy " in text
    assert "ValueError: ~/clip.mp4 is odd" in text
    assert "warning: the plugin is old" in text
    assert "somebody" not in text
    assert str(path) in dialog.saved.text()


def test_a_report_that_cannot_be_written_is_told_in_a_sentence(
    qtbot: QtBot, caught: None, tmp_path: Path
) -> None:
    QTimer.singleShot(0, fail)
    dialog = the_dialog(qtbot)
    dialog.report_wanted.emit(tmp_path / "nowhere" / "report.txt")
    assert "cannot be written" in dialog.saved.text()
    assert dialog.isVisible()


def test_messages_of_qt_go_to_the_log(
    qtbot: QtBot, caught: None, caplog: pytest.LogCaptureFixture
) -> None:
    qWarning("something is odd")
    told = [(r.name, r.levelno, r.getMessage()) for r in caplog.records]
    assert ("ui.qt", logging.WARNING, "something is odd") in told


def test_an_interrupt_closes_the_windows(qtbot: QtBot, caught: None) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    window.show()

    def interrupt() -> None:
        raise KeyboardInterrupt

    QTimer.singleShot(0, interrupt)
    qtbot.waitUntil(lambda: not window.isVisible())
    assert not dialogs()


def test_a_hard_crash_leaves_a_trace_that_is_offered_once(
    qtbot: QtBot, qapp: QApplication, state: Path
) -> None:
    code = (
        "import os, signal\n"
        "from PyQt6.QtWidgets import QApplication\n"
        "from ui import crash\n"
        "app = QApplication(['x'])\n"
        "crash.install(app)\n"
        "assert crash.left_behind() is None\n"
        "os.kill(os.getpid(), signal.SIGSEGV)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env=os.environ, check=False, timeout=60)
    assert done.returncode != 0
    for expected in (True, False):
        crash.install(qapp)
        left = crash.left_behind()
        assert (left is not None) is expected
        assert crash.left_behind() is None
        crash.uninstall()
        if left is not None:
            assert "Segmentation fault" in left.read_text()


def test_a_state_folder_that_cannot_be_written_is_no_reason_to_stop(
    qtbot: QtBot, qapp: QApplication, state: Path
) -> None:
    state.parent.mkdir()
    state.write_text("a file where the folder belongs")
    crash.install(qapp)
    assert crash.left_behind() is None
    crash.uninstall()
    assert faulthandler.is_enabled()
