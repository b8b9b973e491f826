"""What the painting parts of the timeline are told: the document and how it is looked at."""

from __future__ import annotations

from dataclasses import dataclass

from PyQt6.QtGui import QColor, QFont, QFontMetricsF

from ui.axis.scale import Scale
from ui.axis.ticks import Tick, ticks
from ui.document.document import Document
from ui.look.texts import timecode
from ui.look.theme import steady_digits, tokens
from ui.timeline.marks import Mark, marks
from ui.timeline.places import GAP, Places

MARK_SIZE = 9.0
"""Of what is worth a look, in pixels."""
_SMALL = 0.9
"""Of small text, times the font."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """The document, where everything is, and the keyboard's place."""

    document: Document
    scale: Scale
    places: Places
    font: QFont
    cursor: int | None
    """The lane that keys are about, while the timeline has the focus."""

    def marks(self) -> list[Mark]:
        """Return what is worth a look in view."""
        return marks(self.document.review.doubts or (), self.scale, MARK_SIZE)

    def ticks(self) -> list[Tick]:
        """Return the marks of the ruler."""
        room = QFontMetricsF(self.figures).horizontalAdvance(timecode(self.scale.clock.duration))
        return ticks(self.scale, room + 2 * GAP)

    @property
    def figures(self) -> QFont:
        """The font of running numbers."""
        font = steady_digits(self.font)
        font.setPointSizeF(self.font.pointSizeF() * _SMALL)
        return font


def colour(name: str) -> QColor:
    """Return a colour of the theme in force by the name of its token."""
    return QColor(getattr(tokens(), name))
