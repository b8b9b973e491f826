"""What takes longer than a frame: lanes of the timeline, the worth-a-look list, whole people.

It has a thread and a connection of its own, so that pictures and poses never wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from PyQt6.QtCore import QObject, pyqtSignal

from sdpose_track.errors import SdposeError
from sdpose_track.kinematics.table import Kinematics, kinematics
from sdpose_track.records import TrackArrays
from sdpose_track.review.doubts import Doubt, find_doubts
from sdpose_track.skeletons import Skeleton
from sdpose_track.smooth.choices import Smoothing
from ui.bridge import Lane
from ui.document.lanes import LaneData, lane_of
from ui.document.reading import Kind, Reader


class Whole(NamedTuple):
    """One person over the whole recording."""

    raw: TrackArrays
    smooth: TrackArrays
    skeleton: Skeleton
    kinematics: Kinematics
    """Measured from `smooth`."""


class Review(QObject):
    """Looks the session through, one person after another, whenever it has changed."""

    lane_changed = pyqtSignal(object)
    """LaneData: of one person."""
    doubts_changed = pyqtSignal()
    changed = pyqtSignal()
    """What was told of whole people is out of date."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.lane = Lane("review", self)
        self.lanes: dict[int, LaneData] = {}
        self.doubts: tuple[Doubt, ...] | None = ()
        """By ascending frame; None while they are looked for."""
        self._reader: Reader | None = None
        self._round = 0
        self._ids: tuple[int, ...] = ()

    def show(self, path: Path | None, smoothing: Smoothing, ids: tuple[int, ...]) -> None:
        """Look through the session at `path`, whose people are `ids`; None: nothing."""
        self._close_reader()
        self.lanes.clear()
        if path is not None:
            self._reader = Reader(path, smoothing)
        self._look(ids)

    def again(self, ids: tuple[int, ...]) -> None:
        """The session has changed: there are other frames or repairs."""
        reader = self._reader
        if reader is not None:
            self.lane.ask(reader.facts, topic="facts")
        for gone in self.lanes.keys() - set(ids):
            del self.lanes[gone]
        self._look(ids)

    def wait(self) -> None:
        """The session is growing: look through it once it is complete, and not every second."""
        self.lane.forget("look through")
        self.lanes.clear()
        self._round += 1
        self._ids, self.doubts = (), ()
        self.doubts_changed.emit()

    def choose(self, smoothing: Smoothing) -> None:
        """Smooth in another way."""
        reader = self._reader
        if reader is not None:
            self.lane.ask(lambda: reader.choose(smoothing))
        self._look(self._ids)

    def _look(self, ids: tuple[int, ...]) -> None:
        self._round += 1
        self._ids = ids
        self.doubts = None if self._reader is not None else ()
        self.doubts_changed.emit()
        self.changed.emit()
        if self._reader is not None:
            self._continue(_Walk(self._reader), self._round)

    def _continue(self, walk: _Walk, asked_in: int) -> None:
        """Look at the next person; between two, what is more urgent has its turn."""

        def done(lane: LaneData | None) -> None:
            if asked_in != self._round:
                return
            if lane is None:
                self.lane.ask(walk.doubts, self._doubted, self._cannot, topic="look through")
                return
            self.lanes[lane.track_id] = lane
            self.lane_changed.emit(lane)
            self._continue(walk, asked_in)

        self.lane.ask(walk.step, done, self._cannot, topic="look through")

    def _cannot(self, error: SdposeError) -> None:
        """The session cannot be looked through: say so, and wait for nothing more."""
        self._doubted(())
        self.lane.refused.emit(str(error))

    def _doubted(self, doubts: tuple[Doubt, ...]) -> None:
        self.doubts = doubts
        self.doubts_changed.emit()

    def whole(self, track_id: int, done: Callable[[Whole | None], None]) -> None:
        """Call `done` with a person over the whole recording; None if there is none such.

        Only the newest question is answered. `changed` says when to ask again.
        """
        reader = self._reader
        if reader is not None:
            self.lane.ask(lambda: _whole(reader, track_id), done, topic="whole")

    def close(self) -> None:
        """End the thread. Safe to call again."""
        reader, self._reader = self._reader, None
        self._round += 1
        self.lane.close(None if reader is None else reader.close)

    def _close_reader(self) -> None:
        reader, self._reader = self._reader, None
        self.lane.forget("look through", "whole", "facts")
        if reader is not None:
            self.lane.ask(reader.close)


class _Walk:
    """Goes through the people of a session once, and keeps nobody. Belongs to the lane's thread."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._people: Iterator[TrackArrays] | None = None

    def step(self) -> LaneData | None:
        """Return the next person; None after the last."""
        if self._people is None:
            self._people = self._reader.view(Kind.SMOOTH).tracks()
        return next((lane_of(person) for person in self._people if len(person)), None)

    def doubts(self) -> tuple[Doubt, ...]:
        """Return what is worth a look."""
        return find_doubts(self._reader.view(Kind.RAW))


def _whole(reader: Reader, track_id: int) -> Whole | None:
    raw, smooth = reader.track(Kind.RAW, track_id), reader.track(Kind.SMOOTH, track_id)
    if not len(smooth):
        return None
    skeleton = reader.view(Kind.SMOOTH).skeleton
    return Whole(raw, smooth, skeleton, kinematics(smooth, skeleton))
