"""The mouse on the picture: choosing people, dragging keypoints, panning."""

from __future__ import annotations

from typing import NamedTuple

from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtGui import QContextMenuEvent
from PyQt6.QtWidgets import QApplication

from ui.canvas.hits import Joint
from ui.canvas.stage import Stage
from ui.figures.geometry import Pane

MORE = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
"""Keys with which a click chooses one more."""


class _Grip(NamedTuple):
    """What was taken hold of when a button went down."""

    start: QPointF
    pane: Pane | None
    joint: Joint | None
    offset: tuple[float, float]
    """From the pointer to the keypoint, in pixels of the picture."""
    pans: bool
    """Moving it pans from the first point on: the middle button."""
    frame: int | None
    """That was shown then: a keypoint of another one is not dragged."""


class Pointer:
    """Turns presses, moves and releases into what happens on the stage."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._grip: _Grip | None = None
        self._last = QPointF()
        self._moved = False

    @property
    def cursor(self) -> Qt.CursorShape:
        """What the pointer looks like now."""
        if self._grip is not None and self._moved:
            is_joint = self._grip.joint is not None
            return Qt.CursorShape.BlankCursor if is_joint else Qt.CursorShape.ClosedHandCursor
        if self._stage.under is not None:
            return Qt.CursorShape.SizeAllCursor
        if self._stage.hovered is not None:
            return Qt.CursorShape.PointingHandCursor
        can_pan = self._stage.lens.can_pan
        return Qt.CursorShape.OpenHandCursor if can_pan else Qt.CursorShape.ArrowCursor

    @property
    def is_held(self) -> bool:
        """A button is down that began something."""
        return self._grip is not None

    def means_people(self, event: QContextMenuEvent) -> bool:
        """Tell whether a menu is of people: whom one points at is chosen, unless they are."""
        at, people = event.pos(), self._stage.document.people
        if event.reason() is not QContextMenuEvent.Reason.Mouse:
            return bool(people.chosen)
        spot = self._stage.spot(at.x(), at.y())
        person = None if spot is None else self._stage.person_at(spot)
        if person is not None and person not in people.chosen:
            people.choose(person)
        return person is not None

    def press(self, at: QPointF, button: Qt.MouseButton) -> None:
        """A button goes down."""
        stage, spot = self._stage, self._stage.spot(at.x(), at.y())
        joint, offset = None, (0.0, 0.0)
        if spot is not None and button is Qt.MouseButton.LeftButton:
            joint = stage.joint_at(spot)
            pose = None if joint is None else stage.pose(joint.track_id, spot.kind)
            if joint is None or pose is None or not stage.can_move(joint.track_id):
                joint = None
            else:
                x, y = pose.keypoints[joint.number].tolist()
                offset = x - spot.x, y - spot.y
        pane = None if spot is None else spot.pane
        self._grip = _Grip(
            at, pane, joint, offset, button is Qt.MouseButton.MiddleButton, stage.frame
        )
        self._last, self._moved = at, False

    def move(self, at: QPointF) -> None:
        """The pointer moves, with a button down or not."""
        stage, grip = self._stage, self._grip
        if grip is None:
            stage.hover(stage.spot(at.x(), at.y()))
            return
        if grip.joint is not None and grip.frame != stage.frame:
            self._grip = None
            return
        if not self._moved and not grip.pans and self._is_near(at, grip.start):
            return
        self._moved = True
        if grip.joint is None:
            way = at - self._last
            self._last = at
            stage.set_lens(stage.lens.panned(way.x(), way.y()))
        elif (there := self._there(at, grip)) is not None:
            stage.hold(grip.joint, there)

    def release(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """The button goes up: a click chooses, a drag has its effect."""
        stage, grip, moved = self._stage, self._grip, self._moved
        self._grip, self._moved = None, False
        if grip is None or grip.pans:
            return
        if not moved:
            self._click(at, grip.joint, modifiers)
        elif grip.joint is not None and stage.held:  # else the frame has changed meanwhile
            there = self._there(at, grip)
            if there is not None:
                stage.place(grip.joint, there)

    def cancel(self) -> bool:
        """Let go of a keypoint that is dragged; tell whether there was one."""
        if not self._stage.held:
            return False
        self._grip, self._moved = None, False
        self._stage.release()
        return True

    def _there(self, at: QPointF, grip: _Grip) -> tuple[float, float] | None:
        spot = self._stage.spot(at.x(), at.y(), grip.pane)
        return None if spot is None else (spot.x + grip.offset[0], spot.y + grip.offset[1])

    def _click(self, at: QPointF, joint: Joint | None, modifiers: Qt.KeyboardModifier) -> None:
        if joint is not None and not modifiers & MORE:
            self._stage.choose_joint(joint)
            return
        spot, people = self._stage.spot(at.x(), at.y()), self._stage.document.people
        person = None if spot is None else self._stage.person_at(spot)
        if person is None:
            if not modifiers & MORE:
                people.choose()
        elif modifiers & MORE:
            people.choose_too(person)
        else:
            people.choose(person)

    @staticmethod
    def _is_near(one: QPointF, other: QPointF) -> bool:
        """Tell whether the pointer only trembled."""
        return (one - other).manhattanLength() < QApplication.startDragDistance() / 2
