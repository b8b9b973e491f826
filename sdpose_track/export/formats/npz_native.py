"""NPZ: everything of a view as dense numpy arrays, with nothing rounded or cut off.

Keys, for T frames, N people over all frames by ascending id, and K keypoints:

- `xy` float32 [T, N, K, 2] px, NaN missing; `conf` float32 [T, N, K] about 0..1, 0 missing;
  `provenance` uint8 [T, N, K] of `records.Provenance`;
- `visible` bool [T, N]: the person is in the frame; `bbox` float32 [T, N, 4] `x1, y1, x2, y2` px,
  NaN where not; `bbox_score` float32 [T, N] in 0..1;
- `track_id` int32 [N]; `frame_index` int32 [T]; `pts` int64 [T]; `time_s` float64 [T];
  `frame_state` uint8 [T] of `records.FrameState`;
- `keypoint_names` str [K]; `edges` int32 [E, 2]; `skeleton` str; and the scalars `width`,
  `height`, `fps_num`, `fps_den`, `time_base_num`, `time_base_den`, `first_pts`, `start_s` and
  `is_vfr`. `time_s` is `start_s + (pts - first_pts) * time base`. At a constant rate that the
  source does not have, `pts` counts the frames and the time base is theirs.

`numpy.load(path, allow_pickle=False)` reads it. The dense arrays never are in memory: the people
found are put into a file beside as they come, and spread over the frames from there.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from sdpose_track.export.job import Job
from sdpose_track.records import Pose

CHUNK_BYTES = 1 << 22
"""Of people, how much is spread over the frames at once."""


def write(job: Job, part: Path) -> None:
    """Write the arrays that this module's description lists."""
    heads: list[tuple[int, int, float, int]] = []
    with TemporaryFile(dir=part.parent) as scratch:
        people = _People(scratch, len(job.view.skeleton))
        for frame in job.frames():
            for pose in frame.people:
                people.add(len(heads), pose)
            heads.append((frame.index, frame.pts, float(frame.time), frame.state.value))
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for name, values in (_facts(job) | _times(heads)).items():
                with archive.open(f"{name}.npy", "w") as member:
                    np.lib.format.write_array(member, values, allow_pickle=False)
            _write_people(archive, people, len(heads))


class _People:
    """People in order of their frames, a record each, kept in a file."""

    def __init__(self, file: BinaryIO, keypoints: int) -> None:
        k = keypoints
        self.kind = np.dtype(
            [
                ("xy", "<f4", (k, 2)), ("conf", "<f4", k), ("provenance", "u1", k),
                ("bbox", "<f4", 4), ("bbox_score", "<f4"), ("visible", "?"),
            ]
        )  # fmt: skip
        self.frames: list[int] = []
        self.track_ids: list[int] = []
        self._file = file

    def add(self, frame: int, pose: Pose) -> None:
        record = (pose.keypoints, pose.scores, pose.provenance, pose.box, pose.score, True)
        self._file.write(np.array(record, self.kind).tobytes())
        self.frames.append(frame)
        self.track_ids.append(pose.track_id)

    def between(self, low: int, high: int) -> npt.NDArray[Any]:
        size = self.kind.itemsize
        self._file.seek(low * size)
        return np.frombuffer(self._file.read((high - low) * size), self.kind)


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    fill: float


FIELDS = (
    _Field("xy", np.nan), _Field("conf", 0), _Field("provenance", 0), _Field("visible", 0),
    _Field("bbox", np.nan), _Field("bbox_score", 0),
)  # fmt: skip


def _write_people(archive: zipfile.ZipFile, people: _People, frames: int) -> None:
    ids = np.unique(np.array(people.track_ids, np.int32))
    with archive.open("track_id.npy", "w") as member:
        np.lib.format.write_array(member, ids, allow_pickle=False)
    where = np.array(people.frames, np.int64)
    slots = np.searchsorted(ids, np.array(people.track_ids, np.int32))
    step = max(1, CHUNK_BYTES // (people.kind.itemsize * max(1, len(ids))))
    for spec in FIELDS:
        kind = people.kind[spec.name]
        shape = (frames, len(ids), *kind.shape)
        head = {"descr": kind.base.str, "fortran_order": False, "shape": shape}
        with archive.open(f"{spec.name}.npy", "w", force_zip64=True) as member:
            np.lib.format.write_array_header_1_0(member, head)
            for start in range(0, frames, step):
                stop = min(start + step, frames)
                low, high = np.searchsorted(where, (start, stop)).tolist()
                found = people.between(low, high)[spec.name]
                dense = np.full((stop - start, *shape[1:]), spec.fill, kind.base)
                dense[where[low:high] - start, slots[low:high]] = found
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
    rate, base, first_pts, is_vfr = source.rate, source.time_base, source.first_pts, source.is_vfr
    start = 0.0
    if job.grid is not None:
        rate, base, first_pts, is_vfr = job.grid.rate, 1 / job.grid.rate, 0, False
        start = float(job.grid.start)
    numbers = {
        "width": source.width,
        "height": source.height,
        "fps_num": rate.numerator,
        "fps_den": rate.denominator,
        "time_base_num": base.numerator,
        "time_base_den": base.denominator,
        "first_pts": first_pts,
    }
    facts = {name: np.array(value, np.int64) for name, value in numbers.items()}
    return facts | {
        "is_vfr": np.array(is_vfr),
        "start_s": np.array(start),
        "skeleton": np.array(skeleton.name),
        "keypoint_names": np.array(skeleton.keypoints),
        "edges": np.array(skeleton.edges, np.int32).reshape(-1, 2),
    }
