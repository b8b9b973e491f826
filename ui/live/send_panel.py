"""Where poses are sent on to: switches and addresses, folded away until somebody wants them."""

from __future__ import annotations

from typing import Any, NamedTuple

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QCheckBox, QGridLayout, QLineEdit, QToolButton, QVBoxLayout, QWidget

from sdpose_track.broadcast.address import parse_address
from sdpose_track.errors import SettingsError
from sdpose_track.live.sending import Way
from ui.dialogs.fields import GAP, Notice
from ui.jobs.wording import in_words
from ui.look.texts import capital

TITLE = "Send on"


class _Text(NamedTuple):
    """What a way to send is called."""

    name: str
    usual: str
    tip: str


_TEXTS = {
    Way.OSC: _Text(
        "OS&C", "127.0.0.1:9000", "Send each frame's poses there, to TouchDesigner and the like"
    ),
    Way.WEBSOCKET: _Text(
        "&WebSocket", "127.0.0.1:9001", "Let browsers and programs fetch each frame's poses there"
    ),
}
WAYS = tuple(_TEXTS)


class SendPanel(QWidget):
    """One row for each way."""

    changed = pyqtSignal(object)
    """Way: it is on or off now, or has another address."""
    complained = pyqtSignal()
    """Something is wrong, and told here."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.fold = QToolButton()
        self.boxes = {way: QCheckBox(text.name) for way, text in _TEXTS.items()}
        self.lines = {way: QLineEdit(text.usual) for way, text in _TEXTS.items()}
        self.notices = {way: Notice() for way in WAYS}
        self._sent: dict[Way, str | None] = dict.fromkeys(WAYS)
        self._rows = QWidget()
        self._lay_out()
        self.fold.toggled.connect(self._unfold)
        for way in WAYS:
            self.boxes[way].toggled.connect(lambda _on, way=way: self._on_changed(way))
            self.lines[way].editingFinished.connect(lambda way=way: self._on_changed(way))
        self._unfold(open_=False)
        self._show_title()

    def _lay_out(self) -> None:
        self.fold.setCheckable(True)
        self.fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.fold.setToolTip("Send the poses to other programs while they are seen")
        grid = QGridLayout(self._rows)
        grid.setContentsMargins(2 * GAP, 0, 0, 0)
        grid.setHorizontalSpacing(GAP)
        grid.setVerticalSpacing(GAP // 2)
        grid.setColumnStretch(1, 1)
        for place, way in enumerate(WAYS):
            text = _TEXTS[way]
            self.boxes[way].setToolTip(text.tip)
            self.lines[way].setToolTip("HOST:PORT; 127.0.0.1 is this machine")
            self.lines[way].setPlaceholderText(text.usual)
            self.lines[way].setAccessibleName(f"{text.name.replace('&', '')} address")
            grid.addWidget(self.boxes[way], 2 * place, 0)
            grid.addWidget(self.lines[way], 2 * place, 1)
            grid.addWidget(self.notices[way], 2 * place + 1, 0, 1, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP // 2)
        column.addWidget(self.fold)
        column.addWidget(self._rows)

    def _unfold(self, open_: bool) -> None:
        self.fold.setArrowType(Qt.ArrowType.DownArrow if open_ else Qt.ArrowType.RightArrow)
        self._rows.setVisible(open_)

    def address(self, way: Way) -> str | None:
        """Return where poses are sent to; None: they are not."""
        return self.lines[way].text().strip() if self.boxes[way].isChecked() else None

    def _on_changed(self, way: Way) -> None:
        address = self.address(way)
        if address == self._sent[way]:
            return
        self._sent[way] = address
        try:
            exposure = None if address is None else _exposure(way, address)
        except SettingsError as error:
            self.refuse(way, in_words(str(error)))
        else:
            self.notices[way].say(capital(exposure or ""), wrong=False)
        self._show_title()
        self.changed.emit(way)

    def _show_title(self) -> None:
        on = [_TEXTS[way].name.replace("&", "") for way in WAYS if self.boxes[way].isChecked()]
        self.fold.setText(f"{TITLE}: {', '.join(on)}" if on else TITLE)

    def refuse(self, way: Way, sentence: str) -> None:
        """Tell why poses are not sent on; its switch is off then."""
        self._sent[way] = None
        self.boxes[way].setChecked(False)
        self.notices[way].say(capital(sentence))
        self._show_title()
        self.fold.setChecked(True)
        self.complained.emit()

    def is_seen_to_say(self, sentence: str) -> bool:
        """Tell whether a sentence stands beside a switch, where it can be read now."""
        return any(n.isVisible() and n.sentence == sentence for n in self.notices.values())

    # -- what is remembered ------------------------------------------------------------------------

    def show_address(self, way: Way, address: str | None) -> None:
        """Show what is wished for elsewhere; None: not sent."""
        if address is not None:
            self.lines[way].setText(address)
            self.fold.setChecked(True)
        self.boxes[way].setChecked(address is not None)
        self._on_changed(way)

    @property
    def remembered(self) -> dict[str, Any]:
        """The addresses, as JSON values. That something is sent is not: it is asked for anew."""
        return {way.name: line.text().strip() for way, line in self.lines.items()}

    def restore(self, before: dict[str, Any]) -> None:
        """Show the addresses that were used last."""
        for way, line in self.lines.items():
            address = before.get(way.name)
            if isinstance(address, str) and address:
                line.setText(address)


def _exposure(way: Way, address: str) -> str | None:
    """Return who else can read what is sent, as a sentence. Raises SettingsError."""
    where = parse_address(address, way.value)
    return where.exposed_sending() if way is Way.OSC else where.exposed_listening()
