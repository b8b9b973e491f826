"""When the program itself is at fault: it goes on, says so once, and offers a report.

Three kinds of faults end here: exceptions that nobody caught, in any thread; what Qt complains of;
and hard crashes, whose trace is left in a file and offered at the next start. A report holds
versions and tracebacks, never a picture or the content of a file.
"""

from __future__ import annotations

import faulthandler
import logging
import sys
import threading
import traceback
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import TextIO

import platformdirs
from PyQt6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler
from PyQt6.QtWidgets import QApplication

from ui.bridge import Doorbell
from ui.crash_dialog import CrashDialog
from ui.versions import PROGRAM, packages, system

LOG = logging.getLogger(__name__)
QT_LOG = logging.getLogger("ui.qt")
MOST_TRACES = 20
"""Different ones that are kept; a fault that comes again is only counted."""
MOST_MESSAGES = 50
"""Of Qt, the last ones."""
TRACE, LEFT = "hard-crash.txt", "last-hard-crash.txt"
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


def install(app: QApplication) -> None:
    """Catch what nobody else does, until the application ends. Again: nothing changes."""
    if not _installed:
        _installed.append(_Catcher(app))


def uninstall() -> None:
    """Let everything be as before `install`."""
    while _installed:
        _installed.pop().close()


def left_behind() -> Path | None:
    """Return the trace of a hard crash of an earlier run; told once, and after `install`."""
    return _installed[0].hard.take_left() if _installed else None


def report(traces: list[str], messages: list[str]) -> str:
    """Return the text of a report; the user's home folder is written `~`."""
    lines = [f"{PROGRAM}: report of a crash", ""]
    lines += [f"{what}: {version}" for what, version in system()]
    lines += ["", *(f"{part.name} {part.version}" for part in packages() if part.purpose)]
    for trace in traces:
        lines += ["", trace.rstrip()]
    lines += ["", "Last messages of Qt:", *(messages or ["none"])]
    return "\n".join(lines).replace(str(Path.home()), "~") + "\n"


class _Catcher:
    """The hooks, and what was caught."""

    def __init__(self, app: QApplication) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}
        self._messages: deque[str] = deque(maxlen=MOST_MESSAGES)
        self._wants_end = False
        self._dialog: CrashDialog | None = None
        self._bell = Doorbell(app)
        self._bell.rung.connect(self._tell)
        self.hard = _HardCrashes(Path(platformdirs.user_state_dir(PROGRAM)))
        self._before = (sys.excepthook, threading.excepthook)
        sys.excepthook = self._on_exception
        threading.excepthook = self._on_thread
        self._qt_before = qInstallMessageHandler(self._on_message)
        app.aboutToQuit.connect(uninstall)

    def close(self) -> None:
        """Take the hooks away."""
        sys.excepthook, threading.excepthook = self._before
        qInstallMessageHandler(self._qt_before)
        self.hard.close()
        self._app.aboutToQuit.disconnect(uninstall)
        self._bell.rung.disconnect(self._tell)
        self._bell.deleteLater()
        if self._dialog is not None:
            self._dialog.close()

    # -- from any thread ---------------------------------------------------------------------------

    def _on_exception(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        self._catch(kind, error, trace, "the window's thread")

    def _on_thread(self, what: threading.ExceptHookArgs) -> None:
        name = what.thread.name if what.thread is not None else "a thread that is gone"
        if what.exc_value is not None and not issubclass(what.exc_type, SystemExit):
            self._catch(what.exc_type, what.exc_value, what.exc_traceback, f"thread {name}")

    def _catch(
        self,
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType | None,
        where: str,
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._wants_end = True
        else:
            text = f"In {where}:\n{''.join(traceback.format_exception(kind, error, trace))}"
            with self._lock:
                times = self._counts.get(text, 0)
                if times or len(self._counts) < MOST_TRACES:
                    self._counts[text] = times + 1
            if not times:
                LOG.critical("the program is at fault", exc_info=(kind, error, trace))
        self._bell.ring()

    def _on_message(self, kind: QtMsgType, where: QMessageLogContext, text: str | None) -> None:
        level = _LEVELS.get(kind, logging.WARNING)
        self._messages.append(f"{logging.getLevelName(level).lower()}: {text}")
        QT_LOG.log(level, "%s", text, extra={"category": where.category})

    # -- in the window's thread --------------------------------------------------------------------

    def _tell(self) -> None:
        if self._wants_end:
            self._wants_end = False
            self._app.closeAllWindows()
            self._app.quit()
            return
        try:
            self._show()
        except Exception:  # boundary: raised, it would come back here and be told for ever
            LOG.critical("a fault cannot be told", exc_info=True)

    def _show(self) -> None:
        if self._dialog is None:
            self._dialog = CrashDialog(self._app.activeWindow())
            self._dialog.report_wanted.connect(self._save)
            self._dialog.destroyed.connect(self._forget)
        self._dialog.show_traces(self._traces())
        self._dialog.show()

    def _traces(self) -> list[str]:
        with self._lock:
            return [f"{text}({count} times)\n" if count > 1 else text
                    for text, count in self._counts.items()]  # fmt: skip

    def _save(self, path: Path) -> None:
        text = report(self._traces(), list(self._messages))
        if self._dialog is not None:
            self._dialog.tell_saved(path, _written(path, text))

    def _forget(self) -> None:
        self._dialog = None


class _HardCrashes:
    """A file into which Python writes a trace when the process is killed by a fault."""

    def __init__(self, folder: Path) -> None:
        self._file: TextIO | None = None
        self._left: Path | None = None
        self._was_enabled = faulthandler.is_enabled()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._left = _set_aside(folder)
            self._file = (folder / TRACE).open("a", encoding="utf-8")  # another run may have it too
        except OSError as error:
            LOG.warning("%s cannot be written, so a hard crash leaves no trace: %s", folder, error)
            return
        faulthandler.enable(self._file)

    def take_left(self) -> Path | None:
        left, self._left = self._left, None
        return left

    def close(self) -> None:
        if self._file is None:
            return
        if self._was_enabled and sys.__stderr__ is not None:
            faulthandler.enable(sys.__stderr__)
        else:
            faulthandler.disable()
        self._file.close()


def _set_aside(folder: Path) -> Path | None:
    """Rename the trace of an earlier run, if there is one, and return it."""
    trace, left = folder / TRACE, folder / LEFT
    if not trace.exists() or not trace.stat().st_size:
        return None
    trace.replace(left)
    return left


def _written(path: Path, text: str) -> str:
    """Write a report and return nothing; or why that cannot be done."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        return f"{path} cannot be written ({error.strerror}); choose another folder"
    return ""


_installed: list[_Catcher] = []
"""The one that is at work, or none."""
