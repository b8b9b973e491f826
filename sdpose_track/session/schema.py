"""The layout of a .sdpose file (docs/session-format.md): tables, versions, and array encoding.

A session is one SQLite database in WAL mode. Raw results are stored once and never changed; what
is derived from them (smoothing, repair, exports) is computed on reading. Arrays are little-endian
float32 or int32 without a header; their shapes follow from the row and the skeleton.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sdpose_track.errors import SessionError
from sdpose_track.records import SourceInfo

APPLICATION_ID = 0x53445053  # "SDPS", in the SQLite header where file(1) looks for it
VERSION = (1, 0)
"""(major, minor): a reader refuses another major; a newer minor only adds what it may ignore."""
USER_VERSION = VERSION[0] * 1000 + VERSION[1]

TABLES = """
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL              -- JSON
) WITHOUT ROWID;
CREATE TABLE frame (
  idx INTEGER PRIMARY KEY,         -- 0-based position in the source
  pts INTEGER NOT NULL,            -- in the source's time base
  state INTEGER NOT NULL           -- records.FrameState
);
CREATE TABLE detection (           -- only frames in which the detector saw anything
  frame INTEGER PRIMARY KEY,
  boxes BLOB NOT NULL,             -- (N, 4) float32 x1, y1, x2, y2 in pixels
  scores BLOB NOT NULL,            -- (N,) float32
  track_ids BLOB NOT NULL,         -- (N,) int32, 0 = no track
  keypoints BLOB                   -- (N, K, 3) float32 x, y, confidence, or NULL
);
CREATE TABLE pose (
  frame INTEGER NOT NULL,
  track_id INTEGER NOT NULL,
  score REAL NOT NULL,             -- the detector's confidence
  box BLOB NOT NULL,               -- (4,) float32
  keypoints BLOB NOT NULL,         -- (K, 3) float32 x, y, confidence; NaN = no position
  provenance BLOB,                 -- (K,) uint8 of records.Provenance; NULL = all measured
  PRIMARY KEY (frame, track_id)
) WITHOUT ROWID;
CREATE INDEX pose_by_track ON pose (track_id, frame);
"""

_FRACTIONS = ("time_base", "rate", "duration", "pixel_aspect")


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """Which network made a result."""

    name: str
    sha256: str
    """Of the weights file; for a folder of files, of their hashes in order of name."""


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


def header_to_meta(header: SessionHeader) -> dict[str, str]:
    """Return the rows of `meta` that hold `header`, as JSON texts."""
    source = asdict(header.source)
    for name in _FRACTIONS:
        source[name] = None if source[name] is None else str(source[name])
    values = {
        "format": "sdpose-track session",
        "source": source,
        "skeleton": header.skeleton,
        "detector": asdict(header.detector),
        "pose": asdict(header.pose),
        "settings": header.settings,
        "app_version": header.app_version,
    }
    return {k: json.dumps(v, allow_nan=False, sort_keys=True) for k, v in values.items()}


def header_from_meta(meta: dict[str, Any], path: Path) -> SessionHeader:
    """Return the header that parsed `meta` rows hold. Raises SessionError if they do not."""
    try:
        source = dict(meta["source"])
        for name in _FRACTIONS:
            source[name] = None if source[name] is None else Fraction(source[name])
        source["notes"] = tuple(source["notes"])
        return SessionHeader(
            SourceInfo(**source),
            str(meta["skeleton"]),
            ModelRecord(**meta["detector"]),
            ModelRecord(**meta["pose"]),
            dict(meta["settings"]),
            str(meta["app_version"]),
        )
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise SessionError(
            f"{path} is no usable session: its header is damaged ({error!r}); run track again"
        ) from error


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


def blob(array: npt.NDArray[Any], kind: str) -> bytes:
    """Return `array` as little-endian bytes of numpy type `kind`, such as `<f4`."""
    return np.ascontiguousarray(array, dtype=kind).tobytes()


def array(data: bytes | bytearray, kind: str, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """Return the array that `data` holds, read-only for bytes; -1 in `shape` is worked out.

    Raises SessionError if the bytes do not fill that shape.
    """
    try:
        return np.frombuffer(data, dtype=kind).reshape(shape)
    except (ValueError, TypeError) as error:
        raise SessionError(
            f"the session holds a damaged array ({len(data)} bytes for shape {shape});"
            " run track again with --overwrite"
        ) from error
