"""The controls for what formats let one choose; they follow `export.options.CHOICES`."""

from __future__ import annotations

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from sdpose_track.errors import SettingsError
from sdpose_track.export import FORMATS, ExportOptions
from sdpose_track.export.options import CHOICES, COMMON, Choice, chosen
from ui.dialogs.fields import GAP, Rows, combo, label


class ChoicesForm(QWidget):
    """The choices of the formats that are ticked; what is chosen stays when formats change."""

    changed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._rows = Rows()
        self._column.addWidget(self._rows)
        self._wishes: dict[str, str] = {}
        self.controls: dict[str, QWidget] = {}
        """By name of the choice."""
        self._formats: tuple[str, ...] = ()

    def show_formats(self, formats: tuple[str, ...]) -> None:
        """Offer the choices of these formats."""
        if formats == self._formats:
            return
        self._formats = formats
        self._column.removeWidget(self._rows)
        self._rows.hide()
        self._rows.deleteLater()
        self._rows, self.controls = Rows(), {}
        self._column.addWidget(self._rows)
        for name in self.names:
            control = self._control(name, CHOICES[name])
            self.controls[name] = control
            self._rows.add(name.capitalize(), _told(control, CHOICES[name]), name)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the choices that are offered."""
        known = {name for format_name in self._formats for name in FORMATS[format_name].choices}
        known.update(COMMON if self._formats else ())
        return tuple(name for name in CHOICES if name in known)

    @property
    def rows(self) -> Rows:
        """The controls and their names; others whenever formats change."""
        return self._rows

    @property
    def wishes(self) -> dict[str, str]:
        """What is chosen otherwise than usual, by name, as text."""
        return {name: self._wishes[name] for name in self.names if name in self._wishes}

    def restore(self, wishes: dict[str, str]) -> None:
        """Choose what was chosen before; what is no longer possible is left out."""
        self._wishes = {n: t for n, t in wishes.items() if n in CHOICES and _is_possible(n, t)}

    def options(self, options: ExportOptions) -> ExportOptions:
        """Return `options` with what is chosen. Raises SettingsError, which names the choice."""
        for name, text in self.wishes.items():
            if not _is_possible(name, text):
                raise SettingsError(f"{name}: expected {CHOICES[name].takes}")
        return chosen(options, self.wishes, self.names)

    def _control(self, name: str, choice: Choice) -> QWidget:
        usual = _usual(choice.members_of(name)[-1])
        if choice.values == ("yes", "no"):
            return self._box(name, choice, is_usual=bool(usual))
        if choice.values:
            return self._list(name, choice, usual)
        return self._line(name, usual)

    def _box(self, name: str, choice: Choice, *, is_usual: bool) -> QCheckBox:
        box = QCheckBox(choice.says[0].upper() + choice.says[1:])
        text = self._wishes.get(name)
        box.setChecked(is_usual if text is None else text == "yes")

        def wish(is_on: bool) -> None:
            self._wish(name, "" if is_on == is_usual else ("yes" if is_on else "no"))

        box.toggled.connect(wish)
        return box

    def _list(self, name: str, choice: Choice, usual: object) -> QComboBox:
        items: list[tuple[str, object]] = [] if usual is not None else [("As usual", "")]
        items += [(value, "" if value == usual else value) for value in choice.values]
        box = combo(items, lambda: self._wish(name, str(box.currentData())))
        box.setCurrentIndex(max(0, box.findData(self._wishes.get(name, ""))))
        return box

    def _line(self, name: str, usual: object) -> QLineEdit:
        line = QLineEdit(self._wishes.get(name, ""))
        line.setPlaceholderText(f"{usual:g}" if isinstance(usual, float) else "as usual")
        line.textChanged.connect(lambda text: self._wish(name, text.strip()))
        return line

    def _wish(self, name: str, text: str) -> None:
        if text:
            self._wishes[name] = text
        else:
            self._wishes.pop(name, None)
        self.changed.emit()


def _usual(member: str) -> object:
    """Return what an option is when nothing is chosen."""
    options = ExportOptions()
    owner, _, own = member.rpartition(".")
    return getattr(options.style if owner else options, own)


def _told(control: QWidget, choice: Choice) -> QWidget:
    """Return a control with what it is for beside it; a box to tick says so itself."""
    control.setToolTip(f"{choice.says[0].upper()}{choice.says[1:]}: {choice.takes}")
    control.setAccessibleDescription(choice.says)
    if isinstance(control, QCheckBox):
        return control
    both = QWidget()
    row = QHBoxLayout(both)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(GAP)
    row.addWidget(control, 2)
    hint = choice.says if choice.values else f"{choice.says}: {choice.takes}"
    row.addWidget(label(hint, muted=True), 3)
    both.setFocusProxy(control)
    return both


def _is_possible(name: str, text: str) -> bool:
    try:
        CHOICES[name].read(text)
    except (KeyError, ValueError):
        return False
    return True
