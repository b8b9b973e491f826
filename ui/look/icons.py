"""Icons drawn as paths: crisp at every size and scale, in the colours of the theme in force.

Every icon is a row of `_SHAPES` on a grid of 24 × 24 units, lines `STROKE` wide with round ends.
A row is a list of pen moves: `M x y` start, `L x y` line, `C` cubic curve (three points), `Z`
close, `O x y r` circle, `R x y w h r` rounded box, `A x y r from sweep` arc in degrees
counter-clockwise from three o'clock; what follows `fill` is filled as well.
"""

from __future__ import annotations

from functools import cache

from PyQt6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt
from PyQt6.QtGui import (
    QColor,
    QGuiApplication,
    QIcon,
    QIconEngine,
    QPainter,
    QPainterPath,
    QPalette,
    QPen,
    QPixmap,
)

GRID = 24.0
STROKE = 1.75

_EYE = "M 2.5 12 C 6 5.5 18 5.5 21.5 12 C 18 18.5 6 18.5 2.5 12 Z O 12 12 3"
_LENS = "O 10.5 10.5 6.5 M 15.5 15.5 L 21 21"
_SHAPES = {
    "about": "O 12 12 9 M 12 11 L 12 16.5 fill O 12 7.6 0.5",
    "back-second": "M 12 6 L 5 12 L 12 18 M 19 6 L 12 12 L 19 18",
    "boxes": "M 4 8.5 L 4 4 L 8.5 4 M 15.5 4 L 20 4 L 20 8.5 M 20 15.5 L 20 20 L 15.5 20"
    " M 8.5 20 L 4 20 L 4 15.5",
    "check": "M 4.5 12.5 L 10 18 L 20 6.5",
    "close": "M 6 6 L 18 18 M 18 6 L 6 18",
    "colour": "M 12 3 C 16 8 18.5 11 18.5 14.5 C 18.5 18.5 15.5 21 12 21"
    " C 8.5 21 5.5 18.5 5.5 14.5 C 5.5 11 8 8 12 3 Z M 9 15 C 9 17 10.2 18 12 18",
    "compare": "R 3.5 5 17 14 2 M 12 5 L 12 19",
    "confidence": "M 5 19 L 5 14 M 10 19 L 10 10 M 15 19 L 15 12 M 20 19 L 20 5",
    "delete": "M 4.5 6.5 L 19.5 6.5 M 9 6.5 L 9 4 L 15 4 L 15 6.5 M 6.5 6.5 L 7.3 20 L 16.7 20"
    " L 17.5 6.5 M 10.3 10.5 L 10.3 16 M 13.7 10.5 L 13.7 16",
    "export": "M 12 14.5 L 12 3.5 M 8 7.5 L 12 3.5 L 16 7.5 M 4 14 L 4 20 L 20 20 L 20 14",
    "eye": _EYE,
    "eye-off": f"{_EYE} M 4 20 L 20 4",
    "film": "R 3 5 18 14 1.5 M 7.5 5 L 7.5 19 M 16.5 5 L 16.5 19 M 3 9.7 L 7.5 9.7"
    " M 3 14.3 L 7.5 14.3 M 16.5 9.7 L 21 9.7 M 16.5 14.3 L 21 14.3",
    "first": "M 6 5 L 6 19 fill M 19 5.5 L 19 18.5 L 9.5 12 Z",
    "folder": "M 3 19 L 3 5 L 9.5 5 L 11.5 7.5 L 21 7.5 L 21 19 Z",
    "forward-second": "M 12 6 L 19 12 L 12 18 M 5 6 L 12 12 L 5 18",
    "full-screen": "M 9.5 4 L 4 4 L 4 9.5 M 4 4 L 10 10 M 14.5 20 L 20 20 L 20 14.5"
    " M 20 20 L 14 14",
    "go-to": "M 3.5 12 L 15 12 M 11 7.5 L 15.5 12 L 11 16.5 M 20 5 L 20 19",
    "help": "O 12 12 9 M 9.3 9.6 C 9.3 5.9 14.9 6.1 14.9 9.5 C 14.9 11.7 12 11.8 12 14.2"
    " fill O 12 17.2 0.5",
    "ids": "M 9.5 4 L 7.5 20 M 16.5 4 L 14.5 20 M 4.5 9 L 20 9 M 4 15 L 19.5 15",
    "last": "M 18 5 L 18 19 fill M 5 5.5 L 5 18.5 L 14.5 12 Z",
    "list": "M 9 6 L 20 6 M 9 12 L 20 12 M 9 18 L 20 18 fill O 4.5 6 0.7 O 4.5 12 0.7 O 4.5 18 0.7",
    "live": "A 12 12 5 -45 90 A 12 12 9 -45 90 A 12 12 5 135 90 A 12 12 9 135 90 fill O 12 12 1.5",
    "lock": "R 5 10.5 14 10 2 A 12 8 4 0 180 M 8 8 L 8 10.5 M 16 8 L 16 10.5",
    "loop": "M 4 11 C 4 8 6 6.5 9 6.5 L 19 6.5 M 16 3 L 19.5 6.5 L 16 10"
    " M 20 13 C 20 16 18 17.5 15 17.5 L 5 17.5 M 8 14 L 4.5 17.5 L 8 21",
    "mark-in": "M 10.5 4.5 L 6 4.5 L 6 19.5 L 10.5 19.5 M 20 12 L 11.5 12 M 15 8.5 L 11.5 12"
    " L 15 15.5",
    "mark-out": "M 13.5 4.5 L 18 4.5 L 18 19.5 L 13.5 19.5 M 4 12 L 12.5 12 M 9 8.5 L 12.5 12"
    " L 9 15.5",
    "merge": "M 5 4 L 5 7 C 5 12 12 11 12 16 L 12 20 M 19 4 L 19 7 C 19 12 12 11 12 16"
    " M 8.5 16.5 L 12 20.5 L 15.5 16.5",
    "next": "M 6 5 L 6 19 fill M 10.5 6 L 10.5 18 L 19 12 Z",
    "open": "M 3 18.5 L 3 5 L 9 5 L 11 7.5 L 18.5 7.5 L 18.5 10.5"
    " M 3 19 L 6.5 10.5 L 22 10.5 L 18.5 19 Z",
    "pause": "fill R 6.2 5 3.4 14 0.8 R 14.4 5 3.4 14 0.8",
    "play": "fill M 7 4.8 L 7 19.2 L 19 12 Z",
    "plot": "M 4 4 L 4 20 L 20.5 20 M 7 15.5 C 10 15.5 10 7.5 13 7.5 C 16 7.5 16 12.5 20 11",
    "previous": "M 18 5 L 18 19 fill M 13.5 6 L 13.5 18 L 5 12 Z",
    "record": "O 12 12 9 fill O 12 12 4",
    "redo": "M 20 9.5 L 9 9.5 C 2.5 9.5 2.5 19 9 19 L 14 19 M 15.5 5 L 20 9.5 L 15.5 14",
    "rename": "M 4 20 L 5 15.5 L 16 4.5 L 19.5 8 L 8.5 19 Z M 13.3 7.2 L 16.8 10.7",
    "settings": "M 4 7 L 11 7 M 17 7 L 20 7 O 14 7 2.7 M 4 17 L 7 17 M 13 17 L 20 17 O 10 17 2.7",
    "snapshot": "M 3 8 L 7.5 8 L 9.3 5 L 14.7 5 L 16.5 8 L 21 8 L 21 19 L 3 19 Z O 12 13 3.5",
    "solo": "O 12 8 3.5 M 4.5 20 C 4.5 12.5 19.5 12.5 19.5 20",
    "split": "M 12 4 L 12 8 C 12 13 5 12 5 17 L 5 20 M 12 8 C 12 13 19 12 19 17 L 19 20"
    " M 2.5 17 L 5 20.2 L 7.5 17 M 16.5 17 L 19 20.2 L 21.5 17",
    "stop": "fill R 6 6 12 12 1.5",
    "swap": "M 4 8 L 19 8 M 15.5 4.5 L 19.5 8 L 15.5 11.5 M 20 16 L 5 16 M 8.5 12.5 L 4.5 16"
    " L 8.5 19.5",
    "track": "O 12 4.8 2.2 M 12 7.2 L 12 13.5 M 5 11.5 L 9 8.7 L 15 8.7 L 19 11.5"
    " M 8 21 L 9 16.5 L 12 13.5 L 15 16.5 L 16 21",
    "trails": "M 3.5 18 C 8 18 6 9 11 9 C 14 9 14 13 16.5 13 fill O 18.8 11.4 1.8",
    "undo": "M 4 9.5 L 15 9.5 C 21.5 9.5 21.5 19 15 19 L 10 19 M 8.5 5 L 4 9.5 L 8.5 14",
    "unlock": "R 5 10.5 14 10 2 A 12 8 4 25 155 M 8 8 L 8 10.5",
    "warning": "M 12 3.5 L 22 20.5 L 2 20.5 Z M 12 10 L 12 14.5 fill O 12 17.4 0.5",
    "zoom-fit": "M 4 8 L 4 4 L 8 4 M 16 4 L 20 4 L 20 8 M 20 16 L 20 20 L 16 20 M 8 20 L 4 20"
    " L 4 16 R 8 8.5 8 7 1",
    "zoom-in": f"{_LENS} M 7.5 10.5 L 13.5 10.5 M 10.5 7.5 L 10.5 13.5",
    "zoom-out": f"{_LENS} M 7.5 10.5 L 13.5 10.5",
}
NAMES = tuple(_SHAPES)


