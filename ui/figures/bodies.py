"""A person as they are to be drawn: lists of lines and points, inks and pens.

For so few numbers plain lists are several times faster than arrays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

from PyQt6.QtCore import QLineF, QPointF, Qt
from PyQt6.QtGui import QColor, QPen

from sdpose_track.records import Pose, Provenance
from sdpose_track.render.figure import (
    OUTLINE,
    SHADE,
    TINT,
    WHITE,
    Colour,
    Lines,
    Mask,
    body_beside_face,
    made_by_filter,
    mixed,
    parts_of,
)
from sdpose_track.skeletons import Skeleton
from ui.look.colours import confidence_colours, ink_on, person_dash

LEVELS = 16
"""Different colours of confidence."""
FLAT, ROUND, SQUARE = (
    Qt.PenCapStyle.FlatCap,  # three times faster than round ones, and joints cover them
    Qt.PenCapStyle.RoundCap,
    Qt.PenCapStyle.SquareCap,
)


class Inks(NamedTuple):
    """The colours of a person."""

    strong: QColor
    pale: QColor
    """Of the left side, and of the face."""
    strong_shade: QColor
    """Of fine lines that the estimator did not see."""
    pale_shade: QColor
    text: QColor
    """Upon `strong`."""

    def line(self, *, is_pale: bool, is_dim: bool) -> QColor:
        """Return the colour of a line."""
        if is_dim:
            return self.pale_shade if is_pale else self.strong_shade
        return self.pale if is_pale else self.strong


class Stroke(NamedTuple):
    """How wide things are."""

    width: float
    """Of a bone, in points."""
    density: float
    """Device pixels in a point: what a cosmetic pen counts in."""
    is_lit: bool = False
    """There is light around it, upon which a rough rim would be seen."""

    @property
    def edge(self) -> float:
        """Points of the dark outline on each side."""
        return max(self.width / 4, 1 / self.density)

    @property
    def radius(self) -> float:
        """Of a joint, in points."""
        return 0.85 * self.width + 0.4

    def pen(
        self,
        colour: QColor,
        width: float,
        cap: Qt.PenCapStyle = FLAT,
        dash: tuple[float, ...] | None = None,
    ) -> QPen:
        """Return a pen that is `width` points wide at any zoom."""
        return _pen(colour.rgba(), round(8 * width * self.density), cap, dash)


class Plan(NamedTuple):
    """What is drawn of a skeleton, in plain lists."""

    bones: list[tuple[int, int, bool]]
    """Both keypoints, and whether the line is pale."""
    fine: list[tuple[int, int, bool]]
    joints: list[int]
    dots: list[int]
    face: list[int]
    left: list[bool]


class Body:
    """A person as they are to be drawn."""

    def __init__(self, pose: Pose, shown: Mask, skeleton: Skeleton, colour: str) -> None:
        """`shown` (K,) says which keypoints are to be drawn, `colour` is `#rrggbb`."""
        self.pose = pose
        self.dash = person_dash(pose.track_id)
        self.plan = plan_of(skeleton)
        self.inks = inks_of(colour)
        self.made: list[bool] = made_by_filter(pose).tolist()
        self.points = [QPointF(x, y) for x, y in pose.keypoints.tolist()]
        self.shown: list[bool] = shown.tolist()
        self.beside_face: list[bool] = self.shown
        """The same without the eyes and nose where the face shows them better."""
        if self.plan.face:
            self.beside_face = body_beside_face(parts_of(skeleton), shown).tolist()

    @cached_property
    def edited(self) -> list[bool]:
        """(K,) which keypoints somebody placed."""
        edited: list[bool] = (self.pose.provenance == Provenance.EDITED).tolist()
        return edited

    def lines(self, some: Iterable[tuple[int, int, bool]], shown: Sequence[bool]) -> SortedLines:
        """Return the lines whose ends are both `shown`, by what was seen of them and side."""
        points, made = self.points, self.made
        groups = SortedLines([], [], [], [])
        for a, b, is_pale in some:
            if shown[a] and shown[b]:
                which = 2 * (made[a] or made[b]) + is_pale
                groups[which].append(QLineF(points[a], points[b]))
        return groups


class SortedLines(NamedTuple):
    """Lines of a body, one list for each ink."""

    strong: list[QLineF]
    pale: list[QLineF]
    made_strong: list[QLineF]
    made_pale: list[QLineF]

    @property
    def seen(self) -> list[QLineF]:
        """Both of whose ends the estimator saw."""
        return self.strong + self.pale

    @property
    def made(self) -> list[QLineF]:
        """At least one end of which a filter made."""
        return self.made_strong + self.made_pale


# -- values that are made once ---------------------------------------------------------------------


@lru_cache(maxsize=256)
def inks_of(colour: str) -> Inks:
    """Return the inks of somebody whose colour is `colour`, `#rrggbb`."""
    own = QColor(colour)
    strong = (own.blue(), own.green(), own.red())
    pale = mixed(strong, WHITE, TINT)
    return Inks(
        own,
        qcolor(pale),
        qcolor(mixed(strong, OUTLINE, SHADE)),
        qcolor(mixed(pale, OUTLINE, SHADE)),
        ink_on(own),
    )


@lru_cache(maxsize=8)
def plan_of(skeleton: Skeleton) -> Plan:
    """Return what is drawn of `skeleton`."""
    parts = parts_of(skeleton)

    def listed(lines: Lines) -> list[tuple[int, int, bool]]:
        ends, pale = lines.ends.tolist(), lines.pale.tolist()
        return [(a, b, is_pale) for (a, b), is_pale in zip(ends, pale, strict=True)]

    return Plan(
        listed(parts.bones),
        listed(parts.fine),
        parts.joints.tolist(),
        parts.dots.tolist(),
        parts.face.tolist(),
        parts.left.tolist(),
    )


@lru_cache(maxsize=4096)
def _pen(rgba: int, eighths: int, cap: Qt.PenCapStyle, dash: tuple[float, ...] | None) -> QPen:
    """Return a pen so many eighths of a device pixel wide; it must not be changed."""
    pen = QPen(QColor.fromRgba(rgba), eighths / 8)
    pen.setCosmetic(True)
    pen.setCapStyle(cap)
    if dash is not None:
        pen.setDashPattern(dash)
    return pen


@lru_cache(maxsize=16)
def qcolor(colour: Colour) -> QColor:
    """Return a colour of the library as one of Qt; it must not be changed."""
    blue, green, red = colour
    return QColor(red, green, blue)


@lru_cache(maxsize=LEVELS)
def confidence_ink(level: int) -> QColor:
    """Return the colour of a level of confidence, 0 to `LEVELS` - 1; it must not be changed."""
    colours = confidence_colours()
    red, green, blue, _ = colours[round(level / (LEVELS - 1) * (len(colours) - 1))].tolist()
    return QColor(red, green, blue)
