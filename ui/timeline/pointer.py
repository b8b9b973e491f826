"""What the mouse does on the timeline: scrub, drag in and out, zoom, scroll, choose, jump."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtGui import QContextMenuEvent, QMouseEvent, QWheelEvent

from ui.timeline.overlay import mark_places
from ui.timeline.places import Zone
from ui.timeline.scrub import Scrub
from ui.timeline.sentences import mark_at
from ui.timeline.view import View

if TYPE_CHECKING:
    from ui.timeline.board import Board

_REACH = 6.0
"""Pixels beside a handle at which it can be taken hold of."""
_NOTCH = 120.0
"""What a wheel counts for one notch."""
_CLOSER = 1.25
"""How much closer one notch looks."""
_FARTHER = 0.1
"""How far one notch scrolls, in views."""


class Pointer:
    """What a drag is about lives from press to release."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._scrub = Scrub(board.document.player)
        self._drag: Callable[[float], None] | None = None
        """Told the pixel of the time axis."""

    # -- buttons -----------------------------------------------------------------------------------

    def press(self, event: QMouseEvent) -> None:
        """Begin a drag, or choose somebody."""
        view, where = self._board.view, event.position()
        if event.button() == Qt.MouseButton.MiddleButton:
            self._drag = self._panning(self._x(view, where))
        if event.button() != Qt.MouseButton.LeftButton or not view.document.is_open:
            return
        zone, lane = view.places.at(where)
        adds = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if lane >= 0:
            self._board.choose(lane, adds=adds)
        if zone is Zone.DOUBTS and (mark := mark_at(view, where)) is not None:
            view.document.player.seek(mark.doubt.frame)
            view.document.people.choose(*mark.doubt.track_ids)
        elif zone is Zone.RULER and (name := _handle_at(view, where)) is not None:
            self._drag = self._mark_in if name == "in" else self._mark_out
        elif where.x() >= view.places.left:
            self._scrub.begin()
            self._drag = self._to
            self._to(self._x(view, where))

    @property
    def is_held(self) -> bool:
        """A button is down that began a drag."""
        return self._drag is not None

    def means_people(self, event: QContextMenuEvent) -> bool:
        """Tell whether a menu is of people. Who is in the lane one points at is chosen, unless
        they are, and one goes to that frame: what is marked or split “here” is where one points.
        """
        view, where = self._board.view, QPointF(event.pos())
        people = view.document.people
        if event.reason() is not QContextMenuEvent.Reason.Mouse:
            return bool(people.chosen)
        _, lane = view.places.at(where)
        if lane >= 0 and people.rows[lane].track_id not in people.chosen:
            self._board.choose(lane)
        if where.x() >= view.places.left:
            view.document.player.seek(view.scale.frame_at(self._x(view, where)))
        return lane >= 0

    def move(self, event: QMouseEvent) -> None:
        """Go on with the drag, or tell what is under the pointer."""
        view, where = self._board.view, event.position()
        x = self._x(view, where)
        if self._drag is not None:
            self._drag(x)
        is_over = view.document.is_open and 0 <= x <= view.scale.width
        self._board.hover(x if is_over and self._drag is None else None)
        zone, _ = view.places.at(where)
        on_handle = zone is Zone.RULER and _handle_at(view, where) is not None
        shape = Qt.CursorShape.SizeHorCursor if on_handle else Qt.CursorShape.ArrowCursor
        if self._drag is None and shape != self._board.cursor().shape():
            self._board.setCursor(shape)

    def release(self) -> None:
        """End the drag."""
        self._drag = None
        if self._scrub.is_on:
            self._scrub.end()

    def double_click(self, event: QMouseEvent) -> None:
        """Have all frames in view."""
        if event.position().x() >= self._board.places.left:
            self._board.fit()

    # -- drags -------------------------------------------------------------------------------------

    def _to(self, x: float) -> None:
        self._scrub.to(self._board.scale.frame_at(x))

    def _mark_in(self, x: float) -> None:
        player = self._board.document.player
        last = player.clock.last if player.mark_out is None else player.mark_out
        player.set_in(min(self._board.scale.border_at(x), last))

    def _mark_out(self, x: float) -> None:
        player = self._board.document.player
        first = player.clock.first if player.mark_in is None else player.mark_in
        player.set_out(max(self._board.scale.border_at(x) - 1, first))

    def _panning(self, begun: float) -> Callable[[float], None]:
        scale = self._board.scale
        return lambda x: self._board.show_scale(scale.scrolled(begun - x))

    # -- wheel -------------------------------------------------------------------------------------

    def wheel(self, event: QWheelEvent) -> None:
        """Zoom about the pointer; sideways scroll in time, over the left column in the lanes."""
        board, where = self._board, event.position()
        along, up = event.angleDelta().x(), event.angleDelta().y()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            along, up = along or up, 0
        event.accept()
        if along:
            step = _FARTHER * board.scale.width
            board.show_scale(board.scale.scrolled(-along / _NOTCH * step))
        elif where.x() < board.places.left:
            places = board.places
            board.show_lanes_from(places.offset - up / _NOTCH * places.lane_height)
        elif up:
            board.zoom(_CLOSER ** (up / _NOTCH), self._x(board.view, where))

    @staticmethod
    def _x(view: View, where: QPointF) -> float:
        return where.x() - view.places.track_left


def _handle_at(view: View, where: QPointF) -> str | None:
    """Return the handle that is nearest to a point, if it is near."""
    reach = {name: abs(x - where.x()) for name, x in mark_places(view).items()}
    near = [name for name, distance in reach.items() if distance <= _REACH]
    return min(near, key=lambda name: reach[name], default=None)
