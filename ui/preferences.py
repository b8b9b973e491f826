"""What the viewer remembers: window, keys, recent files, how things are shown. Typed, and checked.

What was damaged or comes from another version is as if it had never been stored. Nothing of a
session is here: that is in the session.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QByteArray, QObject, QSettings, pyqtSignal

from sdpose_track.smooth.choices import Smoothing
from ui.look.theme import Theme

NAME = "sdpose-track"
SCHEMA = "1"
"""Changed when stored values mean something else; older ones are dropped then."""
MOST_RECENT = 10
_SCHEMA = "schema"


class Preferences(QObject):
    """Values by name in an ini file of the user's; `QSettings.setPath` says where."""

    changed = pyqtSignal()
    """Something that is chosen in the settings has another value."""

    STATE_VERSION = 1
    """Of the arrangement of the window's parts."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._stored = QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, NAME, NAME)
        if self._stored.value(_SCHEMA) != SCHEMA:
            self._stored.clear()
            self._stored.setValue(_SCHEMA, SCHEMA)

    def sync(self) -> None:
        """Write what has changed now."""
        self._stored.sync()

    # -- look --------------------------------------------------------------------------------------

    @property
    def theme(self) -> Theme:
        """Dark, light, or as the desktop is."""
        return Theme(self._one_of("theme", [t.value for t in Theme], Theme.SYSTEM.value))

    @theme.setter
    def theme(self, theme: Theme) -> None:
        self._store("theme", theme.value)

    @property
    def smoothing(self) -> Smoothing:
        """How sessions are smoothed when they are opened."""
        known = [s.value for s in Smoothing]
        return Smoothing(self._one_of("smoothing", known, Smoothing.OFFLINE.value))

    @smoothing.setter
    def smoothing(self, smoothing: Smoothing) -> None:
        self._store("smoothing", smoothing.value)

    @property
    def picture_bytes(self) -> int | None:
        """How much memory decoded pictures may take; None: as much as is usual."""
        value = self._json("memory").get("pictures")
        return value if isinstance(value, int) and value > 0 else None

    @picture_bytes.setter
    def picture_bytes(self, size: int | None) -> None:
        self._store_json("memory", {} if size is None else {"pictures": size})
        self.changed.emit()

    @property
    def switches(self) -> dict[str, bool]:
        """Commands that are on or off, by name."""
        values = self._json("switches")
        return {n: v for n, v in values.items() if isinstance(v, bool)}

    @switches.setter
    def switches(self, switches: Mapping[str, bool]) -> None:
        self._store_json("switches", dict(switches))

    @property
    def compare(self) -> str:
        """The command that says which poses are seen."""
        value = self._stored.value("compare")
        return value if isinstance(value, str) else ""

    @compare.setter
    def compare(self, name: str) -> None:
        self._stored.setValue("compare", name)

    # -- window ------------------------------------------------------------------------------------

    @property
    def geometry(self) -> QByteArray | None:
        """Where the window was; None if that is not known."""
        return self._bytes("geometry")

    @geometry.setter
    def geometry(self, geometry: QByteArray) -> None:
        self._stored.setValue("geometry", geometry)

    @property
    def state(self) -> QByteArray | None:
        """How its parts were arranged; None if that is not known."""
        return self._bytes("state")

    @state.setter
    def state(self, state: QByteArray) -> None:
        self._stored.setValue("state", state)

    # -- files -------------------------------------------------------------------------------------

    @property
    def recent(self) -> list[str]:
        """What was open last and is still there, the newest first."""
        return [path for path in self._recent() if "%" in path or _is_there(Path(path))]

    def add_recent(self, path: str) -> None:
        """Put a path at the top of the recent ones."""
        others = [old for old in self._recent() if old != path]
        self._store_json("recent", {"paths": [path, *others][:MOST_RECENT]})

    def forget_recent(self) -> None:
        """Empty the recent list."""
        self._stored.remove("recent")
        self.changed.emit()

    def _recent(self) -> list[str]:
        paths = self._json("recent").get("paths", [])
        return [p for p in paths if isinstance(p, str)] if isinstance(paths, list) else []

    def folder(self, purpose: str) -> str:
        """Return the folder that was used last for a purpose such as `open`; empty if none."""
        value = self._json("folders").get(purpose, "")
        return value if isinstance(value, str) and _is_there(Path(value)) else ""

    def set_folder(self, purpose: str, folder: str) -> None:
        """Keep the folder that was used for a purpose."""
        self._store_json("folders", {**self._json("folders"), purpose: folder})

    # -- keys and dialogs --------------------------------------------------------------------------

    @property
    def keys(self) -> dict[str, tuple[str, ...]]:
        """The keys of commands that have others than usual, by name."""
        found = {}
        for name, keys in self._json("keys").items():
            if isinstance(keys, list) and all(isinstance(key, str) for key in keys):
                found[name] = tuple(keys)
        return found

    @keys.setter
    def keys(self, keys: Mapping[str, tuple[str, ...]]) -> None:
        self._store_json("keys", {name: list(own) for name, own in keys.items()})

    def choices(self, dialog: str) -> dict[str, Any]:
        """Return what was chosen last in a dialog, as JSON values; empty if nothing was."""
        return self._json(f"choices/{dialog}")

    def set_choices(self, dialog: str, choices: Mapping[str, Any]) -> None:
        """Keep what was chosen in a dialog."""
        self._store_json(f"choices/{dialog}", dict(choices))

    # -- inside ------------------------------------------------------------------------------------

    def _one_of(self, name: str, known: list[str], usual: str) -> str:
        value = self._stored.value(name)
        return value if isinstance(value, str) and value in known else usual

    def _bytes(self, name: str) -> QByteArray | None:
        value = self._stored.value(name)
        return value if isinstance(value, QByteArray) else None

    def _json(self, name: str) -> dict[str, Any]:
        text = self._stored.value(name)
        try:
            value = json.loads(text) if isinstance(text, str) else {}
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}

    def _store(self, name: str, value: str) -> None:
        self._stored.setValue(name, value)
        self.changed.emit()

    def _store_json(self, name: str, value: Mapping[str, Any]) -> None:
        self._stored.setValue(name, json.dumps(value, sort_keys=True))


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # nothing has such a name, or may be looked for there
        return False
