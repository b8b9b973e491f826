"""Sound sessions with something of everything in them, and what chance breaks in their cells."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from mutating import broken, broken_json, broken_text
from sessions import fixture_c, fixture_e, source_info, two_people, write

from sdpose_track.records import Cues, Detections, FramePoses, FrameResult, LostFrame
from sdpose_track.repair.edits import Delete, Lock, Place, Rename, Swap
from sdpose_track.session.repairing import Repairing
from sdpose_track.session.schema import ModelRecord, SessionHeader
from sdpose_track.session.writer import SessionWriter

FRAMES, LOST = 40, 7
COLUMNS = {
    "meta": ("key", "value"),
    "frame": ("idx", "pts", "state"),
    "detection": ("frame", "boxes", "scores", "track_ids", "keypoints"),
    "pose": ("frame", "track_id", "score", "box", "keypoints", "provenance"),
    "cue": ("frame", "camera", "looks", "is_cut"),
    "edit": ("position", "kind", "value"),
}
CELLS: tuple[Any, ...] = (
    None, 0, 1, -1, 5, 39, 40, 2**31 - 1, 2**31, -(2**31) - 1, 2**53 + 1, 2**63 - 1, -(2**63), 0.5,
    float("inf"), 1e300, "", "x", "NaN", "12", b"", b"\0", b"\0" * 16, b"\xff" * 16,
    b"\x00\x00\xc0\x7f" * 51, b"\0" * 204, b"\xff" * 204, b"\x00\x00\x80\x7f" * 4, b"\x05" * 17,
    b"\0" * 100_000,
)  # fmt: skip
_META = ("true", "null", "[]", "{}", '"wholebody133"', "-1", "3", '{"lost_after_last": 1e400}',
         '{"lost_after_last": 99999999999999999999}', '{"lost_after_last": "7"}')  # fmt: skip
_VERSIONS = (0, 999, 1000, 1001, 1002, 1003, 1999, 2000, -1, 2**31 - 1)


def sound_sessions(folder: Path) -> list[Path]:
    """Write sessions: complete, stopped, live, of nobody, and of one odd frame."""
    return [
        _full(folder / "a.sdpose"),
        _full(folder / "b.sdpose", is_complete=False),
        _full(folder / "c.sdpose", is_live=True),
        write(folder / "d.sdpose", fixture_c()),
        write(folder / "e.sdpose", fixture_e()),
    ]


def _full(path: Path, *, is_live: bool = False, is_complete: bool = True) -> Path:
    source = source_info("/nowhere/clip.mp4", count=FRAMES)
    if is_live:
        source = replace(source, kind="camera", frame_count=None, duration=None)
    said = dict.fromkeys(("runtime", "detector_runtime"), "CPU (OpenVINO, bf16)")
    key = {"start": "0", "end": None, "max_people": None, "confidence": 0.25, "tracker": 2, **said}
    model = ModelRecord("yolo11n-pose", "d" * 64)
    header = SessionHeader(source, "coco17", model, model, key, "0.1.0")
    with SessionWriter.create(path, header, replace=True) as writer:
        writer.append([_result(i) for i in range(FRAMES) if i != LOST])
        if is_live:
            writer.note("live", True)
        if is_complete:
            writer.finish({"lost_after_last": 0})
    with Repairing.open(path) as session:
        session.apply(Swap(1, 2, 20), Rename(1, "Anna"), Place(2, 15, "left_wrist", 30.5, 40, 0.3))
        session.apply(Place(1, 16, "nose", 30.5, 40), session.split(1, 30), Delete(2, 35, 36))
        session.apply(Lock(2))
        session.undo()
    return path


def _result(index: int) -> FrameResult:
    people = two_people(index)
    points = np.array([np.column_stack([p.keypoints, p.scores]) for p in people], np.float32)
    scores = np.array([p.score for p in people], np.float32)
    seen = Detections(np.array([p.box for p in people], np.float32), scores, points)
    looks = np.full((len(people), 8), 7, np.uint8)
    return FrameResult(
        FramePoses(index, index, index * source_info().time_base, people),
        seen,
        np.arange(1, len(people) + 1, dtype=np.int32),
        (LostFrame(LOST, LOST),) if index == LOST + 1 else (),
        Cues(np.eye(2, 3, dtype=np.float32), looks, is_cut=False),
    )


def spoil(path: Path, dice: random.Random) -> None:
    """Break one to three things inside the session at `path`, which stays an SQLite file."""
    with closing(sqlite3.connect(path)) as session:
        if dice.random() < 0.2:
            _without_kinds(session, dice)
        for _ in range(dice.choice((1, 1, 2, 3))):
            with suppress(sqlite3.Error, ValueError, LookupError):  # nothing is left to break
                dice.choice(_WAYS)(session, dice)
        session.commit()


def _without_kinds(session: sqlite3.Connection, dice: random.Random) -> None:
    """Let a table hold anything, and its rows twice."""
    table = dice.choice(list(COLUMNS))
    session.execute(f"CREATE TABLE other ({', '.join(COLUMNS[table])})")
    session.execute(f"INSERT INTO other SELECT * FROM {table}")
    session.execute(f"DROP TABLE {table}")
    session.execute(f"ALTER TABLE other RENAME TO {table}")
    session.execute(f"INSERT INTO {table} SELECT * FROM {table} LIMIT {dice.choice((0, 1, 50))}")


def _meta(session: sqlite3.Connection, dice: random.Random) -> None:
    rows = session.execute("SELECT key, value FROM meta").fetchall()
    key, text = dice.choice([row for row in rows if row[0] == "source"] * 3 + rows)
    if dice.random() < 0.8:
        changed = json.dumps(broken_json(json.loads(text), dice))
    else:
        changed = broken_text(text, dice).decode(errors="replace")
    session.execute("UPDATE meta SET value = ? WHERE key = ?", (changed, key))


def _note(session: sqlite3.Connection, dice: random.Random) -> None:
    key = dice.choice(("live", "complete", "edits_held", "skeleton", "settings", "x"))
    session.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, dice.choice(_META)))


def _edit(session: sqlite3.Connection, dice: random.Random) -> None:
    rows = session.execute("SELECT position, kind, value FROM edit").fetchall() or [(1, "x", "{}")]
    position, kind, text = dice.choice(rows)
    if dice.random() < 0.2:
        kind = dice.choice(("swap", "merge", "split", "delete", "rename", "lock", "place", "x"))
    row = (kind, json.dumps(broken_json(json.loads(text), dice)), position)
    session.execute("UPDATE edit SET kind = ?, value = ? WHERE position = ?", row)


def _cell(session: sqlite3.Connection, dice: random.Random) -> None:
    table = dice.choice(("frame", "detection", "pose", "pose", "cue", "edit"))
    key, column = COLUMNS[table][0], dice.choice(COLUMNS[table])
    rows = session.execute(f"SELECT {key}, {column} FROM {table}").fetchall()
    which, was = dice.choice(rows or [(0, 0)])
    value = dice.choice(CELLS)
    if isinstance(was, bytes) and was and dice.random() < 0.6:
        value = broken(was, dice)
    elif isinstance(was, int) and dice.random() < 0.5:
        value = was + dice.choice((-1, 1, -100, 100, 2**31, 2**40, -(2**33)))
    session.execute(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", (value, which))


def _column(session: sqlite3.Connection, dice: random.Random) -> None:
    table = dice.choice(list(COLUMNS))
    column = dice.choice(COLUMNS[table])
    if dice.random() < 0.3:
        session.execute(f"UPDATE {table} SET {column} = CAST(x'ff41fe' AS TEXT)")
    else:
        session.execute(f"UPDATE {table} SET {column} = ?", (dice.choice(CELLS),))


def _row(session: sqlite3.Connection, dice: random.Random) -> None:
    table = dice.choice(list(COLUMNS))
    cells = [dice.choice(CELLS) for _ in COLUMNS[table]]
    session.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(cells))})", cells)


def _missing(session: sqlite3.Connection, dice: random.Random) -> None:
    table = dice.choice(list(COLUMNS))
    column = COLUMNS[table][0]
    ways = (
        f"DROP TABLE {table}",
        f"DELETE FROM {table}",
        f"DELETE FROM {table} WHERE {column} % {dice.choice((2, 3, 7))} = 0",
        f"ALTER TABLE {table} RENAME COLUMN {dice.choice(COLUMNS[table])} TO other",
        f"PRAGMA user_version = {dice.choice(_VERSIONS)}",
    )
    session.execute(dice.choice(ways))


_WAYS: tuple[Callable[[sqlite3.Connection, random.Random], None], ...] = (
    _meta, _meta, _note, _edit, _edit, _cell, _cell, _cell, _column, _row, _missing,
)  # fmt: skip
