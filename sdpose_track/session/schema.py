"""The layout of a .sdpose file (docs/session-format.md): tables, versions, and array encoding.

A session is one SQLite database in WAL mode. Raw results are stored once and never changed; what
is derived from them (smoothing, repair, exports) is computed on reading. Arrays are little-endian
float32 or int32 without a header; their shapes follow from the row and the skeleton.
"""

from __future__ import annotations

import json
import math
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from sdpose_track.errors import SessionError
from sdpose_track.records import FARTHEST, SourceInfo

APPLICATION_ID = 0x53445053  # "SDPS", in the SQLite header where file(1) looks for it
VERSION = (1, 2)
"""(major, minor): a reader refuses another major; a newer minor only adds what it may ignore."""
USER_VERSION = VERSION[0] * 1000 + VERSION[1]

EDIT_TABLE = """CREATE TABLE IF NOT EXISTS edit ( -- repairs, in the order in which they were made
  position INTEGER PRIMARY KEY,    -- 1, 2, 3 …
  kind TEXT NOT NULL,              -- a key of repair.edits.KINDS
  value TEXT NOT NULL              -- its fields, JSON
)"""
"""Since version 1.1; older sessions get it with their first repair."""
TABLES = (
    """CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL              -- JSON
) WITHOUT ROWID""",
    """CREATE TABLE frame (
  idx INTEGER PRIMARY KEY,         -- 0-based position in the source
  pts INTEGER NOT NULL,            -- in the source's time base
  state INTEGER NOT NULL           -- records.FrameState
)""",
    """CREATE TABLE detection (      -- only frames in which the detector saw anything
  frame INTEGER PRIMARY KEY,
  boxes BLOB NOT NULL,             -- (N, 4) float32 x1, y1, x2, y2 in pixels
  scores BLOB NOT NULL,            -- (N,) float32
  track_ids BLOB NOT NULL,         -- (N,) int32, 0 = no track
  keypoints BLOB                   -- (N, K, 3) float32 x, y, confidence, or NULL
)""",
    """CREATE TABLE pose (
  frame INTEGER NOT NULL,
  track_id INTEGER NOT NULL,
  score REAL NOT NULL,             -- the detector's confidence
  box BLOB NOT NULL,               -- (4,) float32
  keypoints BLOB NOT NULL,         -- (K, 3) float32 x, y, confidence; NaN = no position
  provenance BLOB,                 -- (K,) uint8 of records.Provenance; NULL = all measured
  PRIMARY KEY (frame, track_id)
) WITHOUT ROWID""",
    "CREATE INDEX pose_by_track ON pose (track_id, frame)",
    """CREATE TABLE cue (            -- since version 1.1: what pictures told the tracker
  frame INTEGER PRIMARY KEY,
  camera BLOB,                     -- (2, 3) float32, or NULL where it could not be told
  looks BLOB,                      -- (N, D) uint8, or NULL
  is_cut INTEGER NOT NULL          -- 1 where a new scene begins
)""",
    EDIT_TABLE,
)

_FRACTIONS = ("time_base", "rate", "duration", "pixel_aspect")
_COUNTS = ("width", "height", "frame_count", "rotation", "size_bytes")
_MAY_BE_UNKNOWN = ("duration", "frame_count", "size_bytes")
_FRACTION = re.compile(r"[0-9]{1,18}(/[0-9]{1,18})?")
LARGEST = 2**53
"""Integers beyond are refused: they are no counts or time stamps, and JSON has no larger ones."""


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """Which network made a result."""

    name: str
    sha256: str
    """Of the weights file."""


@dataclass(frozen=True, slots=True)
class SessionHeader:
    """What a session says of its run, before the first frame."""

    source: SourceInfo
    skeleton: str
    """A name in `skeletons.SKELETONS`."""
    detector: ModelRecord
    pose: ModelRecord
    settings: dict[str, Any] = field(default_factory=dict)
    """What changes the results, as JSON values; a run is resumed only under equal settings."""
    app_version: str = ""


def source_to_json(source: SourceInfo) -> dict[str, Any]:
    """Return `source` as JSON values, fractions as `a/b`."""
    values = asdict(source)
    for name in _FRACTIONS:
        values[name] = None if values[name] is None else str(values[name])
    return values


def header_to_meta(header: SessionHeader) -> dict[str, str]:
    """Return the rows of `meta` that hold `header`, as JSON texts."""
    values = {
        "format": "sdpose-track session",
        "source": source_to_json(header.source),
        "skeleton": header.skeleton,
        "detector": asdict(header.detector),
        "pose": asdict(header.pose),
        "settings": header.settings,
        "app_version": header.app_version,
    }
    return {k: json.dumps(v, allow_nan=False, sort_keys=True) for k, v in values.items()}


def header_from_meta(meta: dict[str, Any], path: Path) -> SessionHeader:
    """Return the header that parsed `meta` rows hold. Raises SessionError if they do not."""
    with reading(path, "its header is"):
        return SessionHeader(
            _source(dict(meta["source"])),
            _text(meta["skeleton"]),
            _model(meta["detector"]),
            _model(meta["pose"]),
            dict(meta["settings"]),
            _text(meta["app_version"]),
        )


