"""The people of the session: who they are, how they are shown, and repairing who is who."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PyQt6.QtCore import QPoint, QRectF, Qt
from PyQt6.QtGui import QAction, QColor, QIcon, QPainter, QPen, QPixmap
from PyQt6.QtWidgets import (
    QColorDialog,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from sdpose_track.render.overlay import PALETTE
from ui.document.document import Document
from ui.look.colours import person_colour
from ui.look.icons import icon
from ui.people.cells import GAP, paint_swatch
from ui.people.commands import BLENDS_S, Commands
from ui.people.table import PeopleTable

NOBODY = "Nobody was found in this session; track again with a lower confidence."
NO_SESSION = "People are listed here once the tracking has found them."
COLOUR_NAMES = ("Orange", "Sky blue", "Green", "Yellow", "Blue", "Vermilion", "Purple")
"""Of the engine's palette."""
_LOOKS = ("rename", "hide", "solo", "lock")
_LOG = ("undo", "redo")
_REPAIRS = {
    "swap": ("Swap", ("swap", "swap-everywhere")),
    "merge": ("Merge", ()),
    "split": ("Split", ()),
    "delete": ("Delete", ("delete", "delete-marked")),
}
"""By action: the word on its button, and what its menu offers."""
_LONGEST = 60
"""Characters of an edit in a menu."""


