"""How cells of the people table are painted and clicked: an eye, a colour, a bar, a lock."""

from __future__ import annotations

from PyQt6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QObject, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPalette, QPen
from PyQt6.QtWidgets import (
    QApplication,
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from ui.look.colours import person_pen
from ui.look.icons import paint_icon
from ui.look.theme import tokens
from ui.people.model import CHOSEN_COLOUR, SHARE, TRACK_ID

GAP = 4
"""Between things, in pixels."""
_TOGGLING = (Qt.Key.Key_Space, Qt.Key.Key_Select)


class _Cell(QStyledItemDelegate):
    """Paints what lies behind every cell: the selection, the pointer, the focus."""

    def initStyleOption(  # noqa: N802
        self, option: QStyleOptionViewItem | None, index: QModelIndex
    ) -> None:
        super().initStyleOption(option, index)
        if option is not None:  # the icon is painted instead
            option.features &= ~QStyleOptionViewItem.ViewItemFeature.HasCheckIndicator

    def _ground(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex
    ) -> QStyleOptionViewItem:
        """Paint the ground of a cell without its text, and return its options."""
        own = QStyleOptionViewItem(option)
        self.initStyleOption(own, index)
        own.text = ""
        style = QApplication.style()
        if style is not None:
            item = QStyle.ControlElement.CE_ItemViewItem
            style.drawControl(item, own, painter, own.widget)
        return own


class IconCell(_Cell):
    """A check box that looks like an icon: one when it is on, another when it is off."""

    def __init__(self, on: str, off: str, *, quiet_when: bool, parent: QObject) -> None:
        """`on` and `off` are names of icons; the state `quiet_when` is the usual one."""
        super().__init__(parent)
        self._icons = {True: on, False: off}
        self._quiet_when = quiet_when

    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        if painter is None:
            return
        own = self._ground(painter, option, index)
        is_on = index.data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked
        colour = _ink(own, muted=is_on == self._quiet_when)
        side = own.fontMetrics.height()
        where = QRectF(0, 0, side, side)
        where.moveCenter(QRectF(own.rect).center())
        paint_icon(painter, self._icons[is_on], where, colour)

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:  # noqa: N802
        del index
        side = option.fontMetrics.height() + 2 * GAP
        return QSize(side, side)

    def editorEvent(  # noqa: N802
        self,
        event: QEvent | None,
        model: QAbstractItemModel | None,
        option: QStyleOptionViewItem,
        index: QModelIndex,
    ) -> bool:
        """Turn the icon on or off by a click anywhere in the cell, or by the space bar."""
        if model is None or not index.flags() & Qt.ItemFlag.ItemIsUserCheckable:
            return False
        if isinstance(event, QMouseEvent):
            if event.button() is not Qt.MouseButton.LeftButton:
                return False
            if event.type() is not QEvent.Type.MouseButtonRelease:
                return True  # the press belongs to the release
            if not QRectF(option.rect).contains(event.position()):
                return True
        elif not (isinstance(event, QKeyEvent) and event.key() in _TOGGLING):
            return False
        role = Qt.ItemDataRole.CheckStateRole
        was_on = index.data(role) == Qt.CheckState.Checked
        state = Qt.CheckState.Unchecked if was_on else Qt.CheckState.Checked
        return model.setData(index, state, role)


class ColourCell(_Cell):
    """A person's colour; of those with dashed lines, a dashed ring."""

    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        if painter is None:
            return
        own = self._ground(painter, option, index)
        side = 0.75 * own.fontMetrics.height()
        where = QRectF(0, 0, side, side)
        where.moveCenter(QRectF(own.rect).center())
        is_selected = bool(own.state & QStyle.StateFlag.State_Selected)
        edge = _ink(own, muted=True) if is_selected else QColor(tokens().edge)
        colour = person_pen(index.data(TRACK_ID), 2.5, index.data(CHOSEN_COLOUR))
        paint_swatch(painter, where, colour, edge)

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:  # noqa: N802
        del index
        side = option.fontMetrics.height() + GAP
        return QSize(side, side)


class ShareCell(_Cell):
    """A number with a bar beneath it."""

    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        super().paint(painter, option, index)
        if painter is None:
            return
        own = QStyleOptionViewItem(option)
        self.initStyleOption(own, index)
        room = QRectF(own.rect).adjusted(GAP, 0, -GAP, -GAP / 2)
        bar = QRectF(room.left(), room.bottom() - 2, room.width(), 2)
        paint_bar(painter, bar, float(index.data(SHARE)), _ink(own, muted=True))


class NameCell(_Cell):
    """A name, which is typed into a field of its own."""

    def __init__(self, longest: int, parent: QObject) -> None:
        """A name has up to `longest` characters."""
        super().__init__(parent)
        self._longest = longest

    def createEditor(  # noqa: N802
        self, parent: QWidget | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> QWidget | None:
        del option, index
        field = QLineEdit(parent)
        field.setMaxLength(self._longest)
        field.setFrame(False)
        field.setAccessibleName("Name of the person")
        field.setPlaceholderText("no name")
        return field


def paint_bar(painter: QPainter, where: QRectF, share: float, ink: QColor) -> None:
    """Fill a share, 0..1, of a bar from the left."""
    rest = QColor(ink)
    rest.setAlphaF(0.25)
    painter.fillRect(where, rest)
    filled = QRectF(where)
    filled.setWidth(where.width() * min(1.0, share))
    painter.fillRect(filled, ink)


def paint_swatch(painter: QPainter, where: QRectF, pen: QPen, edge: QColor) -> None:
    """Paint a person's colour: a square with an `edge`, or a ring where their `pen` is dashed."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if pen.style() is Qt.PenStyle.SolidLine:
        painter.setPen(QPen(edge, 1))
        painter.setBrush(pen.color())
        painter.drawRoundedRect(where, 3, 3)
    else:
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(where.adjusted(1, 1, -1, -1), 3, 3)
    painter.restore()


def _ink(option: QStyleOptionViewItem, *, muted: bool) -> QColor:
    """Return the colour to write in upon what lies behind a cell."""
    if option.state & QStyle.StateFlag.State_Selected:
        return option.palette.color(QPalette.ColorRole.HighlightedText)
    return QColor(tokens().muted if muted else tokens().text)
