"""The one table of commands: what they are called, their keys, and where in the menus they stand.

What a command does is connected in `window.wiring`. Tab is never a key: it moves the focus.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QAction, QActionGroup, QKeySequence
from PyQt6.QtWidgets import QMenu, QMenuBar, QWidget

from ui.look.icons import icon
from ui.look.texts import native_keys
from ui.preferences import Preferences


@dataclass(frozen=True, slots=True)
class Command:
    """Something that a user can do."""

    name: str
    text: str
    """As in the menu, without the mark of a key."""
    keys: tuple[str, ...] = ()
    """Usual shortcuts in Qt's portable writing, the first one is told."""
    icon: str = ""
    """A name of `look.icons`; empty without."""
    says: str = ""
    """More about it, for the tooltip; empty where the text says all."""
    choice: str = ""
    """Commands of one choice exclude each other: one of them is checked."""
    is_switch: bool = False
    """It is on or off."""
    has_section: bool = False
    """A line stands above it in its menu."""


def _switch(name: str, text: str, keys: str = "", icon_name: str = "", says: str = "") -> Command:
    return Command(name, text, (keys,) if keys else (), icon_name, says, is_switch=True)


_NTH = tuple(Command(f"person-{n}", f"Choose Person in Row {n}", (str(n),)) for n in range(1, 10))
MENUS: Mapping[str, tuple[Command, ...]] = {
    "&File": (
        Command("open", "Open…", ("Ctrl+O",), "open", "a video, a picture or a session"),
        Command("open-folder", "Open Folder…", ("Ctrl+Shift+O",), "folder", "of pictures"),
        Command("recent", "Open Recent"),
        Command("find-video", "Find the Video…", says="where the video of this session is now"),
        Command("close", "Close", ("Ctrl+W",)),
        Command("track", "Track People…", ("Ctrl+T",), "track", "in the video that is open",
                has_section=True),
        Command("resume", "Resume Tracking", says="go on with a session that stopped"),
        Command("pause-job", "Pause or Go On with the Run"),
        Command("cancel-job", "Cancel the Run", says="what is done is kept"),
        Command("export", "Export…", ("E", "Ctrl+E"), "export", "for other programs",
                has_section=True),
        Command("snapshot", "Save Snapshot…", ("S",), "snapshot", "the picture as it is drawn"),
        Command("quit", "Quit", ("Ctrl+Q",), has_section=True),
    ),
    "&Edit": (
        Command("undo", "Undo", ("Ctrl+Z",), "undo"),
        Command("redo", "Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "redo"),
        Command("swap", "Swap Two People from Here", ("Ctrl+Shift+S",), "swap",
                "they exchange ids from this frame on", has_section=True),
        Command("swap-everywhere", "Swap Two People Everywhere"),
        Command("merge", "Merge People", ("Ctrl+M",), "merge", "they were one person all along"),
        Command("split", "Split Person Here", ("Ctrl+K",), "split",
                "from this frame on somebody else"),
        Command("delete", "Delete Person", ("Delete",), "delete"),
        Command("delete-marked", "Delete Person Between In and Out", ("Shift+Delete",)),
        Command("rename", "Rename Person", ("N",), "rename", has_section=True),
        Command("lock", "Lock or Unlock Person", ("Ctrl+Shift+L",), "lock",
                "refuse edits that would change them"),
        Command("settings", "Settings…", ("Ctrl+,",), "settings", has_section=True),
    ),
    "&View": (
        Command("zoom-in", "Zoom In", ("+", "="), "zoom-in"),
        Command("zoom-out", "Zoom Out", ("-",), "zoom-out"),
        Command("zoom-fit", "Fit in Window", ("0",), "zoom-fit"),
        Command("zoom-full", "Actual Pixels", ("Ctrl+0",), says="one pixel on one of the screen"),
        Command("full-screen", "Full Screen", ("F", "F11"), "full-screen", is_switch=True),
        Command("leave-full-screen", "Leave Full Screen", ("Esc",)),
        Command("compare-smoothed", "Smoothed", ("Ctrl+1",), choice="compare", has_section=True),
        Command("compare-raw", "Raw", ("Ctrl+2",), says="as the estimator gave it",
                choice="compare"),
        Command("compare-side-by-side", "Side by Side", ("Ctrl+3",), choice="compare",
                says="raw left, smoothed right"),
        Command("compare-blended", "Blended", ("Ctrl+4",), says="raw under smoothed",
                choice="compare"),
        Command("show-skeleton", "Skeletons", ("Alt+1",), "track", is_switch=True,
                has_section=True),
        _switch("show-boxes", "Boxes", "Alt+2", "boxes"),
        _switch("show-ids", "Names and Numbers", "Alt+3", "ids"),
        _switch("show-trails", "Trails", "Alt+4", "trails", "where people came from"),
        _switch("show-confidence", "Confidence", "Alt+5", "confidence", "as colour of the joints"),
        _switch("show-only-chosen", "Only Chosen People", "Alt+6", "solo"),
        Command("panel-people", "People Panel", ("Ctrl+Alt+1",), "list", is_switch=True,
                has_section=True),
        _switch("panel-doubts", "Worth a Look Panel", "Ctrl+Alt+2", "warning"),
        _switch("panel-plots", "Plots Panel", "Ctrl+Alt+3", "plot"),
        _switch("live", "Live", "Ctrl+Alt+4", "live", "a camera or stream"),
        _switch("live-controls", "Live Controls", "Ctrl+Alt+5",
                says="beside the live picture, which has all the room without them"),
        Command("live-record", "Record or Stop Recording", ("Ctrl+R",), "record",
                "what is seen live"),
    ),
    "&Play": (
        Command("play", "Play or Pause", ("Space",), "play"),
        Command("pause", "Pause", ("K",), "pause"),
        Command("forwards", "Forwards, Faster", ("L",)),
        Command("backwards", "Backwards, Faster", ("J",)),
        Command("forwards-fast", "Forwards, Much Faster", ("Shift+L",)),
        Command("backwards-fast", "Backwards, Much Faster", ("Shift+J",)),
        Command("previous", "Previous Frame", ("Left", ","), "previous", has_section=True),
        Command("next", "Next Frame", ("Right", "."), "next"),
        Command("back-second", "One Second Back", ("Shift+Left",), "back-second"),
        Command("forward-second", "One Second On", ("Shift+Right",), "forward-second"),
        Command("back-ten", "Ten Seconds Back", ("Ctrl+Left",)),
        Command("forward-ten", "Ten Seconds On", ("Ctrl+Right",)),
        Command("first", "First Frame", ("Home",), "first"),
        Command("last", "Last Frame", ("End",), "last"),
        Command("go-to", "Go to Frame or Time…", ("G",), "go-to"),
        Command("slower", "Slower", ("[",), has_section=True),
        Command("faster", "Faster", ("]",)),
        Command("half-speed", "Half as Fast", ("{",)),
        Command("double-speed", "Twice as Fast", ("}",)),
        Command("usual-speed", "Usual Speed", ("Backspace",)),
        Command("mark-in", "Mark In", ("I",), "mark-in", "where to begin", has_section=True),
        Command("mark-out", "Mark Out", ("O",), "mark-out", "where to end"),
        Command("go-in", "Go to In", ("Shift+I",)),
        Command("go-out", "Go to Out", ("Shift+O",)),
        Command("clear-marks", "Clear In and Out", ("X",)),
        _switch("loop", "Loop", "Ctrl+L", "loop", "between in and out"),
    ),
    "Peop&le": (
        Command("next-person", "Next Person", ("PgDown",)),
        Command("previous-person", "Previous Person", ("PgUp",)),
        *_NTH,
        Command("hide", "Hide or Show Person", ("H",), "eye-off", has_section=True),
        Command("solo", "Only This Person", ("Shift+H",), "solo"),
        Command("next-doubt", "Next Worth a Look", ("D",), "warning", has_section=True),
        Command("previous-doubt", "Previous Worth a Look", ("Shift+D",)),
    ),
    "&Help": (
        Command("shortcuts", "Shortcuts", ("?", "F1"), "help"),
        Command("about", "About sdpose-track", (), "about"),
    ),
}  # fmt: skip
"""Every command, by the menu that it stands in."""
COMMANDS: dict[str, Command] = {c.name: c for menu in MENUS.values() for c in menu}
HIDDEN = frozenset(command.name for command in _NTH)
"""Commands that have keys but no place in a menu."""
_OF_THE_FOCUS = ("Tab", "Shift+Tab", "Backtab", "Shift+Backtab")


class Actions(Mapping[str, QAction]):
    """A `QAction` for every command, with the keys that the user wants."""

    def __init__(self, preferences: Preferences, parent: QWidget) -> None:
        """Make the actions; `parent` is the window in which their keys count."""
        self._preferences = preferences
        self._made = {name: _action(command, parent) for name, command in COMMANDS.items()}
        self.recent = QMenu(COMMANDS["recent"].text, parent)
        """The menu of what was open last; the window fills it."""
        self._group(parent)
        for name, action in self._made.items():
            parent.addAction(action)
            self._give_keys(name, self.keys_of(name))

    def __getitem__(self, name: str) -> QAction:
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)

    # -- keys --------------------------------------------------------------------------------------

    def keys_of(self, name: str) -> tuple[str, ...]:
        """Return the keys of a command in Qt's portable writing: the user's, or the usual ones."""
        return self._preferences.keys.get(name, COMMANDS[name].keys)

    def set_keys(self, name: str, keys: tuple[str, ...]) -> str | None:
        """Give a command other keys, and keep that; or return why it cannot have them."""
        for key in keys:
            if (why_not := self._why_not(name, key)) is not None:
                return why_not
        own = {**self._preferences.keys, name: keys}
        if keys == COMMANDS[name].keys:
            del own[name]
        self._preferences.keys = own
        self._give_keys(name, keys)
        return None

    def reset_keys(self) -> None:
        """Give every command its usual keys."""
        self._preferences.keys = {}
        for name, command in COMMANDS.items():
            self._give_keys(name, command.keys)

    def holder(self, key: str) -> str | None:
        """Return the command that has a key; None if it is free."""
        wanted = QKeySequence(key)
        for name in self:
            if wanted in map(QKeySequence, self.keys_of(name)):
                return name
        return None

    def typed(self, sign: str) -> QAction | None:
        """Return the command whose key is a sign such as `[`, if it can be done now."""
        name = self.holder(sign)
        return self[name] if name is not None and self[name].isEnabled() else None

    def _why_not(self, name: str, key: str) -> str | None:
        """Return why a command cannot have a key, as a sentence."""
        if not QKeySequence(key).toString():
            return "that is no key; take another one"
        if QKeySequence(key).toString() in _OF_THE_FOCUS:
            return "Tab moves between the controls; take another key"
        other = self.holder(key)
        if other is None or other == name:
            return None
        return f"{_told(key)} is the key of {COMMANDS[other].text.rstrip('…')}; take another one"

    def _give_keys(self, name: str, keys: tuple[str, ...]) -> None:
        command, action = COMMANDS[name], self._made[name]
        action.setShortcuts([QKeySequence(key) for key in keys])
        more = f": {command.says}" if command.says else ""
        shortcut = f" ({_told(keys[0])})" if keys else ""
        action.setToolTip(f"{command.text.rstrip('…')}{more}{shortcut}")

    # -- menus -------------------------------------------------------------------------------------

    def fill_menus(self, bar: QMenuBar) -> None:
        """Put every command into its menu."""
        for title, commands in MENUS.items():
            menu = bar.addMenu(title)
            if menu is None:
                continue
            for command in commands:
                if command.has_section:
                    menu.addSeparator()
                if command.name == "recent":
                    menu.addMenu(self.recent)
                elif command.name not in HIDDEN:
                    menu.addAction(self._made[command.name])

    def _group(self, parent: QWidget) -> None:
        """Let the commands of one choice exclude each other."""
        for choice in {command.choice for command in COMMANDS.values()} - {""}:
            group = QActionGroup(parent)
            for command in COMMANDS.values():
                if command.choice == choice:
                    group.addAction(self._made[command.name])


def _action(command: Command, parent: QWidget) -> QAction:
    action = QAction(command.text, parent)
    action.setObjectName(command.name)
    action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
    action.setCheckable(command.is_switch or bool(command.choice))
    if command.icon:
        action.setIcon(icon(command.icon))
    return action


def _told(key: str) -> str:
    return native_keys(QKeySequence(key))
