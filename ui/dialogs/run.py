"""The dialog that asks how a video is to be tracked, before anything is begun."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from PyQt6.QtCore import QTimer, pyqtSignal
from PyQt6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from sdpose_track.cli.track import stem_of
from sdpose_track.errors import SdposeError, SettingsError
from sdpose_track.home import at_home
from sdpose_track.records import SourceInfo
from ui.bridge import Lane
from ui.dialogs.fields import GAP, Notice, label, scrolled
from ui.dialogs.found_panel import FoundPanel
from ui.dialogs.run_facts import AUTO, SECONDS_ON_CPU, Found, Machine, Model, look_around, look_at
from ui.dialogs.run_form import RunForm
from ui.document.clock import FrameClock
from ui.jobs.wishes import RunWish
from ui.jobs.wording import in_words, option_of, time_text
from ui.look.texts import frames_per_second, plural, timecode
from ui.preferences import Preferences

_REMEMBERED = "run"
"""Under which name `Preferences` has what was chosen."""
LOOK_AFTER_MS = 200
"""Between the last key in the folder's name and a look into it."""


class RunDialog(QDialog):
    """Asks which models, where and how; ends with a wish, or with a session to open."""

    wished = pyqtSignal(object)
    """RunWish: the user wants this run."""
    open_wished = pyqtSignal(object)
    """Path: the user wants the session that is there already."""
    handed_over = pyqtSignal(object)
    """FetchJob: it is running, and this dialog has gone."""

    def __init__(
        self,
        info: SourceInfo,
        clock: FrameClock,
        marked: range | None = None,
        preferences: Preferences | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """`info.name` is the path of the source; `marked` its frames between the marks, if set.

        `preferences` know what was chosen last.
        """
        super().__init__(parent)
        self._info, self._clock = info, clock
        self._preferences = preferences
        self._machine: Machine | None = None
        self._found: Found | None = None
        self._looked_at: Path | None = None
        self._answered: Path | None = None
        """The session that `_found` tells of."""
        self._trouble = ""
        """Why nobody can look what is at `_looked_at`."""
        self.setWindowTitle("Track people")
        self._stem = stem_of(info.name)
        folder = at_home(info.name).absolute().parent / f"{self._stem}_poses"
        self.form = RunForm(clock, marked, folder)
        self.found = FoundPanel()
        self.notice = Notice()
        self.sentence = label("Looking which models are here…")
        self._lay_out()
        self._lane = Lane("run-dialog", self)
        self._lane.refused.connect(self.notice.say)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(LOOK_AFTER_MS)
        self._pause.timeout.connect(self._look)
        self.form.changed.connect(self._refresh)
        self.form.fetch.fetched.connect(self._look_around)
        self.found.open_button.clicked.connect(self._open)
        self.found.resume_button.clicked.connect(self._resume)
        if preferences is not None:
            self.form.restore(preferences.choices(_REMEMBERED))
        self._look_around()
        self._refresh()

    def _lay_out(self) -> None:
        self.start_button = QPushButton("Start")
        self.start_button.setDefault(True)
        self.start_button.clicked.connect(self._start)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        buttons.addButton(self.start_button, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GAP, 2 * GAP, 2 * GAP, 2 * GAP)
        column.setSpacing(GAP)
        column.addWidget(label(Path(self._info.name).name, bold=True))
        column.addWidget(label(_described(self._info), muted=True))
        column.addWidget(self.found)
        column.addWidget(scrolled(self.form), 1)
        column.addWidget(self.sentence)
        column.addWidget(self.notice)
        column.addWidget(buttons)
        self.resize(self.fontMetrics().averageCharWidth() * 110, self.fontMetrics().height() * 36)

    # -- what there is ---------------------------------------------------------------------------

    def _look_around(self) -> None:
        self._lane.ask(look_around, self._on_machine)

    def _on_machine(self, machine: Machine) -> None:
        self._machine = machine
        self.form.show_machine(machine)
        self._refresh()

    def _look(self) -> None:
        session, info = self._session(), self._info
        if session is not None:
            self._looked_at, self._trouble = session, ""
            self._lane.ask(
                lambda: look_at(session, info),
                lambda found: self._on_found(session, found),
                self._on_trouble,
                topic="session",
            )

    def _on_trouble(self, error: SdposeError) -> None:
        self._trouble = str(error)
        self._refresh()

    def _on_found(self, session: Path, found: Found | None) -> None:
        self._answered, self._found = session, found
        self.found.show_session(found)
        self._refresh()

    def _session(self) -> Path | None:
        try:
            return self.form.folder.chosen() / f"{self._stem}.sdpose"
        except SettingsError:
            return None

    # -- what is wished for ----------------------------------------------------------------------

    def _refresh(self) -> None:
        """Say what will happen, or what is wrong."""
        if self._session() != self._looked_at:
            self._pause.start()  # and until then nobody knows what would be replaced
        self.start_button.setText("Start anew" if self._found is not None else "Start")
        try:
            wish = self.wish()
        except SettingsError as error:
            self._complain(str(error))
            return
        trouble = self._trouble if self._session() == self._looked_at else ""
        self._complain(trouble)
        if self._machine is not None and not trouble:
            self.sentence.setText(self._what_happens(wish))

    def _is_ready(self) -> bool:
        """It is known what is here, and what a start would replace."""
        if self._machine is None or self._answered != self._session():
            return False
        model = self._model()
        return model is None or model.is_here

    def _complain(self, sentence: str) -> None:
        told = in_words(sentence)
        is_placed = self.form.complain(option_of(sentence), told)
        self.notice.say("" if is_placed else told)
        self.start_button.setEnabled(not sentence and self._is_ready())
        if sentence:
            self.sentence.setText("Nothing can begin before this is put right.")

    def wish(self) -> RunWish:
        """Return what is asked for. Raises SettingsError, which names the option."""
        first, stop = self._times()
        settings = self.form.settings(first, stop)
        session = self.form.folder.chosen() / f"{self._stem}.sdpose"
        return RunWish(
            source=self._info.name,
            session=session,
            settings=settings,
            exports=self.form.exports(),
            smoothing=self.form.smoothing(),
            overwrite=True,  # what is there was shown, or is nothing worth keeping
        )

    def _times(self) -> tuple[Fraction, Fraction | None]:
        """Return the exact times at which to begin, and to stop; None is the end."""
        frames = self.form.range.chosen()
        if frames is None:
            return Fraction(0), None
        clock = self._clock
        end = self._exact(frames.stop) if frames.stop in clock.indices else None
        return self._exact(frames.start) if frames.start > clock.first else Fraction(0), end

    def _exact(self, index: int) -> Fraction:
        """Return the time of a frame as the stamps of the source have it, not as a float."""
        base = self._info.time_base
        return round(Fraction(self._clock.time_of(index)) / base) * base

    def _start(self) -> None:
        try:
            wish = self.wish()
        except SettingsError as error:
            self._complain(str(error))
            self.form.focus(option_of(str(error)))
            return
        self._remember()
        self.wished.emit(wish)
        self.accept()

    def _remember(self) -> None:
        if self._preferences is not None:
            self._preferences.set_choices(_REMEMBERED, self.form.remembered)

    def _resume(self) -> None:
        if self._found is not None:
            self.wished.emit(
                RunWish(
                    source=self._info.name,
                    session=self._found.path,
                    settings=None,
                    exports=self.form.exports(),
                    smoothing=self.form.smoothing(),
                    resume=True,
                )
            )
            self.accept()

    def _open(self) -> None:
        if self._found is not None:
            self.open_wished.emit(self._found.path)
            self.accept()

    # -- the sentence ----------------------------------------------------------------------------

    def _model(self) -> Model | None:
        """Return the pose model that is chosen; None for one without a name."""
        assert self._machine is not None
        name = str(self.form.pose.currentData())
        if name == AUTO:
            return self._machine.auto_pose(str(self.form.device.currentData()))
        return self._machine.models.get(name)

    def _what_happens(self, wish: RunWish) -> str:
        machine = self._machine
        assert machine is not None
        assert wish.settings is not None
        device, model = wish.settings.device, self._model()
        name = wish.settings.pose if model is None else model.entry.name
        if model is not None and not model.is_here:
            return f"{name} is not here, so nothing can begin: fetch it, or choose another model."
        where = "the CPU" if machine.is_cpu(device) else "the GPU"
        frames = self.form.range.chosen() or self._clock.indices
        count = len(frames) or self._info.frame_count
        what = "Tracks the video" if not count else f"Tracks {plural(count, 'frame')}"
        told = f"{what} with {name} on {where} into {wish.session}."
        if self._found is not None:
            told += " The session that is there, and every repair made in it, is replaced."
        if model is not None and model.is_slow and machine.is_cpu(device):
            whole = f", {time_text(SECONDS_ON_CPU * count)} for one person in all" if count else ""
            told += (
                f" SDPose takes about {SECONDS_ON_CPU} s for each person in each frame on a"
                f" CPU{whole}."
            )
        return told

    # -- ending ----------------------------------------------------------------------------------

    def done(self, result: int) -> None:
        """Close, and wait for the threads, which look at files only.

        A model that is being fetched is handed over, or given up where nobody takes it.
        """
        self._pause.stop()
        self._lane.close()
        job = self.form.fetch.leave()
        if job is not None and self.receivers(self.handed_over):
            self.handed_over.emit(job)
        elif job is not None:
            job.close()
        super().done(result)


def _described(info: SourceInfo) -> str:
    """Return the facts of a source in a line."""
    parts = [f"{info.width} × {info.height}"]
    if info.kind != "picture":
        rate = f"{frames_per_second(info.rate)} frames/s"
        parts.append(f"{rate}, uneven" if info.is_vfr else rate)
    if info.frame_count is not None:
        parts.append(plural(info.frame_count, "frame"))
    if info.duration is not None and info.kind != "picture":
        parts.append(timecode(info.duration))
    return " · ".join(parts)
