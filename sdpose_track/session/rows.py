"""From the rows of a session to poses and tracks; what a row cannot hold raises ValueError."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from sdpose_track.records import (
    Float32,
    Float64,
    Pose,
    Provenance,
    TrackArrays,
    UInt8,
    measured,
    read_only,
)
from sdpose_track.session.schema import array, boxes, positions

PERSON = "track_id, score, box, keypoints, provenance"
"""The columns of `pose` that `pose_of` takes, in order."""


class PoseRow(NamedTuple):
    """A person in a frame, as stored; the order of the columns is that of the queries."""

    track_id: int
    frame: int
    pts: int
    score: float
    box: bytes
    keypoints: bytes
    provenance: bytes | None


def pose_of(row: tuple[int, float, bytes, bytes, bytes | None], keypoints: int) -> Pose:
    """Return the person in a row of `PERSON`."""
    track_id, score, box, points, made = row
    known = _keypoints(points, (keypoints, 3))
    origin: UInt8 = measured(keypoints) if made is None else _origins(made, (keypoints,))
    return Pose(track_id, boxes(box, (4,)), _confidence(score), known[:, :2], known[:, 2], origin)


class TrackRows:
    """Gathers the rows of one person, in order of their frames."""

    def __init__(self, track_id: int, keypoints: int) -> None:
        self._track_id = track_id
        self._count = keypoints
        self._frames: list[int] = []
        self.pts: list[int] = []
        """Of the rows so far."""
        self._scores: list[float] = []
        self._boxes, self._points, self._made = bytearray(), bytearray(), bytearray()

    def add(self, row: PoseRow) -> None:
        """Take the next row."""
        self._frames.append(row.frame)
        self.pts.append(row.pts)
        self._scores.append(_confidence(row.score))
        self._boxes += row.box
        self._points += row.keypoints
        self._made += bytes(self._count) if row.provenance is None else row.provenance

    def arrays(self, times: Float64) -> TrackArrays:
        """Return the person; `times` (F,) are the seconds of the rows."""
        count, k = len(self._frames), self._count
        found = _keypoints(self._points, (count, k, 3))
        return read_only(
            TrackArrays(
                self._track_id,
                np.array(self._frames, np.int32),
                times,
                boxes(self._boxes, (count, 4)),
                np.array(self._scores, np.float32),
                np.ascontiguousarray(found[..., :2]),
                np.ascontiguousarray(found[..., 2]),
                _origins(self._made, (count, k)),
            )
        )


def gathered(rows: Iterable[PoseRow], keypoints: int) -> dict[int, TrackRows]:
    """Return `rows`, which are by ascending frame for each person, by track id."""
    people: dict[int, TrackRows] = {}
    for row in rows:
        if row.track_id not in people:
            people[row.track_id] = TrackRows(row.track_id, keypoints)
        people[row.track_id].add(row)
    return people


def _confidence(score: Any) -> float:
    if not 0 <= score <= 1:
        raise ValueError("a person's confidence is not within 0 and 1")
    return float(score)


def _origins(data: Any, shape: tuple[int, ...]) -> UInt8:
    found: UInt8 = array(data, "u1", shape)
    if found.max(initial=0) > max(Provenance):
        raise ValueError("a keypoint comes from where this version does not know")
    return found


def _keypoints(data: Any, shape: tuple[int, ...]) -> Float32:
    """Return `x, y, confidence` of keypoints; only positions may be NaN."""
    found = positions(data, shape)
    if not np.isfinite(found[..., 2]).all():
        raise ValueError("a keypoint's confidence is no number")
    return found
