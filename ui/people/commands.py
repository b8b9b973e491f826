"""What can be done with the people who are chosen, and why something cannot be done now.

Nothing is asked back: everything can be undone. What only the session knows, such as whether two
people are in one frame, it says itself when it refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PyQt6.QtCore import QObject, pyqtSignal

from sdpose_track.repair.edits import Delete, Edit, Lock, Merge, Place, Rename, Swap
from ui.document.document import Document
from ui.document.people import Person

NOBODY = "choose a person first"
BLENDS_S = (0.0, 0.25, 0.5, 1.0, 2.0)
"""Seconds on both sides over which a keypoint's correction may fade; 0 is one frame only."""


class Commands(QObject):
    """The repairs and the looks of the people who are chosen."""

    can_changed = pyqtSignal()
    """What can be done."""

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._people = document.people
        self._edits = document.edits
        self.blend_s = 0.0
        """One of `BLENDS_S`."""
        self._reasons: tuple[str | None, ...] = ()
        for signal in (
            self._people.changed,
            self._people.look_changed,
            self._people.chosen_changed,
            self._edits.can_changed,
            document.player.moved,
            document.player.marks_changed,
            document.player.clock_changed,
        ):
            signal.connect(self._look)

    def _look(self) -> None:
        """Tell if something can be done that could not, or the other way round."""
        reasons = tuple(self.why_not(name) for name in _CHECKS)
        if reasons != self._reasons:
            self._reasons = reasons
            self.can_changed.emit()

    @property
    def chosen(self) -> tuple[Person, ...]:
        """Who is chosen, in that order."""
        people = (self._people.get(track_id) for track_id in self._people.chosen)
        return tuple(person for person in people if person is not None)

    def why_not(self, command: str) -> str | None:
        """Return why a command, by the name of its method, cannot be done now; None if it can."""
        return _CHECKS[command](self)

    # -- identities ----------------------------------------------------------------------------

    def swap(self) -> None:
        """From the current frame on the two who are chosen exchange their ids."""
        self._apply("swap", lambda: [Swap(*self._pair(), self._document.player.frame)])

    def swap_everywhere(self) -> None:
        """The two who are chosen exchange their ids."""
        self._apply("swap_everywhere", lambda: [Swap(*self._pair())])

    def merge(self) -> None:
        """All who are chosen were the first of them all along."""
        self._apply("merge", lambda: [Merge(self._ids()[0], i) for i in self._ids()[1:]])

    def split(self) -> None:
        """From the current frame on the current person is somebody new."""
        current = self._current()
        if current is not None and self.why_not("split") is None:
            self._edits.split(current.track_id, self._document.player.frame)

    def delete(self) -> None:
        """Those who are chosen are nobody."""
        self._apply("delete", lambda: [Delete(i) for i in self._ids()])

    def delete_marked(self) -> None:
        """Those who are chosen are nobody from the in mark to the out mark."""
        inside = self._document.player.marked
        self._apply(
            "delete_marked", lambda: [Delete(i, inside[0], inside[-1]) for i in self._ids()]
        )

    # -- what else is stored -------------------------------------------------------------------

    def lock(self) -> None:
        """Lock those who are chosen; if all of them are locked, unlock them."""
        locked = not all(person.is_locked for person in self.chosen)
        self._apply(
            "lock",
            lambda: [Lock(p.track_id, locked) for p in self.chosen if p.is_locked != locked],
        )

    def call(self, name: str) -> None:
        """Give the current person a name; an empty one takes it away."""
        current = self._current()
        if current is not None and self.why_not("rename") is None:
            self._edits.apply(Rename(current.track_id, name.strip()))

    def place(self, track_id: int, frame: int, keypoint: str, x: float, y: float) -> None:
        """Put a keypoint at `x`, `y` pixels of the picture, fading over `blend_s` on both sides."""
        self._edits.apply(Place(track_id, frame, keypoint, x, y, self.blend_s))

    # -- what is only shown --------------------------------------------------------------------

    def hide(self) -> None:
        """Hide those who are chosen; if none of them is shown, show them."""
        if self.why_not("hide") is None:
            hidden = any(self._people.is_seen(i) for i in self._ids())
            self._people.hide(self._ids(), hidden=hidden)

    def solo(self) -> None:
        """Show the current person only; if that is so, everybody again."""
        if self.why_not("solo") is None:
            current = self._people.current
            self._people.solo(None if self._people.soloed == current else current)

    def paint(self, colour: str | None) -> None:
        """Show those who are chosen in a colour, `#rrggbb`; None: in their usual ones."""
        for track_id in self._ids():
            self._people.paint(track_id, colour)

    # -- who is chosen -------------------------------------------------------------------------

    def next_person(self) -> None:
        """Choose who comes after the current person in the list."""
        self._choose_by(1)

    def previous_person(self) -> None:
        """Choose who comes before the current person in the list."""
        self._choose_by(-1)

    def choose_nth(self, number: int) -> None:
        """Choose the person in the row `number`, from 1; do nothing if there is none such."""
        rows = self._people.rows
        if 1 <= number <= len(rows):
            self._people.choose(rows[number - 1].track_id)

    def _choose_by(self, by: int) -> None:
        ids = [row.track_id for row in self._people.rows]
        if not ids:
            return
        current = self._people.current
        place = ids.index(current) + by if current in ids else (0 if by > 0 else -1)
        self._people.choose(ids[place % len(ids)])

    # -- helpers -------------------------------------------------------------------------------

    def _ids(self) -> tuple[int, ...]:
        return self._people.chosen

    def _pair(self) -> tuple[int, int]:
        first, second = self._ids()
        return first, second

    def _current(self) -> Person | None:
        return self._people.get(self._people.current)

    def _apply(self, command: str, edits: Callable[[], Sequence[Edit]]) -> None:
        if self.why_not(command) is None:
            self._edits.apply(*edits())

    # -- why not -------------------------------------------------------------------------------

    def why_not_look(self) -> str | None:
        """Return why nothing can be done with how somebody looks."""
        return None if self._people.chosen else NOBODY

    def why_not_choose(self) -> str | None:
        """Return why nobody can be chosen."""
        return None if self._people.rows else "there is nobody"

    def why_not_name(self) -> str | None:
        """Return why nobody's name or lock can change."""
        return self._edits.why_not or self.why_not_look()

    def why_not_repair(self) -> str | None:
        """Return why who somebody is cannot change."""
        locked = next((p for p in self.chosen if p.is_locked), None)
        if locked is not None:
            return self._edits.why_not or f"{locked.called} is locked; unlock them first"
        return self.why_not_name()

    def why_not_swap(self) -> str | None:
        """Return why two people cannot be exchanged."""
        if len(self._people.chosen) != 2:
            return "choose exactly two people"
        return self.why_not_repair()

    def why_not_swap_here(self) -> str | None:
        """Return why two people cannot be exchanged from the current frame on."""
        frame = self._document.player.frame
        if len(self._people.chosen) == 2 and all(p.last < frame for p in self.chosen):
            return "neither of them is seen from this frame on; go to an earlier one"
        return self.why_not_swap()

    def why_not_merge(self) -> str | None:
        """Return why people cannot be made one."""
        if len(self._people.chosen) < 2:
            return "choose two people or more, first the one who stays"
        return self.why_not_repair()

    def why_not_split(self) -> str | None:
        """Return why the current person cannot become somebody new here."""
        current, frame = self._current(), self._document.player.frame
        if len(self._people.chosen) > 1:
            return "choose one person only"
        if current is not None and not current.first < frame <= current.last:
            return f"{current.called} is not seen before and after this frame; go to another one"
        return self.why_not_repair()

    def why_not_marked(self) -> str | None:
        """Return why nobody can be deleted between the marks."""
        player = self._document.player
        if player.mark_in is None and player.mark_out is None:
            return "mark where it begins and ends first (I and O)"
        return self.why_not_repair()


_CHECKS: dict[str, Callable[[Commands], str | None]] = {
    "rename": Commands.why_not_name,
    "hide": Commands.why_not_look,
    "solo": Commands.why_not_look,
    "paint": Commands.why_not_look,
    "lock": Commands.why_not_name,
    "swap": Commands.why_not_swap_here,
    "swap_everywhere": Commands.why_not_swap,
    "merge": Commands.why_not_merge,
    "split": Commands.why_not_split,
    "delete": Commands.why_not_repair,
    "delete_marked": Commands.why_not_marked,
    "next_person": Commands.why_not_choose,
    "previous_person": Commands.why_not_choose,
}
