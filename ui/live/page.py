"""The page of live sources: what is chosen beside what is seen."""

from __future__ import annotations

import time
from dataclasses import replace

from PyQt6.QtCore import QTimer, pyqtSignal
from PyQt6.QtGui import QShowEvent
from PyQt6.QtWidgets import QHBoxLayout, QWidget

from sdpose_track.capture import Camera, list_cameras
from sdpose_track.errors import SettingsError, UntrustedError
from sdpose_track.live.records import LiveResult
from sdpose_track.live.sending import Way
from sdpose_track.live.wish import LiveWish, RecordWish
from ui.bridge import Lane
from ui.dialogs.fields import GAP
from ui.dialogs.trust import TrustDialog
from ui.figures.look import Look
from ui.jobs.bar import REFRESH_MS
from ui.jobs.job import State
from ui.jobs.wording import in_words
from ui.live.controls import Controls
from ui.live.job import LiveJob, Recorded
from ui.live.picture import EMPTY, PictureArea
from ui.live.sight import Sight
from ui.look.texts import capital, plural
from ui.preferences import Preferences

NO_CAMERA = "No camera was found: connect one and look again, or choose an address or a file"
OPENING = "Opening the source and loading the models …"
ENDED = "The source has ended."
NOT_LOADED = "{} is not known, and was not loaded."
TOLD_S = 6.0
"""For so long what was told of a connection stays upon pictures that come again."""


