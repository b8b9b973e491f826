"""Paints a stage: ground, picture, people and the few words upon them. Nothing is decided here."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetricsF, QLinearGradient, QPainter, QPen

from ui.canvas.hits import Joint
from ui.canvas.scene import Scene
from ui.canvas.stage import Stage
from ui.document.reading import Kind
from ui.figures.bodies import LEVELS, confidence_ink
from ui.figures.overlay import Site, draw_people
from ui.figures.words import MARGIN, paint_ground
from ui.look.theme import DARK, tokens

PIXELS_FROM = 8.0
"""Device pixels for a pixel of the picture from which on pixels are seen as squares."""
TITLES = {Kind.RAW: "Raw", Kind.SMOOTH: "Smoothed"}
SEEKING = "Seeking…"


def paint(painter: QPainter, stage: Stage, area: QRectF, font: QFont) -> None:
    """Paint all of a stage within `area`, in points."""
    painter.fillRect(area, QColor(tokens().canvas))
    scene = stage.scene
    if scene is None:
        return
    kinds = stage.look.compare.panes
    for kind, pane in zip(kinds, stage.panes, strict=False):
        site = stage.site(pane, font)
        _paint_picture(painter, scene, site, is_smooth=not stage.document.player.is_playing)
        paint_people(painter, stage, scene, kind, site)
        _paint_handles(painter, stage, kind, site)
        if len(kinds) > 1:
            _paint_pill(painter, TITLES[kind], site, Qt.AlignmentFlag.AlignTop)
    site = stage.site(stage.panes[-1], font)
    if stage.look.confidence and stage.look.skeleton and scene.skeleton is not None:
        _paint_legend(painter, site)
    if stage.is_seeking:
        _paint_pill(painter, SEEKING, site, Qt.AlignmentFlag.AlignBottom)


def paint_people(painter: QPainter, stage: Stage, scene: Scene, kind: Kind, site: Site) -> None:
    """Paint who is in a scene, without handles and words."""
    cast = stage.cast(scene, kind)
    if cast is not None:
        draw_people(painter, cast, site, stage.look)


def _paint_picture(painter: QPainter, scene: Scene, site: Site, *, is_smooth: bool) -> None:
    place = site.picture
    painter.save()
    painter.setClipRect(site.area)
    if scene.image is None:
        painter.fillRect(place, QColor(DARK.base))
        if scene.is_lost:
            painter.setPen(QColor(DARK.muted))
            painter.drawText(
                place & site.area,
                Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap,
                f"Frame {scene.frame} could not be decoded.",
            )
    else:
        is_smooth = is_smooth and site.lens.ratio < PIXELS_FROM
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, is_smooth)
        painter.drawImage(place, scene.image)
    painter.restore()


def _paint_handles(painter: QPainter, stage: Stage, kind: Kind, site: Site) -> None:
    """Paint a ring around the keypoint that is chosen, and the one that can be taken hold of."""
    painter.save()
    painter.setClipRect(site.area)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for joint in {stage.joint, stage.under} - {None}:
        if joint is not None and stage.can_move(joint.track_id):
            _paint_handle(painter, stage, joint, kind, site)
    painter.restore()


def _paint_handle(painter: QPainter, stage: Stage, joint: Joint, kind: Kind, site: Site) -> None:
    pose = stage.pose(joint.track_id, kind)
    if pose is None:
        return
    middle = QPointF(*site.transform.map(*pose.keypoints[joint.number].tolist()))
    radius = site.stroke(pose).radius + 4
    for colour, width in ((DARK.window, 4.0), ("#ffffff", 2.0)):
        painter.setPen(QPen(QColor(colour), width))
        painter.drawEllipse(middle, radius, radius)
    if not stage.held:
        return
    for way in (QPointF(1, 0), QPointF(-1, 0), QPointF(0, 1), QPointF(0, -1)):
        painter.drawLine(middle + way * radius, middle + way * (radius + 6))


# -- words -----------------------------------------------------------------------------------------


def _paint_pill(painter: QPainter, text: str, site: Site, edge: Qt.AlignmentFlag) -> None:
    """Paint words upon the picture: at the top left, or at the bottom in the middle."""
    metrics = QFontMetricsF(site.font)
    wide, high = metrics.horizontalAdvance(text) + metrics.height(), metrics.height() + 8
    area = (site.area & site.picture).adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
    is_top = edge is Qt.AlignmentFlag.AlignTop
    x = area.left() if is_top else area.center().x() - wide / 2
    place = QRectF(x, area.top() if is_top else area.bottom() - high, wide, high)
    paint_ground(painter, place)
    painter.setFont(site.font)
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)


def _paint_legend(painter: QPainter, site: Site) -> None:
    """Paint what the colours of joints mean, at the bottom right."""
    metrics = QFontMetricsF(site.font)
    low, high = "Confidence 0", "1"
    bar = QRectF(0, 0, 8 * metrics.averageCharWidth(), metrics.height() / 2)
    first, last = metrics.horizontalAdvance(low), metrics.horizontalAdvance(high)
    gap = metrics.height() / 2
    wide, tall = first + bar.width() + last + 4 * gap, metrics.height() + 8
    area = (site.area & site.picture).adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
    place = QRectF(area.right() - wide, area.bottom() - tall, wide, tall)
    paint_ground(painter, place)
    painter.setFont(site.font)
    middle = Qt.AlignmentFlag.AlignVCenter
    inside = place.adjusted(gap, 0, -gap, 0)
    painter.drawText(inside, middle | Qt.AlignmentFlag.AlignLeft, low)
    painter.drawText(inside, middle | Qt.AlignmentFlag.AlignRight, high)
    bar.moveTo(inside.left() + first + gap, place.center().y() - bar.height() / 2)
    colours = QLinearGradient(bar.topLeft(), bar.topRight())
    for level in range(LEVELS):
        colours.setColorAt(level / (LEVELS - 1), confidence_ink(level))
    painter.fillRect(bar, colours)
