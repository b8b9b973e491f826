"""For the viewer's tests: settings of their own, and a check that no window is left behind."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from PyQt6.QtCore import QCoreApplication, QEvent, QSettings, QStandardPaths
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ui.preferences import Preferences

if TYPE_CHECKING:
    from ui.window.main_window import MainWindow


@pytest.fixture(autouse=True)
def own_settings(request: pytest.FixtureRequest) -> None:
    """Keep the settings of the viewer's tests away from the user's."""
    if request.path.parent.name != "ui":
        return
    QStandardPaths.setTestModeEnabled(True)
    folder = str(request.getfixturevalue("tmp_path") / "settings")
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, folder)


@pytest.fixture
def preferences(own_settings: None) -> Preferences:
    """Preferences that nobody has set."""
    return Preferences()


@pytest.fixture
def window(qtbot: QtBot, preferences: Preferences) -> Iterator[MainWindow]:
    """The viewer's window, shown and active, with nothing open."""
    from ui.window.main_window import MainWindow  # other tests need not wait for it

    window = MainWindow(preferences, asks=False)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    yield window
    window.close()
    window.deleteLater()


@pytest.fixture(scope="module", autouse=True)
def settled(request: pytest.FixtureRequest) -> None:
    """Leave what is there before a module out of its collections: torch alone is seconds each."""
    if request.path.parent.name == "ui":
        gc.collect()
        gc.freeze()


@pytest.fixture(autouse=True)
def collected_here(request: pytest.FixtureRequest, settled: None) -> Iterator[None]:
    """Collect garbage in this thread only, as the viewer does: see `ui.collecting`."""
    if request.path.parent.name != "ui":
        yield
        return
    gc.disable()
    yield
    gc.collect()
    gc.enable()


@pytest.fixture(autouse=True)
def no_window_left(nothing_left_behind: None) -> Iterator[None]:
    """Fail a test that leaves a window open."""
    yield
    if QApplication.instance() is None:
        return  # a test without windows
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    seen = [w for w in QApplication.topLevelWidgets() if w.isVisible()]
    left = [f"{type(w).__name__} “{w.windowTitle() or w.objectName()}”" for w in seen]
    assert not left, f"still open after the test: {left}"
