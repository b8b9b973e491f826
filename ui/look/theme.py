"""The dark and the light theme: a palette each, and the named colours for custom painting.

Only colours of the program itself belong here; those of people are in `colours`. A widget that
paints by itself asks `tokens()` while painting and updates on `QEvent.Type.PaletteChange`, which
Qt sends to every widget when the theme changes.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum

from PyQt6.QtCore import QObject, Qt
from PyQt6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PyQt6.QtWidgets import QApplication

from ui.look.style_sheet import style_sheet


class Theme(Enum):
    """What a user chooses; `SYSTEM` follows the desktop, also when it changes."""

    SYSTEM = "system"
    DARK = "dark"
    LIGHT = "light"


@dataclass(frozen=True, slots=True)
class Tokens:
    """The named colours of a theme, opaque, as `#rrggbb`.

    Texts are readable (a contrast of 4.5 or more, WCAG 2.2) in the pairs named in `TEXT_PAIRS`.
    """

    window: str
    """Behind everything."""
    surface: str
    """Of a panel."""
    base: str
    """Of what is typed in, and of lists."""
    raised: str
    """Of buttons, headers, key caps and cards."""
    hover: str
    """Of what the pointer is upon."""
    line: str
    """Between things."""
    edge: str
    """Around what can be worked with: buttons, fields."""
    text: str
    muted: str
    """Of less important text."""
    faint: str
    """Of what cannot be done now: to be made out all the same, with a contrast of 2.8 or more."""
    accent: str
    """The one colour that says: here."""
    on_accent: str
    """Text upon `accent`."""
    selection: str
    selected_text: str
    warning: str
    error: str
    canvas: str
    """Around the picture."""
    lane: str
    """Of a lane of the timeline."""
    other_lane: str
    """Of every second lane."""
    hatch: str
    """Lines over times where nothing was found."""
    grid: str
    """Fine lines behind plots and the ruler."""
    playhead: str


DARK = Tokens(
    window="#1b1e23",
    surface="#22262c",
    base="#16181c",
    raised="#2c313a",
    hover="#373d48",
    line="#343a44",
    edge="#4a525f",
    text="#e4e7ec",
    muted="#a2abb8",
    faint="#757a7f",
    accent="#62aef0",
    on_accent="#0c1722",
    selection="#2b68a6",
    selected_text="#ffffff",
    warning="#eeb350",
    error="#ff8178",
    canvas="#101215",
    lane="#1e2127",
    other_lane="#23272e",
    hatch="#48505c",
    grid="#2c3139",
    playhead="#ff6a55",
)
LIGHT = Tokens(
    window="#eef0f4",
    surface="#f8f9fb",
    base="#ffffff",
    raised="#e6e9ee",
    hover="#dadfe6",
    line="#d3d8e0",
    edge="#aab2bd",
    text="#1b2027",
    muted="#525c69",
    faint="#848a91",
    accent="#1763b0",
    on_accent="#ffffff",
    selection="#1f68b3",
    selected_text="#ffffff",
    warning="#7d4c00",
    error="#b3241c",
    canvas="#d9dde3",
    lane="#ffffff",
    other_lane="#f4f6f8",
    hatch="#c0c7d0",
    grid="#e3e7ec",
    playhead="#d12c17",
)

_GROUNDS = ("window", "surface", "base", "raised", "lane", "other_lane")
TEXT_PAIRS = (
    *((ink, ground) for ink in ("text", "muted", "warning", "error") for ground in _GROUNDS),
    ("accent", "window"),
    ("accent", "surface"),
    ("accent", "base"),
    ("text", "hover"),
    ("text", "canvas"),
    ("muted", "canvas"),
    ("on_accent", "accent"),
    ("selected_text", "selection"),
)
"""Names of the pairs (ink, ground) in which text is written."""


def apply(app: QApplication, theme: Theme) -> None:
    """Give the whole program a theme, now and, for `Theme.SYSTEM`, whenever the desktop changes."""
    followers = app.findChildren(_Follower) or [_Follower(app)]
    followers[0].choose(theme)


def is_dark() -> bool:
    """Tell whether the theme in force is the dark one."""
    return QGuiApplication.palette().color(QPalette.ColorRole.Window).lightness() < 128


def tokens() -> Tokens:
    """Return the colours of the theme in force."""
    return DARK if is_dark() else LIGHT


def contrast(one: str | QColor, other: str | QColor) -> float:
    """Return the contrast of two opaque colours, from 1 to 21 (WCAG 2.2, 1.4.3)."""
    dark, light = sorted((_luminance(QColor(one)), _luminance(QColor(other))))
    return (light + 0.05) / (dark + 0.05)


def steady_digits(font: QFont) -> QFont:
    """Return `font` with digits of one width, so that running numbers do not tremble."""
    own = QFont(font)
    own.setFeature(QFont.Tag(b"tnum"), 1)
    return own


class _Follower(QObject):
    """Dresses the application, and does it again when the desktop turns dark or light."""

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._app = app
        self._theme = Theme.SYSTEM
        self._worn: Tokens | None = None
        from ui.look.controls import Controls  # which asks for our colours

        app.setStyle(Controls())
        if (hints := app.styleHints()) is not None:
            hints.colorSchemeChanged.connect(self._dress)

    def choose(self, theme: Theme) -> None:
        self._theme = theme
        if (hints := self._app.styleHints()) is not None:
            hints.setColorScheme(_SCHEMES[theme])  # title bars and the system's dialogs follow
        self._dress()

    def _dress(self) -> None:
        wanted = self._wanted()
        if wanted is not self._worn:  # dressing walks through every widget
            self._worn = wanted
            self._app.setPalette(_palette(wanted))
            self._app.setStyleSheet(style_sheet({f.name: getattr(wanted, f.name) for f in _NAMES}))

    def _wanted(self) -> Tokens:
        """Return the colours to wear; a desktop that does not say gets the dark ones."""
        hints = self._app.styleHints()
        if self._theme is Theme.SYSTEM and hints is not None:
            return LIGHT if hints.colorScheme() is Qt.ColorScheme.Light else DARK
        return LIGHT if self._theme is Theme.LIGHT else DARK


_NAMES = fields(Tokens)
_SCHEMES = {
    Theme.SYSTEM: Qt.ColorScheme.Unknown,
    Theme.DARK: Qt.ColorScheme.Dark,
    Theme.LIGHT: Qt.ColorScheme.Light,
}
_ROLES = {
    "Window": "window",
    "WindowText": "text",
    "Base": "base",
    "AlternateBase": "other_lane",
    "Text": "text",
    "Button": "raised",
    "ButtonText": "text",
    "BrightText": "error",
    "PlaceholderText": "muted",
    "ToolTipBase": "raised",
    "ToolTipText": "text",
    "Highlight": "selection",
    "HighlightedText": "selected_text",
    "Accent": "accent",
    "Link": "accent",
    "LinkVisited": "accent",
    "Light": "hover",
    "Midlight": "raised",
    "Mid": "edge",
    "Dark": "edge",
    "Shadow": "line",
}
"""Which colour each role of a palette has."""
_FAINT = ("WindowText", "Text", "ButtonText", "HighlightedText", "PlaceholderText")


def _palette(colours: Tokens) -> QPalette:
    palette = QPalette()
    for role, name in _ROLES.items():
        palette.setColor(QPalette.ColorRole[role], QColor(getattr(colours, name)))
    disabled = QPalette.ColorGroup.Disabled
    for role in _FAINT:
        palette.setColor(disabled, QPalette.ColorRole[role], QColor(colours.faint))
    palette.setColor(disabled, QPalette.ColorRole.Highlight, QColor(colours.raised))
    palette.setColor(disabled, QPalette.ColorRole.Base, QColor(colours.window))
    return palette


def _luminance(colour: QColor) -> float:
    """Return the relative luminance of sRGB, 0..1 (WCAG 2.2)."""
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
