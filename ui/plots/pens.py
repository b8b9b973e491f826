"""The pens of plots: a person's colour, legible on the ground of the theme in force.

What is raw is thin, what is smoothed is wide, what is made up is dashed: never colour alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QPen

from ui.look.colours import ink_on
from ui.look.theme import contrast, tokens

LEAST_CONTRAST = 3.0
"""Of lines that carry meaning (WCAG 2.2, 1.4.11)."""
WIDE, MARK, THIN = 2.0, 1.5, 1.0
"""Widths in pixels of the window."""
PALE = 0.3
"""How much of the ground is in the colour of what is raw or made up."""
DASHES = (3.0, 2.0)
"""Line and gap of what is made up, in widths of the pen."""


@dataclass(frozen=True, slots=True)
class Pens:
    """How the curves of one person are drawn, and what is in front of them."""

    raw: QPen
    seen: QPen
    made_up: QPen
    made_up_dense: QPen
    """Where it fills the picture and dashes could not be seen."""
    playhead: QPen
    border: QPen
    """At the in and the out mark."""
    ink: QColor
    """Of markers and single points."""


def pens(colour: QColor, scale: float) -> Pens:
    """Return the pens for a person's colour in the theme in force.

    `scale` is that of the screen, in pixels per pixel of the window: Qt leaves it to the program
    where a pen is as wide at any zoom.
    """
    ground = QColor(tokens().base)
    ink = legible(colour, ground)
    pale = legible(mixed(ink, ground, PALE), ground)
    dashed = _pen(pale, WIDE * scale)
    dashed.setCapStyle(Qt.PenCapStyle.FlatCap)
    dashed.setDashPattern(DASHES)
    return Pens(
        _pen(pale, THIN * scale),
        _pen(ink, WIDE * scale),
        dashed,
        _pen(pale, WIDE * scale),
        _pen(QColor(tokens().playhead), MARK * scale),
        _pen(QColor(tokens().accent), THIN * scale),
        ink,
    )


def legible(colour: QColor, ground: QColor) -> QColor:
    """Return `colour`, made darker or lighter until it stands out from `ground`."""
    ink, share = ink_on(ground), 0.0
    found = colour
    while contrast(found, ground) < LEAST_CONTRAST and share < 1:
        share += 0.05
        found = mixed(colour, ink, share)
    return found


def mixed(one: QColor, other: QColor, share: float) -> QColor:
    """Return a mixture with `share` of the other colour, 0..1."""
    pairs = zip(one.getRgb()[:3], other.getRgb()[:3], strict=True)
    return QColor(*(round((1 - share) * (a or 0) + share * (b or 0)) for a, b in pairs))


def _pen(colour: QColor, width: float) -> QPen:
    pen = QPen(colour, width)
    pen.setCosmetic(True)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return pen
