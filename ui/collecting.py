"""Garbage is collected in the window's thread only.

Python collects cycles in whatever thread happens to allocate; were one of Qt's objects in them, it
would be destroyed in a thread that is not its own, and the program with it.
"""

from __future__ import annotations

import gc

from PyQt6.QtCore import QObject, QTimer

LOOK_EVERY_MS = 1000


class Collector(QObject):
    """Collects what Python would have, when Python would have, but here."""

    def __init__(self, parent: QObject) -> None:
        """Begin; Python itself collects no more until `stop`."""
        super().__init__(parent)
        self._thresholds = gc.get_threshold()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.look)
        gc.disable()
        self._timer.start(LOOK_EVERY_MS)

    def look(self) -> None:
        """Collect the oldest generation that is due."""
        due = [g for g, count in enumerate(gc.get_count()) if count > self._thresholds[g]]
        if due:
            gc.collect(due[-1])

    def stop(self) -> None:
        """Let Python collect by itself again."""
        self._timer.stop()
        gc.enable()
