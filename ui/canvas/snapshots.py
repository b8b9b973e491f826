"""The picture in its own size with the people on it, for a file or the clipboard."""

from __future__ import annotations

from PyQt6.QtGui import QColor, QFont, QImage, QPainter

from ui.canvas.painting import paint_people
from ui.canvas.stage import Stage
from ui.figures.geometry import Lens, Pane
from ui.figures.overlay import Site
from ui.look.theme import DARK

LETTERS = 48
"""How many lines of a tag's letters would fill the shorter side of the picture."""
SMALLEST = 10
"""Height of letters in pixels, at least."""


def snapshot(stage: Stage, font: QFont) -> QImage | None:
    """Return what the stage shows, one pixel for each of the picture; None if nothing is open.

    Side by side, both pictures stand beside each other. `font` is that of the tags.
    """
    scene = stage.scene
    if scene is None:
        return None
    (width, height), kinds = scene.size, stage.look.compare.panes
    image = QImage(width * len(kinds), height, QImage.Format.Format_RGB32)
    image.fill(QColor(DARK.base))
    own = QFont(font)
    own.setWeight(QFont.Weight.DemiBold)
    own.setPixelSize(max(SMALLEST, min(width, height) // LETTERS))
    lens = Lens(scene.size, (float(width), float(height)))
    painter = QPainter(image)
    for place, kind in enumerate(kinds):
        site = Site(lens, Pane(place * width, 0, width, height), own)
        if scene.image is not None:
            painter.drawImage(place * width, 0, scene.image)
        paint_people(painter, stage, scene, kind, site)
    painter.end()
    return image
