"""What stands beside the live picture: what is chosen, what can be done, and how it keeps up."""

from __future__ import annotations

from dataclasses import replace

from PyQt6.QtWidgets import QCheckBox, QPushButton, QVBoxLayout, QWidget

from sdpose_track.live.run import LiveRun
from sdpose_track.live.sending import Way
from sdpose_track.live.wish import LiveWish
from ui.dialogs.fields import GAP, Notice, label, scrolled
from ui.jobs.job import State
from ui.jobs.wording import in_words
from ui.live.record_panel import RecordPanel
from ui.live.send_panel import SendPanel
from ui.live.source_form import SourceForm
from ui.live.stats import StatsTable
from ui.look.texts import capital
from ui.preferences import Preferences

_REMEMBERED = "live"


class Controls(QWidget):
    """A column that scrolls where the window is too low for it."""

    def __init__(self, preferences: Preferences, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._preferences = preferences
        self.form = SourceForm()
        self.start = QPushButton()
        self.notice = Notice()
        self.described = label(muted=True)
        self.mirror = QCheckBox("&Mirror the picture")
        self.record = RecordPanel(preferences)
        self.send = SendPanel()
        self.stats = StatsTable()
        self.mirror.setToolTip("On the screen only: what is sent and recorded stays as it is")
        self._lay_out()
        self._restore()
        self.form.entered.connect(self.start.click)
        self.form.changed.connect(lambda: self.notice.say(""))  # of what was chosen before
        for box in (self.mirror, self.record.video):
            box.toggled.connect(lambda _on: self.remember())

    def _lay_out(self) -> None:
        starting = QVBoxLayout()
        starting.setSpacing(GAP)
        for widget in (self.start, self.notice, self.described, self.mirror):
            starting.addWidget(widget)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2 * GAP)
        column.addWidget(self.form)
        column.addLayout(starting)
        for panel in (self.record, self.send, self.stats):
            column.addWidget(panel)
        column.addStretch(1)
        row = QVBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(scrolled(inside))
        self.setFixedWidth(56 * self.fontMetrics().averageCharWidth())

    def show_state(self, state: State | None) -> None:
        """Show what can be done while a run is at `state`; None: there is none."""
        is_idle, is_stopping = state is None, state is State.STOPPING
        self.start.setText("Start" if is_idle else "Stopping …" if is_stopping else "Stop")
        self.start.setToolTip("Open the source" if is_idle else "Close the source")
        self.start.setDefault(is_idle)
        window = self.window()
        if not is_idle and window is not None and self.form.isAncestorOf(window.focusWidget()):
            self.start.setFocus()  # else the keyboard would be nowhere
        self.form.setEnabled(is_idle)
        self.record.set_able(on=state is State.RUNNING)
        if is_idle:
            self.described.hide()
            self.stats.show_stats(None)

    def describe(self, run: LiveRun) -> None:
        """Tell which model looks, and what was chosen for the user."""
        notes = [capital(in_words(note)) for note in run.notes]
        self.described.setText("\n".join([f"{run.pose_model}, {run.described}", *notes]))
        self.described.show()

    # -- what is wished for ------------------------------------------------------------------------

    def wish(self, base: LiveWish) -> LiveWish:
        """Return `base` with what is chosen. Raises SettingsError where something is missing."""
        return replace(
            base,
            spec=self.form.spec,
            capture=replace(self.form.capture, patience_s=base.capture.patience_s),
            settings=replace(base.settings, latency_ms=float(self.form.latency.value())),
            osc=self.send.address(Way.OSC),
            websocket=self.send.address(Way.WEBSOCKET),
            record=None,
        )

    def show_wish(self, wish: LiveWish) -> None:
        """Show what is wished for elsewhere."""
        self.form.show_wish(wish)
        self.send.show_address(Way.OSC, wish.osc)
        self.send.show_address(Way.WEBSOCKET, wish.websocket)

    def remember(self) -> None:
        """Keep what is chosen for the next time."""
        chosen = {
            **self.form.remembered,
            **self.send.remembered,
            "mirror": self.mirror.isChecked(),
            "video": self.record.video.isChecked(),
        }
        self._preferences.set_choices(_REMEMBERED, chosen)

    def _restore(self) -> None:
        before = self._preferences.choices(_REMEMBERED)
        self.form.restore(before)
        self.send.restore(before)
        self.mirror.setChecked(before.get("mirror") is True)
        self.record.video.setChecked(before.get("video") is True)
