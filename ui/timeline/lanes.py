"""Paints the lanes of the people: bars, gaps, confidence, and the diamonds of edited frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PyQt6.QtCore import QPointF
from PyQt6.QtGui import QColor, QPainter

from sdpose_track.records import Int32
from ui.document.lanes import LaneData
from ui.document.people import Person
from ui.look.colours import person_colour
from ui.timeline.lane_picture import Ink, Pixels, Rows, blended, lane_pixels, picture
from ui.timeline.marks import paint_diamond
from ui.timeline.strips import Columns, Strip, span_columns
from ui.timeline.view import View, colour

_TINT = 0.24
"""How much of the accent is in the ground of somebody who is chosen."""
_HIDDEN = 0.7
"""How much of the ground shows through the bar of somebody who is hidden."""
_DIAMOND = 3.5
"""Half the size of a diamond, in pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class _Round:
    """One painting of all lanes in view."""

    painter: QPainter
    view: View
    ratio: float
    """Pixels of the device in one of the screen."""
    edges: Int32
    """(W + 1,) frames at the edges of the columns of device pixels."""
    grid: Int32
    """Columns of the labelled ticks of the ruler."""


class Lanes:
    """Paints lanes; keeps of each person what takes long to make."""

    def __init__(self) -> None:
        self._strips: dict[int, Strip] = {}

    def paint(self, painter: QPainter, view: View, ratio: float) -> None:
        """Draw the lanes that are in view, on a device with `ratio` pixels in one of the screen."""
        people, places = view.document.people.rows, view.places
        for gone in self._strips.keys() - {person.track_id for person in people}:
            del self._strips[gone]
        width = max(1, round(places.track_width * ratio))
        lines = [round(tick.x * ratio) for tick in view.ticks() if tick.label]
        grid = np.array([x for x in lines if 0 <= x < width], np.int32)
        this = _Round(painter, view, ratio, view.scale.edges(width), grid)
        for place in places.visible_lanes():
            self._paint_lane(this, place, people[place])

    def _paint_lane(self, this: _Round, place: int, person: Person) -> None:
        view, ratio = this.view, this.ratio
        lane = view.places.lane(place)
        ground = lane_ground(view, place, person)
        this.painter.fillRect(lane, ground)
        columns = self._columns(view, person, this.edges)
        rows = Rows.of(round(lane.height() * ratio), max(1, round(ratio)))
        pixels = lane_pixels(columns, _ink(view, person, ground), rows, _grounded(this, ground))
        left = view.places.track_left
        this.painter.drawImage(QPointF(left, lane.top()), picture(pixels, ratio))
        middle = lane.top() + (rows.top + rows.bottom) / 2 / ratio
        _paint_edited(this, columns, middle)

    def _columns(self, view: View, person: Person, edges: Int32) -> Columns:
        data: LaneData | None = view.document.review.lanes.get(person.track_id)
        if data is None:
            return span_columns(person.first, person.last, edges)
        strip = self._strips.get(person.track_id)
        if strip is None or strip.lane is not data:
            strip = self._strips[person.track_id] = Strip.of(data)
        return strip.columns(edges)


def lane_ground(view: View, place: int, person: Person) -> QColor:
    """Return the colour behind a lane."""
    plain = colour("other_lane" if place % 2 else "lane")
    is_chosen = person.track_id in view.document.people.chosen
    return blended(plain, colour("accent"), _TINT) if is_chosen else plain


def _ink(view: View, person: Person, ground: QColor) -> Ink:
    people = view.document.people
    own = person_colour(person.track_id, people.colour_of(person.track_id))
    if not people.is_seen(person.track_id):
        own = blended(own, ground, _HIDDEN)
    return Ink(own, ground, colour("hatch"), colour("text"))


def _grounded(this: _Round, ground: QColor) -> Pixels:
    """Return (W,) pixels of an empty lane."""
    pixels = np.full(len(this.edges) - 1, ground.rgb(), np.uint32)
    pixels[this.grid] = blended(ground, colour("hatch"), 0.4).rgb()
    return pixels


def _paint_edited(this: _Round, columns: Columns, y: float) -> None:
    """Draw a diamond in the middle of each edited frame, as far as there is room."""
    scale, left = this.view.scale, this.view.places.track_left
    half = max(0.5, scale.frame_width / 2)
    middles: list[QPointF] = []
    for column in columns.edited:
        x = left + float(column) / this.ratio + half
        if not middles or x - middles[-1].x() >= 2 * _DIAMOND:
            middles.append(QPointF(x, y))
    paint_diamond(this.painter, middles, _DIAMOND, (QColor("white"), QColor("black")))
