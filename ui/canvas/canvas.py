"""The widget that shows the picture with the people on it."""

from __future__ import annotations

import time
from collections import deque

from PyQt6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QFont,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PyQt6.QtWidgets import QSizePolicy, QToolTip, QWidget

from sdpose_track.records import Provenance
from ui.canvas import nudging
from ui.canvas.painting import paint
from ui.canvas.pointer import Pointer
from ui.canvas.snapshots import snapshot
from ui.canvas.stage import Stage
from ui.document.document import Document
from ui.figures.geometry import STEP, Lens, Pane
from ui.figures.look import Compare, Look, Switch
from ui.look.texts import plural
from ui.look.theme import tokens

KEPT_TIMES = 1000
"""Paints whose times are kept."""
ORIGINS = {
    Provenance.MEASURED: "seen by the model",
    Provenance.MEASURED_FAST: "seen by the fast model",
    Provenance.PREDICTED: "predicted by the filter",
    Provenance.FILLED: "filled in",
    Provenance.EDITED: "placed by hand",
}
_NOTCH = 120
"""What a wheel tells for one step."""
_BY_KEYBOARD = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)


class Canvas(QWidget):
    """The picture of a document. It listens to the document and tells it who is chosen."""

    placed = pyqtSignal(int, int, str, float, float)
    """A keypoint was put somewhere: track id, frame, name of the keypoint, x and y in pixels."""
    full_screen_wanted = pyqtSignal()
    menu_wanted = pyqtSignal(QPoint, bool)
    """A menu, at a point of the screen: of those who are chosen, else of the picture."""
    zoom_changed = pyqtSignal(float)
    """Device pixels for one pixel of the picture: 1 is 100 %."""
    look_changed = pyqtSignal()
    """Other things are shown: `look`."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.paint_times: deque[float] = deque(maxlen=KEPT_TIMES)
        """Seconds that the last paints took."""
        self.paints = 0
        """How often it was painted."""
        self._document = document
        self._stage = Stage(document, self)
        self._pointer = Pointer(self._stage)
        self._has_ring = False
        self._stage.changed.connect(self._refresh)
        self._stage.scene_changed.connect(self._describe)
        self._stage.zoom_changed.connect(self.zoom_changed)
        self._stage.look_changed.connect(self.look_changed)
        self._stage.placed.connect(self.placed)
        for change in (document.people.changed, document.people.look_changed):
            change.connect(self._describe)
        document.player.playing_changed.connect(self._describe)
        self._dress()

    def _dress(self) -> None:
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Picture")
        self._describe()

    # -- what others ask ---------------------------------------------------------------------------

    @property
    def shown_frame(self) -> int | None:
        """Index of the frame whose picture and people are painted; None if nothing is open."""
        return self._stage.frame

    @property
    def look(self) -> Look:
        """What is shown."""
        return self._stage.look

    @property
    def lens(self) -> Lens:
        """How the picture is looked at, in every pane."""
        return self._stage.lens

    @property
    def panes(self) -> tuple[Pane, ...]:
        """Where the picture is shown: one pane, or two beside each other."""
        return self._stage.panes

    def set_look(self, look: Look) -> None:
        """Show other things."""
        self._stage.set_look(look)

    def set_switch(self, switch: Switch, on: bool) -> None:
        """Show something, or no longer."""
        self._stage.set_switch(switch, on)

    def set_compare(self, compare: Compare) -> None:
        """Show raw poses, smoothed ones, or both."""
        self._stage.set_compare(compare)

    def zoom_in(self) -> None:
        """Look from one step nearer."""
        self._stage.set_lens(self.lens.zoomed(STEP))

    def zoom_out(self) -> None:
        """Look from one step farther away."""
        self._stage.set_lens(self.lens.zoomed(1 / STEP))

    def zoom_fit(self) -> None:
        """Show the whole picture."""
        self._stage.set_lens(self.lens.fitted())

    def zoom_full(self) -> None:
        """Show each pixel of the picture as one of the screen."""
        self._stage.set_lens(self.lens.full())

    def snapshot(self) -> QImage | None:
        """Return the picture in its own size with the people on it; None if nothing is open."""
        return snapshot(self._stage, self.font())

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(960, 540)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(160, 90)

    # -- telling -----------------------------------------------------------------------------------

    def _refresh(self) -> None:
        self._show_cursor()
        self.update()

    def _show_cursor(self) -> None:
        shape = self._pointer.cursor
        if shape != self.cursor().shape():
            self.setCursor(shape)

    def _describe(self) -> None:
        """Say in words what is seen, but not for every frame that passes by."""
        scene, who = self._stage.scene, self._stage.who
        if scene is None:
            self.setAccessibleDescription("Nothing is open")
        elif not self._document.player.is_playing:
            kind = self.look.compare.panes[-1]
            people = who.drawn(scene.people(kind), self.look)
            names = ", ".join(who.called(pose.track_id) for pose in people)
            count = plural(len(people), "person", "people") if people else "nobody"
            told = f"Frame {scene.frame}, {count}"
            self.setAccessibleDescription(f"{told}: {names}" if names else told)

    def _tip(self, at: QPointF) -> str:
        """Return what to say of the keypoint or person at a point; empty if there is none."""
        stage = self._stage
        spot, scene = stage.spot(at.x(), at.y()), stage.scene
        if spot is None or scene is None or scene.skeleton is None:
            return ""
        joint = stage.joint_at(spot) or stage.joint_at(spot, is_any=True)
        if joint is None:
            person = stage.person_at(spot)
            return "" if person is None else stage.who.called(person)
        pose = stage.pose(joint.track_id, spot.kind)
        if pose is None:
            return ""
        name = scene.skeleton.keypoints[joint.number].replace("_", " ")
        share = min(float(pose.scores[joint.number]), 1.0)
        origin = ORIGINS[Provenance(int(pose.provenance[joint.number]))]
        return f"{stage.who.called(joint.track_id)}, {name}\nConfidence {share:.0%}, {origin}"

    # -- painting ----------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent | None) -> None:  # noqa: N802
        start = time.perf_counter()
        painter = QPainter(self)
        area = QRectF(self.rect())
        paint(painter, self._stage, area, self._tag_font())
        if self._has_ring:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(tokens().accent), 2))
            painter.drawRect(area.adjusted(1, 1, -1, -1))
        painter.end()
        self.paint_times.append(time.perf_counter() - start)
        self.paints += 1

    def _tag_font(self) -> QFont:
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold)
        return font

    def resizeEvent(self, _event: QResizeEvent | None) -> None:  # noqa: N802
        self._measure()

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802
        super().showEvent(event)
        self._measure()

    def _measure(self) -> None:
        self._stage.resize(self.width(), self.height(), self.devicePixelRatioF())

    # -- mouse and keyboard ------------------------------------------------------------------------

    def event(self, event: QEvent | None) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            tip = self._tip(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), tip, self, QRect())
            return True
        if isinstance(event, QNativeGestureEvent):
            return self._pinch(event)
        if event is not None and event.type() == QEvent.Type.DevicePixelRatioChange:
            self._measure()
        if isinstance(event, QKeyEvent) and self._is_own(event):
            event.accept()
            return True
        return super().event(event)

    def _is_own(self, event: QKeyEvent) -> bool:
        """Tell whether Qt asks for a key that is the canvas's, whatever it does elsewhere."""
        if event.type() != QEvent.Type.ShortcutOverride:
            return False
        if event.key() == Qt.Key.Key_Escape:
            return self._stage.held
        return nudging.is_meant(event)

    def _pinch(self, event: QNativeGestureEvent) -> bool:
        if event.gestureType() != Qt.NativeGestureType.ZoomNativeGesture:
            return False
        self._zoom(1 + event.value(), event.position())
        return True

    def wheelEvent(self, event: QWheelEvent | None) -> None:  # noqa: N802
        if event is not None and event.angleDelta().y():
            self._zoom(STEP ** (event.angleDelta().y() / _NOTCH), event.position())
            event.accept()

    def _zoom(self, factor: float, about: QPointF) -> None:
        spot = self._stage.spot(about.x(), about.y())
        if spot is not None:
            x, y = about.x() - spot.pane.x, about.y() - spot.pane.y
            self._stage.set_lens(self.lens.zoomed(factor, x, y))

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        if event is not None and event.button() in (
            Qt.MouseButton.LeftButton,
            Qt.MouseButton.MiddleButton,
        ):
            self._pointer.press(event.position(), event.button())

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        if event is not None:
            self._pointer.move(event.position())
            self._show_cursor()

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        if event is not None:
            self._pointer.release(event.position(), event.modifiers())
            self._show_cursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            self.full_screen_wanted.emit()

    def contextMenuEvent(self, event: QContextMenuEvent | None) -> None:  # noqa: N802
        if event is not None and self._stage.scene is not None and not self._pointer.is_held:
            self.menu_wanted.emit(event.globalPos(), self._pointer.means_people(event))

    def leaveEvent(self, _event: QEvent | None) -> None:  # noqa: N802
        self._stage.hover(None)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802
        if event is None:
            return
        if event.key() == Qt.Key.Key_Escape and self._pointer.cancel():
            return
        if nudging.is_meant(event):
            nudging.nudge(self._stage, event)
            return
        super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent | None) -> None:  # noqa: N802
        super().focusInEvent(event)
        self._has_ring = event is not None and event.reason() in _BY_KEYBOARD
        self.update()

    def focusOutEvent(self, event: QFocusEvent | None) -> None:  # noqa: N802
        super().focusOutEvent(event)
        self._has_ring = False
        self.update()
