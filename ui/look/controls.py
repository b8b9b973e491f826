"""What the Fusion style draws badly and a style sheet cannot: ticks, and boxes with arrows."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QPainter, QPen, QPolygonF
from PyQt6.QtWidgets import (
    QAbstractSpinBox,
    QProxyStyle,
    QStyle,
    QStyleOption,
    QStyleOptionComboBox,
    QStyleOptionComplex,
    QStyleOptionSpinBox,
    QWidget,
)

from ui.look.theme import tokens

_TICKED = (
    QStyle.PrimitiveElement.PE_IndicatorCheckBox,
    QStyle.PrimitiveElement.PE_IndicatorItemViewItemCheck,
)
_RADIO = QStyle.PrimitiveElement.PE_IndicatorRadioButton
_BOXES = (QStyle.ContentsType.CT_ComboBox, QStyle.ContentsType.CT_SpinBox)
_TICK = ((0.24, 0.52), (0.43, 0.72), (0.77, 0.30))
"""Corners of the tick, in shares of the box."""
_DOWN, _UP = ((0.25, 0.4), (0.5, 0.65), (0.75, 0.4)), ((0.25, 0.6), (0.5, 0.35), (0.75, 0.6))
"""Corners of an arrow, in shares of the square it stands in."""
_ROOM = 10
"""Pixels that a box is higher than its text, as are buttons and fields of the style sheet."""


class Controls(QProxyStyle):
    """Fusion with boxes whose edges, ticks and arrows are seen in every theme."""

    def __init__(self) -> None:
        super().__init__("Fusion")

    def drawPrimitive(  # noqa: N802
        self,
        element: QStyle.PrimitiveElement,
        option: QStyleOption | None,
        painter: QPainter | None,
        widget: QWidget | None = None,
    ) -> None:
        """Draw boxes here, and leave all else to Fusion."""
        if element in _TICKED and option is not None and painter is not None:
            _draw_box(option, painter)
        elif element == _RADIO and option is not None and painter is not None:
            _draw_radio(option, painter)
        else:
            super().drawPrimitive(element, option, painter, widget)

    def drawComplexControl(  # noqa: N802
        self,
        control: QStyle.ComplexControl,
        option: QStyleOptionComplex | None,
        painter: QPainter | None,
        widget: QWidget | None = None,
    ) -> None:
        """Draw combo and spin boxes here, and leave all else to Fusion."""
        if painter is not None and isinstance(option, QStyleOptionComboBox) and option.frame:
            _draw_field(option, painter, is_typed_in=option.editable)
            arrow = QStyle.SubControl.SC_ComboBoxArrow
            _draw_arrow(option, painter, self._place(control, option, arrow, widget), _DOWN)
        elif painter is not None and isinstance(option, QStyleOptionSpinBox) and option.frame:
            _draw_field(option, painter, is_typed_in=True)
            if option.buttonSymbols is not QAbstractSpinBox.ButtonSymbols.NoButtons:
                up, down = QStyle.SubControl.SC_SpinBoxUp, QStyle.SubControl.SC_SpinBoxDown
                _draw_arrow(option, painter, self._place(control, option, up, widget), _UP)
                _draw_arrow(option, painter, self._place(control, option, down, widget), _DOWN)
        else:
            super().drawComplexControl(control, option, painter, widget)

    def sizeFromContents(  # noqa: N802
        self,
        kind: QStyle.ContentsType,
        option: QStyleOption | None,
        size: QSize,
        widget: QWidget | None = None,
    ) -> QSize:
        """Make boxes as high as the fields and buttons beside them."""
        made = super().sizeFromContents(kind, option, size, widget)
        if kind in _BOXES and option is not None:
            made.setHeight(max(made.height(), option.fontMetrics.height() + _ROOM))
        return made

    def _place(
        self,
        control: QStyle.ComplexControl,
        option: QStyleOptionComplex,
        part: QStyle.SubControl,
        widget: QWidget | None,
    ) -> QRectF:
        return QRectF(self.subControlRect(control, option, part, widget))


def _draw_box(option: QStyleOption, painter: QPainter) -> None:
    colours, state = tokens(), option.state
    is_on = bool(state & QStyle.StateFlag.State_On)
    is_half = bool(state & QStyle.StateFlag.State_NoChange)
    is_enabled = bool(state & QStyle.StateFlag.State_Enabled)
    edge = colours.accent if (is_on or is_half) else colours.muted
    box = QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -0.5)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(edge if is_enabled else colours.edge))
    filled = colours.accent if is_on and is_enabled else colours.base
    painter.setBrush(QColor(filled))
    painter.drawRoundedRect(box, 3, 3)
    ink = colours.on_accent if is_enabled else colours.edge
    if is_on:
        _line(painter, ink, box, _TICK)
    elif is_half:
        _line(painter, edge, box, ((0.25, 0.5), (0.75, 0.5)))
    painter.restore()


def _draw_radio(option: QStyleOption, painter: QPainter) -> None:
    colours, state = tokens(), option.state
    is_on = bool(state & QStyle.StateFlag.State_On)
    is_enabled = bool(state & QStyle.StateFlag.State_Enabled)
    ink = (colours.accent if is_on else colours.muted) if is_enabled else colours.edge
    side = min(option.rect.width(), option.rect.height()) - 1.0
    ring = QRectF(0, 0, side, side)
    ring.moveCenter(QRectF(option.rect).center())
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(ink))
    painter.setBrush(QColor(colours.base))
    painter.drawEllipse(ring)
    if is_on:
        painter.setBrush(QColor(ink))
        painter.drawEllipse(ring.center(), side / 4, side / 4)
    painter.restore()


def _draw_field(option: QStyleOptionComplex, painter: QPainter, *, is_typed_in: bool) -> None:
    colours, state = tokens(), option.state
    edge, ground = colours.edge, colours.base if is_typed_in else colours.raised
    if not state & QStyle.StateFlag.State_Enabled:
        edge, ground = colours.line, colours.window
    elif state & QStyle.StateFlag.State_HasFocus:
        edge = colours.accent
    elif state & QStyle.StateFlag.State_MouseOver and not is_typed_in:
        ground = colours.hover
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(edge))
    painter.setBrush(QColor(ground))
    painter.drawRoundedRect(QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
    painter.restore()


def _draw_arrow(
    option: QStyleOptionComplex,
    painter: QPainter,
    place: QRectF,
    corners: tuple[tuple[float, float], ...],
) -> None:
    colours = tokens()
    is_enabled = bool(option.state & QStyle.StateFlag.State_Enabled)
    side = min(place.width(), max(place.height(), option.fontMetrics.height() * 0.7), 14)
    box = QRectF(0, 0, side, side)
    box.moveCenter(place.center())
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _line(painter, colours.muted if is_enabled else colours.edge, box, corners)
    painter.restore()


def _line(
    painter: QPainter, ink: str, box: QRectF, corners: tuple[tuple[float, float], ...]
) -> None:
    pen = QPen(QColor(ink), box.width() / 7)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    places = (
        QPointF(box.left() + x * box.width(), box.top() + y * box.height()) for x, y in corners
    )
    painter.drawPolyline(QPolygonF(places))
