"""Who of a frame is drawn, and what stands on their tags."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sdpose_track.records import Pose
from ui.document.people import People
from ui.figures.look import Look
from ui.figures.overlay import Guise


class Who:
    """What the canvas knows of people by id, without walking through all of them."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._names: dict[int, str] = {}
        self._locked: frozenset[int] = frozenset()
        self.refresh()

    def refresh(self) -> None:
        """Read names and locks again."""
        self._names = {row.track_id: row.name for row in self._people.rows if row.name}
        self._locked = frozenset(row.track_id for row in self._people.rows if row.is_locked)

    def called(self, track_id: int) -> str:
        """How to speak of somebody: `Anna`, or `Person 3`."""
        return self._names.get(track_id) or f"Person {track_id}"

    def is_locked(self, track_id: int) -> bool:
        """Tell whether edits of somebody would be refused."""
        return track_id in self._locked

    def drawn(self, people: Iterable[Pose], look: Look) -> tuple[Pose, ...]:
        """Return those of `people` who are not hidden."""
        chosen = self._people.chosen if look.only_chosen else ()
        return tuple(
            pose
            for pose in people
            if self._people.is_seen(pose.track_id) and (not chosen or pose.track_id in chosen)
        )

    def guises(self, *people: Sequence[Pose], hovered: int | None) -> dict[int, Guise]:
        """Return what is drawn with everybody in `people`."""
        return {
            i: Guise(
                self._names.get(i, str(i)),
                self._people.colour_of(i),
                i in self._people.chosen,
                i == hovered,
            )
            for i in {pose.track_id for some in people for pose in some}
        }
