"""Takes the pictures of the viewer that the documents show, from the demo's session.

sdpose-track demo --out demo_poses
PYTHONPATH=. xvfb-run -a -s "-screen 0 2560x1600x24" python docs/screenshots.py demo_poses FOLDER

QT_SCALE_FACTOR=2 takes them at twice the scale.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from PyQt6 import sip
from PyQt6.QtCore import QEventLoop, QSettings, QTimer
from PyQt6.QtWidgets import QApplication, QDialog

from sdpose_track.capture import CaptureSettings
from sdpose_track.live.wish import LiveWish
from ui.app import application
from ui.look import theme
from ui.preferences import Preferences
from ui.window.main_window import MainWindow


def live(seconds: float) -> None:
    """Let the windows live for a while."""
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def wait_until(is_so: Callable[[], bool]) -> None:
    """Let the windows live until something is so."""
    end = time.monotonic() + 60
    while not is_so() and time.monotonic() < end:
        live(0.02)


class Photographer:
    """One window, shown in many states."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self.window = MainWindow(Preferences(), asks=False)
        self.window.keeps_settings = False
        self.window.resize(1280, 800)
        self.window.show()
        live(0.5)

    def open(self, path: Path, frame: int) -> None:
        """Open something and go to a frame."""
        document = self.window.document
        self.window.open(str(path))
        wait_until(lambda: document.is_open and document.pictures.is_open)
        wait_until(lambda: document.review.doubts is not None)
        document.player.seek(frame)
        wait_until(lambda: self.window.canvas.shown_frame == frame)
        live(1.0)

    def take(self, what: str) -> None:
        """Write a picture of the dialog that is open, which is closed then, or of the window."""
        live(0.6)
        self._folder.mkdir(parents=True, exist_ok=True)
        dialog = QApplication.activeModalWidget()
        seen = self.window if dialog is None else dialog
        seen.grab().save(str(self._folder / f"{self._name}_{what}.png"))
        if isinstance(dialog, QDialog):
            dialog.reject()


def photograph(demo: Path, folder: Path, name: str) -> None:
    """Take every picture in the theme that is worn."""
    photographer = Photographer(folder, name)
    try:
        photographer.take("empty")
        photographer.window.open(str(demo / "absent.mp4"))
        live(0.5)
        photographer.take("error")
        _of_people(photographer, demo)
        _of_dialogs(photographer, demo)
        _of_live(photographer, demo)
    finally:
        photographer.window.close()
        sip.delete(photographer.window)


def _of_people(photographer: Photographer, demo: Path) -> None:
    window = photographer.window
    actions, player = window.commands_table, window.document.player
    photographer.open(demo / "bus.sdpose", 30)
    window.document.people.choose(2)
    photographer.take("people")
    player.play()
    wait_until(lambda: player.frame >= 60)
    photographer.take("playing")
    player.pause()
    actions["compare-side-by-side"].trigger()
    photographer.take("side_by_side")
    actions["compare-blended"].trigger()
    actions["show-trails"].trigger()
    photographer.take("blended_trails")
    actions["show-trails"].trigger()
    actions["compare-smoothed"].trigger()
    actions["panel-plots"].trigger()
    live(4)
    photographer.take("plots")
    actions["panel-plots"].trigger()


def _of_dialogs(photographer: Photographer, demo: Path) -> None:
    actions = photographer.window.commands_table
    for name in ("export", "shortcuts"):
        actions[name].trigger()
        live(1)
        photographer.take(name)
    photographer.open(demo / "bus.mp4", 10)
    actions["track"].trigger()
    live(3)
    photographer.take("track")


def _of_live(photographer: Photographer, demo: Path) -> None:
    window = photographer.window
    capture = CaptureSettings(realtime=True, loop=True)
    window.go_live(LiveWish(spec=str(demo / "bus.mp4"), capture=capture))
    wait_until(lambda: window.live.picture.result is not None)
    live(12)  # what is shown of latency is of the last ten seconds
    photographer.take("live")
    window.show_live(on=False)
    window.live.finish()


def main(demo: Path, folder: Path) -> None:
    """Take the pictures in both themes."""
    settings = str(folder / "settings")
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, settings)
    app = application()
    for worn in (theme.Theme.DARK, theme.Theme.LIGHT):
        theme.apply(app, worn)
        photograph(demo, folder, worn.value)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
