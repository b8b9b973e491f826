"""The end of a live run's way: whoever shows or sends frames on hears of each one at once."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence

from sdpose_track.live.meter import Meter
from sdpose_track.live.records import LiveResult
from sdpose_track.pipeline.events import FrameDone, Listeners
from sdpose_track.pipeline.stage import Intake

_UNPAINTED = 16
"""Frames that whoever paints may be behind."""


class ShowStage:
    """Hands each frame to the listeners and on; measures how old it was."""

    name = "show"

    def __init__(self, meter: Meter) -> None:
        self.intake = Intake(capacity=1)
        self.shown = Listeners()
        """Hear of each frame on this stage's thread, and must return at once."""
        self._meter = meter
        self._someone_paints = False
        self._lock = threading.Lock()
        self._handed: OrderedDict[int, float] = OrderedDict()
        """When the newest frames were handed to the listeners, by their index."""

    def open(self) -> None:
        """Nothing to acquire."""

    def process(self, items: Sequence[LiveResult]) -> Iterator[LiveResult]:
        """Tell of each frame and pass it on."""
        for result in items:
            with self._lock:
                self._handed[result.frame.index] = time.monotonic()
                if len(self._handed) > _UNPAINTED:
                    self._handed.popitem(last=False)
            self.shown.send(FrameDone(result))
            now = time.monotonic()
            self._meter.shown(now)
            if not self._someone_paints:
                self._late(result, now)
            yield result

    def painted(self, result: LiveResult) -> None:
        """Tell that a frame was painted just now: from then on that is what latency means."""
        self._someone_paints = True
        now = time.monotonic()
        self._late(result, now)
        with self._lock:
            handed = self._handed.get(result.frame.index)
        if handed is not None:  # what painting takes is not there for the detector
            self._meter.stage("paint", now, now - handed)

    def _late(self, result: LiveResult, now: float) -> None:
        if result.frame.arrived is not None:
            self._meter.latency(now, now - result.frame.arrived)

    def flush(self) -> Iterable[LiveResult]:
        """Nothing is held back."""
        return ()

    def close(self) -> None:
        """Nothing to release."""
