"""Draws where somebody came from in the last second, as a fading path."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtGui import QColor, QPainter, QPainterPath, QPen

from sdpose_track.render.figure import OUTLINE
from sdpose_track.render.trails import FADING, LASTS_S, OPACITY, RIM_OPACITY, WIDTH, Step
from ui.figures.bodies import Stroke, qcolor

BANDS = 6
"""Different opacities and widths along a trail."""


def draw_trail(painter: QPainter, steps: Sequence[Step], colour: QColor, stroke: Stroke) -> None:
    """Draw a trail in pixels of the picture, fainter and thinner the older it is, with a rim."""
    width = WIDTH * stroke.width
    painter.setBrush(Qt.BrushStyle.NoBrush)
    bands = [(band, _path(list(some))) for band, some in groupby(steps, _band)]
    for ink, extra, opacity in (
        (qcolor(OUTLINE), 2 * stroke.edge, RIM_OPACITY),
        (colour, 0, OPACITY),
    ):
        for band, path in bands:
            left = (band + 0.5) / BANDS
            shade = QColor(ink)
            shade.setAlphaF(opacity * left**FADING)
            pen = QPen(shade, (max(1.0, width * left) + extra) * stroke.density)
            pen.setCosmetic(True)
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
            pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
            painter.strokePath(path, pen)


def _band(step: Step) -> int:
    """Return how much is left of a step, 0 to `BANDS` - 1."""
    age = sum(step.ages) / 2
    return min(max(int((1 - age / LASTS_S) * BANDS), 0), BANDS - 1)


def _path(steps: Sequence[Step]) -> QPainterPath:
    path = QPainterPath()
    for step in steps:
        start = QPointF(*step.ends[0])
        if path.isEmpty() or path.currentPosition() != start:
            path.moveTo(start)
        path.lineTo(*step.ends[1])
    return path
