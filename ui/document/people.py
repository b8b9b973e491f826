"""The people of the session as the viewer shows them: who there is, who is seen, who is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PyQt6.QtCore import QObject, pyqtSignal

from ui.document.reading import Facts


@dataclass(frozen=True, slots=True)
class Person:
    """One person of the session."""

    track_id: int
    name: str | None
    first: int
    """Index of the first frame with them."""
    last: int
    frames: int
    """How many frames have them."""
    is_locked: bool

    @property
    def called(self) -> str:
        """How to speak of them: `Anna`, or `Person 3`."""
        return self.name or f"Person {self.track_id}"


class People(QObject):
    """Who there is comes from the session; who is seen and chosen is decided here."""

    changed = pyqtSignal()
    """Who there is, names, locks."""
    look_changed = pyqtSignal()
    """Who is seen, and in which colour."""
    chosen_changed = pyqtSignal()
    """Who is chosen."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: tuple[Person, ...] = ()
        """By ascending id."""
        self.chosen: tuple[int, ...] = ()
        """Ids in the order in which they were chosen; the last one is `current`."""
        self._hidden: frozenset[int] = frozenset()
        self._solo: int | None = None
        self._colours: dict[int, str] = {}

    def show(self, facts: Facts | None) -> None:
        """Take over who there is; None: nobody."""
        rows: tuple[Person, ...] = ()
        if facts is not None:
            names, locked = facts.repairs.names, facts.repairs.locked
            rows = tuple(
                Person(s.track_id, names.get(s.track_id), s.first, s.last, s.frames,
                       s.track_id in locked)
                for s in facts.spans
            )  # fmt: skip
        self.rows = rows
        self.changed.emit()
        self.choose(*(i for i in self.chosen if self.get(i) is not None))
        if self._solo is not None and self.get(self._solo) is None:
            self.solo(None)

    def forget(self) -> None:
        """Another session is coming: everybody is seen, in their usual colour, nobody chosen."""
        self._hidden, self._solo, self._colours = frozenset(), None, {}
        self.choose()
        self.look_changed.emit()

    def get(self, track_id: int | None) -> Person | None:
        """Return the person with an id; None if there is none such."""
        return next((row for row in self.rows if row.track_id == track_id), None)

    # -- who is chosen ---------------------------------------------------------------------------

    @property
    def current(self) -> int | None:
        """The one whom commands are about."""
        return self.chosen[-1] if self.chosen else None

    def choose(self, *track_ids: int) -> None:
        """Choose these and nobody else."""
        chosen = tuple(dict.fromkeys(track_ids))
        if chosen != self.chosen:
            self.chosen = chosen
            self.chosen_changed.emit()

    def choose_too(self, track_id: int) -> None:
        """Choose one beside those that are, or no longer."""
        others = tuple(i for i in self.chosen if i != track_id)
        self.choose(*others, *(() if track_id in self.chosen else (track_id,)))

    # -- who is seen -----------------------------------------------------------------------------

    def is_seen(self, track_id: int) -> bool:
        """Tell whether a person is drawn."""
        return track_id == self._solo if self._solo is not None else track_id not in self._hidden

    @property
    def soloed(self) -> int | None:
        """The only one who is drawn; None where there is no such one."""
        return self._solo

    def hide(self, track_ids: Sequence[int], *, hidden: bool = True) -> None:
        """Draw them no longer, or again."""
        self._hidden = (
            self._hidden.union(track_ids) if hidden else self._hidden.difference(track_ids)
        )
        self.look_changed.emit()

    def solo(self, track_id: int | None) -> None:
        """Draw this one only; None: all who are not hidden."""
        self._solo = track_id
        self.look_changed.emit()

    def colour_of(self, track_id: int) -> str | None:
        """Return the colour that was chosen for a person, as `#rrggbb`; None for the usual one."""
        return self._colours.get(track_id)

    def paint(self, track_id: int, colour: str | None) -> None:
        """Draw a person in another colour, `#rrggbb`; None: the usual one."""
        if colour is None:
            self._colours.pop(track_id, None)
        else:
            self._colours[track_id] = colour
        self.look_changed.emit()
