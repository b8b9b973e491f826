"""The controls of the run dialog, and the settings that they stand for."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QLineEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from sdpose_track.errors import SettingsError
from sdpose_track.export import FORMATS
from sdpose_track.settings import (
    DEFAULT_CONFIDENCE,
    DETECTOR_SIZES,
    INPUTS,
    PRECISIONS,
    TrackSettings,
)
from sdpose_track.smooth.choices import Smoothing
from ui.dialogs.fetch_panel import FetchPanel
from ui.dialogs.fields import GAP, FolderField, Rows, align, combo, label
from ui.dialogs.range_field import RangeField
from ui.dialogs.run_facts import AUTO, Machine, Model
from ui.document.clock import FrameClock

COMMON_EXPORTS = ("video", "openpose", "control-mp4", "comfyui", "bvh", "glb", "csv", "coco")
"""Formats that are offered with a run; the export dialog has all of them."""
SMOOTHINGS = {
    Smoothing.OFFLINE: "Smooth, looking forwards and backwards",
    Smoothing.BUTTERWORTH: "Butterworth filter",
    Smoothing.SAVGOL: "Savitzky-Golay filter",
    Smoothing.LIVE: "As a live run shows them",
    Smoothing.ONE_EURO: "One-Euro filter",
    Smoothing.OFF: "Raw, as the model gave them",
}
"""What the ways of smoothing are called, in the order in which they are offered."""


class RunForm(QWidget):
    """Controls below each other; the rarely used ones are folded away."""

    changed = pyqtSignal()

    def __init__(
        self, clock: FrameClock, marked: range | None, folder: Path, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._machine: Machine | None = None
        self._before: dict[str, Any] = {}
        self.pose = combo([("Automatic", AUTO)], self.changed.emit)
        self.pose_told = label(muted=True)
        self.fetch = FetchPanel()
        self.device = combo(
            [("Automatic: a CUDA GPU if there is one", AUTO), ("CPU", "cpu")], self.changed.emit
        )
        self.people = self._line("all")
        self.confidence = self._line(str(DEFAULT_CONFIDENCE))
        self.confidence.setText(str(DEFAULT_CONFIDENCE))
        self.range = RangeField(clock, marked)
        self.range.changed.connect(self.changed)
        self.smooth = combo([(t, s) for s, t in SMOOTHINGS.items()], self.changed.emit)
        self.folder = FolderField(folder)
        self.folder.changed.connect(self.changed)
        self.boxes = {name: self._box(name) for name in COMMON_EXPORTS}
        self._rows, self._more = Rows(), Rows()
        self._fill()
        self._fill_more()
        align(self._rows, self._more)
        self._lay_out()
        self.changed.connect(self._tell_pose)

    def _line(self, placeholder: str) -> QLineEdit:
        line = QLineEdit()
        line.setPlaceholderText(placeholder)
        line.textChanged.connect(lambda _text: self.changed.emit())
        return line

    def _box(self, name: str) -> QCheckBox:
        box = QCheckBox(name)
        box.setToolTip(FORMATS[name].summary)
        box.setAccessibleDescription(FORMATS[name].summary)
        box.toggled.connect(lambda _on: self.changed.emit())
        return box

    def _fill(self) -> None:
        add = self._rows.add
        add("&Pose model", self.pose, "--pose", "Which network finds the keypoints")
        self._rows.add_wide(self.pose_told)
        self._rows.add_wide(self.fetch)
        add("&Device", self.device, "--device", "What the networks run on")
        add("People at &most", self.people, "--max-people", "Empty follows everybody")
        add("&Confidence", self.confidence, "--conf", "A person must be this sure, from 0 to 1")
        add("&Range", self.range, "--end", "Which part of the video is tracked")
        add("&Exports", self._exports(), "", "Files to write once the run is complete")
        add("S&moothing", self.smooth, "--smooth", "Of the exports; the session keeps raw poses")
        add("&Folder", self.folder, "--out", "Where the session and the exports go")

    def _exports(self) -> QWidget:
        group = QWidget()
        grid = QGridLayout(group)
        grid.setContentsMargins(0, 4, 0, 4)
        grid.setHorizontalSpacing(2 * GAP)
        grid.setVerticalSpacing(4)
        for place, box in enumerate(self.boxes.values()):
            grid.addWidget(box, place // 4, place % 4)
        group.setFocusProxy(next(iter(self.boxes.values())))
        return group

    def _fill_more(self) -> None:
        act = self.changed.emit
        self.detector = combo([("Automatic", AUTO)], act)
        sizes = [("Automatic, by the size of the people", AUTO)]
        sizes += [(f"{size} px", str(size)) for size in DETECTOR_SIZES]
        self.detector_size = combo(sizes, act)
        self.precision = combo([(_precision(p), p) for p in PRECISIONS], act)
        self.batch = self._line("by the memory that is free")
        self.input = combo([(name.replace("x", " × ") + " px", name) for name in INPUTS], act)
        self.flip = QCheckBox("Average with the mirrored picture, at twice the time")
        self.flip.toggled.connect(lambda _on: act())
        add = self._more.add
        add("De&tector", self.detector, "--detector", "Which network finds the people")
        add("Detector si&ze", self.detector_size, "--detector-size", "Larger finds smaller people")
        add("Pre&cision", self.precision, "--precision", "Of the networks' numbers")
        add("&Batch", self.batch, "--batch", "Pictures or people in one pass")
        add("&Input size", self.input, "--input", "SDPose: smaller is faster, less exact")
        add("F&lip test", self.flip, "--flip-test", "SDPose: slower, a little more exact")

    def _lay_out(self) -> None:
        self.more = QToolButton()
        self.more.setText("More")
        self.more.setCheckable(True)
        self.more.setArrowType(Qt.ArrowType.RightArrow)
        self.more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.more.setToolTip("Detector, precision and other choices that are rarely needed")
        self.more.toggled.connect(self._unfold)
        self._more.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GAP, 0, GAP)
        column.setSpacing(GAP)
        column.addWidget(self._rows)
        column.addWidget(self.more)
        column.addWidget(self._more)
        column.addStretch(1)

    def _unfold(self, open_: bool) -> None:
        self.more.setArrowType(Qt.ArrowType.DownArrow if open_ else Qt.ArrowType.RightArrow)
        self._more.setVisible(open_)

    # -- what there is ---------------------------------------------------------------------------

    @property
    def remembered(self) -> dict[str, Any]:
        """What is chosen and suits other videos too, as JSON values."""
        return {
            **{name: box.currentData() for name, box in self._kept().items()},
            "smoothing": self.smoothing().value,
            "exports": list(self.exports()),
        }

    def restore(self, before: dict[str, Any]) -> None:
        """Choose as was chosen last, as far as that is there; models come with `show_machine`."""
        self._before = before
        exports = before.get("exports")
        for name, box in self.boxes.items():
            box.setChecked(isinstance(exports, list) and name in exports)
        known = [s for s in SMOOTHINGS if s.value == before.get("smoothing")]
        if known:
            self.smooth.setCurrentIndex(self.smooth.findData(known[0]))
        self._choose_again()

    def _kept(self) -> dict[str, QComboBox]:
        return {"pose": self.pose, "device": self.device, "detector": self.detector}

    def _choose_again(self) -> None:
        for name, box in self._kept().items():
            place = box.findData(self._before.get(name))
            if place >= 0:
                box.setCurrentIndex(place)

    def show_machine(self, machine: Machine) -> None:
        """Offer the models and devices that there are."""
        is_first, self._machine = self._machine is None, machine
        for box, role in ((self.pose, "pose"), (self.detector, "detector")):
            for model in machine.with_role(role):
                _offer(box, model)
        if is_first:
            for number, name in enumerate(machine.gpus):
                self.device.addItem(f"cuda:{number}: {name}", f"cuda:{number}")
            self._choose_again()
        self._tell_pose()

    def _tell_pose(self) -> None:
        machine, name = self._machine, str(self.pose.currentData())
        if machine is None:
            return
        if name != AUTO:
            model = machine.models[name]
            self.pose_told.setText(model.told())
            self.fetch.offer(None if model.is_here else model.entry)
            return
        self.fetch.offer(None)
        chosen = machine.auto_pose(str(self.device.currentData())).entry.name
        self.pose_told.setText(
            f"Here that is {chosen}: SDPose is taken where a CUDA GPU and its weights are."
        )

    # -- what is wished for ----------------------------------------------------------------------

    def settings(self, start: Fraction, end: Fraction | None) -> TrackSettings:
        """Return the settings. Raises SettingsError, which names the option."""
        batch, people = self.batch.text().strip(), self.people.text().strip()
        wish: dict[str, Any] = {
            "pose": self.pose.currentData(),
            "detector": self.detector.currentData(),
            "detector_size": self.detector_size.currentData(),
            "device": self.device.currentData(),
            "precision": self.precision.currentData(),
            "input": self.input.currentData(),
            "flip_test": self.flip.isChecked(),
            "batch": _whole("--batch", batch) if batch else None,
            "max_people": _whole("--max-people", people) if people else None,
            "confidence": _number("--conf", self.confidence.text().strip()),
        }
        return TrackSettings(**wish, start=start, end=end)

    def exports(self) -> tuple[str, ...]:
        """Return the names of the formats to write after the run."""
        return tuple(name for name, box in self.boxes.items() if box.isChecked())

    def smoothing(self) -> Smoothing:
        """Return how the exports are smoothed."""
        return Smoothing(self.smooth.currentData())

    def complain(self, option: str | None, sentence: str) -> bool:
        """Say what is wrong at the control of `option`; False if there is none such."""
        option = "--end" if option == "--start" else option
        if self._more.complain(option, sentence):
            self.more.setChecked(True)
            self._rows.complain(None, "")
            return True
        return self._rows.complain(option, sentence)

    @property
    def complaints(self) -> list[str]:
        """What is said to be wrong now."""
        return self._rows.complaints + self._more.complaints

    def focus(self, option: str | None) -> None:
        """Put the keyboard into the control of `option`."""
        self._rows.focus(option)
        self._more.focus(option)


def _offer(box: QComboBox, model: Model) -> None:
    """Put a model into a box, or say in what state it is now."""
    name = model.entry.name
    text = name if model.is_here else f"{name} ({model.state})"
    place = box.findData(name)
    if place < 0:
        box.addItem(text, name)
    else:
        box.setItemText(place, text)


def _precision(name: str) -> str:
    return "Automatic" if name == AUTO else name


def _whole(option: str, text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise SettingsError(f"{option} {text}: expected a whole number")
    return int(text)


def _number(option: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise SettingsError(f"{option} {text}: expected a number between 0 and 1") from error
