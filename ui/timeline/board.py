"""The painted part of the timeline. What stands still is kept as a picture; the rest goes over it.

It has one tab stop: Up and Down move between the lanes, Enter chooses the person.
"""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PyQt6.QtWidgets import QToolTip, QWidget

from ui.axis.scale import Scale
from ui.document.document import Document
from ui.timeline.backdrop import Backdrop
from ui.timeline.overlay import (
    hover_rect,
    paint_hover,
    paint_marks,
    paint_playhead,
    playhead_rect,
)
from ui.timeline.places import Places
from ui.timeline.pointer import Pointer
from ui.timeline.sentences import lane_sentence, tip_at
from ui.timeline.view import View

_USUAL_LANES = 4
"""For which there is room unless the user makes more or less."""


class Board(QWidget):
    """Ruler, what is worth a look, and the lanes, with the playhead on top."""

    view_changed = pyqtSignal()
    """Other seconds or other lanes are in view."""
    menu_wanted = pyqtSignal(QPoint, bool)
    """A menu, at a point of the screen: of those who are chosen and the time, or of the time."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.document = document
        self.scale = Scale.whole(document.player.clock, 1)
        self.backdrop = Backdrop()
        self.lane = 0
        """The lane that keys are about."""
        self._offset = 0.0
        self._hover: float | None = None
        self._head = QRectF()
        self._pointer = Pointer(self)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Timeline")
        self._listen()
        self._describe()

    def _listen(self) -> None:
        document = self.document
        player, people, review = document.player, document.people, document.review
        document.opened.connect(self.fit)
        document.session_changed.connect(self.refresh)
        player.moved.connect(self._on_moved)
        player.marks_changed.connect(self.update)
        player.clock_changed.connect(self._on_clock)
        people.changed.connect(self._on_people)
        people.look_changed.connect(self.refresh)
        people.chosen_changed.connect(self._on_chosen)
        review.lane_changed.connect(self.refresh)
        review.doubts_changed.connect(self.refresh)

    # -- what is in view ---------------------------------------------------------------------------

    @property
    def view(self) -> View:
        """What is in view now."""
        cursor = self.lane if self.hasFocus() else None
        return View(self.document, self.scale, self.places, self.font(), cursor)

    @property
    def places(self) -> Places:
        """Where everything is now."""
        lanes = len(self.document.people.rows)
        return Places.of(self.size(), QFontMetricsF(self.font()), lanes, self._offset)

    def show_scale(self, scale: Scale) -> None:
        """Have other seconds in view."""
        self.scale = scale
        self._head = self._place_of_head()
        self.refresh()
        self.view_changed.emit()

    def show_lanes_from(self, offset: float) -> None:
        """Scroll the lanes, in pixels from the top of the first one."""
        self._offset = max(0.0, offset)
        self.refresh()
        self.view_changed.emit()

    def fit(self) -> None:
        """Have all frames in view."""
        self.show_scale(self.scale.fitted())

    def zoom(self, factor: float, x: float | None = None) -> None:
        """Look `factor` times as close about pixel `x` of the time axis, or else the playhead."""
        if x is None:
            x = self.scale.x_of(self.document.player.frame)
            x = x if 0 <= x <= self.scale.width else self.scale.width / 2
        self.show_scale(self.scale.zoomed(factor, x))

    def refresh(self) -> None:
        """Paint everything anew: what stands still has changed."""
        self.backdrop.drop()
        self.update()

    def hover(self, x: float | None) -> None:
        """The pointer is at a pixel of the time axis; None: not over it."""
        if x != self._hover:
            self._update_hover()
            self._hover = x
            self._update_hover()

    # -- the document says -------------------------------------------------------------------------

    def _on_moved(self, frame: int) -> None:
        player = self.document.player
        if not (player.is_playing and self._head.isNull()):  # who looks elsewhere is left there
            scale = self.scale.showing(frame, turning=player.is_playing)
            if scale is not self.scale:
                self.show_scale(scale)
        self.update(self._head.toAlignedRect())
        self._head = self._place_of_head()
        self.update(self._head.toAlignedRect())

    def _place_of_head(self) -> QRectF:
        """Return what the playhead covers; nothing where it is not in view."""
        in_view = self.scale.shows(self.document.player.frame)
        return playhead_rect(self.view) if in_view else QRectF()

    def _on_clock(self) -> None:
        self.show_scale(self.scale.over(self.document.player.clock))

    def _on_people(self) -> None:
        self.lane = max(0, min(self.lane, len(self.document.people.rows) - 1))
        self._describe()
        self.show_lanes_from(self.places.offset)

    def _on_chosen(self) -> None:
        ids = [person.track_id for person in self.document.people.rows]
        current = self.document.people.current
        if current in ids:
            self._move_to(ids.index(current))
        self._describe()
        self.refresh()

    # -- keys --------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802
        if event is None:
            return
        lanes, key = len(self.document.people.rows), event.key()
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and lanes:
            step = 1 if key == Qt.Key.Key_Down else -1
            self._move_to(max(0, min(self.lane + step, lanes - 1)))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and lanes:
            adds = event.modifiers() & Qt.KeyboardModifier.ControlModifier
            self.choose(self.lane, adds=bool(adds))
        else:
            super().keyPressEvent(event)

    def choose(self, place: int, *, adds: bool = False) -> None:
        """Choose the person of a lane, beside those that are chosen if it `adds`."""
        people = self.document.people
        track_id = people.rows[place].track_id
        if adds:
            people.choose_too(track_id)
        else:
            people.choose(track_id)
        self._move_to(place)

    def _move_to(self, place: int) -> None:
        self.lane = place
        self._describe()
        self.show_lanes_from(self.places.offset_showing(place))

    def _describe(self) -> None:
        self.setAccessibleDescription(lane_sentence(self.document, self.lane))

    # -- Qt ----------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802
        if event is None:
            return
        view, painter = self.view, QPainter(self)
        picture = self.backdrop.get(view, self.size(), self.devicePixelRatioF())
        painter.setClipRegion(event.region())
        painter.drawPixmap(0, 0, picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.document.is_open:
            paint_marks(painter, view)
            if self._hover is not None:
                paint_hover(painter, view, *self._hovered(self._hover))
            paint_playhead(painter, view)
        painter.end()

    def _hovered(self, x: float) -> tuple[float, int]:
        return self.places.track_left + x, self.scale.frame_at(x)

    def _update_hover(self) -> None:
        if self._hover is not None:
            self.update(hover_rect(self.view, *self._hovered(self._hover)).toAlignedRect())

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802
        super().resizeEvent(event)
        self.show_scale(self.scale.resized(self.places.track_width))

    def event(self, event: QEvent | None) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), tip_at(self.view, QPointF(event.pos())), self)
            return True
        return super().event(event)

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.FontChange:
            self.updateGeometry()
            self.show_scale(self.scale.resized(self.places.track_width))
        self.refresh()

    def focusInEvent(self, event: QFocusEvent | None) -> None:  # noqa: N802
        super().focusInEvent(event)
        self.refresh()

    def focusOutEvent(self, event: QFocusEvent | None) -> None:  # noqa: N802
        super().focusOutEvent(event)
        self.refresh()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        if event is not None:
            self._pointer.press(event)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        if event is not None:
            self._pointer.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        if event is not None:
            self._pointer.release()

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        if event is not None:
            self._pointer.double_click(event)

    def contextMenuEvent(self, event: QContextMenuEvent | None) -> None:  # noqa: N802
        if event is not None and self.document.is_open and not self._pointer.is_held:
            self.menu_wanted.emit(event.globalPos(), self._pointer.means_people(event))

    def wheelEvent(self, event: QWheelEvent | None) -> None:  # noqa: N802
        if event is not None:
            self._pointer.wheel(event)

    def leaveEvent(self, event: QEvent | None) -> None:  # noqa: N802
        super().leaveEvent(event)
        self.hover(None)

    def sizeHint(self) -> QSize:  # noqa: N802
        return self._height_for(_USUAL_LANES)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return self._height_for(1)

    def _height_for(self, lanes: int) -> QSize:
        places = self.places
        return QSize(round(3 * places.left), round(places.top + lanes * places.lane_height))
