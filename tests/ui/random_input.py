"""Presses keys, clicks, drags and opens files, as chance has it, in the real window.

PYTHONPATH=.:tests:tests/ui python tests/ui/random_input.py --seconds 600 --seed 1 FILE...

Each FILE is copied before it is opened. Ends with 1 at the first warning of Qt's, exception or
error in the log; the seed tells it all again, as far as threads allow.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import shutil
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from hands import PLAIN, click, double_click, drag, press, wait
from PyQt6 import sip
from PyQt6.QtCore import QPoint, QSettings, Qt, QTimer, QtMsgType, qInstallMessageHandler
from PyQt6.QtGui import QKeySequence
from PyQt6.QtWidgets import QApplication, QDialog, QFileDialog, QWidget

from ui.actions import COMMANDS
from ui.window.main_window import MainWindow

NEVER = {"quit"}
_MODIFIERS = (PLAIN, PLAIN, PLAIN, Qt.KeyboardModifier.ShiftModifier,
              Qt.KeyboardModifier.ControlModifier)  # fmt: skip
UNSTICK_MS = 500
_HARMLESS = "This plugin does not support"


class Hand:
    """Does one thing after another to a window."""

    def __init__(self, window: MainWindow, files: Sequence[Path], seed: int) -> None:
        self._window = window
        self._files = files
        self._chance = random.Random(seed)
        self.done: Counter[str] = Counter()
        self._seen = -1
        self._unstick = QTimer()
        self._unstick.timeout.connect(self._close_what_waits)
        self._unstick.start(UNSTICK_MS)
        self._deeds: tuple[tuple[int, Callable[[], None]], ...] = (
            (40, self._command), (20, self._key), (25, self._click), (12, self._drag),
            (8, self._double_click), (2, self._open), (6, self._escape), (1, self._resize),
        )  # fmt: skip
        keys = [key for name in COMMANDS if name not in NEVER for key in COMMANDS[name].keys]
        self._keys = [QKeySequence(key)[0] for key in keys]

    def rest(self) -> None:
        """Do nothing more."""
        self._unstick.stop()

    def _close_what_waits(self) -> None:
        """Close a menu that a click has opened: it waits for an end that the hand cannot give."""
        count = sum(self.done.values())
        if count == self._seen:
            popup, dialog = QApplication.activePopupWidget(), QApplication.activeModalWidget()
            if popup is not None:
                popup.close()
            elif isinstance(dialog, QDialog):
                dialog.reject()
        self._seen = count

    def act(self) -> None:
        """Do something."""
        weights = [weight for weight, _ in self._deeds]
        (deed,) = self._chance.choices([deed for _, deed in self._deeds], weights)
        self.done[deed.__name__.strip("_")] += 1
        deed()

    def _top(self) -> QWidget:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        top = app.activePopupWidget() or app.activeModalWidget() or self._window
        if isinstance(top, QFileDialog):
            top.reject()  # nothing of the disk's is touched
            return self._window
        return top

    def _somewhere(self) -> tuple[QWidget, QPoint] | None:
        top = self._top()
        seen = [w for w in top.findChildren(QWidget) if w.isVisible() and not w.isWindow()]
        widget = self._chance.choice(seen) if seen else top
        if not widget.isVisible() or widget.width() < 2 or widget.height() < 2:
            return None
        x, y = self._chance.randrange(widget.width()), self._chance.randrange(widget.height())
        return widget, QPoint(x, y)

    def _command(self) -> None:
        combination = self._chance.choice(self._keys)
        self._press(combination.key(), combination.keyboardModifiers())

    def _key(self) -> None:
        key = self._chance.choice((
            Qt.Key.Key_Tab, Qt.Key.Key_Backtab, Qt.Key.Key_Return, Qt.Key.Key_Up, Qt.Key.Key_Down,
            Qt.Key.Key_Space, Qt.Key.Key_7, Qt.Key.Key_A, Qt.Key.Key_Delete, Qt.Key.Key_Left,
        ))  # fmt: skip
        self._press(key, self._chance.choice(_MODIFIERS))

    def _press(self, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> None:
        top = self._top()
        focus = QApplication.focusWidget()
        target = focus if focus is not None and top.isAncestorOf(focus) else top
        press(target, key, modifiers)

    def _click(self) -> None:
        place = self._somewhere()
        if place is not None:
            click(*place, self._chance.choice(_MODIFIERS))

    def _double_click(self) -> None:
        place = self._somewhere()
        if place is not None:
            double_click(*place)

    def _drag(self) -> None:
        one = self._somewhere()
        if one is not None:
            widget, start = one
            by = QPoint(self._chance.randint(-200, 200), self._chance.randint(-100, 100))
            drag(widget, start, start + by)

    def _open(self) -> None:
        self._top()
        self._window.open(str(self._chance.choice(self._files)))

    def _escape(self) -> None:
        press(self._top(), Qt.Key.Key_Escape)

    def _resize(self) -> None:
        self._window.resize(self._chance.randint(700, 1600), self._chance.randint(500, 1000))


class Watch(logging.Handler):
    """Collects what must not happen."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.faults: list[str] = []

    def __enter__(self) -> Watch:
        logging.getLogger().addHandler(self)
        qInstallMessageHandler(self._heard)
        self._hook, sys.excepthook = sys.excepthook, self._raised
        return self

    def __exit__(self, *_: object) -> None:
        sys.excepthook = self._hook
        qInstallMessageHandler(None)
        logging.getLogger().removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.faults.append(f"log: {record.getMessage()}")

    def _heard(self, kind: QtMsgType, _context: object, text: str | None) -> None:
        is_warning = kind not in (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg)
        if is_warning and _HARMLESS not in (text or ""):
            self.faults.append(f"Qt: {text}")

    def _raised(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        self._hook(kind, error, trace)
        self.faults.append(f"{kind.__name__}: {error}")


def play(
    window: MainWindow, files: Sequence[Path], seed: int, until: Callable[[int], bool]
) -> Hand:
    """Do things until `until` of their number says so, or something is wrong."""
    hand = Hand(window, files, seed)
    with Watch() as watch:
        count = 0
        while not until(count) and not watch.faults:
            hand.act()
            count += 1
            wait(1)
        hand.rest()
        for dialog in window.findChildren(QFileDialog):
            dialog.reject()
    assert not watch.faults, (watch.faults, hand.done)
    return hand


def copies(files: Sequence[Path], folder: Path) -> list[Path]:
    """Return copies of files, which may be changed."""
    return [Path(shutil.copy(file, folder / file.name)) for file in files]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    warnings.simplefilter("error")
    from ui.app import application
    from ui.collecting import Collector
    from ui.preferences import Preferences

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        QSettings.setPath(
            QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(folder / "settings")
        )
        app = application()
        files = copies(options.files, folder)
        os.chdir(folder)
        collector = Collector(app)
        window = MainWindow(Preferences())
        window.show()
        end = time.monotonic() + options.seconds
        hand = play(window, files, options.seed, lambda _count: time.monotonic() > end)
        window.close()
        sip.delete(window)
        collector.stop()
    sys.stdout.write(f"{sum(hand.done.values())} deeds, no harm done: {dict(hand.done)}\n")


if __name__ == "__main__":
    main()
