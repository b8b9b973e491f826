"""What this program is: its version, its licences, and what it stands upon."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ui.dialogs.fields import GAP, label
from ui.dialogs.licence_list import LicenceList
from ui.look.texts import plural
from ui.versions import LICENCE, PROGRAM, Part, inside, packages, system

PURPOSE = "Any video in, clean tracked poses out."
PROMISE = (
    "Everything is computed on this machine; nothing is sent anywhere, and nothing is fetched"
    " unless you ask for it."
)


class AboutDialog(QDialog):
    """Tells versions and licences, and copies them for a report."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._system, self._groups = system(), _groups()
        self.setWindowTitle(f"About {PROGRAM}")
        title = label(PROGRAM, bold=True)
        font = title.font()
        font.setPointSizeF(1.5 * font.pointSizeF())
        title.setFont(font)
        self.parts = LicenceList(self._groups)
        self.copy_button = QPushButton("Copy")
        self.copy_button.setToolTip("Copy versions and licences, for a report")
        self.copy_button.setAutoDefault(False)
        self.copy_button.clicked.connect(self._copy)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(self.copy_button, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        if (close := buttons.button(QDialogButtonBox.StandardButton.Close)) is not None:
            close.setDefault(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GAP, 2 * GAP, 2 * GAP, 2 * GAP)
        column.setSpacing(GAP)
        column.addWidget(title)
        column.addWidget(label(f"{PURPOSE} {PROMISE}"))
        column.addLayout(self._facts())
        count = plural(len(packages()), "package")
        told = f"It stands upon {count}, each under its own licence, and what they bring along:"
        column.addWidget(label(told, muted=True))
        column.addWidget(self.parts, 1)
        column.addWidget(buttons)
        if close is not None:
            close.setFocus()
        metrics = self.fontMetrics()
        self.resize(metrics.averageCharWidth() * 140, metrics.height() * 42)

    @property
    def text(self) -> str:
        """All that is told, as lines."""
        lines = [f"{what}: {version}" for what, version in self._system]
        lines += [f"Licence: {LICENCE}", ""]
        for title, parts in self._groups.items():
            lines += [f"{title}:", *(_line(part) for part in parts), ""]
        return "\n".join(lines)

    def _facts(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(2 * GAP)
        grid.setVerticalSpacing(GAP // 2)
        grid.setColumnStretch(1, 1)
        own, *others = self._system
        for row, (what, told) in enumerate((("Version", own[1]), ("Licence", LICENCE), *others)):
            grid.addWidget(label(what, muted=True), row, 0)
            value = QLabel(told)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            value.setAccessibleName(f"{what}: {told}")
            grid.addWidget(value, row, 1)
        return grid

    def _copy(self) -> None:
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(self.text)
            self.copy_button.setText("Copied")


def _groups() -> dict[str, tuple[Part, ...]]:
    """Return what is told of, under headings."""
    direct = tuple(part for part in packages() if part.purpose)
    others = tuple(part for part in packages() if not part.purpose)
    return {"Packages of this program": direct, "Inside of packages, and weights": inside(),
            "Packages that only others need": others}  # fmt: skip


def _line(part: Part) -> str:
    return f"{part.name}{part.version and ' '}{part.version} ({part.licence})"
