"""How a live source keeps up, as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from ui.look.texts import bytes_text, frames_per_second
from ui.look.theme import steady_digits

UNKNOWN = "–"


@dataclass(frozen=True, slots=True)
class LiveStats:
    """What is measured of a running live source; None where nothing is known yet."""

    latency_p50_ms: float | None = None
    """From the arrival of a frame to its poses on the screen: half of the frames are faster."""
    latency_p95_ms: float | None = None
    """All but one in twenty are faster."""
    frames_in: float | None = None
    """Frames a second that arrive."""
    frames_out: float | None = None
    """Frames a second that are shown."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Frames left out since the start, by the stage before which they were."""
    waiting: Mapping[str, int] = field(default_factory=dict)
    """Frames that wait now, by the stage before which they do."""
    gpu_bytes: int | None = None
    """Memory used on the graphics card."""


_ROWS = (
    ("Latency, median", "From a frame's arrival to its poses on the screen"),
    ("Latency, 95th percentile", "All but one frame in twenty are faster"),
    ("Frames in", "Frames a second that arrive"),
    ("Frames out", "Frames a second that are shown"),
    ("Dropped", "Frames left out since the start, by where"),
    ("Waiting", "Frames that wait now, by where"),
    ("Graphics memory", "Memory used on the graphics card"),
)
"""What each row is called, and means."""


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

    def show_stats(self, stats: LiveStats | None) -> None:
        """Show what is measured; None: nothing."""
        for row, text in enumerate(_texts(stats or LiveStats())):
            if (item := self.item(row, 1)) is not None:
                item.setText(text)


def _texts(stats: LiveStats) -> tuple[str, ...]:
    """Return the texts of the rows."""
    return (
        _milliseconds(stats.latency_p50_ms),
        _milliseconds(stats.latency_p95_ms),
        _rate(stats.frames_in),
        _rate(stats.frames_out),
        _places(stats.dropped),
        _places(stats.waiting),
        UNKNOWN if stats.gpu_bytes is None else bytes_text(stats.gpu_bytes),
    )


def _milliseconds(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.0f} ms"


def _rate(value: float | None) -> str:
    return UNKNOWN if value is None else f"{frames_per_second(value)} / s"


def _places(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{place} {count:,}" for place, count in counts.items()) or UNKNOWN