def icon(name: str) -> QIcon:
    """Return an icon by one of `NAMES`; a KeyError names one that does not exist."""
    _shape(name)
    return QIcon(_Engine(name))


def paint_icon(painter: QPainter, name: str, where: QRectF, colour: QColor) -> None:
    """Draw an icon into the middle of `where` in any colour, for widgets that paint themselves."""
    lines, filled = _shape(name)
    scale = min(where.width(), where.height()) / GRID
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(where.center())
    painter.scale(scale, scale)
    painter.translate(-GRID / 2, -GRID / 2)
    round_ends = (Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    painter.setPen(QPen(colour, STROKE, *round_ends))
    painter.drawPath(lines)
    painter.setBrush(colour)
    painter.setPen(QPen(colour, STROKE / 2, *round_ends))
    painter.drawPath(filled)
    painter.restore()


class _Engine(QIconEngine):
    """Paints one shape at whatever size is asked for."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def paint(
        self, painter: QPainter | None, rect: QRect, mode: QIcon.Mode, state: QIcon.State
    ) -> None:
        if painter is not None:
            paint_icon(painter, self._name, QRectF(rect), _colour(mode, state))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    def scaledPixmap(  # noqa: N802
        self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float
    ) -> QPixmap:
        """Return the icon; `size` is in pixels that do not depend on the screen's `scale`."""
        picture = QPixmap(size * scale)
        picture.setDevicePixelRatio(scale)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return picture

    def clone(self) -> QIconEngine:
        return _Engine(self._name)

    def key(self) -> str:
        return "sdpose-track"


def _colour(mode: QIcon.Mode, state: QIcon.State) -> QColor:
    """Return the colour of an icon in the theme in force."""
    palette = QGuiApplication.palette()
    if mode is QIcon.Mode.Disabled:
        return palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText)
    if mode is QIcon.Mode.Selected:
        return palette.color(QPalette.ColorRole.HighlightedText)
    role = QPalette.ColorRole.Accent if state is QIcon.State.On else QPalette.ColorRole.ButtonText
    return palette.color(role)