def _source(values: dict[str, Any]) -> SourceInfo:
    """Return the source's facts. Raises ValueError or TypeError for what cannot be one."""
    for name in _FRACTIONS:
        known = values[name]
        if known is not None or name not in _MAY_BE_UNKNOWN:
            values[name] = _fraction(known)
            if name != "duration" and not values[name]:
                raise ValueError(f"the {name} is 0")
    for name in _COUNTS:
        if values[name] is not None or name not in _MAY_BE_UNKNOWN:
            values[name] = integer(values[name], 0)
    values["first_pts"] = integer(values["first_pts"], -LARGEST)
    for name in ("name", "kind", "codec", "pixel_format"):
        values[name] = _text(values[name])
    if values["audio_codec"] is not None:
        values["audio_codec"] = _text(values["audio_codec"])
    values["notes"] = tuple(_text(note) for note in values["notes"])
    return SourceInfo(**values)


def _model(values: Any) -> ModelRecord:
    return ModelRecord(_text(values["name"]), _text(values["sha256"]))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is no text")
    return value


def integer(value: Any, least: int, most: int = LARGEST) -> int:
    """Return `value`. Raises ValueError if it is no whole number from `least` to `most`."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError(f"{value!r:.40} is out of range")
    return value


def _fraction(value: Any) -> Fraction:
    text = _text(value)
    if not _FRACTION.fullmatch(text):
        raise ValueError(f"{text!r:.40} is no fraction")
    return Fraction(text)


def other_file(then: SourceInfo, now: SourceInfo) -> str | None:
    """Say in which way `now` is another file than the one that was `then`; None if it is the same.

    The name is not compared: files are moved. Nor is what was not known then, as of a video that
    was still being recorded when the process was killed.
    """
    for name in ("width", "height", "time_base", "first_pts", "frame_count", "size_bytes"):
        before, after = getattr(then, name), getattr(now, name)
        if before not in (None, after):
            return f"its {name.replace('_', ' ')} was {before}, now {after}"
    return None


@contextmanager
def reading(path: Path, what: str = "it is") -> Iterator[None]:
    """Turn what goes wrong with the values in a session into a sentence about `path`."""
    try:
        yield
    except (
        sqlite3.DatabaseError, ArithmeticError, AttributeError, LookupError, RecursionError,
        TypeError, ValueError,
    ) as error:  # fmt: skip
        if isinstance(error, sqlite3.OperationalError):
            refuse_busy(path, error)
            if _code(error) == sqlite3.SQLITE_IOERR:
                raise SessionError(
                    f"{path} cannot be read ({error}); check its disk, or copy it to another"
                ) from error
        raise SessionError(
            f"{path} cannot be used: {what} damaged ({str(error) or type(error).__name__:.80});"
            " run track again with --overwrite"
        ) from error


def refuse_busy(path: Path, error: sqlite3.OperationalError) -> None:
    """Raise SessionError if `error` is that another program is just changing the session."""
    if _code(error) == sqlite3.SQLITE_BUSY:
        raise SessionError(
            f"{path} is being written by another program; try again when it is done"
        ) from error


def _code(error: sqlite3.OperationalError) -> int:
    """Return the primary result code: the lowest byte; 0 for what SQLite itself did not raise."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def check_version(connection: sqlite3.Connection, path: Path) -> None:
    """Raise SessionError if the open database is no session, or one of another major version."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    major = connection.execute("PRAGMA user_version").fetchone()[0] // 1000
    if application != APPLICATION_ID:
        raise SessionError(f"{path} is an SQLite file but no sdpose-track session; choose another")
    if major != VERSION[0]:
        raise SessionError(
            f"{path} has session format {major}, this program reads {VERSION[0]};"
            " open it with the version that wrote it, or run track again"
        )


def has_table(connection: sqlite3.Connection, name: str) -> bool:
    """Tell whether an open session has the table `name`: older ones lack some."""
    query = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = ?"
    return bool(connection.execute(query, (name,)).fetchone()[0])


def blob(array: npt.NDArray[Any], kind: str) -> bytes:
    """Return `array` as little-endian bytes of numpy type `kind`, such as `<f4`."""
    return np.ascontiguousarray(array, dtype=kind).tobytes()


def array(data: Any, kind: str, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """Return the array that `data` holds, read-only for bytes; -1 in `shape` is worked out.

    Raises TypeError if it is no bytes, ValueError if they do not fill that shape.
    """
    if not isinstance(data, bytes | bytearray):
        raise TypeError(f"an array of shape {shape} is stored as {type(data).__name__}")
    return np.frombuffer(data, dtype=kind).reshape(shape)


def parsed(text: str) -> Any:
    """Return a JSON value. Raises ValueError for NaN and infinity too, which JSON has not."""
    return json.loads(text, parse_constant=_no_number, parse_float=_number)


def _number(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _no_number(text)  # 1e999 is JSON, and infinity


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant:.20} is no number")


def positions(data: Any, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """Return float32 values in pixels as `array` does. Raises ValueError beyond any picture."""
    found = array(data, "<f4", shape)
    if (np.abs(found) > FARTHEST).any():
        raise ValueError("a position is far outside any picture")
    return found


def boxes(data: Any, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """Return boxes, four sides in the last axis, as `positions` does; all NaN where there is none.

    Raises ValueError for those that have some sides only.
    """
    found = positions(data, shape)
    sides = np.isnan(found).sum(axis=-1)
    if not np.isin(sides, (0, 4)).all():
        raise ValueError("a box has a side that is no number")
    return found
