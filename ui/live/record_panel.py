"""Recording what is seen: begun and ended at any time of a run, and where it goes."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from itertools import chain, count
from pathlib import Path

from PyQt6.QtCore import QStandardPaths, pyqtSignal
from PyQt6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from sdpose_track.errors import SettingsError
from sdpose_track.home import from_home
from sdpose_track.live.wish import RecordWish
from ui.dialogs.fields import GAP, FolderField, Notice, label
from ui.live.job import Recorded
from ui.look.icons import icon
from ui.look.texts import capital, plural
from ui.preferences import Preferences

_PURPOSE = "record"


class RecordPanel(QWidget):
    """A button that is down while something is recorded."""

    wanted = pyqtSignal(object)
    """RecordWish: begin."""
    unwanted = pyqtSignal()
    """End."""
    open_wanted = pyqtSignal(str)
    """The path of a recording, to be looked at."""
    complained = pyqtSignal()
    """Something is wrong, and told here."""

    def __init__(
        self,
        preferences: Preferences,
        parent: QWidget | None = None,
        *,
        now: Callable[[], datetime] = datetime.now,
    ) -> None:
        """`now` names the recordings."""
        super().__init__(parent)
        self._preferences, self._now = preferences, now
        self._recorded: Path | None = None
        self._is_waiting = False
        """For what was asked last: it may take seconds."""
        self.record = QPushButton("&Record")
        self.video = QCheckBox("with the pictures")
        self.folder = FolderField(Path(from_home(_folder(preferences))))
        self.told = label(muted=True)
        self.notice = Notice()
        self.open = QPushButton("&Open the Recording")
        self._dress()
        self._lay_out()
        self.record.clicked.connect(self._pressed)
        self.open.clicked.connect(self._open)
        self.show_recording(None)
        self.set_able(on=False)

    def _dress(self) -> None:
        self.record.setIcon(icon("record"))
        self.record.setCheckable(True)
        self.record.setAutoDefault(False)
        self.record.setToolTip("Keep what is seen from now on as a session, until pressed again")
        self.video.setToolTip(
            "Keep the pictures too, in a video beside the session; without them only the poses"
        )
        self.video.setAccessibleName("Record with the pictures")
        self.folder.line.setAccessibleName("Folder of the recordings")
        self.folder.line.setToolTip("Where recordings go; each gets the time as its name")
        self.open.setToolTip("Look at the recording, as at any other session")
        self.open.setAutoDefault(False)
        self.open.hide()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(GAP)
        row.addWidget(self.record, 1)
        row.addWidget(self.video)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addLayout(row)
        column.addWidget(self.folder)
        column.addWidget(self.notice)
        column.addWidget(self.told)
        column.addWidget(self.open)

    def set_able(self, *, on: bool) -> None:
        """Let recordings begin, or not: while nothing runs there is nothing to record."""
        self.record.setEnabled(on)

    def toggle(self) -> None:
        """Begin or end, as a press of the button does."""
        self.record.click()

    def _pressed(self, on: bool) -> None:
        if self._is_waiting:  # not disabled meanwhile: that would take the keyboard elsewhere
            self.record.setChecked(not on)
            return
        if not on:
            self._is_waiting = True  # until it is whole
            self.unwanted.emit()
            return
        try:
            folder = self.folder.chosen()
        except SettingsError:
            self.refuse("Choose a folder for the recording.")
            return
        session = _free(folder, f"live_{self._now():%Y-%m-%d_%H-%M-%S}")
        self._is_waiting = True
        self.wanted.emit(RecordWish(session=session, video=self.video.isChecked()))

    def _open(self) -> None:
        if self._recorded is not None:
            self.open_wanted.emit(str(self._recorded))

    # -- what becomes of it ------------------------------------------------------------------------

    def show_recording(self, session: Path | None) -> None:
        """Show that something is recorded; None: nothing is."""
        is_on = session is not None
        self._is_waiting = False
        self.record.setChecked(is_on)
        self.record.setText("Stop &Recording" if is_on else "&Record")
        self.video.setEnabled(not is_on)
        self.folder.setEnabled(not is_on)
        if session is not None:
            self._preferences.set_folder(_PURPOSE, str(session.parent))
            self.notice.say("")
            self.show_count(session, 0)
            self.open.hide()
        elif self._recorded is None:
            self.told.hide()

    def show_count(self, session: Path, frames: int) -> None:
        """Show how much is recorded."""
        self.told.setText(f"{session.name}: {plural(frames, 'frame')}")
        self.told.setToolTip(str(session))
        self.told.show()

    def show_recorded(self, recorded: Recorded) -> None:
        """Tell what became of a recording, and offer it if it is there."""
        session = recorded.session
        self._recorded = session if recorded.is_there else None
        self.told.setText(f"Recorded: {session.name}")
        self.told.setVisible(recorded.is_there)
        self.open.setVisible(recorded.is_there)
        self.notice.say(capital(recorded.why_ended or ""))
        if recorded.why_ended:
            self.complained.emit()

    def refuse(self, sentence: str) -> None:
        """Tell why nothing is recorded."""
        self._is_waiting = False
        self.record.setChecked(False)
        self.notice.say(capital(sentence))
        self.complained.emit()


def _free(folder: Path, stem: str) -> Path:
    """Return a session in `folder` that is not there yet, nor its video."""
    stems = chain([stem], (f"{stem}_{number}" for number in count(2)))
    sessions = (folder / f"{stem}.sdpose" for stem in stems)
    return next(
        session
        for session in sessions
        if not any(map(os.path.exists, (session, session.with_suffix(".mp4"))))
    )


def _folder(preferences: Preferences) -> Path:
    """Return where recordings went last, or the folder for videos of this system."""
    place = QStandardPaths.StandardLocation.MoviesLocation
    last = preferences.folder(_PURPOSE) or QStandardPaths.writableLocation(place)
    return Path(last or Path.home())
