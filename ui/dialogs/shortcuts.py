"""Every command with its keys, to look up and to change."""

from __future__ import annotations

from collections.abc import Iterable

from PyQt6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ui.actions import COMMANDS, HIDDEN, MENUS, Actions, Command
from ui.dialogs.fields import GAP, Notice, label, scrolled
from ui.dialogs.key_rows import KeyRow

COLUMNS = (("&File", "&Edit", "&Help"), ("&View", "Peop&le"), ("&Play",))
"""Which menus stand below each other: columns of about one height."""
_OF_SCREEN = 0.92


class ShortcutSheet(QDialog):
    """A sheet of key caps; a click on one asks for another key."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self.setWindowTitle("Shortcuts")
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search a command or a key")
        self.search.setAccessibleName("Search a command or a key")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.notice = Notice()
        self.nothing = label("No command is called so.", muted=True)
        self.nothing.hide()
        self.rows: dict[str, KeyRow] = {}
        self._groups: list[tuple[QWidget, list[KeyRow]]] = []
        self._lay_out()
        self._reset_all = self._footer()
        self._refresh()
        self.search.setFocus()

    # -- what is where -----------------------------------------------------------------------------

    def _lay_out(self) -> None:
        sheet = QWidget()
        columns = QHBoxLayout(sheet)
        columns.setContentsMargins(0, 0, 0, 0)
        columns.setSpacing(4 * GAP)
        for titles in COLUMNS:
            column = QVBoxLayout()
            column.setSpacing(2 * GAP)
            for title in titles:
                column.addWidget(self._group(title, MENUS[title]))
            column.addStretch(1)
            column.setContentsMargins(0, 0, 0, 0)
            part = QWidget()
            part.setLayout(column)
            part.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            part.setMinimumWidth(column.sizeHint().width())
            columns.addWidget(part, 1)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(2 * GAP, 2 * GAP, 2 * GAP, 2 * GAP)
        rows.setSpacing(GAP)
        rows.addWidget(self.search)
        rows.addWidget(label("Press a key cap to choose another key for its command.", muted=True))
        rows.addWidget(self.notice)
        rows.addWidget(self.nothing)
        self._area = scrolled(sheet)
        rows.addWidget(self._area, 1)
        metrics = self.fontMetrics()
        self.resize(metrics.averageCharWidth() * 184, metrics.height() * 54)
        if (screen := self.screen()) is not None:
            self.resize(self.size().boundedTo(screen.availableSize() * _OF_SCREEN))

    def _group(self, title: str, commands: Iterable[Command]) -> QWidget:
        group = QWidget()
        column = QVBoxLayout(group)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        heading = label(title.replace("&", ""), bold=True)
        heading.setObjectName("heading")
        heading.setIndent(0)
        column.addWidget(heading)
        made = []
        hidden = [c.name for c in commands if c.name in HIDDEN]
        for command in commands:
            if command.name not in HIDDEN:
                made.append(self._row(command.text.rstrip("…"), [command.name]))
            elif command.name == hidden[0]:
                made.append(self._row("Choose Person in Row", hidden))
        for row in made:
            column.addWidget(row)
        self._groups.append((group, made))
        return group

    def _row(self, text: str, names: list[str]) -> KeyRow:
        row = KeyRow(text, names, self._actions)
        row.refused.connect(self.notice.say)
        row.changed.connect(self._on_changed)
        self.rows.update(dict.fromkeys(names, row))
        return row

    def _footer(self) -> QPushButton:
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        reset = QPushButton("Reset All")
        reset.setToolTip("Give every command its usual keys")
        reset.clicked.connect(self._reset)
        buttons.addButton(reset, QDialogButtonBox.ButtonRole.ResetRole)
        for button in buttons.buttons():
            if isinstance(button, QPushButton):
                button.setAutoDefault(False)  # Enter is for the key caps
        buttons.rejected.connect(self.reject)
        if isinstance(rows := self.layout(), QVBoxLayout):
            rows.addWidget(buttons)
        return reset

    # -- what happens ------------------------------------------------------------------------------

    def _filter(self, text: str) -> None:
        seen = 0
        for group, rows in self._groups:
            fitting = [row for row in rows if row.fits(text)]
            for row in rows:
                row.setVisible(row in fitting)
            group.setVisible(bool(fitting))
            seen += len(fitting)
        self.nothing.setVisible(not seen)

    def _on_changed(self) -> None:
        self.notice.say("")
        self._refresh()

    def _reset(self) -> None:
        self._actions.reset_keys()
        self.notice.say("")
        for row in set(self.rows.values()):
            row.show_keys()
        self._refresh()

    def _refresh(self) -> None:
        own = any(self._actions.keys_of(name) != c.keys for name, c in COMMANDS.items())
        self._reset_all.setEnabled(own)