class PeoplePanel(QWidget):
    """The list of people with everything that can be done with them.

    It says which of the `actions` named in `acts` make sense; whoever makes them connects them.
    """

    def __init__(
        self,
        document: Document,
        commands: Commands,
        actions: Mapping[str, QAction],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._document = document
        self.commands = commands
        self._is_offered = True
        self.table = PeopleTable(document)
        self.blend = QComboBox()
        self.colours = QMenu(self)
        self._actions = {name: actions[name] for name in self.acts()}
        self._paint_button = QToolButton()
        self._said = QLabel()
        self._pages = QStackedWidget()
        self.menu = QMenu(self)
        """What can be done with those who are chosen."""
        self._lay_out()
        self._fill_menus()
        self._listen()
        self._tell_rows()
        self._tell_actions()

    def acts(self) -> dict[str, Callable[[], None]]:
        """Return, by the name of an action, what it does."""
        commands, edits = self.commands, self._document.edits
        return {
            "rename": self.rename,
            "hide": commands.hide,
            "solo": commands.solo,
            "lock": commands.lock,
            "swap": commands.swap,
            "swap-everywhere": commands.swap_everywhere,
            "merge": commands.merge,
            "split": commands.split,
            "delete": commands.delete,
            "delete-marked": commands.delete_marked,
            "next-person": commands.next_person,
            "previous-person": commands.previous_person,
            "undo": edits.undo,
            "redo": edits.redo,
        }

    # -- what can be done ----------------------------------------------------------------------

    def offer(self, *, on: bool) -> None:
        """Offer what makes sense, or nothing: keys must not change people whom nobody sees."""
        self._is_offered = on
        self._tell_actions()

    def rename(self) -> None:
        """Let the user type a name for the current person."""
        if self.commands.why_not("rename") is None:
            self.table.rename()

    def place(self, track_id: int, frame: int, keypoint: str, x: float, y: float) -> None:
        """Put a keypoint at `x`, `y` pixels of the picture, fading as is chosen in the panel."""
        self.commands.place(track_id, frame, keypoint, x, y)

    def ask_colour(self) -> None:
        """Let the user choose any colour for those who are chosen."""
        current = self._document.people.current
        if current is None:
            return
        dialog = QColorDialog(
            person_colour(current, self._document.people.colour_of(current)), self
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.colorSelected.connect(lambda colour: self.commands.paint(colour.name()))
        dialog.open()

    # -- what it consists of -------------------------------------------------------------------

    def _lay_out(self) -> None:
        self.setAccessibleName("People")
        looks = _row(*(self._button(name) for name in _LOOKS), self._paint_button)
        looks.addStretch(1)
        for name in _LOG:
            looks.addWidget(self._button(name))
        repairs = _row(*(self._labelled(name, *of) for name, of in _REPAIRS.items()))
        repairs.addStretch(1)
        self._said.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._said.setWordWrap(True)
        self._said.setForegroundRole(self._said.palette().ColorRole.PlaceholderText)
        self._pages.addWidget(self.table)
        self._pages.addWidget(self._said)
        caption = QLabel("Correct &keypoints")
        caption.setBuddy(self.blend)
        blending = _row(caption)
        blending.setSpacing(2 * GAP)
        blending.addWidget(self.blend, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(2 * GAP, 2 * GAP, 2 * GAP, 2 * GAP)
        whole.setSpacing(2 * GAP)
        whole.addLayout(looks)
        whole.addWidget(self._pages, 1)
        whole.addLayout(repairs)
        whole.addLayout(blending)

    def _button(self, name: str) -> QToolButton:
        button = QToolButton()
        button.setDefaultAction(self._actions[name])
        return button

    def _labelled(self, name: str, word: str, offers: tuple[str, ...]) -> QToolButton:
        self._actions[name].setIconText(word)
        button = self._button(name)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        if offers:
            menu = QMenu(button)
            menu.addActions([self._actions[offer] for offer in offers])
            button.setMenu(menu)
            button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        return button

    def _fill_menus(self) -> None:
        for seconds in BLENDS_S:
            text = f"Fade over {seconds:g} s on both sides" if seconds else "In this frame only"
            self.blend.addItem(text, seconds)
        self.blend.setAccessibleName("Correct keypoints")
        self.blend.setToolTip("How far around the frame a keypoint that you drag has an effect")
        for name, colour in zip(COLOUR_NAMES, PALETTE, strict=True):
            act = self.colours.addAction(_swatch(colour), name)
            if act is not None:
                act.triggered.connect(lambda _on, c=colour: self.commands.paint(c))
        self.colours.addSeparator()
        self.colours.addAction("Other…", self.ask_colour)
        self.colours.addAction("As usual", lambda: self.commands.paint(None))
        self._paint_button.setIcon(icon("colour"))
        self._paint_button.setMenu(self.colours)
        self._paint_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._paint_button.setAccessibleName("Colour")
        menu = self.menu
        menu.setToolTipsVisible(True)  # which say why something is grey
        menu.addActions([self._actions[name] for name in _LOOKS])
        self.colours.setTitle("Colour")
        menu.addMenu(self.colours)
        menu.addSeparator()
        for name, (_, offers) in _REPAIRS.items():
            menu.addActions([self._actions[offer] for offer in offers or (name,)])

    def _listen(self) -> None:
        document = self._document
        document.people.changed.connect(self._tell_rows)
        document.opened.connect(self._tell_rows)
        self.commands.can_changed.connect(self._tell_actions)
        document.edits.can_changed.connect(self._tell_log)
        self.blend.activated.connect(self._on_blend)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._offer)

    def _on_blend(self) -> None:
        self.commands.blend_s = float(self.blend.currentData())

    def _offer(self, where: QPoint) -> None:
        viewport = self.table.viewport()
        if viewport is not None:
            self.menu.popup(viewport.mapToGlobal(where))

    # -- what makes sense ----------------------------------------------------------------------

    def _tell_rows(self) -> None:
        facts = self._document.facts
        self._pages.setCurrentIndex(0 if self._document.people.rows else 1)
        self._said.setText(NOBODY if facts is not None and facts.is_complete else NO_SESSION)

    def _tell_actions(self) -> None:
        """Offer what makes sense, and say why the rest does not."""
        for name, action in self._actions.items():
            if name in _LOG:
                continue
            why_not = self.commands.why_not(name.replace("-", "_"))
            action.setEnabled(why_not is None and self._is_offered)
            action.setToolTip(_tip(action.toolTip(), why_not))
        why_not = self.commands.why_not("paint")
        self._paint_button.setEnabled(why_not is None)
        self._paint_button.setToolTip(_tip("Colour", why_not))
        self._tell_log()

    def _tell_log(self) -> None:
        edits = self._document.edits
        for name, can, text in (
            ("undo", edits.can_undo, edits.stack.undoText()),
            ("redo", edits.can_redo, edits.stack.redoText()),
        ):
            action = self._actions[name]
            word = name.capitalize()
            short = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
            action.setEnabled(can and self._is_offered)
            action.setText(f"{word}: {short}" if text else word)
            action.setToolTip(_tip(action.toolTip(), edits.why_not or text or None))


def _tip(says: str, more: str | None) -> str:
    """Return a tooltip with another second line: `more`, if there is any."""
    first = says.partition("\n")[0]
    return first if more is None else f"{first}\n{more[:1].upper()}{more[1:]}"


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(GAP)
    for widget in widgets:
        row.addWidget(widget)
    return row


def _swatch(colour: str) -> QIcon:
    picture = QPixmap(32, 32)
    picture.fill(QColor(0, 0, 0, 0))
    painter = QPainter(picture)
    paint_swatch(painter, QRectF(4, 4, 24, 24), QPen(QColor(colour)), QColor(colour))
    painter.end()
    return QIcon(picture)
