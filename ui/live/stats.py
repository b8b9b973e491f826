"""How a live source keeps up, as a table."""

from __future__ import annotations

from collections.abc import Mapping

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor
from PyQt6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from sdpose_track.live.meter import LiveStats
from ui.look.texts import bytes_text
from ui.look.theme import steady_digits, tokens

UNKNOWN = "–"
_ROWS = (
    ("Latency, median", "From a frame's arrival to its poses on the screen"),
    ("Latency, 95th percentile", "All but one frame in twenty are faster"),
    ("Frames in", "Frames a second that arrive"),
    ("Frames out", "Frames a second that are shown"),
    ("Left out", "Frames left out since the start, by what was too busy to look at them"),
    ("Waiting", "Frames that wait now, by where"),
    ("People", "Who is followed now"),
    ("Detector", "At which size it looks at a frame"),
    ("Pose model", "How often it looks a second, and at how many people at once"),
    ("Graphics memory", "Memory used on the graphics card"),
)
"""What each row is called, and means."""
_PLACES = {"detect": "detector", "pose": "pose model"}
"""What the places are called where frames wait and are left out."""
_P95 = 1
"""The row that is held against the budget."""


class StatsTable(QTableWidget):
    """Two columns: what, and how much."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(len(_ROWS), 2, parent)
        self.setAccessibleName("How the live source keeps up")
        self.setHorizontalHeaderLabels(["Measure", "Now"])
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        digits = steady_digits(self.font())
        for row, (name, meaning) in enumerate(_ROWS):
            value = QTableWidgetItem()
            value.setFont(digits)
            value.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            for column, item in enumerate((QTableWidgetItem(name), value)):
                item.setToolTip(meaning)
                self.setItem(row, column, item)
        self._size()
        self.show_stats(None)

    def _size(self) -> None:
        if (side := self.verticalHeader()) is not None:
            side.hide()
            side.setDefaultSectionSize(self.fontMetrics().height() + 8)
        if (top := self.horizontalHeader()) is not None:
            top.hide()
            top.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
            top.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedHeight(self.rowCount() * self.rowHeight(0) + 2 * self.frameWidth())

    def show_stats(self, stats: LiveStats | None, budget_ms: float = float("inf")) -> None:
        """Show what is measured; None: nothing. A latency over the budget is seen to be so."""
        texts = (UNKNOWN,) * len(_ROWS) if stats is None else _texts(stats)
        for row, text in enumerate(texts):
            if (item := self.item(row, 1)) is not None:
                item.setText(text)
        p95 = None if stats is None else stats.latency_p95_ms
        if (item := self.item(_P95, 1)) is not None:
            is_late = p95 is not None and p95 > budget_ms
            ink = QColor(tokens().warning) if is_late else None  # None: as the theme has it
            item.setData(Qt.ItemDataRole.ForegroundRole, ink)
            more = f"; the budget is {budget_ms:.0f} ms" if is_late else ""
            item.setToolTip(_ROWS[_P95][1] + more)


def _texts(stats: LiveStats) -> tuple[str, ...]:
    """Return the texts of the rows."""
    return (
        _milliseconds(stats.latency_p50_ms),
        _milliseconds(stats.latency_p95_ms),
        _rate(stats.frames_in),
        _rate(stats.frames_out),
        _places(stats.dropped, has_pose=stats.crops is not None),
        _places({place: n for place, n in stats.waiting.items() if n}, has_pose=True) or "0",
        f"{stats.people:,}",
        UNKNOWN if stats.detector_size is None else f"{stats.detector_size} px",
        _pose_model(stats),
        UNKNOWN if stats.gpu_bytes is None else bytes_text(stats.gpu_bytes),
    )


def _milliseconds(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.0f} ms"


def _rate(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.1f} / s"


def _places(counts: Mapping[str, int], *, has_pose: bool) -> str:
    """Return `detector 3, pose model 1,200`; where only the detector looks, `3`."""
    if not has_pose:
        return f"{sum(counts.values()):,}"
    return ", ".join(f"{_PLACES[place]} {count:,}" for place, count in counts.items())


def _pose_model(stats: LiveStats) -> str:
    """Return `2.5 / s, 3 people`; without a pose model, or before its first pass, a dash."""
    if not stats.crops or stats.pose_rate is None:
        return UNKNOWN
    return f"{_rate(stats.pose_rate)}, {stats.crops} at once"
