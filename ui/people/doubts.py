"""What is worth a look as a list: in order of time or of severity, of one reason or of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from enum import Enum
from typing import Any

from PyQt6.QtCore import QAbstractListModel, QModelIndex, QObject, Qt

from sdpose_track.review.doubts import REASONS, Doubt
from ui.look.texts import timecode

DOUBT = Qt.ItemDataRole.UserRole
"""Role of the Doubt itself."""
SEEN = Qt.ItemDataRole.UserRole + 1
"""Role of whether somebody marked it as seen."""
TITLES = {
    "switch": "New id",
    "crossing": "Crossing",
    "birth": "Appears",
    "death": "Vanishes",
    "weak": "Weak pose",
    "sides": "Left/right",
    "speed": "Jump",
    "bones": "Limb length",
}
"""By reason: a word or two that name it."""
_NOWHERE = QModelIndex()
_Key = tuple[str, int, tuple[int, ...]]


class Order(Enum):
    """What comes first."""

    TIME = "By time"
    SEVERITY = "Worst first"


class DoubtsModel(QAbstractListModel):
    """Doubts, one a row."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: tuple[Doubt, ...] = ()
        self._rows: list[Doubt] = []
        self._seen: set[_Key] = set()
        self.order = Order.TIME
        self.reason: str | None = None
        """The only reason that is listed; None for all."""

    def show(self, doubts: tuple[Doubt, ...]) -> None:
        """List these; what was seen is still so where it is found again."""
        self._all = doubts
        self.arrange(self.order, self.reason)

    def forget(self) -> None:
        """Another session is coming: nothing was seen."""
        self._seen.clear()

    def arrange(self, order: Order, reason: str | None) -> None:
        """List in an `order`, and only those of one `reason` or all."""
        self.order, self.reason = order, reason
        self.beginResetModel()
        self._rows = [doubt for doubt in self._all if reason in (None, doubt.reason)]
        if order is Order.SEVERITY:
            self._rows.sort(key=lambda doubt: -doubt.severity)
        self.endResetModel()

    def counts(self) -> dict[str, int]:
        """Return how many there are of each reason that there is, listed or not."""
        found = Counter(doubt.reason for doubt in self._all)
        return {reason: found[reason] for reason in REASONS if found[reason]}

    def doubt(self, row: int) -> Doubt:
        """Return what a row tells of."""
        return self._rows[row]

    def row_of(self, doubt: Doubt) -> int | None:
        """Return the row of the same doubt, also if it was found anew; None if it is gone."""
        key = _key(doubt)
        return next((n for n, row in enumerate(self._rows) if _key(row) == key), None)

    def row_from(self, frame: int) -> int | None:
        """Return the row of the first doubt at or after a frame; None if there is none."""
        later = [(d.frame, n) for n, d in enumerate(self._rows) if d.frame >= frame]
        return min(later)[1] if later else None

    def mark(self, row: int, *, seen: bool) -> None:
        """Remember that somebody looked at it, or not."""
        key = _key(self._rows[row])
        if seen:
            self._seen.add(key)
        else:
            self._seen.discard(key)
        self.dataChanged.emit(self.index(row), self.index(row))

    def is_seen(self, row: int) -> bool:
        """Tell whether somebody marked it as seen."""
        return _key(self._rows[row]) in self._seen

    def left(self) -> int:
        """Return how many of those listed nobody has seen."""
        return sum(_key(doubt) not in self._seen for doubt in self._rows)

    def rowCount(self, parent: QModelIndex = _NOWHERE) -> int:  # noqa: N802
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        answer = _ANSWERS.get(role)
        return None if answer is None else answer(self, index.row())


def sentence(doubt: Doubt) -> str:
    """Return what is doubtful, without the time, which stands beside it."""
    says = doubt.says.removeprefix(f"at {doubt.time_s:.2f} s ")
    return says[:1].upper() + says[1:]


def badness(doubt: Doubt) -> float:
    """Return how far beyond the threshold a doubt is, 0..1."""
    return min(max(2 * doubt.severity - 1, 0.0), 1.0)


def _key(doubt: Doubt) -> _Key:
    return doubt.reason, doubt.frame, doubt.track_ids


def _spoken(model: DoubtsModel, row: int) -> str:
    doubt = model.doubt(row)
    seen = ", seen" if model.is_seen(row) else ""
    return f"{timecode(doubt.time_s)}, {sentence(doubt)}, severity {doubt.severity:.2f}{seen}"


def _hint(model: DoubtsModel, row: int) -> str:
    doubt = model.doubt(row)
    return f"{sentence(doubt)}\nFrames {doubt.first} to {doubt.last}, severity {doubt.severity:.2f}"


_ANSWERS: dict[int, Callable[[DoubtsModel, int], Any]] = {
    Qt.ItemDataRole.DisplayRole: lambda model, row: sentence(model.doubt(row)),
    Qt.ItemDataRole.AccessibleTextRole: _spoken,
    Qt.ItemDataRole.ToolTipRole: _hint,
    DOUBT: DoubtsModel.doubt,
    SEEN: DoubtsModel.is_seen,
}
