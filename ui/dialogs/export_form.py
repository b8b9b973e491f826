"""The right side of the export dialog: who, when, how, and where to."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from sdpose_track.cli.exporting import parse_rate
from sdpose_track.errors import SettingsError
from sdpose_track.export import ExportOptions
from sdpose_track.smooth.choices import Smoothing
from ui.dialogs.choices_form import ChoicesForm
from ui.dialogs.fields import GAP, FolderField, Rows, align, combo, label
from ui.dialogs.range_field import RangeField
from ui.dialogs.run_form import SMOOTHINGS
from ui.document.clock import FrameClock
from ui.document.document import Document
from ui.document.people import Person
from ui.document.player import Player
from ui.document.reading import Facts
from ui.jobs.wishes import ExportWish

RATES = ("24", "25", "29.97", "30", "60")
"""Frames per second that are offered; others are typed."""
FACINGS = {"auto": "Found out", "left": "Left", "right": "Right"}
BODIES = ("mot", "kinematics", "kinematics-parquet")
"""Formats for which it matters which way people look."""
_IDS = Qt.ItemDataRole.UserRole


class ExportForm(QWidget):
    """What holds for every format, and below it the choices of those that are ticked."""

    changed = pyqtSignal()

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        """`document` has a session open."""
        super().__init__(parent)
        assert document.facts is not None
        facts = self._facts = document.facts
        clock = FrameClock(facts.indices.start, facts.seconds, facts.source.rate)
        self.range = RangeField(clock, _marked(document.player, facts))
        self.people = PeopleField(document.people.rows)
        self.each = QCheckBox("Write everything for each person by themselves")
        self.smooth = combo([(text, s) for s, text in SMOOTHINGS.items()], self.changed.emit)
        self.smooth.setCurrentIndex(self.smooth.findData(document.smoothing))
        self.rate = RateField()
        self.facing = combo([(text, value) for value, text in FACINGS.items()], self.changed.emit)
        self.camera = QCheckBox("The camera moves, so nobody's feet can be said to stand")
        self.choices = ChoicesForm()
        self.folder = FolderField(facts.path.parent)
        self._lay_out()
        for part in (self.range, self.people, self.rate, self.choices, self.folder):
            part.changed.connect(self.changed)
        for box in (self.each, self.camera):
            box.toggled.connect(lambda _on: self.changed.emit())

    def _lay_out(self) -> None:
        self._common, self._bodies = Rows(), Rows()
        add = self._common.add
        add("&Range", self.range, "--end", "Which frames are written")
        add("&People", self.people, "--people", "Who is written")
        add("Files", self.each, "", "One set of files for each person, or one for all")
        add("&Smoothing", self.smooth, "--smooth", "How the raw poses are smoothed")
        add("R&ate", self.rate, "--fps", "Frames per second, such as 24, 29.97 or 30000/1001")
        add("F&older", self.folder, "--out", "Where the files go; it is made if it is not there")
        self._bodies.add("Facing", self.facing, "--facing", "Which way everybody looks")
        self._bodies.add("Camera", self.camera, "", "Where it moves there are no foot contacts")
        self._title = label("Choices of these formats", bold=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        for part in (self._common, self._title, self.choices, self._bodies):
            column.addWidget(part)
        column.addStretch(1)

    def show_formats(self, formats: tuple[str, ...]) -> None:
        """Offer what these formats let one choose."""
        self.choices.show_formats(formats)
        align(self._common, self.choices.rows, self._bodies)
        self._title.setVisible(bool(formats))
        self._bodies.setVisible(any(name in BODIES for name in formats))

    def wish(self, formats: tuple[str, ...]) -> ExportWish:
        """Return what is asked for. Raises SettingsError, which names the option or choice."""
        options = ExportOptions(
            rate=self.rate.chosen(),
            facing=self.facing.currentData(),
            camera_moves=self.camera.isChecked(),
        )
        return ExportWish(
            session=self._facts.path,
            formats=formats,
            folder=self.folder.chosen(),
            options=self.choices.options(options),
            smoothing=Smoothing(self.smooth.currentData()),
            people=self.people.chosen(),
            frames=self.range.chosen(),
            each=self.each.isChecked(),
        )

    @property
    def remembered(self) -> dict[str, Any]:
        """What is chosen and suits other sessions too, as JSON values."""
        return {
            "choices": self.choices.wishes,
            "rate": self.rate.text,
            "each": self.each.isChecked(),
        }

    def restore(self, before: dict[str, Any]) -> None:
        """Choose as was chosen last; what is damaged or no longer possible is left out."""
        choices, rate = before.get("choices"), before.get("rate")
        if isinstance(choices, dict):
            self.choices.restore({str(name): str(text) for name, text in choices.items()})
        if isinstance(rate, str):
            self.rate.choose(rate)
        self.each.setChecked(before.get("each") is True)

    def complain(self, name: str | None, sentence: str) -> bool:
        """Say what is wrong at the control of an option or choice; False if there is none such."""
        option = "--end" if name == "--start" else name
        parts = (self._common, self.choices.rows, self._bodies)
        placed = [part.complain(option, sentence) for part in parts]  # quiets the others too
        return any(placed)

    @property
    def complaints(self) -> list[str]:
        """What is said to be wrong now."""
        parts = (self._common, self.choices.rows, self._bodies)
        return [sentence for part in parts for sentence in part.complaints]


def _marked(player: Player, facts: Facts) -> range | None:
    """Return the frames of the session between the marks; None where no marks are set."""
    if player.mark_in is None and player.mark_out is None:
        return None
    marked, stored = player.marked, facts.indices
    return range(max(marked.start, stored.start), min(marked.stop, stored.stop)) or None


class PeopleField(QWidget):
    """Everybody, or those who are ticked."""

    changed = pyqtSignal()

    def __init__(
        self, people: Sequence[Person], ticked: Sequence[int] = (), parent: QWidget | None = None
    ) -> None:
        """`ticked` are ids; with some, those are chosen and not everybody."""
        super().__init__(parent)
        self.choice = combo(
            [(f"Everybody ({len(people)})", False), ("Only those who are ticked", True)],
            self._on_choice,
        )
        self.list = QListWidget()
        self.list.setAccessibleName("People to export")
        for person in people:
            item = QListWidgetItem(person.called, self.list)
            item.setData(_IDS, person.track_id)
            is_ticked = not ticked or person.track_id in ticked
            item.setCheckState(Qt.CheckState.Checked if is_ticked else Qt.CheckState.Unchecked)
        self.list.setStyleSheet("QListView::item { padding: 2px 0; }")
        rows = min(max(len(people), 1), 5)
        self.list.setFixedHeight(self.list.sizeHintForRow(0) * rows + GAP if people else 0)
        self.list.itemChanged.connect(lambda _item: self.changed.emit())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.choice)
        column.addWidget(self.list)
        self.setFocusProxy(self.choice)
        self.choice.setCurrentIndex(1 if ticked else 0)
        self._on_choice()

    def _on_choice(self) -> None:
        self.list.setVisible(bool(self.choice.currentData()))
        self.changed.emit()

    def chosen(self) -> tuple[int, ...] | None:
        """Return the ids; None for everybody. Raises SettingsError if nobody is ticked."""
        if not self.choice.currentData():
            return None
        items = [item for i in range(self.list.count()) if (item := self.list.item(i)) is not None]
        ids = [item.data(_IDS) for item in items if item.checkState() is Qt.CheckState.Checked]
        if not ids:
            raise SettingsError("--people: tick at least one person")
        return None if len(ids) == len(items) else tuple(ids)


class RateField(QWidget):
    """A constant rate, offered or typed; or none."""

    changed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.line = QLineEdit()
        self.line.setPlaceholderText("24000/1001")
        self.line.setAccessibleName("Frames per second")
        self.line.textChanged.connect(lambda _text: self.changed.emit())
        offered = [("As in the video", ""), *((f"{rate} frames/s", rate) for rate in RATES)]
        self.choice = combo([*offered, ("Another", None)], self._on_choice)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        row.addWidget(self.choice, 1)
        row.addWidget(self.line, 1)
        self.setFocusProxy(self.choice)
        self._on_choice()

    def _on_choice(self) -> None:
        self.line.setVisible(self.choice.currentData() is None)
        self.changed.emit()

    @property
    def text(self) -> str:
        """What is chosen, as it would be typed; empty for the rate of the video."""
        offered = self.choice.currentData()
        return self.line.text().strip() if offered is None else str(offered)

    def choose(self, text: str) -> None:
        """Choose the rate `text`; empty for that of the video."""
        place = self.choice.findData(text)
        if place < 0:
            self.line.setText(text)
        self.choice.setCurrentIndex(self.choice.count() - 1 if place < 0 else place)

    def chosen(self) -> Fraction | None:
        """Return frames per second; None for those of the source. Raises SettingsError."""
        return None if self.choice.currentData() == "" else parse_rate(self.text)
