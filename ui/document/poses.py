"""The poses of the frames that are looked at: read in stretches, then answered at once."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from PyQt6.QtCore import QObject, pyqtSignal

from sdpose_track.records import Pose
from sdpose_track.session.stretch import Stretch
from sdpose_track.smooth.choices import Smoothing, SmoothSettings
from sdpose_track.smooth.pieces import CHUNK, margin_s
from ui.bridge import Lane
from ui.document.reading import Facts, Kind, Reader

MOST_STRETCHES = 24
"""Of each kind, kept for going back and forth: some minutes of video."""
LOOKS_AHEAD_S = margin_s(Smoothing.OFFLINE, SmoothSettings())
"""What is stored so much later changes smoothed poses no more."""
AHEAD = CHUNK // 2
"""Frames before a stretch's end from which on the next one is asked for."""


class Poses(QObject):
    """Raw and smoothed poses by frame. Nobody waits: what is not there yet is told when it is."""

    arrived = pyqtSignal(object, object)
    """Kind, and the range of frames whose poses can be had now."""

    def __init__(self, lane: Lane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lane = lane
        self._reader: Reader | None = None
        self._frames = range(0)
        self._kept: dict[Kind, OrderedDict[int, Stretch]] = {k: OrderedDict() for k in Kind}
        self._asked: dict[tuple[Kind, str], int] = {}
        self._round = 0

    def show(self, reader: Reader | None, frames: range) -> None:
        """Read from `reader`, which has `frames`; whatever was kept is forgotten."""
        self._reader, self._frames = reader, frames
        self.forget()

    def forget(self, first: int = 0) -> None:
        """Ask anew for what is at or after the frame `first`."""
        self._round += 1
        self._asked.clear()
        for kept in self._kept.values():
            for chunk in [c for c in kept if (c + 1) * CHUNK > first]:
                del kept[chunk]

    def grow(self, facts: Facts) -> None:
        """There are more frames now; smoothing looks ahead, so the end of the old ones changes."""
        before, self._frames = self._frames, facts.indices
        old = facts.seconds[: len(before)]
        sure = 0 if not len(old) else int(np.searchsorted(old, old[-1] - LOOKS_AHEAD_S))
        self.forget(before.start + sure)

    def choose(self, smoothing: Smoothing) -> None:
        """Smooth in another way."""
        reader = self._reader
        if reader is not None:
            self._lane.ask(lambda: reader.choose(smoothing))
        self._kept[Kind.SMOOTH].clear()
        self._asked.clear()
        self._round += 1

    def at(self, index: int, kind: Kind) -> tuple[Pose, ...] | None:
        """Return everyone in a frame; None if that is not known yet, which `arrived` ends.

        A frame that is not in the session has nobody.
        """
        if self._reader is None or index not in self._frames:
            return ()
        chunk = index // CHUNK
        kept = self._kept[kind]
        stretch = kept.get(chunk)
        if stretch is None:
            self._ask(kind, chunk, "now")
            return None
        kept.move_to_end(chunk)
        return stretch.at(index)

    def prepare(self, index: int, kind: Kind, step: int) -> None:
        """Ask for what comes after (`step` 1) or before (-1) the frame `index` in good time."""
        there = index + step * AHEAD
        if self._reader is not None and step and there in self._frames:
            chunk = there // CHUNK
            if chunk not in self._kept[kind]:
                self._ask(kind, chunk, "next")

    def _ask(self, kind: Kind, chunk: int, when: str) -> None:
        """Ask for a stretch, once; the newest question of each kind and `when` is answered.

        Who scrubs on has no use for what was asked before.
        """
        asked = [c for (k, _), c in self._asked.items() if k is kind]
        if chunk in asked or self._reader is None:
            return
        self._asked[kind, when] = chunk
        reader, asked_in = self._reader, self._round
        index = min(max(chunk * CHUNK, self._frames.start), self._frames.stop - 1)

        def done(stretch: Stretch) -> None:
            if asked_in == self._round:
                self._asked.pop((kind, when), None)
                self._take(kind, chunk, stretch)

        topic = f"{kind.value} poses {when}"
        self._lane.ask(lambda: reader.stretch(kind, index), done, topic=topic)

    def _take(self, kind: Kind, chunk: int, stretch: Stretch) -> None:
        kept = self._kept[kind]
        kept[chunk] = stretch
        while len(kept) > MOST_STRETCHES:
            kept.popitem(last=False)
        self.arrived.emit(kind, stretch.frames)
