"""NPZ: everything of a view as dense numpy arrays, with nothing rounded or cut off.

Keys, for T frames, N people over all frames by ascending id, and K keypoints:

- `xy` float32 [T, N, K, 2] px, NaN missing; `conf` float32 [T, N, K] about 0..1, 0 missing;
  `provenance` uint8 [T, N, K] of `records.Provenance`;
- `visible` bool [T, N]: the person is in the frame; `bbox` float32 [T, N, 4] `x1, y1, x2, y2` px,
  NaN where not; `bbox_score` float32 [T, N] in 0..1;
- `track_id` int32 [N]; `frame_index` int32 [T]; `pts` int64 [T]; `time_s` float64 [T];
  `frame_state` uint8 [T] of `records.FrameState`;
- `keypoint_names` str [K]; `edges` int32 [E, 2]; `skeleton` str; and the scalars `width`,
  `height`, `fps_num`, `fps_den`, `time_base_num`, `time_base_den`, `first_pts`, `is_vfr`.

`numpy.load(path, allow_pickle=False)` reads it. The dense arrays never are in memory: the people
found are kept as they come, and spread over the frames while they are written.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sdpose_track.export.job import Job
from sdpose_track.records import Pose

BLOCK = 2048
"""People kept in one piece of memory."""
CHUNK_BYTES = 1 << 22
"""How much of a dense array is made at once."""


def write(job: Job, part: Path) -> None:
    """Write the arrays that this module's description lists."""
    rows = _Rows(len(job.view.skeleton))
    heads: list[tuple[int, int, float, int]] = []
    for frame in job.frames():
        for pose in frame.people:
            rows.add(len(heads), pose)
        heads.append((frame.index, frame.pts, float(frame.time), frame.state.value))
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, values in (_facts(job) | _times(heads)).items():
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, values, allow_pickle=False)
        _write_people(archive, rows.joined(), len(heads))


class _Rows:
    """People in order of their frames, one record each."""

    def __init__(self, keypoints: int) -> None:
        k = keypoints
        self._kind = np.dtype(
            [
                ("frame", "<i4"), ("track_id", "<i4"), ("xy", "<f4", (k, 2)), ("conf", "<f4", k),
                ("provenance", "u1", k), ("bbox", "<f4", 4), ("bbox_score", "<f4"),
                ("visible", "?"),
            ]
        )  # fmt: skip
        self._blocks: list[npt.NDArray[Any]] = []
        self._used = BLOCK

    def add(self, frame: int, pose: Pose) -> None:
        if self._used == BLOCK:
            self._blocks.append(np.empty(BLOCK, self._kind))
            self._used = 0
        self._blocks[-1][self._used] = (
            frame, pose.track_id, pose.keypoints, pose.scores, pose.provenance, pose.box,
            pose.score, True,
        )  # fmt: skip
        self._used += 1

    def joined(self) -> npt.NDArray[Any]:
        if not self._blocks:
            return np.empty(0, self._kind)
        return np.concatenate([*self._blocks[:-1], self._blocks[-1][: self._used]])


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    fill: float


FIELDS = (
    _Field("xy", np.nan), _Field("conf", 0), _Field("provenance", 0), _Field("visible", 0),
    _Field("bbox", np.nan), _Field("bbox_score", 0),
)  # fmt: skip


def _write_people(archive: zipfile.ZipFile, rows: npt.NDArray[Any], frames: int) -> None:
    ids = np.unique(rows["track_id"]).astype(np.int32)
    with archive.open("track_id.npy", "w") as member:
        np.lib.format.write_array(member, ids, allow_pickle=False)
    slots = np.searchsorted(ids, rows["track_id"])
    for spec in FIELDS:
        values = rows[spec.name]
        shape = (frames, len(ids), *values.shape[1:])
        head = {"descr": values.dtype.str, "fortran_order": False, "shape": shape}
        step = max(1, CHUNK_BYTES // max(1, values.itemsize * int(np.prod(shape[1:]))))
        with archive.open(f"{spec.name}.npy", "w", force_zip64=True) as member:
            np.lib.format.write_array_header_1_0(member, head)
            for start in range(0, frames, step):
                stop = min(start + step, frames)
                low, high = np.searchsorted(rows["frame"], (start, stop))
                dense = np.full((stop - start, *shape[1:]), spec.fill, values.dtype)
                dense[rows["frame"][low:high] - start, slots[low:high]] = values[low:high]
                member.write(dense.tobytes())


def _times(heads: list[tuple[int, int, float, int]]) -> dict[str, npt.NDArray[Any]]:
    index, pts, seconds, state = zip(*heads, strict=True) if heads else ((), (), (), ())
    return {
        "frame_index": np.array(index, np.int32),
        "pts": np.array(pts, np.int64),
        "time_s": np.array(seconds, np.float64),
        "frame_state": np.array(state, np.uint8),
    }


def _facts(job: Job) -> dict[str, npt.NDArray[Any]]:
    source, skeleton = job.view.source, job.view.skeleton
    numbers = {
        "width": source.width,
        "height": source.height,
        "fps_num": source.rate.numerator,
        "fps_den": source.rate.denominator,
        "time_base_num": source.time_base.numerator,
        "time_base_den": source.time_base.denominator,
        "first_pts": source.first_pts,
    }
    facts = {name: np.array(value, np.int64) for name, value in numbers.items()}
    return facts | {
        "is_vfr": np.array(source.is_vfr),
        "skeleton": np.array(skeleton.name),
        "keypoint_names": np.array(skeleton.keypoints),
        "edges": np.array(skeleton.edges, np.int32).reshape(-1, 2),
    }
