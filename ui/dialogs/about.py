"""What this program is: its version, its licences, and what it stands upon."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ui.dialogs.fields import GAP, label
from ui.look.texts import plural
from ui.versions import LICENCE, PROGRAM, Package, packages, system

PURPOSE = "Any video in, clean tracked poses out."
PROMISE = (
    "Everything is computed on this machine; nothing is sent anywhere, and nothing is fetched"
    " unless you ask for it."
)


class AboutDialog(QDialog):
    """Tells versions and licences, and copies them for a report."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._system, self._packages = system(), packages()
        self.setWindowTitle(f"About {PROGRAM}")
        title = label(PROGRAM, bold=True)
        font = title.font()
        font.setPointSizeF(1.5 * font.pointSizeF())
        title.setFont(font)
        self.table = _table(self._packages)
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
        count = plural(len(self._packages), "package")
        column.addWidget(label(f"It stands upon {count}, each under its own licence:", muted=True))
        column.addWidget(self.table, 1)
        column.addWidget(buttons)
        if close is not None:
            close.setFocus()
        metrics = self.fontMetrics()
        self.resize(metrics.averageCharWidth() * 92, metrics.height() * 34)

    @property
    def text(self) -> str:
        """All that is told, as lines."""
        lines = [f"{what}: {version}" for what, version in self._system]
        lines += [f"Licence: {LICENCE}", ""]
        lines += [f"{p.name} {p.version} ({p.licence or 'licence not told'})"
                  for p in self._packages]  # fmt: skip
        return "\n".join(lines) + "\n"

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


def _table(rows: tuple[Package, ...]) -> QTableWidget:
    table = QTableWidget(len(rows), len(Package._fields))
    table.setHorizontalHeaderLabels([name.capitalize() for name in Package._fields])
    table.setAccessibleName("Packages, their versions and licences")
    table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
    table.setAlternatingRowColors(True)
    table.setShowGrid(False)
    table.setTabKeyNavigation(False)  # Tab leaves the table
    for row, package in enumerate(rows):
        for column, text in enumerate(package):
            item = QTableWidgetItem(text)
            item.setToolTip(text)
            table.setItem(row, column, item)
    if (side := table.verticalHeader()) is not None:
        side.hide()
        side.setDefaultSectionSize(table.fontMetrics().height() + GAP)
    if (header := table.horizontalHeader()) is not None:
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
    return table
