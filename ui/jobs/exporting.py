"""Exports inside the window: what the command line writes, on a thread, told in signals."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from PyQt6.QtCore import QObject, pyqtSignal

from sdpose_track.errors import SdposeError, StageError
from sdpose_track.export import destination, export
from sdpose_track.export.files import explained
from sdpose_track.session.recording import Recording
from sdpose_track.session.view import View
from ui.bridge import Doorbell
from ui.jobs.job import Job, State, StoppedError
from ui.jobs.wishes import ExportWish

log = logging.getLogger(__name__)

SHARES = 1000
"""Steps of the progress of a whole job."""


class Planned(NamedTuple):
    """A file or folder that an export will write."""

    path: Path
    is_there: bool
    """It will be replaced."""


def planned(wish: ExportWish) -> tuple[Planned, ...]:
    """Return what an export would write, in order. Reads the session; not for the GUI thread.

    Raises SettingsError, SessionError, OutputError as the export itself would.
    """
    with Recording.open(wish.session) as recording:
        paths = [
            destination(view, name, wish.folder, wish.session.stem, wish.options)
            for view in _views(recording, wish)
            for name in wish.formats
        ]
    return tuple(Planned(path, _is_there(path)) for path in paths)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:  # such as a name that is too long
        raise explained(path, error) from error


def _views(recording: Recording, wish: ExportWish) -> Iterator[View]:
    """Yield what is exported: one view, or one of each person."""
    frames = wish.frames
    everybody = View(recording, wish.smoothing, wish.people, frames=frames)
    if not wish.each:
        yield everybody
        return
    repairs = everybody.repairs
    for track_id in everybody.track_ids:
        yield View(recording, wish.smoothing, [track_id], repairs=repairs, frames=frames)


class _Work:
    """Writes the files on the lane's thread; `stop` and `now` may be called from others."""

    def __init__(self, wish: ExportWish, tell: Callable[[], None]) -> None:
        """`tell` is called on the lane's thread whenever `now` has changed."""
        self._wish = wish
        self._tell = tell
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._written: list[Path] = []
        self._share, self._name = 0.0, ""

    def stop(self) -> None:
        """End at the next report of a format; what it was writing is taken away."""
        self._stopping.set()

    def now(self) -> tuple[float, str, tuple[Path, ...]]:
        """Return the share that is done (0..1), the format being written, and what is written."""
        with self._lock:
            return self._share, self._name, tuple(self._written)

    def write(self) -> None:
        """Write everything. Raises SdposeError, StoppedError after `stop`."""
        try:
            self._write()
        except SdposeError:
            raise
        except Exception as error:  # boundary: a format that fails is told like any other reason
            log.exception("the export failed")
            raise StageError(f"{self._name or 'reading'} export", error) from error

    def _write(self) -> None:
        wish = self._wish
        with Recording.open(wish.session) as recording:
            tasks = [(view, name) for view in _views(recording, wish) for name in wish.formats]
            for number, (view, name) in enumerate(tasks):
                self._report(number / len(tasks), name)
                options = replace(wish.options, progress=self._progress(number, len(tasks), name))
                path = export(view, name, wish.folder, wish.session.stem, options)
                with self._lock:
                    self._written.append(path)
        self._report(1.0, "")

    def _progress(self, number: int, count: int, name: str) -> Callable[[int, int], None]:
        def progress(done: int, total: int) -> None:
            self._report((number + done / max(total, 1)) / count, name)

        return progress

    def _report(self, share: float, name: str) -> None:
        if self._stopping.is_set() and share < 1:
            raise StoppedError
        with self._lock:
            self._share, self._name = share, name
        self._tell()


class ExportJob(Job):
    """Writes a session in one or more formats.

    A file is there whole or not at all, also after a cancel; those before it stay.
    """

    progressed = pyqtSignal(int, int, str)
    """Done of `SHARES`, `SHARES`, and the name of the format that is being written."""
    written = pyqtSignal(object)
    """Path: one more is whole."""
    ended = pyqtSignal(object, object)
    """List of paths that were written, and why it failed, else None. Always last, sent once."""

    def __init__(self, wish: ExportWish, parent: QObject | None = None) -> None:
        super().__init__(f"Exporting {wish.session.name}", "export", parent)
        self.wish = wish
        self.total = SHARES
        self._bell = Doorbell(self)
        self._bell.rung.connect(self._on_progress)
        self._work = _Work(wish, self._bell.ring)

    def start(self) -> None:
        """Begin."""
        self._enter(State.RUNNING)
        self._lane.ask(
            self._work.write,
            lambda _none: self._end(State.DONE, None),
            self._on_failed,
            fell=self._on_fault,
        )

    def _stop(self) -> None:
        self._work.stop()

    def _on_progress(self) -> None:
        if self.state.is_over:
            return
        share, name, written = self._work.now()
        new = written[len(self.results) :]
        self.results = written
        for path in new:
            self.written.emit(path)
        self._move(round(share * SHARES), SHARES, name)
        self.progressed.emit(self.done, SHARES, name)

    def _end(self, state: State, sentence: str | None) -> None:
        self._on_progress()
        self._lane.close()
        self.sentence = sentence
        self._enter(state)
        self.ended.emit(list(self.results), sentence)
