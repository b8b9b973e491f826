"""What the kinds of lines of a plot mean, in one small row."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PyQt6.QtCore import QPointF, QSize
from PyQt6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PyQt6.QtWidgets import QSizePolicy, QWidget

from ui.look.theme import tokens
from ui.plots.curves import Curve, Plot
from ui.plots.pens import MARK, Pens, pens

_GAP, _BETWEEN = 4, 12
"""Pixels after a sample, and after a text."""
_KINDS: dict[str, Callable[[Plot], bool]] = {
    "raw": lambda _plot: True,
    "smoothed": lambda _plot: True,
    "predicted or filled": lambda plot: _has(plot.smooth, made_up=True),
    "edited": lambda plot: _has(plot.smooth, made_up=False),
}
"""What each kind is called, and whether a plot has it."""


class Legend(QWidget):
    """Names those kinds that there are."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kinds: tuple[str, ...] = ()
        self._colour = QColor("gray")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)

    def show_plots(self, plots: Sequence[Plot], colour: QColor) -> None:
        """Name what is in `plots`, drawn in a person's colour."""
        self._kinds = tuple(k for k, is_in in _KINDS.items() if any(is_in(p) for p in plots))
        self._colour = colour
        self.setAccessibleName(f"Lines: {', '.join(self._kinds)}")
        self.updateGeometry()
        self.update()

    @property
    def kinds(self) -> tuple[str, ...]:
        """What is named."""
        return self._kinds

    def sizeHint(self) -> QSize:  # noqa: N802
        metrics = self.fontMetrics()
        texts = sum(metrics.horizontalAdvance(kind) for kind in self._kinds)
        each = self._sample() + _GAP + _BETWEEN
        inner = QSize(texts + len(self._kinds) * each, metrics.height())
        return inner.grownBy(self.contentsMargins())

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return self.sizeHint()

    def _sample(self) -> int:
        """Return the width of a sample line."""
        return 2 * self.fontMetrics().averageCharWidth() + 8

    def paintEvent(self, _event: QPaintEvent | None) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        drawn, sample, inside = (
            pens(self._colour, self.devicePixelRatioF()),
            self._sample(),
            self.contentsRect(),
        )
        metrics, x, middle = self.fontMetrics(), inside.x(), inside.center().y() + 0.5
        base = middle + (metrics.ascent() - metrics.descent()) / 2
        for kind in self._kinds:
            _draw(painter, kind, drawn, QPointF(x, middle), sample)
            painter.setPen(QColor(tokens().muted))
            x += sample + _GAP
            painter.drawText(QPointF(x, base), kind)
            x += metrics.horizontalAdvance(kind) + _BETWEEN


def _draw(painter: QPainter, kind: str, drawn: Pens, at: QPointF, width: int) -> None:
    if kind == "edited":
        middle = at + QPointF(width / 2, 0)
        around = (QPointF(0, -5), QPointF(4, 0), QPointF(0, 5), QPointF(-4, 0))
        painter.setPen(QPen(QColor(tokens().text), MARK))
        painter.setBrush(drawn.ink)
        painter.drawPolygon(QPolygonF([middle + corner for corner in around]))
        return
    lines = {"raw": drawn.raw, "smoothed": drawn.seen, "predicted or filled": drawn.made_up}
    painter.setPen(lines[kind])
    painter.drawLine(at, at + QPointF(width, 0))


def _has(curve: Curve, *, made_up: bool) -> bool:
    return bool((curve.made_up if made_up else curve.edited).any())
