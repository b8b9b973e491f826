"""Paints the left column: who a lane is about, and whether they are locked or hidden."""

from __future__ import annotations

from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QFont, QFontMetricsF, QPainter, QPen

from ui.document.people import Person
from ui.look.colours import ink_on, person_colour
from ui.look.icons import paint_icon
from ui.timeline.lanes import lane_ground
from ui.timeline.places import GAP
from ui.timeline.view import View, colour

_VERTICALLY = Qt.AlignmentFlag.AlignVCenter


def paint_headers(painter: QPainter, view: View) -> None:
    """Draw the left column of the lanes that are in view."""
    people = view.document.people.rows
    for place in view.places.visible_lanes():
        lane = view.places.lane(place)
        _paint_header(painter, view, place, people[place])
        if place == view.cursor:
            painter.setPen(QPen(colour("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(
                QRectF(lane.left() + 1, lane.top() + 1, view.places.left - 2, lane.height() - 2)
            )


def paint_titles(painter: QPainter, view: View) -> None:
    """Draw the left column beside the ruler and the row of what is worth a look."""
    places = view.places
    painter.setFont(view.font)
    row = QRectF(GAP, places.ruler_height, places.left - 2 * GAP, places.doubts_height)
    painter.setPen(colour("text" if view.document.facts is not None else "muted"))
    painter.drawText(row, _VERTICALLY, "Worth a look")
    doubts = view.document.review.doubts
    painter.setPen(colour("muted"))
    painter.setFont(view.figures)
    count = "looking …" if doubts is None else f"{len(doubts):,}"
    right = _VERTICALLY | Qt.AlignmentFlag.AlignRight
    if view.document.facts is not None:
        painter.drawText(row, right, count)


def _paint_header(painter: QPainter, view: View, place: int, person: Person) -> None:
    people, places = view.document.people, view.places
    lane = places.lane(place)
    header = QRectF(0, lane.top(), places.left, lane.height())
    painter.fillRect(header, lane_ground(view, place, person))
    if person.track_id in people.chosen:
        painter.fillRect(QRectF(0, lane.top(), GAP / 4, lane.height()), colour("accent"))
    chip = _paint_chip(painter, view, person, header)
    right = header.right() - GAP
    side = places.line
    hidden = not people.is_seen(person.track_id)
    for sign, is_shown in (("eye-off", hidden), ("lock", person.is_locked)):
        if is_shown:
            where = QRectF(right - side, header.center().y() - side / 2, side, side)
            paint_icon(painter, sign, where, colour("muted"))
            right -= side + GAP / 2
    text = QRectF(chip.right() + GAP, header.top(), right - chip.right() - GAP, header.height())
    painter.setFont(view.font)
    painter.setPen(colour("muted" if hidden else "text"))
    metrics = QFontMetricsF(view.font)
    name = metrics.elidedText(person.called, Qt.TextElideMode.ElideRight, text.width())
    painter.drawText(text, _VERTICALLY, name)


def _paint_chip(painter: QPainter, view: View, person: Person, header: QRectF) -> QRectF:
    """Draw the number of a person upon their colour, like the tag in the picture."""
    own = person_colour(person.track_id, view.document.people.colour_of(person.track_id))
    font = QFont(view.figures)
    font.setBold(True)
    number = str(person.track_id)
    height = view.places.line
    width = max(height * 1.5, QFontMetricsF(font).horizontalAdvance(number) + GAP)
    chip = QRectF(GAP, header.center().y() - height / 2, width, height)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(own)
    painter.drawRoundedRect(chip, GAP / 2, GAP / 2)
    painter.setPen(ink_on(own))
    painter.setFont(font)
    painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, number)
    return chip
