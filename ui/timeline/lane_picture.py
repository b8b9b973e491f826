"""The bar of a person in a lane, as pixels. Only numpy and colours may enter, no painter.

Colour says who, the form says how it is known: a full bar was seen, a pale one was filled in, a
thin one predicted, and hatching is a gap. The stripe below is the confidence, in cividis.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtGui import QColor, QImage

from ui.look.colours import confidence_colours
from ui.look.theme import contrast
from ui.timeline.strips import Columns, Shown

Pixels = NDArray[np.uint32]
"""0xffRRGGBB; 0 is nothing."""

_PALE = 0.6
"""How much of the ground shows through what is filled in."""
_UNKNOWN = 0.4
"""And through what is not looked at yet."""
_HATCH = 5
"""One line of the hatching in so many points of the screen."""


@dataclass(frozen=True, slots=True)
class Ink:
    """The colours of one lane."""

    person: QColor
    ground: QColor
    hatch: QColor
    text: QColor


@dataclass(frozen=True, slots=True)
class Rows:
    """Where in a lane the parts of a bar are, in pixels of the screen from the top."""

    height: int
    top: int
    bottom: int
    """Of the bar, not included."""
    thin: int
    """How much narrower a thin bar is at either side."""
    stripe: int
    """First row of the confidence."""
    end: int
    """Of the confidence, not included."""
    dot: int
    """Pixels of the device in a point of the screen, 1 or more."""

    @classmethod
    def of(cls, height: int, dot: int) -> Rows:
        """Return the rows of a lane `height` pixels high."""
        top, bottom = round(height * 0.16), round(height * 0.62)
        stripe = bottom + max(1, round(height * 0.06))
        end = stripe + max(2, round(height * 0.14))
        return cls(height, top, bottom, (bottom - top) // 3, stripe, end, dot)


def blended(one: QColor, other: QColor, share: float) -> QColor:
    """Return a mixture with `share` of the other colour, 0..1."""
    parts = zip(one.getRgb()[:3], other.getRgb()[:3], strict=True)
    return QColor(*(round((1 - share) * (a or 0) + share * (b or 0)) for a, b in parts))


def lane_pixels(columns: Columns, ink: Ink, rows: Rows, ground: Pixels) -> Pixels:
    """Return (height, W) pixels of a lane of W columns upon `ground` (W,)."""
    bars = _bars(ink.person.rgb(), ink.ground.rgb(), ink.text.rgb(), rows)
    pixels = np.take(bars, columns.shown, axis=1)
    gaps = np.flatnonzero(columns.shown == Shown.GAP)
    slant = np.arange(rows.top, rows.bottom)[:, None] + gaps
    lines = slant % (_HATCH * rows.dot) < rows.dot
    pixels[rows.top : rows.bottom, gaps] = np.where(lines, ink.hatch.rgb(), 0)
    known = np.flatnonzero((columns.shown > Shown.GAP) & (columns.shown < Shown.SPAN))
    pixels[rows.stripe : rows.end, known] = _heat()[columns.confidence[known]]
    np.copyto(pixels, ground, where=pixels == 0)
    return pixels


def picture(pixels: Pixels, ratio: float) -> QImage:
    """Return a copy of (H, W) pixels as a picture with `ratio` pixels in a point of the screen."""
    height, width = pixels.shape
    kept = np.ascontiguousarray(pixels)
    image = QImage(kept.tobytes(), width, height, 4 * width, QImage.Format.Format_RGB32).copy()
    image.setDevicePixelRatio(ratio)
    return image


@lru_cache(maxsize=256)
def _bars(person: int, ground: int, text: int, rows: Rows) -> Pixels:
    """Return (height, `Shown`) pixels: how a column looks from top to bottom.

    A bar that could hardly be told from the ground has a rim.
    """
    own, behind = QColor(person), QColor(ground)
    edge = own if contrast(own, behind) >= 3 else blended(own, QColor(text), 0.5)
    table = np.zeros((rows.height, len(Shown)), np.uint32)
    bar, thin = (
        slice(rows.top, rows.bottom),
        slice(rows.top + rows.thin, rows.bottom - rows.thin),
    )
    for shown, where, share in (
        (Shown.MEASURED, bar, 0.0),
        (Shown.EDITED, bar, 0.0),
        (Shown.FILLED, bar, _PALE),
        (Shown.SPAN, bar, _UNKNOWN),
        (Shown.PREDICTED, thin, 0.0),
    ):
        table[where, shown] = blended(own, behind, share).rgb()
        first, last = where.start, where.stop - rows.dot
        rim = blended(edge, behind, share / 2).rgb()
        table[first : first + rows.dot, shown] = table[last : last + rows.dot, shown] = rim
    return table


@cache
def _heat() -> Pixels:
    """Return (256,) pixels of the confidences."""
    red, green, blue, _ = confidence_colours().astype(np.uint32).T
    return np.asarray(0xFF000000 | red << 16 | green << 8 | blue, np.uint32)
