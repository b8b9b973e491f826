"""Writes a session while a run goes on. Used from one thread: open, append, finish, close.

Every batch of frames is committed before the next is taken: a killed process loses only what was
still in flight, and a reader may open the file at any time.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

import filelock
import numpy as np

from sdpose_track.closing import Closing
from sdpose_track.errors import OutputError
from sdpose_track.records import FrameResult, FrameState, LostFrame, Pose, SourceInfo
from sdpose_track.session.cues import store_cues
from sdpose_track.session.place import aside, end_replacing, refuse_existing, remove
from sdpose_track.session.schema import (
    APPLICATION_ID,
    TABLES,
    USER_VERSION,
    SessionHeader,
    blob,
    header_to_meta,
    source_to_json,
)
from sdpose_track.session.storage import (
    RUN,
    Advice,
    connect,
    connect_to_add,
    locked,
    place_of,
    told,
    transaction,
)


class SessionWriter(Closing):
    """A session that is being written. One writer a file: a second one is refused."""

    def __init__(
        self,
        path: Path,
        connection: sqlite3.Connection,
        held: filelock.FileLock,
        advice: Advice = RUN,
    ) -> None:
        self.path = path
        self._advice = advice
        self._connection = connection
        self._lock = held
        self._place = place_of(path)
        self._closed = False

    @classmethod
    def create(
        cls, path: Path, header: SessionHeader, *, replace: bool = False, advice: Advice = RUN
    ) -> SessionWriter:
        """Begin a new session at `path`; with `replace` in the place of one that was there.

        `advice` is what whoever writes can do about a fault.

        Raises SettingsError if one is there unasked, OutputError if it cannot be written,
        SessionError if another run is writing it.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"{path.parent} cannot be made: {error.strerror}; {advice.elsewhere}"
            ) from error
        held = locked(path, advice)
        try:
            end_replacing(path)
            if not replace:
                refuse_existing(path)
            with aside(path):
                connection = _begun(path, header, advice)
        except BaseException:
            held.release()
            raise
        return cls(path, connection, held, advice)

    @classmethod
    def resume(cls, path: Path) -> SessionWriter:
        """Go on with the session at `path`, whose frames so far stay as they are."""
        held = locked(path, RUN)
        try:
            connection = connect_to_add(path, RUN)
        except BaseException:
            held.release()
            raise
        return cls(path, connection, held)

    def _transaction(self) -> AbstractContextManager[None]:
        return transaction(self.path, self._connection, self._place, self._advice)

    def append(self, results: Sequence[FrameResult]) -> None:
        """Store and commit `results`, which follow what is stored in order of index.

        Raises OutputError if the disk is full, or the file cannot be written or was taken away;
        what was committed before stays whole.
        """
        with self._transaction():
            for result in results:
                self._insert(result)

    def _insert(self, result: FrameResult) -> None:
        poses = result.poses
        run = self._connection
        self._insert_lost(result.lost_before)
        run.execute(
            "INSERT INTO frame VALUES (?, ?, ?)", (poses.index, poses.pts, poses.state.value)
        )
        seen = result.detections
        if len(seen):
            run.execute(
                "INSERT INTO detection VALUES (?, ?, ?, ?, ?)",
                (
                    poses.index,
                    blob(seen.boxes, "<f4"),
                    blob(seen.scores, "<f4"),
                    blob(result.track_ids, "<i4"),
                    None if seen.keypoints is None else blob(seen.keypoints, "<f4"),
                ),
            )
        if result.cues is not None:
            store_cues(run, poses.index, result.cues)
        run.executemany(
            "INSERT INTO pose VALUES (?, ?, ?, ?, ?, ?)",
            [_pose_row(poses.index, pose) for pose in poses.people],
        )

    def append_lost(self, lost: Sequence[LostFrame]) -> None:
        """Store and commit frames that could not be decoded, after those that are stored."""
        with self._transaction():
            self._insert_lost(lost)

    def _insert_lost(self, lost: Sequence[LostFrame]) -> None:
        self._connection.executemany(
            "INSERT INTO frame VALUES (?, ?, ?)",
            [(frame.index, frame.pts, FrameState.LOST.value) for frame in lost],
        )

    def rename_source(self, source: SourceInfo) -> None:
        """Store where the source of the session is now."""
        self.note("source", source_to_json(source))

    def note(self, key: str, value: Any) -> None:
        """Store a JSON value under `key` beside the header, replacing what was there."""
        with self._transaction():
            self._connection.execute(
                "INSERT OR REPLACE INTO meta VALUES (?, ?)",
                (key, json.dumps(value, allow_nan=False, sort_keys=True)),
            )

    def finish(self, summary: dict[str, Any]) -> None:
        """Mark the run as complete, with what is known only at its end."""
        self.note("complete", summary)

    def close(self) -> None:
        """Close the file and let others write it. Safe to call again."""
        if not self._closed:
            self._closed = True
            try:
                with suppress(sqlite3.Error):  # what is committed is safe; the log stays beside it
                    self._connection.close()
            finally:
                self._lock.release()


def _begun(path: Path, header: SessionHeader, advice: Advice) -> sqlite3.Connection:
    """Return a connection to a new session: all of it there, or nothing."""
    connection = None
    try:
        connection = connect(path, advice)
        with told(path, advice):
            connection.execute("BEGIN")
            for statement in TABLES:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {USER_VERSION}")
            connection.executemany("INSERT INTO meta VALUES (?, ?)", header_to_meta(header).items())
            connection.commit()
    except BaseException:
        if connection is not None:
            connection.close()
        with suppress(OSError):
            remove(path)
        raise
    return connection


def _pose_row(frame: int, pose: Pose) -> tuple[Any, ...]:
    points = blob(np.concatenate([pose.keypoints, pose.scores[:, None]], axis=1), "<f4")
    made = None if not pose.provenance.any() else blob(pose.provenance, "u1")
    return (frame, pose.track_id, pose.score, blob(pose.box, "<f4"), points, made)
