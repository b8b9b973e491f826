"""One plot or two above each other over one time axis, with the playhead.

Pressing seeks and dragging scrubs, as in the timeline; the wheel zooms about the pointer, the
middle button and the wheel with Shift move along.
"""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QEvent, QObject, QPoint, QPointF, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QMouseEvent, QResizeEvent, QWheelEvent
from PyQt6.QtWidgets import QVBoxLayout, QWidget

from ui.axis.scale import Scale
from ui.document.clock import NO_FRAMES, FrameClock
from ui.look.theme import steady_digits, tokens
from ui.plots.curves import Plot
from ui.plots.door import pg
from ui.plots.pane import Pane
from ui.plots.pens import pens

ZOOM = 1.25
"""How much closer one notch of the wheel goes."""
_FRAME = (
    "QGraphicsView {{ border: 1px solid transparent }}"
    "QGraphicsView:focus {{ border-color: {accent} }}"
)
"""Around the plots: it shows where the keyboard is."""
_NOTCH = 120.0
"""Qt's measure of one notch."""
_GRAB = 5
"""Pixels around the playhead where the pointer says that it can be dragged."""


class Chart(QWidget):
    """Draws plots; it knows times and frames, and no document."""

    sought = pyqtSignal(int)
    """The frame that was pressed or dragged to."""
    menu_wanted = pyqtSignal(QPoint)
    """Where on the screen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.follows = True
        """The view turns like a page where the playhead leaves it."""
        self._scale = Scale.whole(NO_FRAMES, 1)
        self._frame = 0
        self._marked: range | None = None
        self._colour = QColor("gray")
        self._panes: list[Pane] = []
        self._panned_from: float | None = None
        self.view = pg.GraphicsLayoutWidget()
        self.view.ci.layout.setContentsMargins(4, 4, 8, 4)
        self.view.ci.layout.setSpacing(8)
        self.view.setAccessibleName("Curves over time")
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.customContextMenuRequested.connect(
            lambda at: self.menu_wanted.emit(self.view.mapToGlobal(at))
        )
        self.view.viewport().installEventFilter(self)
        self.setFocusProxy(self.view)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.view)

    # -- what is shown -----------------------------------------------------------------------------

    @property
    def seconds_in_view(self) -> tuple[float, float]:
        """From the left to the right edge."""
        return self._scale.start, self._scale.start + self._scale.span

    def show_plots(self, plots: Sequence[Plot], colour: QColor) -> None:
        """Draw other curves over the same seconds; `colour` is the person's."""
        if len(plots) != len(self._panes):
            self._make_panes(len(plots))
        for pane, plot in zip(self._panes, plots, strict=True):
            pane.take(plot)
        self.dress(colour)
        self._look(self._scale)
        self.set_frame(self._frame)

    def _make_panes(self, count: int) -> None:
        self.view.clear()
        font = steady_digits(self.font())
        self._panes = [Pane(font, has_times=row == count - 1) for row in range(count)]
        for row, pane in enumerate(self._panes):
            pane.box.sigResized.connect(self._fill)
            self.view.addItem(pane.item, row=row, col=0)
        self._share_height()

    def dress(self, colour: QColor) -> None:
        """Draw in a person's colour and in those of the theme in force."""
        self._colour = colour
        self.view.setBackground(tokens().base)
        self.view.setStyleSheet(_FRAME.format(accent=tokens().accent))
        found = pens(colour, self.devicePixelRatioF())
        for pane in self._panes:
            pane.dress(found)

    def set_clock(self, clock: FrameClock) -> None:
        """There are other frames."""
        self._look(self._scale.over(clock))

    def set_frame(self, index: int) -> None:
        """Move the playhead."""
        self._frame = index
        seconds = self._scale.clock.time_of(index)
        for pane in self._panes:
            pane.set_playhead(seconds)
        if self.follows and not self._scale.shows(index):
            self._look(self._scale.showing(index, turning=True))

    def set_marked(self, marked: range | None) -> None:
        """Shade what lies outside of the frames from in to out; None: no marks."""
        self._marked = marked
        self._shade()

    def _shade(self) -> None:
        clock = self._scale.clock
        first, last = clock.time_of(clock.first), clock.end_of(clock.last)
        start, stop = first, last
        if self._marked:
            start, stop = clock.time_of(self._marked[0]), clock.end_of(self._marked[-1])
        for pane in self._panes:
            pane.set_marked(start, stop, first, last)

    # -- the view ----------------------------------------------------------------------------------

    def fit(self) -> None:
        """Show all frames."""
        self._look(self._scale.fitted())

    def zoom(self, factor: float, seconds: float | None = None) -> None:
        """Look `factor` times as close, about a time or else the playhead."""
        about = self._scale.clock.time_of(self._frame) if seconds is None else seconds
        self._look(self._scale.zoomed(factor, self._scale.x_of_time(about)))

    def _look(self, scale: Scale) -> None:
        self._scale = scale
        if scale.clock.duration > 0:
            for pane in self._panes:
                pane.show(scale)
            self._shade()

    def event(self, event: QEvent | None) -> bool:
        """Draw anew on a screen of another scale."""
        if event is not None and event.type() == QEvent.Type.DevicePixelRatioChange:
            self.dress(self._colour)
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._share_height()

    def _share_height(self) -> None:
        """Give all curves the same height: the lowest has the time axis, too."""
        each = (self.height() - sum(pane.foot for pane in self._panes)) / max(1, len(self._panes))
        for row, pane in enumerate(self._panes):
            self.view.ci.layout.setRowPreferredHeight(row, max(0.0, each + pane.foot))

    def _fill(self) -> None:
        """Draw anew for the room that the axes leave."""
        self._look(self._scale.resized(self._panes[0].box.width()))

    # -- hands -------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """Hear what is done with the mouse before pyqtgraph, whose ways are others."""
        if isinstance(event, QWheelEvent):
            self._turned(event)
            return True
        if isinstance(event, QMouseEvent):
            return self._pointed(event)
        return super().eventFilter(watched, event)

    def _turned(self, event: QWheelEvent) -> None:
        notches = (event.angleDelta().y() or event.angleDelta().x()) / _NOTCH
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier or event.angleDelta().x():
            self._look(self._scale.scrolled(-notches * self._scale.width / 10))
        else:
            self.zoom(ZOOM**notches, self._seconds_at(event.position()))
        event.accept()

    def _pointed(self, event: QMouseEvent) -> bool:
        """Tell whether something was done with the mouse."""
        kind, seconds = event.type(), self._seconds_at(event.position())
        if kind == QEvent.Type.MouseButtonRelease:
            self._panned_from = None
            return True
        is_press = kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick)
        if event.buttons() & Qt.MouseButton.LeftButton:
            if is_press:
                self.view.setFocus(Qt.FocusReason.MouseFocusReason)
            self.sought.emit(self._scale.clock.at(seconds))
        elif event.buttons() & Qt.MouseButton.MiddleButton:
            self._pan(seconds, is_press=is_press)
        elif kind == QEvent.Type.MouseMove:
            self._hint(event.position())
        return event.button() != Qt.MouseButton.RightButton

    def _pan(self, seconds: float, *, is_press: bool) -> None:
        if is_press or self._panned_from is None:
            self._panned_from = seconds
        away = (self._panned_from - seconds) * self._scale.width / self._scale.span
        self._look(self._scale.scrolled(away))

    def _hint(self, at: QPointF) -> None:
        """Show by the pointer that the playhead can be dragged."""
        away = self._scale.x_of_time(self._seconds_at(at)) - self._scale.x_of(self._frame)
        shape = Qt.CursorShape.SizeHorCursor if abs(away) <= _GRAB else Qt.CursorShape.ArrowCursor
        self.view.viewport().setCursor(shape)

    def _seconds_at(self, at: QPointF) -> float:
        """Return the seconds at a place of the view's viewport."""
        if not self._panes:
            return 0.0
        box = self._panes[0].box
        left = self.view.mapFromScene(box.mapToScene(QPointF(0, 0))).x()
        return self._scale.time_at(at.x() - left)
