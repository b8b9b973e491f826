"""The colours of people and of confidence, the same in picture, timeline, lists and plots.

A person's colour follows their track id, as in the annotated video; from the eighth person on the
line is dashed, so colour is never the only sign.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QPen

from sdpose_track.records import UInt8
from sdpose_track.render.overlay import PALETTE, track_colour
from ui.look.theme import contrast

DASHES = ((4.0, 2.0), (1.0, 2.0), (6.0, 2.0, 1.0, 2.0))
"""Lengths of line and gap, in widths of the pen, for each time that the colours begin anew."""


def person_colour(track_id: int, chosen: str | None = None) -> QColor:
    """Return the colour of a person: the `chosen` one as `#rrggbb`, or that of their number."""
    own = QColor(chosen) if chosen else QColor()
    if own.isValid():
        return own
    blue, green, red = track_colour(track_id)
    return QColor(red, green, blue)


def person_dash(track_id: int) -> tuple[float, ...] | None:
    """Return how a person's lines are dashed, in widths of the pen; None is a solid line."""
    again = (track_id - 1) // len(PALETTE)
    return DASHES[(again - 1) % len(DASHES)] if again else None


def person_pen(track_id: int, width: float, chosen: str | None = None) -> QPen:
    """Return a person's pen for widgets, `width` points wide, with round ends.

    It is not cosmetic: Qt counts cosmetic widths in device pixels, half as wide on a 2x screen.
    """
    pen = QPen(person_colour(track_id, chosen), width)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    dash = person_dash(track_id)
    if dash is None:
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    else:
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)  # round ends would close the gaps
        pen.setDashPattern(dash)
    return pen


def ink_on(ground: QColor) -> QColor:
    """Return black or white, whichever is read better on `ground`."""
    black, white = QColor("black"), QColor("white")
    return max(black, white, key=lambda ink: contrast(ink, ground))


@cache
def confidence_colours() -> UInt8:
    """Return the read-only (256, 4) RGBA colours of confidence 0..1: cividis, dark to bright.

    Cividis reads alike with and without colour blindness (Nuñez and others, 2018).
    """
    steps = np.arange(256, dtype=np.uint8).reshape(-1, 1)
    blue_green_red = cv2.applyColorMap(steps, cv2.COLORMAP_CIVIDIS)[:, 0]
    colours = np.full((256, 4), 255, np.uint8)
    colours[:, :3] = blue_green_red[:, ::-1]
    colours.flags.writeable = False
    return colours
