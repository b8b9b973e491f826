"""Reads a session: by frame and by person in O(1), also while a run is still writing it.

A recording holds one read-only connection and belongs to the thread that opened it; another
thread opens its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from sdpose_track.closing import Closing
from sdpose_track.errors import SessionError
from sdpose_track.records import (
    NO_DETECTIONS,
    Cues,
    Detections,
    Float64,
    FramePoses,
    FrameState,
    Int32,
    TrackArrays,
)
from sdpose_track.repair.edits import LAST_FRAME
from sdpose_track.session.cues import read_cues
from sdpose_track.session.guarding import MOST_META, bounded
from sdpose_track.session.history import History, read_history
from sdpose_track.session.rows import PERSON, PoseRow, TrackRows, gathered, pose_of
from sdpose_track.session.schema import (
    SessionHeader,
    array,
    boxes,
    header_from_meta,
    integer,
    parsed,
    reading,
)
from sdpose_track.session.storage import connect_to_read
from sdpose_track.skeletons import SKELETONS, Skeleton


@dataclass(frozen=True, slots=True)
class TrackSpan:
    """When a person is in the recording."""

    track_id: int
    first: int
    """Index of the first frame with this person."""
    last: int
    frames: int
    """How many frames have this person."""


class Recording(Closing):
    """The raw results in a session file."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        with reading(path, "its header is"):
            rows = bounded(connection.execute("SELECT key, value FROM meta"), MOST_META)
            self.meta: dict[str, Any] = {key: parsed(value) for key, value in rows}
            ending = dict(self.meta.get("complete", {}))
            self.lost_after_last = max(0, int(ending.get("lost_after_last", 0)))
            """Frames at the end of the source that could not be decoded and have no known time."""
        self.header: SessionHeader = header_from_meta(self.meta, path)
        if self.header.skeleton not in SKELETONS:
            raise SessionError(
                f"{path} uses the skeleton {self.header.skeleton!r}, which this version does not"
                " know; open it with the version that wrote it"
            )
        self.skeleton: Skeleton = SKELETONS[self.header.skeleton]

    @classmethod
    def open(cls, path: str | Path) -> Recording:
        """Open the session at `path` for reading.

        Raises SessionError if it is missing, no session, damaged, or of a newer major version.
        """
        path = Path(path)
        connection = connect_to_read(path)
        try:
            return cls(path, connection)
        except BaseException:
            connection.close()
            raise

    def close(self) -> None:
        """Close the file. Safe to call again."""
        self._connection.close()

    # -- the whole -------------------------------------------------------------------------------

    @property
    def is_complete(self) -> bool:
        """The run that made this session came to its end."""
        return "complete" in self.meta

    @property
    def is_live(self) -> bool:
        """It was recorded from a live source, so no run can go on with it."""
        return self.meta.get("live") is True

    def indices(self) -> range:
        """Return the frame indices stored so far; there are no holes between them."""
        with reading(self.path):
            first, last, count = self._row("SELECT MIN(idx), MAX(idx), COUNT(*) FROM frame")
            if not count:
                return range(0)
            if integer(first, 0) + count - 1 != integer(last, 0, LAST_FRAME - 1):
                raise ValueError(f"{count} frames are numbered {first} to {last}")
            return range(first, last + 1)

    def frame_times(self) -> Float64:
        """Return the (F,) times in seconds of the stored frames, in order of index."""
        with reading(self.path):
            rows = self._connection.execute("SELECT pts FROM frame ORDER BY idx")
            times = self._seconds([pts for (pts,) in rows])
            if (np.diff(times) < 0).any():
                raise ValueError("its times fall")
            return times

    def _seconds(self, pts: list[int]) -> Float64:
        base, first = self.header.source.time_base, self.header.source.first_pts
        since = np.array([p - first for p in pts], np.int64)
        return np.asarray(since * (base.numerator / base.denominator), dtype=np.float64)

    def count_states(self, frames: range = range(LAST_FRAME)) -> dict[FrameState, int]:
        """Return how many there are of each state, of some or all frames."""
        query = "SELECT state, COUNT(*) FROM frame WHERE idx BETWEEN ? AND ? GROUP BY state"
        with reading(self.path):
            rows = self._connection.execute(query, (frames.start, frames.stop - 1))
            found = {FrameState(state): count for state, count in rows}
        return {state: found.get(state, 0) for state in FrameState}

    def tracks(self) -> tuple[TrackSpan, ...]:
        """Return every person's span, by ascending track id."""
        query = (
            "SELECT track_id, MIN(frame), MAX(frame), COUNT(*) FROM pose"
            " GROUP BY track_id ORDER BY track_id"
        )
        with reading(self.path):
            return tuple(_span(*row) for row in self._connection.execute(query))

    # -- one frame, one person -------------------------------------------------------------------

    def time_of(self, pts: int) -> Fraction:
        """Return the seconds from the first frame to a time stamp."""
        return (pts - self.header.source.first_pts) * self.header.source.time_base

    def frame(self, index: int) -> FramePoses:
        """Return everyone in one frame. Raises SessionError if it is not stored."""
        head = self.frame_head(index)
        with reading(self.path):
            people = self._connection.execute(
                f"SELECT {PERSON} FROM pose WHERE frame = ? ORDER BY track_id", (index,)
            )
            poses = tuple(pose_of(person, len(self.skeleton)) for person in people)
            return replace(head, people=poses)

    def frame_head(self, index: int) -> FramePoses:
        """Return one frame without the people in it. Raises SessionError if it is not stored."""
        with reading(self.path):
            row = self._row("SELECT pts, state FROM frame WHERE idx = ?", index)
            if row is None:
                raise SessionError(f"{self.path} holds no frame {index}")
            return FramePoses(index, row[0], self.time_of(row[0]), (), FrameState(row[1]))

    def frame_heads(self, indices: range) -> Iterator[FramePoses]:
        """Yield the frames of `indices` in order, without the people in them."""
        query = "SELECT idx, pts, state FROM frame WHERE idx BETWEEN ? AND ? ORDER BY idx"
        span = (indices.start, indices.stop - 1)
        rows = self._connection.execute(query, span)
        try:
            with reading(self.path):
                for index, pts, state in rows:
                    yield FramePoses(index, pts, self.time_of(pts), (), FrameState(state))
        finally:
            with suppress(sqlite3.ProgrammingError):  # an error may end the recording before this
                rows.close()

    def detections(self, index: int) -> tuple[Detections, Int32]:
        """Return what the detector saw in a frame, and the track of each; 0 for none."""
        with reading(self.path):
            row = self._row(
                "SELECT boxes, scores, track_ids, keypoints FROM detection WHERE frame = ?", index
            )
            if row is None:
                return NO_DETECTIONS, np.empty(0, np.int32)
            sides, scores, ids, points = row
            found = array(scores, "<f4", (-1,))
            keypoints = None
            if points is not None:
                keypoints = array(points, "<f4", (len(found), len(self.skeleton), 3))
            seen = Detections(boxes(sides, (len(found), 4)), found, keypoints)
            return seen, array(ids, "<i4", (len(found),))

    def cues(self, index: int) -> Cues | None:
        """Return what the picture of a frame told the tracker; None if it was not asked."""
        with reading(self.path):
            row = self._row("SELECT length(scores) / 4 FROM detection WHERE frame = ?", index)
            return read_cues(self._connection, index, 0 if row is None else row[0])

    def track(self, track_id: int, frames: range = range(LAST_FRAME)) -> TrackArrays:
        """Return one person in some or all frames; empty arrays if there is none such."""
        with reading(self.path):
            rows = self._poses(
                "p.track_id = ? AND p.frame BETWEEN ? AND ? ORDER BY p.frame",
                track_id,
                frames.start,
                frames.stop - 1,
            )
            found = gathered(rows, len(self.skeleton))
            person = found.get(track_id, TrackRows(track_id, len(self.skeleton)))
            return person.arrays(self._seconds(person.pts))

    def people(self, frames: range) -> dict[int, TrackArrays]:
        """Return, by track id, everyone who is in some of `frames`, over these frames."""
        with reading(self.path):
            rows = self._poses(
                "p.frame BETWEEN ? AND ? ORDER BY p.frame, p.track_id",
                frames.start,
                frames.stop - 1,
            )
            found = gathered(rows, len(self.skeleton))
            return {i: found[i].arrays(self._seconds(found[i].pts)) for i in sorted(found)}

    def presence(self, track_id: int) -> Int32:
        """Return the (F,) indices of the frames with a person, ascending."""
        with reading(self.path):
            rows = self._connection.execute(
                "SELECT frame FROM pose WHERE track_id = ? ORDER BY frame", (track_id,)
            )
            return np.array([integer(frame, 0) for (frame,) in rows], np.int32)

    # -- what a person put right -------------------------------------------------------------------

    def history(self) -> History:
        """Return the repairs, in the order in which they were made, and how many of them hold."""
        with reading(self.path, "its repairs are"):
            return read_history(self._connection)

    # -- inside ----------------------------------------------------------------------------------

    def _poses(self, where: str, *values: int) -> Iterator[PoseRow]:
        rows = self._connection.execute(
            "SELECT p.track_id, p.frame, f.pts, p.score, p.box, p.keypoints, p.provenance"
            f" FROM pose p JOIN frame f ON f.idx = p.frame WHERE {where}",
            values,
        )
        return map(PoseRow._make, rows)

    def _row(self, query: str, *values: int) -> Any:
        return self._connection.execute(query, values).fetchone()


def _span(track_id: Any, first: Any, last: Any, frames: int) -> TrackSpan:
    begin, end = integer(first, 0), integer(last, 0, LAST_FRAME - 1)
    return TrackSpan(integer(track_id, 1, LAST_FRAME), begin, end, frames)
