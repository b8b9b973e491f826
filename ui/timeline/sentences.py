"""What the timeline tells in words: on hover, and to those who cannot see it."""

from __future__ import annotations

from PyQt6.QtCore import QPointF

from ui.document.document import Document
from ui.document.lanes import Presence
from ui.document.people import Person
from ui.look.texts import plural, timecode
from ui.timeline.marks import Mark
from ui.timeline.places import Zone
from ui.timeline.view import MARK_SIZE, View

_PRESENCES = {
    Presence.ABSENT: "not found",
    Presence.MEASURED: "measured",
    Presence.PREDICTED: "predicted",
    Presence.FILLED: "filled in",
    Presence.EDITED: "corrected by hand",
}


def mark_at(view: View, where: QPointF) -> Mark | None:
    """Return the sign of what is worth a look that is at a point of the widget."""
    x = where.x() - view.places.track_left
    near = [mark for mark in view.marks() if abs(mark.x - x) <= MARK_SIZE / 2 + 2]
    return min(near, key=lambda mark: abs(mark.x - x), default=None)


def tip_at(view: View, where: QPointF) -> str:
    """Return what is told of a point of the widget; empty: nothing."""
    zone, lane = view.places.at(where)
    if zone is Zone.DOUBTS:
        mark = mark_at(view, where)
        return "" if mark is None else _doubt(mark)
    if zone is Zone.HEADER:
        return _whole(view.document.people.rows[lane])
    if zone is Zone.LANE:
        frame = view.scale.frame_at(where.x() - view.places.track_left)
        return _moment(view, view.document.people.rows[lane], frame)
    return ""


def lane_sentence(document: Document, place: int) -> str:
    """Return what a screen reader is told of a lane."""
    people = document.people
    if not people.rows:
        return "There are no people yet."
    person = people.rows[place]
    words = [f"Lane {place + 1} of {len(people.rows)}: {_whole(person)}"]
    if person.track_id in people.chosen:
        words.append("Chosen.")
    return " ".join([*words, "Up and Down move between lanes, Enter chooses the person."])


def _whole(person: Person) -> str:
    locked = ", locked" if person.is_locked else ""
    called = person.called if person.name is None else f"{person.name} ({person.track_id})"
    frames = plural(person.frames, "frame")
    return f"{called}, {frames} from {person.first} to {person.last}{locked}."


def _moment(view: View, person: Person, frame: int) -> str:
    """Return what is known of a person in a frame."""
    clock, lane = view.scale.clock, view.document.review.lanes.get(person.track_id)
    words = f"{person.called}, frame {frame}, {timecode(clock.time_of(frame))}"
    if lane is None or not lane.first <= frame <= lane.last:
        return words
    presence = Presence(int(lane.presence[frame - lane.first]))
    words = f"{words}: {_PRESENCES[presence]}"
    if presence is Presence.ABSENT:
        return words
    return f"{words}, confidence {lane.confidence[frame - lane.first] / 2.55:.0f} %"


def _doubt(mark: Mark) -> str:
    says = mark.doubt.says
    words = f"{says[:1].upper()}{says[1:]}."
    if mark.hidden:
        words += f" And {plural(mark.hidden, 'milder sign')} close by: zoom in to see."
    return words
