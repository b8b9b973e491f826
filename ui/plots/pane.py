"""One pair of axes with its curves. It draws what is in view, and no more points than are seen."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetricsF, QPen
from PyQt6.QtWidgets import QGraphicsRectItem

from sdpose_track.kinematics.trace import Mask
from sdpose_track.records import Float64
from ui.axis.scale import Scale
from ui.axis.ticks import ticks
from ui.look.theme import tokens
from ui.plots.curves import Curve, Plot
from ui.plots.door import pg
from ui.plots.pens import MARK, Pens
from ui.plots.thinning import extent, thinned, within

_BEHIND, _RAW, _SMOOTH, _POINTS, _FRONT = range(5)
"""What covers what."""
_MARK_SIZE, _DOT_SIZE = 9, 4
"""Of edited frames and of single points, in pixels."""
_WIDEST_TIME = "0:00:00.0"
"""What times must have room for."""
_LEFT_OUT = 150
"""How opaque the shade is over what lies before the in mark and after the out mark, of 255."""


class _Drawn(NamedTuple):
    """A line of the picture and all its points."""

    item: Any
    seconds: Float64
    values: Float64


class Pane:
    """One plot, smoothed and raw."""

    def __init__(self, font: QFont, *, has_times: bool) -> None:
        """`has_times`: the time axis stands below it."""
        self._font = font
        self._has_times = has_times
        self._plot: Plot | None = None
        self._pens: Pens | None = None
        self._lines: list[_Drawn] = []
        self.item = pg.PlotItem(enableMenu=False)
        self.item.hideButtons()
        self.item.setMouseEnabled(x=False, y=False)
        self.box = self.item.getViewBox()
        self.box.disableAutoRange()
        self._raw = self._curve(_RAW)
        self._seen = self._curve(_SMOOTH)
        self._made_up = self._curve(_SMOOTH)
        self._dots = self._points("o", _DOT_SIZE)
        self._edited = self._points("d", _MARK_SIZE)
        self._shades = [self._add(QGraphicsRectItem(), _BEHIND) for _ in range(2)]
        self._marks = [self._add(pg.InfiniteLine(angle=90), _BEHIND) for _ in range(2)]
        self._playhead = self._add(pg.InfiniteLine(angle=90), _FRONT)
        self._axes()

    def take(self, plot: Plot) -> None:
        """Show something else; `dress` and `show` draw it."""
        smooth, raw = plot.smooth, plot.raw
        self._plot = plot
        self.box.invertY(plot.grows_down)
        self.item.getAxis("left").setTicks([[(0, "no"), (1, "yes")]] if plot.is_yes_no else None)
        self._lines = [
            _Drawn(self._raw, raw.seconds, raw.values),
            _Drawn(self._seen, smooth.seconds, smooth.seen_values()),
            _Drawn(self._made_up, smooth.seconds, smooth.made_up_values()),
        ]
        _mark(self._dots, (raw, raw.lone), (smooth, smooth.lone))
        _mark(self._edited, (smooth, smooth.edited))

    def _add(self, item: Any, depth: int) -> Any:  # pyqtgraph has no types
        item.setZValue(depth)
        self.box.addItem(item, ignoreBounds=True)
        return item

    def _curve(self, depth: int) -> Any:
        return self._add(pg.PlotCurveItem(connect="finite", antialias=True), depth)

    def _points(self, symbol: str, size: int) -> Any:
        return self._add(pg.ScatterPlotItem(symbol=symbol, size=size, antialias=True), _POINTS)

    def _axes(self) -> None:
        """Values at the left, times below; the lines of times are those of an axis at the top,
        since pyqtgraph leaves the outer labels away where an axis has lines.
        """
        metrics = QFontMetricsF(self._font)
        self.item.showAxis("top")
        for side in ("left", "top", "bottom"):
            axis = self.item.getAxis(side)
            axis.enableAutoSIPrefix(enable=False)
            axis.setStyle(tickFont=self._font, tickLength=0, tickTextOffset=6, maxTickLevel=0)
            axis.setZValue(self.box.zValue() - 1)  # its lines are behind the curves
        left, top, bottom = (self.item.getAxis(side) for side in ("left", "top", "bottom"))
        left.setGrid(255)
        left.setWidth(metrics.horizontalAdvance("-0,000.0") + metrics.height())
        top.setGrid(255)
        top.setStyle(showValues=False)
        top.setHeight(1)
        label = round(metrics.horizontalAdvance(_WIDEST_TIME))
        bottom.setStyle(showValues=self._has_times, hideOverlappingLabels=label)
        bottom.setHeight(self.foot)

    @property
    def foot(self) -> int:
        """Height of the time axis, in pixels."""
        return round(QFontMetricsF(self._font).height()) + 8 if self._has_times else 1

    # -- colours -----------------------------------------------------------------------------------

    def dress(self, pens: Pens) -> None:
        """Draw in the colours of a person and of the theme in force."""
        colours, self._pens = tokens(), pens
        self._raw.setPen(pens.raw)
        self._seen.setPen(pens.seen)
        self._made_up.setPen(pens.made_up)
        self._dots.setPen(None)
        self._dots.setBrush(pens.ink)
        self._edited.setPen(QPen(QColor(colours.text), MARK))
        self._edited.setBrush(pens.ink)
        self._playhead.setPen(pens.playhead)
        shade = QColor(colours.canvas)
        shade.setAlpha(_LEFT_OUT)
        for mark in self._marks:
            mark.setPen(pens.border)
        for item in self._shades:
            item.setPen(QPen(Qt.PenStyle.NoPen))
            item.setBrush(shade)
        self._dress_axes()

    def _dress_axes(self) -> None:
        colours = tokens()
        for side in ("left", "top", "bottom"):
            axis = self.item.getAxis(side)
            axis.setPen(QPen(QColor(colours.grid if side == "top" else colours.line)))
            axis.setTickPen(QPen(QColor(colours.grid)))
            axis.setTextPen(colours.muted)
        style = {"color": colours.muted, "font-size": f"{self._font.pointSizeF():.1f}pt"}
        if self._plot is not None:
            left = self.item.getAxis("left")
            left.setLabel(self._plot.label, **style)
            left.resizeEvent()  # else the label stays where another one was in the middle

    # -- what is in view ---------------------------------------------------------------------------

    def show(self, scale: Scale) -> None:
        """Draw the seconds in view."""
        start, stop = scale.start, scale.start + scale.span
        self.box.setXRange(start, stop, padding=0)
        self._fit_height(start, stop)
        for item, seconds, values in self._lines:
            points = thinned(seconds, values, start, stop, int(scale.width))
            self._draw(item, *points, is_dense=len(points[0]) > scale.width)
        self._label_times(scale)

    def _draw(self, item: Any, seconds: Float64, values: Float64, *, is_dense: bool) -> None:
        """Draw a line. Qt needs half a second to smooth or dash one that fills the picture; as
        nobody would see either there, it is drawn plainly.
        """
        item.setData(seconds, values, antialias=not is_dense)
        if item is self._made_up and self._pens is not None:
            item.setPen(self._pens.made_up_dense if is_dense else self._pens.made_up)

    def _fit_height(self, start: float, stop: float) -> None:
        if self._plot is not None:
            smooth, raw = (_between(c, start, stop) for c in (self._plot.smooth, self._plot.raw))
            self.box.setYRange(*extent(smooth, raw, self._plot.always), padding=0)

    def _label_times(self, scale: Scale) -> None:
        metrics = QFontMetricsF(self._font)
        room = 1.4 * metrics.horizontalAdvance(_WIDEST_TIME)
        labelled = [(t, scale.time_at(t.x)) for t in ticks(scale, room) if t.label]
        self.item.getAxis("top").setTicks([[(seconds, "") for _, seconds in labelled]])
        whole = [  # the last one would be cut off; at the left there is room beside the values
            (seconds, tick.label)
            for tick, seconds in labelled
            if tick.x + metrics.horizontalAdvance(tick.label) / 2 <= scale.width
        ]
        self.item.getAxis("bottom").setTicks([whole])

    def set_playhead(self, seconds: float) -> None:
        """Mark where we are."""
        self._playhead.setValue(seconds)

    def set_marked(self, start: float, stop: float, first: float, last: float) -> None:
        """Shade what lies from `first` to `start` and from `stop` to `last` seconds."""
        low, high = self.box.viewRange()[1]
        sides = zip(self._shades, self._marks, ((first, start), (stop, last)), strict=True)
        for (item, mark, (left, right)), border in zip(sides, (start, stop), strict=True):
            item.setRect(QRectF(left, low, right - left, high - low))
            mark.setValue(border)
            for shown in (item, mark):
                shown.setVisible(right > left)


def _mark(item: Any, *which: tuple[Curve, Mask]) -> None:
    item.setData(
        np.concatenate([curve.seconds[mask] for curve, mask in which]),
        np.concatenate([curve.values[mask] for curve, mask in which]),
    )


def _between(curve: Curve, start: float, stop: float) -> Float64:
    return curve.values[within(curve.seconds, start, stop)]
