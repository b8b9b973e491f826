"""Where people came from in the last second: gathered frame by frame, drawn as fading paths."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtGui import QColor, QPainter, QPainterPath, QPen

from sdpose_track.render.figure import OUTLINE
from sdpose_track.render.overlay import Style
from sdpose_track.render.trails import (
    FADING,
    LASTS_S,
    OPACITY,
    RIM_OPACITY,
    WIDTH,
    Step,
    Trails,
)
from sdpose_track.skeletons import Skeleton
from ui.canvas.bodies import Stroke, qcolor
from ui.document.clock import FrameClock
from ui.document.poses import Poses
from ui.document.reading import Kind

BANDS = 6
"""Different opacities and widths along a trail."""


class Wake:
    """The trails up to a frame. Going on adds to them; going elsewhere gathers them anew."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._trails: Trails | None = None
        self._made_for: tuple[Skeleton, float] | None = None
        self._upto = -1
        self._steps: dict[int, list[Step]] | None = None

    def forget(self) -> None:
        """Poses are others now."""
        self._trails = self._steps = None

    def steps(
        self, poses: Poses, clock: FrameClock, frame: int, made_for: tuple[Skeleton, float]
    ) -> dict[int, list[Step]]:
        """Return by track id the ways gone in the second before `frame`.

        `made_for` is the skeleton and the least confidence of hips. Frames that are not read yet
        are left out; they come with `forget`.
        """
        if frame == self._upto and made_for == self._made_for and self._steps is not None:
            return self._steps
        first = self._upto + 1
        oldest = clock.at(clock.time_of(frame) - LASTS_S)
        if self._trails is None or made_for != self._made_for or not oldest <= first <= frame + 1:
            self._trails = Trails(made_for[0], Style(threshold=made_for[1]))
            self._made_for, first = made_for, oldest
        for index in range(first, frame + 1):
            self._trails.add(clock.time_of(index), poses.at(index, self._kind) or ())
        self._upto = frame
        self._steps = {i: list(self._trails.steps(i)) for i in self._trails.track_ids}
        return self._steps


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
