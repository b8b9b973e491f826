"""Writes a session while a run goes on. Used from one thread: open, append, finish, close.

Every batch of frames is committed before the next is taken: a killed process loses only what was
still in flight, and a reader may open the file at any time.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import filelock
import numpy as np

from sdpose_track.closing import Closing
from sdpose_track.errors import OutputError, SessionError, SettingsError
from sdpose_track.records import FrameResult, FrameState, LostFrame, Pose, SourceInfo
from sdpose_track.session.cues import store_cues
from sdpose_track.session.guarding import connected
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
            if not replace:
                refuse_existing(path)
            with _aside(path):
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


def is_begun(path: Path) -> bool:
    """Tell whether there is anything at `path` to go on with.

    A run that was killed while it made its session leaves an empty file or an empty database,
    which is as good as none. Raises OutputError if nothing can be looked for there.
    """
    try:
        if not path.exists() or (path.is_file() and path.stat().st_size == 0):
            return False
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror}; choose another folder with --out"
        ) from error
    try:
        with closing(connected(path, str(path.absolute()))) as connection:
            table = connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
            return table is not None
    except (SessionError, sqlite3.Error):
        return True  # not ours to judge: reading it says what is wrong


def refuse_existing(path: Path) -> None:
    """Raise SettingsError if there is a session at `path` already."""
    if is_begun(path):
        raise SettingsError(
            f"{path} exists: give --resume to go on with it or --overwrite to start anew"
        )


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
            _remove(path)
        raise
    return connection


@contextmanager
def _aside(path: Path) -> Iterator[None]:
    """Put the session at `path`, if there is one, out of the way: back if the block raises."""
    old = path.with_name(f".{path.name}.old")
    try:
        if path.exists():
            _remove(old)
        _move(path, old)
    except OSError as error:
        raise OutputError(f"{path} cannot be replaced: {error.strerror}") from error
    try:
        yield
    except BaseException:
        with suppress(OSError):
            _move(old, path)
        raise
    with suppress(OSError):  # the new one is there; what is left of the old one is replaced next
        _remove(old)


def _files(path: Path) -> list[Path]:
    return [path.with_name(path.name + suffix) for suffix in ("", "-journal", "-wal", "-shm")]


def _move(path: Path, to: Path) -> None:
    for file, place in zip(_files(path), _files(to), strict=True):
        with suppress(FileNotFoundError):
            os.replace(file, place)


def _remove(path: Path) -> None:
    for file in _files(path):
        file.unlink(missing_ok=True)


def _pose_row(frame: int, pose: Pose) -> tuple[Any, ...]:
    points = blob(np.concatenate([pose.keypoints, pose.scores[:, None]], axis=1), "<f4")
    made = None if not pose.provenance.any() else blob(pose.provenance, "u1")
    return (frame, pose.track_id, pose.score, blob(pose.box, "<f4"), points, made)
