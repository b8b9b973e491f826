"""The keyboard's way to correct a keypoint: Alt with the arrows, Page Up and Page Down."""

from __future__ import annotations

import numpy as np
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QKeyEvent

from ui.canvas.hits import Joint
from ui.canvas.stage import Stage

FAR = 10
"""Pixels that Shift moves; otherwise it is one."""
_WAYS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_TURNS = {Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}


def is_meant(event: QKeyEvent) -> bool:
    """Tell whether a key is for this module."""
    is_alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
    return is_alt and (event.key() in _WAYS or event.key() in _TURNS)


def nudge(stage: Stage, event: QKeyEvent) -> None:
    """Do what a key says with the keypoint that is chosen, of the person who is."""
    current = stage.document.people.current
    if current is None or not stage.can_move(current):
        return
    if event.key() in _TURNS:
        _turn(stage, current, _TURNS[Qt.Key(event.key())])
    elif stage.joint is not None:
        dx, dy = _WAYS[Qt.Key(event.key())]
        far = FAR if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        pose = stage.pose(stage.joint.track_id, stage.look.compare.panes[-1])
        if pose is not None:
            x, y = pose.keypoints[stage.joint.number].tolist()
            stage.place(stage.joint, (x + far * dx, y + far * dy))


def _turn(stage: Stage, track_id: int, way: int) -> None:
    """Choose the next keypoint of a person that has a position, or the one before."""
    pose = stage.pose(track_id, stage.look.compare.panes[-1])
    if pose is None:
        return
    there = np.flatnonzero(np.isfinite(pose.keypoints).all(axis=1)).tolist()
    if not there:
        return
    joint = stage.joint
    if joint is not None and joint.track_id == track_id and joint.number in there:
        number = there[(there.index(joint.number) + way) % len(there)]
    else:
        number = there[0 if way > 0 else -1]
    stage.choose_joint(Joint(track_id, number))
