"""What is looked at: a camera, an address, or a file to rehearse with; and how late it may be."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QWidget,
)

from sdpose_track.capture import Camera, CaptureSettings
from sdpose_track.errors import SettingsError
from sdpose_track.home import at_home
from sdpose_track.live.wish import LiveWish
from sdpose_track.settings import LATENCIES_MS, LiveSettings
from ui.dialogs.fields import GAP
from ui.live.asked import Asked
from ui.look.icons import icon

EXAMPLE = "rtsp://camera.local/stream"
_STEP_MS = 10


class Kind(Enum):
    """What a source is."""

    CAMERA = "camera"
    ADDRESS = "address"
    FILE = "file"


class SourceForm(QWidget):
    """Controls below each other; those that do not matter for what is chosen are hidden."""

    entered = pyqtSignal()
    """Enter was pressed in a field."""
    changed = pyqtSignal()
    """Something else is to be looked at."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.source = QComboBox()
        self.again = QToolButton()
        self.address = QLineEdit()
        self.file = QLineEdit()
        self.browse = QToolButton()
        self.loop = QCheckBox("&Again and again")
        self.any_certificate = QCheckBox("Accept an&y certificate")
        self.asked = Asked()
        self.latency = QSpinBox()
        self._wanted, self._camera = Kind.CAMERA, ""
        """What was chosen last, and which camera, also while there is none such."""
        self._cameras: tuple[Camera, ...] = ()
        self._asked = ""
        """A camera that was wished for elsewhere, in whatever way it was called there."""
        self._dress()
        self._fill()
        self._lay_out()
        self.offer(())
        self.source.currentIndexChanged.connect(lambda _row: self._show_kind())
        self.source.activated.connect(lambda _row: self._keep())
        self.address.textEdited.connect(lambda _text: self._keep())
        self.source.activated.connect(lambda _row: self.changed.emit())
        for line in (self.address, self.file):
            line.textChanged.connect(lambda _text: self.changed.emit())
        self.address.returnPressed.connect(self.entered)
        self.file.returnPressed.connect(self.entered)
        self.browse.clicked.connect(self._ask)

    def _dress(self) -> None:
        _name(self.source, "Source", "A camera, an address or a file")
        self.source.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.source.setMinimumContentsLength(8)
        _name(self.again, "Look again for cameras", "Look again for cameras")
        self.again.setIcon(icon("loop"))
        _name(self.address, "Address", "An address that a camera or a server sends from")
        self.address.setPlaceholderText(EXAMPLE)
        self.address.setClearButtonEnabled(True)
        _name(self.file, "File", "A video, played at its own speed as if a camera saw it")
        _name(self.browse, "Choose the file", "Choose the file")
        self.browse.setIcon(icon("folder"))
        self.loop.setToolTip("Begin anew at the end of the file, until Stop is pressed")
        self.any_certificate.setToolTip(
            "For a camera at https:// or rtsps:// that signed its certificate itself, as most do;"
            " it is not checked then who answers"
        )
        _name(
            self.latency,
            "Latency budget in milliseconds",
            "How late a pose may be; less is looked at where that would take longer",
        )

    def _fill(self) -> None:
        self.loop.setChecked(True)
        self.latency.setRange(*LATENCIES_MS)
        self.latency.setSingleStep(_STEP_MS)
        self.latency.setValue(round(LiveSettings().latency_ms))
        self.latency.setSuffix(" ms")

    def _lay_out(self) -> None:
        self._form = form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(GAP)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._of_kind = {
            Kind.CAMERA: (self.asked,),
            Kind.ADDRESS: (_row(self.address), self.any_certificate),
            Kind.FILE: (_row(self.file, self.browse), self.loop),
        }
        self._add("&Source", _row(self.source, self.again), self.source)
        self._add("Pict&ure", self.asked, self.asked)
        self._add("A&ddress", self._of_kind[Kind.ADDRESS][0], self.address)
        form.addRow("", self.any_certificate)
        self._add("F&ile", self._of_kind[Kind.FILE][0], self.file)
        form.addRow("", self.loop)
        self._add("Latency &budget", self.latency, self.latency)

    def _add(self, name: str, row: QWidget, buddy: QWidget) -> None:
        label = QLabel(name)
        label.setBuddy(buddy)
        self._form.addRow(label, row)

    # -- what there is to look at ------------------------------------------------------------------

    @property
    def kind(self) -> Kind:
        """What is chosen."""
        kind: Kind = self.source.currentData()[0]
        return kind

    def offer(self, cameras: Iterable[Camera]) -> None:
        """Offer cameras beside an address and a file; what was chosen stays so if it is there."""
        self._cameras = tuple(cameras)
        specs = [camera.spec for camera in self._cameras]
        with QSignalBlocker(self.source):
            self.source.clear()
            for camera in self._cameras:
                text = f"{camera.number}: {camera.name}"
                self.source.addItem(text, (Kind.CAMERA, camera.spec))
            if self._asked and self._asked not in specs:
                self.source.addItem(self._asked, (Kind.CAMERA, self._asked))
            self.source.addItem("An address", (Kind.ADDRESS, ""))
            self.source.addItem("A file, to rehearse", (Kind.FILE, ""))
        self._select(self._wanted)

    def _select(self, kind: Kind) -> None:
        """Choose a source of a kind: the camera that was chosen last, or else the first."""
        self._wanted = kind
        held = [self.source.itemData(row) for row in range(self.source.count())]
        alike = [row for row, (its_kind, _) in enumerate(held) if its_kind is kind]
        same = [row for row in alike if held[row][1] == self._camera]
        with QSignalBlocker(self.source):
            self.source.setCurrentIndex((same or alike or [0])[0])
        self._show_kind()

    def _keep(self) -> None:
        """Keep what the user has chosen when other cameras come."""
        self._wanted, spec = self.source.currentData()
        if self._wanted is Kind.CAMERA:
            self._camera = spec

    def _show_kind(self) -> None:
        """Show the controls of what is chosen only."""
        for kind, rows in self._of_kind.items():
            for row in rows:
                self._form.setRowVisible(row, kind is self.kind)

    def _ask(self) -> None:
        dialog = QFileDialog(self, "Choose a file to rehearse with", str(at_home(self.file.text())))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.file.setText)
        dialog.open()

    # -- what is wished for ------------------------------------------------------------------------

    @property
    def spec(self) -> str:
        """What is chosen, for `open_live`. Raises SettingsError where nothing is written."""
        if self.kind is Kind.CAMERA:
            spec: str = self.source.currentData()[1]
            return spec
        line, what = (
            (self.address, f"address is written; write one such as {EXAMPLE}")
            if self.kind is Kind.ADDRESS
            else (self.file, "file is chosen; choose a video to rehearse with")
        )
        text = line.text().strip()
        if not text:
            raise SettingsError(f"No {what}.")
        return text if self.kind is Kind.ADDRESS else str(at_home(text))

    @property
    def capture(self) -> CaptureSettings:
        """How it is looked at."""
        if self.kind is Kind.FILE:
            return CaptureSettings(realtime=True, loop=self.loop.isChecked())
        if self.kind is Kind.ADDRESS:
            return CaptureSettings(any_certificate=self.any_certificate.isChecked())
        return self.asked.capture

    def show_wish(self, wish: LiveWish) -> None:
        """Show what is wished for elsewhere."""
        if wish.capture.realtime:
            self.file.setText(wish.spec)
            self.loop.setChecked(wish.capture.loop)
            self._select(Kind.FILE)
        elif "://" in wish.spec:
            self.address.setText(wish.spec)
            self.any_certificate.setChecked(wish.capture.any_certificate)
            self._select(Kind.ADDRESS)
        else:
            self._wanted, self._camera, self._asked = Kind.CAMERA, wish.spec, wish.spec
            self.offer(self._cameras)
            self.asked.show_capture(wish.capture)
        self.latency.setValue(round(wish.settings.latency_ms))

    # -- what is remembered ------------------------------------------------------------------------

    @property
    def remembered(self) -> dict[str, Any]:
        """What is chosen, as JSON values; passwords in addresses and consent are not among it."""
        return {
            "kind": self._wanted.value,
            "camera": self._camera,
            "address": _without_password(self.address.text().strip()),
            "file": self.file.text().strip(),
            "loop": self.loop.isChecked(),
            **self.asked.remembered,
            "latency_ms": self.latency.value(),
        }

    def restore(self, before: dict[str, Any]) -> None:
        """Choose as was chosen last; cameras come with `offer`."""
        texts = {name: value for name, value in before.items() if isinstance(value, str)}
        self._camera = texts.get("camera", "")
        self.address.setText(texts.get("address", ""))
        self.file.setText(texts.get("file", ""))
        self.loop.setChecked(before.get("loop") is not False)
        self.asked.restore(texts)
        latency = before.get("latency_ms")
        if isinstance(latency, int):
            self.latency.setValue(latency)
        known = [kind for kind in Kind if kind.value == texts.get("kind")]
        if known:
            self._select(known[0])


def _name(control: QWidget, name: str, tip: str) -> None:
    control.setAccessibleName(name)
    control.setToolTip(tip)


def _row(*widgets: QWidget) -> QWidget:
    """Return controls beside each other; the fields among them share the room."""
    row = QWidget()
    cells = QHBoxLayout(row)
    cells.setContentsMargins(0, 0, 0, 0)
    cells.setSpacing(GAP // 2)
    for widget in widgets:
        cells.addWidget(widget, 0 if isinstance(widget, QToolButton) else 1)
    return row


def _without_password(address: str) -> str:
    """Return an address without the name and password that may stand in it."""
    try:
        place = urlsplit(address)
        return place._replace(netloc=place.netloc.rpartition("@")[2]).geturl()
    except ValueError:  # no address at all, as it was typed
        return ""
