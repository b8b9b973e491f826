"""Draws the keypoints of a person with QPainter: the look of `render.figure`, at any zoom.

What is drawn is in pixels of the picture; pens are cosmetic, so that lines have the width of the
screen and stay crisp. Bones and joints go to Qt in batches, one for each pen.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PyQt6.QtCore import QLineF, QPointF
from PyQt6.QtGui import QColor, QPainter, QPen

from sdpose_track.render.figure import OUTLINE
from ui.figures.bodies import (
    FLAT,
    LEVELS,
    ROUND,
    SQUARE,
    Body,
    SortedLines,
    Stroke,
    confidence_ink,
    qcolor,
)

HALO = 1.5
"""Points of light around somebody who is chosen."""


def draw_halo(painter: QPainter, body: Body, stroke: Stroke, colour: QColor) -> None:
    """Draw light around the body: somebody is chosen, or the pointer is upon them."""
    lines, grown = body.lines(body.plan.bones, body.shown), stroke.edge + HALO
    _draw_lines(painter, lines.seen + lines.made, stroke.pen(colour, stroke.width + 2 * grown))
    dots = [body.points[k] for k in body.plan.joints if body.shown[k]]
    _draw_dots(painter, dots, stroke.pen(colour, 2 * (stroke.radius + grown), ROUND))


def draw_ghost(painter: QPainter, body: Body, stroke: Stroke) -> None:
    """Draw the bones only, thin and pale: how the body was before it was smoothed."""
    lines = body.lines(body.plan.bones, body.shown)
    both, width = lines.seen + lines.made, max(1.0, stroke.width / 2)
    _draw_lines(painter, both, stroke.pen(qcolor(OUTLINE), width + 1.5))
    _draw_lines(painter, both, stroke.pen(body.inks.pale, width))


def draw_body(
    painter: QPainter,
    body: Body,
    stroke: Stroke,
    *,
    has_details: bool,
    by_confidence: bool,
) -> None:
    """Draw somebody; `has_details` adds feet, hands and face where the skeleton has them."""
    details = has_details and bool(body.plan.fine)
    shown = body.beside_face if details else body.shown
    _draw_bones(painter, body, body.lines(body.plan.bones, shown), stroke, is_dim=by_confidence)
    _draw_joints(painter, body, shown, stroke, by_confidence=by_confidence)
    if details:
        _draw_details(painter, body, stroke, by_confidence=by_confidence)


def _draw_bones(
    painter: QPainter, body: Body, lines: SortedLines, stroke: Stroke, *, is_dim: bool
) -> None:
    """Draw bones with an outline, thin where the estimator did not see both ends."""
    seen, made, rim = stroke.width, max(1.0, stroke.width / 2), 2 * stroke.edge
    outline = qcolor(OUTLINE)
    _draw_lines(painter, lines.seen, stroke.pen(outline, seen + rim))
    if made_lines := lines.made:
        _draw_lines(painter, made_lines, stroke.pen(outline, made + rim))
    for k, group in enumerate(lines):
        if group:
            ink = body.inks.line(is_pale=bool(k % 2), is_dim=is_dim)
            _draw_lines(painter, group, stroke.pen(ink, made if k > 1 else seen, FLAT, body.dash))


def _draw_joints(
    painter: QPainter, body: Body, shown: Sequence[bool], stroke: Stroke, *, by_confidence: bool
) -> None:
    """Draw discs; rings where a filter made the joint, squares where somebody placed it."""
    joints = [k for k in body.plan.joints if shown[k]]
    size = 2 * stroke.radius * (1.25 if by_confidence else 1.0)
    outline = qcolor(OUTLINE)
    for is_edited, cap in ((False, ROUND), (True, SQUARE)):
        some = [k for k in joints if body.edited[k] is is_edited]
        if not some:
            continue
        dots = [body.points[k] for k in some]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=stroke.is_lit)  # half the time
        _draw_dots(painter, dots, stroke.pen(outline, size + 2 * stroke.edge, cap))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for ink, batch in _coloured(body, some, by_confidence=by_confidence):
            _draw_dots(painter, batch, stroke.pen(ink, size, cap))
    holes = [body.points[k] for k in joints if body.made[k]]
    if holes:
        _draw_dots(painter, holes, stroke.pen(outline, size - max(2.0, stroke.width), ROUND))


def _draw_details(painter: QPainter, body: Body, stroke: Stroke, *, by_confidence: bool) -> None:
    """Draw feet, hands and face with fine lines upon a shadow: an outline would fill them in."""
    plan, width = body.plan, max(1.0, stroke.width / 3)
    lines = body.lines(plan.fine, body.shown)
    _draw_lines(painter, lines.seen + lines.made, stroke.pen(qcolor(OUTLINE), width + 1.0))
    for k, group in enumerate(lines):
        ink = body.inks.line(is_pale=bool(k % 2), is_dim=by_confidence or k > 1)
        _draw_lines(painter, group, stroke.pen(ink, width))
    some = plan.dots + plan.face if by_confidence else plan.dots
    some = [k for k in some if body.shown[k] and not body.made[k]]
    for ink, batch in _coloured(body, some, by_confidence=by_confidence):
        _draw_dots(painter, batch, stroke.pen(ink, 2 * width, ROUND))


def _coloured(
    body: Body, some: Sequence[int], *, by_confidence: bool
) -> list[tuple[QColor, list[QPointF]]]:
    """Return some keypoints in batches of one colour."""
    points, left = body.points, body.plan.left
    if not by_confidence:
        return [
            (body.inks.pale, [points[k] for k in some if left[k]]),
            (body.inks.strong, [points[k] for k in some if not left[k]]),
        ]
    levels = np.rint(body.pose.scores.clip(0, 1) * (LEVELS - 1)).astype(int).tolist()
    return [
        (confidence_ink(level), [points[k] for k in some if levels[k] == level])
        for level in sorted({levels[k] for k in some})
    ]


def _draw_lines(painter: QPainter, lines: Sequence[QLineF], pen: QPen) -> None:
    if lines:
        painter.setPen(pen)
        painter.drawLines(*lines)


def _draw_dots(painter: QPainter, dots: Sequence[QPointF], pen: QPen) -> None:
    if dots:
        painter.setPen(pen)
        painter.drawPoints(*dots)