@cache
def _shape(name: str) -> tuple[QPainterPath, QPainterPath]:
    """Return the lines and the filled part of an icon, in units of the grid."""
    lines, _, filled = _SHAPES[name].partition("fill")
    return _path(lines.split()), _path(filled.split())


_ARGUMENTS = {"M": 2, "L": 2, "C": 6, "Z": 0, "O": 3, "R": 5, "A": 5}


def _path(words: list[str]) -> QPainterPath:
    path = QPainterPath()
    while words:
        move, words = words[0], words[1:]
        count = _ARGUMENTS[move]
        _draw(path, move, [float(word) for word in words[:count]])
        words = words[count:]
    return path


def _draw(path: QPainterPath, move: str, at: list[float]) -> None:
    match move, at:
        case "M", [x, y]:
            path.moveTo(x, y)
        case "L", [x, y]:
            path.lineTo(x, y)
        case "C", [x1, y1, x2, y2, x, y]:
            path.cubicTo(x1, y1, x2, y2, x, y)
        case "Z", _:
            path.closeSubpath()
        case "O", [x, y, r]:
            path.addEllipse(QPointF(x, y), r, r)
        case "R", [x, y, w, h, r]:
            path.addRoundedRect(x, y, w, h, r, r)
        case "A", [x, y, r, start, sweep]:
            box = QRectF(x - r, y - r, 2 * r, 2 * r)
            path.arcMoveTo(box, start)
            path.arcTo(box, start, sweep)