class LivePage(QWidget):
    """Chooses a source and shows what comes of it. `finish` ends every thread."""

    changed = pyqtSignal()
    """The run is at another state or (not) recorded, or the controls are shown or hidden."""
    ended_elsewhere = pyqtSignal(str)
    """A sentence: what has ended while another page was looked at."""
    open_wanted = pyqtSignal(str)
    """The path of a recording, to be looked at."""
    full_screen_wanted = pyqtSignal()

    def __init__(self, preferences: Preferences, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lane = Lane("live-cameras", self)
        self._is_listed = False
        self._job: LiveJob | None = None
        self._base = LiveWish(spec="")
        """What was wished for elsewhere: it says what the page does not offer."""
        self._told_at = 0.0
        self.controls = Controls(preferences)
        self.picture = PictureArea()
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self._show_stats)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * GAP, 2 * GAP, 2 * GAP, 2 * GAP)
        row.setSpacing(2 * GAP)
        row.addWidget(self.controls)
        row.addWidget(self.picture, 1)
        self._connect()
        self._show_state()

    def _connect(self) -> None:
        controls = self.controls
        controls.form.again.clicked.connect(self.look)
        controls.start.clicked.connect(self._pressed)
        for panel in (controls.record, controls.send):
            panel.complained.connect(self._show_controls)
        controls.mirror.toggled.connect(self.picture.set_mirrored)
        self.picture.set_mirrored(controls.mirror.isChecked())
        controls.record.wanted.connect(self._record)
        controls.record.unwanted.connect(self._end_recording)
        controls.record.open_wanted.connect(self.open_wanted)
        controls.send.changed.connect(self._send)
        self.picture.painted.connect(self._on_painted)
        self.picture.double_clicked.connect(self.full_screen_wanted)

    # -- what there is to look at ------------------------------------------------------------------

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802
        super().showEvent(event)
        if not self._is_listed:
            self.look()

    def look(self) -> None:
        """Look for cameras, not in this thread."""
        self._is_listed = True
        self.controls.form.again.setEnabled(False)
        self._lane.ask(list_cameras, self._show_cameras, topic="cameras")

    def _show_cameras(self, cameras: tuple[Camera, ...]) -> None:
        self.controls.form.offer(cameras)
        self.controls.form.again.setEnabled(True)
        if self._job is None:
            self.picture.say(EMPTY if cameras else NO_CAMERA)

    def toggle_controls(self) -> None:
        """Hide what stands beside the picture, or show it again."""
        self.controls.setVisible(self.controls.isHidden())
        self.changed.emit()

    def _show_controls(self) -> None:
        """Show them if they are hidden: there is something to read, or to do."""
        if self.controls.isHidden():
            self.toggle_controls()

    def set_look(self, look: Look) -> None:
        """Show of the people what `look` says."""
        self.picture.set_look(look)

    # -- starting and stopping ---------------------------------------------------------------------

    @property
    def state(self) -> State | None:
        """What the run is at; None: there is none."""
        return None if self._job is None else self._job.state

    @property
    def is_running(self) -> bool:
        """Something is looked at now."""
        return self.state is State.RUNNING

    @property
    def is_recording(self) -> bool:
        """What is looked at is also kept."""
        return self._job is not None and self._job.recording is not None

    def stop(self) -> None:
        """Ask the run to end, if there is one."""
        if self._job is not None:
            self._job.cancel()

    def begin(self, wish: LiveWish) -> None:
        """Start what is wished for elsewhere, in the place of what runs; the controls show it."""
        self._leave()
        self._base = wish
        self.controls.show_wish(wish)
        self._start(wish)

    def _pressed(self) -> None:
        if self._job is not None:
            self.stop()
            return
        try:
            wish = self.controls.wish(self._base)
        except SettingsError as error:
            self.controls.notice.say(capital(in_words(str(error))))
            return
        self.controls.remember()
        self._start(wish)

    def _start(self, wish: LiveWish) -> None:
        self.controls.notice.say("")
        self.picture.say(OPENING)
        self._job = job = LiveJob(wish, self)
        job.state_changed.connect(lambda _state: self._show_state())
        job.shown.connect(self._on_shown)
        job.noted.connect(self._on_noted)
        job.recording_changed.connect(self._on_recording)
        job.recorded.connect(self._on_recorded)
        job.not_recorded.connect(self.controls.record.refuse)
        job.not_sent.connect(self.controls.send.refuse)
        job.ended.connect(self._on_ended)
        self._show_state()
        job.start()

    def _on_ended(self, state: State, sentence: str | None) -> None:
        job = self._job
        self._leave()
        self._show_controls()  # with nothing to see, something is to be chosen
        if state is State.DONE:
            self.controls.notice.say(ENDED, wrong=False)
        elif job is not None and job.untrusted is not None:
            self.controls.notice.say(NOT_LOADED.format(job.untrusted.path.name))
            self._ask(job.wish, job.untrusted)
            return
        elif sentence is not None:
            self.controls.notice.say(capital(sentence))
        self._tell_elsewhere(self.controls.notice.sentence)

    def _ask(self, wish: LiveWish, untrusted: UntrustedError) -> None:
        """Ask whether a checkpoint may be loaded, and start with it then. It is not remembered."""

        def start(sha256: str) -> None:
            trusted = wish.settings.trusted_sha256 | {sha256}
            if self._job is None:
                self._start(replace(wish, settings=replace(wish.settings, trusted_sha256=trusted)))

        dialog = TrustDialog(untrusted, self)
        dialog.trusted.connect(start)
        dialog.open()

    def _on_recorded(self, recorded: Recorded) -> None:
        self.controls.record.show_recorded(recorded)
        self._tell_elsewhere(self.controls.record.notice.sentence)

    def _tell_elsewhere(self, sentence: str) -> None:
        if sentence and not self.isVisible():
            self.ended_elsewhere.emit(sentence)

    def _leave(self) -> None:
        """End what runs, and wait for that."""
        job, self._job = self._job, None
        if job is not None:
            self._timer.stop()
            job.close()
            job.deleteLater()
            self.controls.record.show_recording(None)
            if (session := job.recording) is not None:  # it ended with the job
                self.controls.record.show_recorded(Recorded(session, session.exists(), None))
            self.picture.say(EMPTY)
            self._show_state()

    def _show_state(self) -> None:
        self.controls.show_state(self.state)
        job = self._job
        if job is not None and job.run is not None and not self._timer.isActive():
            self._timer.start()
            self.controls.describe(job.run)
        self.changed.emit()

    # -- what comes of it --------------------------------------------------------------------------

    def _on_shown(self, sight: Sight) -> None:
        run = None if self._job is None else self._job.run
        if run is not None:
            self.picture.show_sight(sight, run.skeleton)
            if self.picture.told and time.monotonic() - self._told_at > TOLD_S:
                self.picture.tell("")

    def _on_painted(self, result: LiveResult) -> None:
        if self._job is not None:
            self._job.painted(result)

    def _on_noted(self, sentence: str) -> None:
        """Say something upon the picture: it stays while no other picture comes."""
        self._told_at, said = time.monotonic(), capital(sentence)
        if not self.controls.send.is_seen_to_say(said):
            self.picture.tell(said)

    def _show_stats(self) -> None:
        job = self._job
        stats = None if job is None else job.measured()
        if job is not None and stats is not None:
            self.controls.stats.show_stats(stats, job.wish.settings.latency_ms)
            if job.recording is not None and stats.recorded is not None:
                self.controls.record.show_count(job.recording, stats.recorded)
                self.picture.show_recorded(plural(stats.recorded, "frame"))

    # -- recording and sending ---------------------------------------------------------------------

    def _record(self, wish: RecordWish) -> None:
        if self._job is not None:
            self._job.record(wish)

    def _end_recording(self) -> None:
        if self._job is not None:
            self._job.end_recording()

    def _on_recording(self) -> None:
        recording = None if self._job is None else self._job.recording
        self.controls.record.show_recording(recording)
        self.controls.record.set_able(on=self.is_running)
        self.picture.show_recorded("" if recording is None else plural(0, "frame"))
        self.changed.emit()

    def _send(self, way: Way) -> None:
        if self._job is not None:
            self._job.send(way, self.controls.send.address(way))

    def finish(self) -> None:
        """End the run, whose recording is whole then, and every thread. Safe to call again."""
        self._leave()
        self._lane.close()
