"""Draws people over a picture: what `render.overlay` does for files, for the screen.

Positions are pixels of the picture under one transform; tags are in points, so that they keep
their size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QColor, QFont, QPainter, QPen, QTransform

from sdpose_track.records import Pose
from sdpose_track.render.figure import OUTLINE, Mask
from sdpose_track.render.overlay import Reach, bone_width, is_large, top_of
from sdpose_track.render.trails import Step
from sdpose_track.skeletons import Skeleton
from ui.figures.bodies import Body, Stroke, qcolor
from ui.figures.drawing import draw_body, draw_ghost, draw_halo
from ui.figures.geometry import Lens, Pane
from ui.figures.look import Look
from ui.figures.tags import Tags
from ui.figures.trails import draw_trail
from ui.look.colours import person_colour

CHOSEN_LIGHT, HOVERED_LIGHT = QColor("#ffffff"), QColor("#9aa2ad")
"""Opaque: Qt spreads long translucent lines over threads, which costs more than it saves."""
CHOSEN_WIDTH = 1.3
"""Of the bones of somebody who is chosen, in widths of others."""


class Guise(NamedTuple):
    """What the viewer knows of a person beside their pose."""

    name: str
    """What stands on their tag."""
    colour: str | None = None
    """A colour that was chosen for them, `#rrggbb`."""
    is_chosen: bool = False
    is_hovered: bool = False


class Cast(NamedTuple):
    """Who is drawn in a pane."""

    skeleton: Skeleton
    people: Sequence[Pose]
    guises: Mapping[int, Guise]
    """By track id: of everybody in `people`."""
    ghosts: Sequence[Pose] = ()
    """Drawn thinly under them."""
    trails: Mapping[int, Sequence[Step]] = {}


class Site:
    """Where it is drawn."""

    def __init__(self, lens: Lens, pane: Pane, font: QFont, *, is_mirrored: bool = False) -> None:
        """`font` is that of tags."""
        self.lens = lens
        self.pane = pane
        self.font = font
        self.scale = lens.scale
        """Points for one pixel of the picture."""
        self.area = QRectF(*pane)
        """The pane, in points of the canvas."""
        x, y = pane.x + lens.corner[0], pane.y + lens.corner[1]
        width, height = lens.picture
        self.picture = QRectF(x, y, width * self.scale, height * self.scale)
        """Where the whole picture is, in points of the canvas."""
        seen = self.area & self.picture
        self._side = min(seen.width(), seen.height())
        half = self.scale / 2  # (0, 0) is the middle of a pixel
        to_right = QTransform(self.scale, 0, 0, self.scale, x + half, y + half)
        to_left = QTransform(-self.scale, 0, 0, self.scale, self.picture.right() - half, y + half)
        self.transform = to_left if is_mirrored else to_right
        """From pixels of the picture to points of the canvas."""

    def stroke(self, pose: Pose) -> Stroke:
        """Return how wide the lines of a person are: by what is seen, thinner if they are small."""
        width = bone_width(self._side, pose, self.scale)
        return Stroke(max(1.0, width), self.lens.density)


def draw_people(painter: QPainter, cast: Cast, site: Site, look: Look) -> None:
    """Draw everybody of `cast` in a pane: those who are chosen above the others, tags on top."""
    painter.save()
    painter.setClipRect(site.area)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setTransform(site.transform, combine=True)
    reach = Reach.around(*site.lens.picture)
    order = sorted(cast.people, key=lambda pose: cast.guises[pose.track_id].is_chosen)
    if look.trails:
        _draw_trails(painter, cast, site)
    if look.boxes:
        for pose in order:
            _draw_box(painter, reach, pose, cast.guises[pose.track_id], site)
    if look.skeleton:
        _draw_figures(painter, cast, order, reach, (site, look))
    painter.restore()
    if look.ids:
        _draw_tags(painter, cast, site, reach, look)


def shown(people: Sequence[Pose], reach: Reach, threshold: float) -> list[Mask]:
    """Return of each person (K,) which keypoints are drawn."""
    if not people:
        return []
    points = np.stack([pose.keypoints for pose in people])
    scores = np.stack([pose.scores for pose in people])
    return list(reach.holds(points) & (scores >= threshold))


def _bodies(cast: Cast, people: Sequence[Pose], reach: Reach, look: Look) -> list[Body]:
    """Return the people as they are to be drawn; nobody of whom nothing is seen."""
    masks = shown(people, reach, look.threshold)
    return [
        Body(pose, mask, cast.skeleton, _colour(cast, pose))
        for pose, mask in zip(people, masks, strict=True)
        if mask.any()
    ]


def _colour(cast: Cast, pose: Pose) -> str:
    """Return the colour of a person as `#rrggbb`."""
    return cast.guises[pose.track_id].colour or person_colour(pose.track_id).name()


def _draw_figures(
    painter: QPainter, cast: Cast, order: Sequence[Pose], reach: Reach, scene: tuple[Site, Look]
) -> None:
    """Draw light around who is chosen, then the ghosts, then the people."""
    site, look = scene
    drawn = [(body, _stroke(cast, body.pose, site)) for body in _bodies(cast, order, reach, look)]
    for body, stroke in drawn:
        guise = cast.guises[body.pose.track_id]
        if guise.is_chosen or guise.is_hovered:
            draw_halo(painter, body, stroke, CHOSEN_LIGHT if guise.is_chosen else HOVERED_LIGHT)
    for body in _bodies(cast, cast.ghosts, reach, look):
        draw_ghost(painter, body, site.stroke(body.pose))
    for body, stroke in drawn:
        draw_body(
            painter,
            body,
            stroke,
            has_details=is_large(body.pose, site.scale),
            by_confidence=look.confidence,
        )


def _stroke(cast: Cast, pose: Pose, site: Site) -> Stroke:
    """Return how wide the lines of a person are: wider if they are chosen."""
    stroke = site.stroke(pose)
    if not cast.guises[pose.track_id].is_chosen:
        return stroke
    return stroke._replace(width=CHOSEN_WIDTH * stroke.width, is_lit=True)


def _draw_box(painter: QPainter, reach: Reach, pose: Pose, guise: Guise, site: Site) -> None:
    corners = pose.box.reshape(2, 2)
    if not np.isfinite(corners).all():
        return
    (x1, y1), (x2, y2) = np.clip(corners, reach.low, reach.high).tolist()
    box, stroke = QRectF(x1, y1, x2 - x1, y2 - y1), site.stroke(pose)
    width = max(1.0, stroke.width * (1.0 if guise.is_chosen else 2 / 3))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    rim = CHOSEN_LIGHT if guise.is_chosen else qcolor(OUTLINE)
    for colour, thick in ((rim, width + 2), (person_colour(pose.track_id, guise.colour), width)):
        pen = QPen(colour, thick * stroke.density)
        pen.setCosmetic(True)
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        painter.setPen(pen)
        painter.drawRect(box)


def _draw_trails(painter: QPainter, cast: Cast, site: Site) -> None:
    for track_id, steps in cast.trails.items():
        guise = cast.guises.get(track_id)
        if steps and guise is not None:
            colour = person_colour(track_id, guise.colour)
            draw_trail(painter, steps, colour, site.stroke(steps[-1].pose))


def _draw_tags(painter: QPainter, cast: Cast, site: Site, reach: Reach, look: Look) -> None:
    transform = site.transform
    painter.save()
    painter.setClipRect(site.area)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    tags = Tags(site.font, site.area, site.lens.density)
    for pose in cast.people:
        top = top_of(reach, pose, look.threshold)
        if top is None or not _is_in_sight(pose, site):
            continue
        guise = cast.guises[pose.track_id]
        look_of = _colour(cast, pose), guise.is_chosen
        tags.draw(painter, guise.name, transform.map(*top), look_of)
    painter.restore()


def _is_in_sight(pose: Pose, site: Site) -> bool:
    """Tell whether the box of a person reaches into the pane; without a box it may."""
    if not np.isfinite(pose.box).all():
        return True
    x1, y1, x2, y2 = pose.box.tolist()
    return site.area.intersects(site.transform.mapRect(QRectF(x1, y1, x2 - x1, y2 - y1)))
