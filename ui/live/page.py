"""The page of live sources."""

from __future__ import annotations

from enum import Enum

from PyQt6.QtCore import QEvent, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QImage, QShowEvent
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from sdpose_track.errors import SdposeError, SettingsError
from sdpose_track.sources import open_source
from ui.bridge import Lane
from ui.live.cameras import Camera, list_cameras
from ui.live.picture import EMPTY, PictureArea
from ui.live.stats import LiveStats, StatsTable
from ui.look.icons import icon

ADDRESS = "An address"
NO_CAMERA = "No camera was found: connect one and look again, or write an address"
_EXAMPLE = "rtsp://camera.local/stream"
_SCHEMES = ("rtsp", "rtsps", "rtmp", "http", "https", "udp", "tcp", "srt")
_LATENCY_MS = (50, 200, 2000)
"""Least, usual and most."""


class State(Enum):
    """What the page is at."""

    IDLE = "Start"
    STARTING = "Starting …"
    RUNNING = "Stop"


class LivePage(QWidget):
    """Chooses a source and shows what comes of it. `finish` ends its thread."""

    start_wanted = pyqtSignal(str, int, bool)
    """What to open, for `open_source`; the latency budget in ms; whether to record a session."""
    stop_wanted = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.state = State.IDLE
        self._lane = Lane("live", self)
        self._is_listed = False
        self._empty = EMPTY
        self.source = QComboBox()
        self.address = QLineEdit()
        self.again = QToolButton()
        self.latency = QSpinBox()
        self.record = QCheckBox("&Record a session")
        self.start = QPushButton()
        self.sign = QLabel()
        self.sentence = QLabel()
        self.picture = PictureArea()
        self.stats = StatsTable()
        self._dress()
        self._lay_out()
        self._connect()
        self._offer(())
        self._show_state(State.IDLE)

    def _dress(self) -> None:
        self.source.setAccessibleName("Camera or address")
        self.source.setToolTip("The camera to open, or an address")
        self.source.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.address.setAccessibleName("Address")
        self.address.setPlaceholderText(_EXAMPLE)
        self.address.setToolTip("An address that a camera or a server sends from")
        self.address.setClearButtonEnabled(True)
        self.again.setIcon(icon("loop"))
        self.again.setToolTip("Look again for cameras")
        self.again.setAccessibleName("Look again for cameras")
        least, usual, most = _LATENCY_MS
        self.latency.setRange(least, most)
        self.latency.setSingleStep(least)
        self.latency.setValue(usual)
        self.latency.setSuffix(" ms")
        self.latency.setAccessibleName("Latency budget in milliseconds")
        self.latency.setToolTip("How late a pose may be; frames that would be later are left out")
        self.record.setToolTip("Keep what is seen as a session, to look at again and to export")
        self.start.setDefault(True)
        self.sentence.setWordWrap(True)
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.sign.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._tell("")

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(8)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        cameras = QHBoxLayout()
        cameras.setSpacing(4)
        cameras.addWidget(self.source, 1)
        cameras.addWidget(self.again)
        label = QLabel("&Source")
        label.setBuddy(self.source)
        form.addRow(label, cameras)
        form.addRow("&Address", self.address)
        form.addRow("&Latency budget", self.latency)
        form.addRow("", self.record)
        self._form = form
        side = QVBoxLayout()
        side.setSpacing(12)
        side.addLayout(form)
        side.addWidget(self.start)
        told = QHBoxLayout()
        told.setSpacing(8)
        told.addWidget(self.sign)
        told.addWidget(self.sentence, 1)
        side.addLayout(told)
        side.addWidget(self.stats)
        side.addStretch(1)
        column = QWidget()
        column.setLayout(side)
        side.setContentsMargins(0, 0, 0, 0)
        column.setFixedWidth(56 * self.fontMetrics().averageCharWidth())
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 16, 16, 16)
        row.setSpacing(16)
        row.addWidget(column)
        row.addWidget(self.picture, 1)

    def _connect(self) -> None:
        self.source.currentIndexChanged.connect(lambda _row: self._show_kind())
        self.address.returnPressed.connect(self.start.click)
        self.again.clicked.connect(self.look)
        self.start.clicked.connect(self._pressed)
        self._lane.refused.connect(self.refuse)

    # -- what there is to open ---------------------------------------------------------------------

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802
        super().showEvent(event)
        if not self._is_listed:
            self.look()

    def look(self) -> None:
        """Look for cameras, not in this thread."""
        self._is_listed = True
        self.again.setEnabled(False)
        self._lane.ask(list_cameras, self._show_cameras, topic="cameras")

    def _show_cameras(self, cameras: tuple[Camera, ...]) -> None:
        self._offer(cameras)
        self.again.setEnabled(True)
        self._empty = EMPTY if cameras else NO_CAMERA
        if self.state is State.IDLE:
            self.picture.say(self._empty)

    def _offer(self, cameras: tuple[Camera, ...]) -> None:
        """Offer cameras, and an address; what was chosen stays so if it is still there."""
        chosen = self.source.currentData()
        self.source.clear()
        for camera in cameras:
            self.source.addItem(f"{camera.name}  ({camera.spec})", camera.spec)
        self.source.addItem(ADDRESS, "")
        self.source.setCurrentIndex(max(0, self.source.findData(chosen) if chosen else 0))

    def _show_kind(self) -> None:
        """Offer the field for an address only where one is wanted."""
        self._form.setRowVisible(self.address, not self.source.currentData())

    @property
    def spec(self) -> str:
        """What is chosen, for `open_source`; empty where no address is written."""
        return self.source.currentData() or self.address.text().strip()

    # -- starting and stopping ---------------------------------------------------------------------

    def _pressed(self) -> None:
        if self.state is State.IDLE:
            self._begin()
        else:
            self._lane.forget("open")
            self.stop_wanted.emit()
            self.show_running(False)

    def _begin(self) -> None:
        """Ask the engine whether it can open what is chosen."""
        self._tell("")
        spec = self.spec
        self._show_state(State.STARTING)
        self._lane.ask(lambda: _try(spec), lambda _none: self._wish(spec), self._fail, topic="open")

    def _wish(self, spec: str) -> None:
        self.start_wanted.emit(spec, self.latency.value(), self.record.isChecked())

    def _fail(self, error: SdposeError) -> None:
        self.refuse(str(error))

    def show_running(self, running: bool) -> None:
        """Tell that the source runs, or that it has ended."""
        self._show_state(State.RUNNING if running else State.IDLE)
        if running:
            self._tell("")
        else:
            self.stats.show_stats(None)
            self.picture.say(self._empty)

    def refuse(self, sentence: str) -> None:
        """Tell why the source cannot be opened, or has ended: a sentence."""
        self.show_running(False)
        self._tell(sentence)

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._paint_sign()

    def _paint_sign(self) -> None:
        size = self.fontMetrics().height()
        self.sign.setPixmap(icon("warning").pixmap(QSize(size, size), self.devicePixelRatioF()))

    def _tell(self, sentence: str) -> None:
        self._paint_sign()
        self.sentence.setText(sentence)
        self.sentence.setAccessibleName(f"error: {sentence}" if sentence else "")
        for part in (self.sign, self.sentence):
            part.setVisible(bool(sentence))

    def _show_state(self, state: State) -> None:
        self.state = state
        idle = state is State.IDLE
        self.start.setText(state.value)
        self.start.setAccessibleName(f"{state.value} live view")
        self.start.setToolTip("Open the source" if idle else "Close the source")
        for field in (self.source, self.again, self.address, self.latency, self.record):
            field.setEnabled(idle)

    # -- what comes of it --------------------------------------------------------------------------

    def show_stats(self, stats: LiveStats) -> None:
        """Show how the source keeps up."""
        self.stats.show_stats(stats)

    def show_picture(self, image: QImage) -> None:
        """Show the newest picture, with whatever is drawn on it."""
        self.picture.show_picture(image)

    def finish(self) -> None:
        """End the thread and wait for it. Safe to call again."""
        self._lane.close()


def _try(spec: str) -> None:
    """Open what is chosen and close it again. Raises SdposeError where that cannot be."""
    if not spec:
        raise SettingsError(f"No address is written; write one such as {_EXAMPLE}.")
    scheme = spec.partition("://")[0].lower()
    is_camera = spec.isdecimal() or spec.startswith("/dev/video")
    if not is_camera and scheme not in _SCHEMES:
        raise SettingsError(f"{spec} is no address of a live source; write one such as {_EXAMPLE}.")
    open_source(spec).close()
