"""The application: one window, dressed, with Ctrl-C and crashes in good order."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PyQt6 import sip
from PyQt6.QtCore import QEventLoop, QSocketNotifier, QTimer
from PyQt6.QtWidgets import QApplication

from sdpose_track import __version__
from sdpose_track.cli.stopping import Stopping
from sdpose_track.errors import OutputError, SourceError
from sdpose_track.live.wish import LiveWish
from ui import crash, keys
from ui.collecting import Collector
from ui.document.document import Document
from ui.document.reading import Kind
from ui.look import theme
from ui.preferences import Preferences
from ui.window.banner import Tone
from ui.window.main_window import MainWindow

NAME = "sdpose-track"
LONGEST_WAIT_S = 120
"""For a window that is to be photographed."""
_ours: list[QApplication] = []
"""Keeps the application until Python ends: windows must not outlive it."""


def run(path: str | None, wish: LiveWish | None = None) -> int:
    """Open the window and return the exit code once it is closed.

    `path` is opened in it, or what is wished for is seen live.
    """
    app = application()
    crash.install(app)
    with _window() as window:
        window.show()
        trace = crash.left_behind()
        if trace is not None:
            window.banners.say(
                f"sdpose-track ended by a fault last time; what is known of it is in {trace}",
                Tone.NOTE,
            )
        with interruptible(window.interrupt) as stopping:
            if path is not None:
                window.open(path)
            if wish is not None:
                window.go_live(wish)
            code = app.exec()
        return stopping.exit_code if window.was_interrupted else code


def photograph(path: str | None, picture: Path) -> int:
    """Open the window, with `path` in it, and write a picture of it. Returns 0.

    Raises SourceError if `path` cannot be shown, OutputError if `picture` cannot be written.
    """
    with _window(asks=False) as window:
        window.keeps_settings = False
        window.resize(1280, 800)
        window.show()
        if path is not None:
            _wait_until_shown(window, path)
        if not window.grab().save(str(picture), "PNG"):
            raise OutputError(f"{picture} cannot be written; choose another --screenshot")
    return 0


@contextmanager
def _window(*, asks: bool = True) -> Iterator[MainWindow]:
    """Make the window; afterwards it is gone with all that is in it, before the application is."""
    app = application()
    preferences = Preferences()
    theme.apply(app, preferences.theme)
    collector = Collector(app)
    window = MainWindow(preferences, asks=asks)
    try:
        yield window
    finally:
        window.close()
        sip.delete(window)
        collector.stop()


def application() -> QApplication:
    """Return the application, which is made if there is none."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication([NAME])
        _ours.append(app)
        app.setApplicationName(NAME)
        app.setOrganizationName(NAME)
        app.setApplicationDisplayName(NAME)
        app.setApplicationVersion(__version__)
        keys.install(app)
    return app


def _wait_until_shown(window: MainWindow, path: str) -> None:
    """Open `path` and wait for its picture, people, lanes and doubts.

    Raises SourceError if it cannot be shown, KeyboardInterrupt at Ctrl-C.
    """
    loop, problems = QEventLoop(), list[BaseException]()
    document = window.document

    def end(problem: BaseException) -> None:
        problems.append(problem)
        loop.quit()

    def look() -> None:
        if _is_shown(document):
            QTimer.singleShot(0, loop.quit)  # and painted

    document.refused.connect(lambda sentence: end(SourceError(sentence)))
    for change in (
        document.poses_changed, document.pictures.arrived, document.review.doubts_changed,
        document.video_missing,
    ):  # fmt: skip
        change.connect(look)
    late = SourceError(f"{path} takes too long to open")
    QTimer.singleShot(1000 * LONGEST_WAIT_S, lambda: end(late))
    before = sys.excepthook
    sys.excepthook = lambda _kind, error, _trace: end(error)  # else Qt would abort the program
    try:
        with interruptible(lambda: end(KeyboardInterrupt())):
            window.open(path)
            loop.exec()
    finally:
        sys.excepthook = before
    if problems:
        raise problems[0]


def _is_shown(document: Document) -> bool:
    frame, pictures = document.player.frame, document.pictures
    picture = pictures.get(frame)
    is_sharp = picture is not None and not picture.is_sketch
    return (
        document.is_open
        and document.review.doubts is not None
        and (is_sharp or not (pictures.is_open or pictures.is_opening))
        and document.poses.at(frame, Kind.SMOOTH) is not None
    )


@contextmanager
def interruptible(interrupt: Callable[[], None]) -> Iterator[Stopping]:
    """Call `interrupt` at Ctrl-C or a logout, and end at once at a second Ctrl-C.

    Python hears of signals between its own lines only; Qt waits elsewhere, so the signal also wakes
    a socket that Qt listens to. What was under way then is done first: it may hold a lock.
    """
    stopping = Stopping(lambda: QTimer.singleShot(0, interrupt))
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setblocking(False)
    give_back = stopping.listen()
    awake = signal.set_wakeup_fd(theirs.fileno())
    number: Any = ours.fileno()  # the stubs want a pointer
    notifier = QSocketNotifier(number, QSocketNotifier.Type.Read)
    notifier.activated.connect(lambda: ours.recv(64))
    try:
        yield stopping
    finally:
        notifier.setEnabled(False)
        signal.set_wakeup_fd(awake)
        give_back()
        ours.close()
        theirs.close()
