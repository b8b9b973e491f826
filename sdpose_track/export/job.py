"""One export: what to write, how far it is, and what was met on the way for the description."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from sdpose_track import __version__
from sdpose_track.errors import SettingsError
from sdpose_track.export.clock import (
    ROUNDED,
    Grid,
    frames_on_grid,
    is_regular,
    make_grid,
    track_on_grid,
    usual_rate,
)
from sdpose_track.export.options import ExportOptions
from sdpose_track.export.presets import PRESETS
from sdpose_track.records import FramePoses, FrameState, Int64, Pose, Provenance, TrackArrays
from sdpose_track.session.view import View

MOST_FRAMES, MOST_TIMES = 100_000, 100
"""How many moments may be made of frames: so many, and so many for each."""
REPORTS = 100
"""How often an export tells of its progress, at least where it has so many frames."""


@dataclass(slots=True)
class _Presence:
    first: int
    last: int
    frames: int = 0


class Job:
    """One pass of an export over a view.

    `frames`, `heads` and `tracks` speak of the moments of the export: the frames of the source, or
    those of a constant rate where the format or the user wants one. Their indices are `indices`.
    """

    def __init__(
        self, view: View, stem: str, options: ExportOptions, *, needs_rate: bool = False
    ) -> None:
        """`needs_rate`: the format knows no times of its own but a number of frames per second."""
        self.view = view
        self.stem = stem
        self.options = options
        self.rate, self.grid = clock_of(view, options.rate, needs_rate=needs_rate)
        everything = view.indices if self.grid is None else range(len(self.grid))
        self.indices: range = everything[: self._wanted(len(everything))]
        """The frame indices of the export, without holes."""
        if self.grid is not None:
            self.grid = self.grid.cut(len(self.indices))
        self._states = view.recording.count_states(view.indices)
        self._made = np.zeros(256, np.int64)
        self._present: dict[int, _Presence] = {}
        self.added: dict[str, Any] = {}
        """What the format has to say in the description."""

    def _wanted(self, count: int) -> int:
        if self.options.preset is not None and self.options.frames is None:
            return PRESETS[self.options.preset].count(count)
        return count if self.options.frames is None else min(count, self.options.frames)

    @property
    def total(self) -> int:
        """How many frames the export has, lost ones included."""
        return len(self.indices)

    @cached_property
    def start(self) -> Fraction:
        """Seconds from the source's first frame to the first one of the export."""
        first = next(self.heads(), None)
        return Fraction(0) if first is None else first.time

    def take_pictures(self) -> None:
        """From now on speak at each moment of the frame that is nearest to it, also in pauses.

        For what is drawn on pictures, which are repeated and skipped, but never mixed.
        """
        self.options = replace(self.options, between="nearest")
        if self.grid is not None:
            self.grid = replace(self.grid, is_known=np.ones(len(self.grid), np.bool_))

    def frames(self) -> Iterator[FramePoses]:
        """Yield every frame of the export in order, counting people and telling of the progress."""
        step = max(1, min(self.total // REPORTS, 30))
        report = self.options.progress
        with closing(self.view.frames()) as stored:
            for done, frame in enumerate(self._clocked(stored), start=1):
                for pose in frame.people:
                    self._count(frame.index, pose)
                yield frame
                if report is not None and (done % step == 0 or done == self.total):
                    report(done, self.total)

    def heads(self) -> Iterator[FramePoses]:
        """Yield every frame of the export in order, without people."""
        return self._clocked(self.view.recording.frame_heads(self.view.indices))

    def tracks(self) -> Iterator[tuple[TrackArrays, Int64]]:
        """Yield every person by ascending id, each with the (F,) time stamps of their frames.

        Counts as `frames` does. The progress is told after each person, as that share of all
        frames.
        """
        pts = np.array([head.pts for head in self.heads()], np.int64)
        ids, report = self.view.track_ids, self.options.progress
        for done, whole in enumerate(self.view.tracks(), start=1):
            track = self._on_clock(whole)
            self._count_track(track)
            yield track, pts[track.indices - self.indices.start]
            if report is not None:
                report(self.total * done // len(ids), self.total)

    def rows(self, track: TrackArrays) -> Int64:
        """Return the (F,) numbers, from 0, of a track's frames among those of the export."""
        return track.indices.astype(np.int64) - self.indices.start

    def person_path(self, folder: Path, track_id: int, suffix: str) -> Path:
        """Return the file of one person in the folder of a format with a file for each."""
        return folder / f"{self.stem}_p{track_id}{suffix}"

    def _clocked(self, frames: Iterator[FramePoses]) -> Iterator[FramePoses]:
        if self.grid is None:
            return islice(frames, self.total)
        return frames_on_grid(frames, self.grid, self.options.between)

    def _on_clock(self, track: TrackArrays) -> TrackArrays:
        if self.grid is None:
            end = int(np.searchsorted(track.indices, np.int32(self.indices.stop)))
            return track.rows(slice(end))
        return track_on_grid(track, self.view.indices.start, self.grid, self.options.between)

    def _count_track(self, track: TrackArrays) -> None:
        here = np.isfinite(track.keypoints[..., 0])
        self._made += np.bincount(track.provenance[here], minlength=256)
        if len(track):
            first, last = int(track.indices[0]), int(track.indices[-1])
            self._present[track.track_id] = _Presence(first, last, len(track))

    def _count(self, index: int, pose: Pose) -> None:
        here = np.isfinite(pose.keypoints[:, 0])
        self._made += np.bincount(pose.provenance[here], minlength=256)
        seen = self._present.setdefault(pose.track_id, _Presence(index, index))
        seen.last = index
        seen.frames += 1

    def described(self) -> dict[str, Any]:
        """Return the description of what `frames` or `tracks` gave, for the file beside it."""
        names = self.view.names
        return {
            "format": "sdpose_track.poses",
            "version": 1,
            "source": self._source(),
            "skeleton": {
                "name": self.view.skeleton.name,
                "keypoints": list(self.view.skeleton.keypoints),
                "edges": [list(edge) for edge in self.view.skeleton.edges],
            },
            "tracks": [
                {
                    "id": i,
                    **({"name": names[i]} if i in names else {}),
                    "first": p.first,
                    "last": p.last,
                    "frames_present": p.frames,
                }
                for i, p in sorted(self._present.items())
            ],
            "processing": self._processing(),
            **self._clock(),
            "units": {"xy": "px", "origin": "top-left", "y": "down", "time": "s"},
            **self.added,
        }

    def _source(self) -> dict[str, Any]:
        source, indices = self.view.source, self.view.indices
        return {
            "path": source.name,
            "width": source.width,
            "height": source.height,
            "rotation": source.rotation,
            "fps": ratio(source.rate),
            "time_base": ratio(source.time_base),
            "first_pts": source.first_pts,
            "is_vfr": source.is_vfr,
            "frames": len(indices),
            "first_frame": indices.start if indices else None,
            "lost_frames": self._states[FrameState.LOST],
            "concealed_frames": self._states[FrameState.CONCEALED],
        }

    def _clock(self) -> dict[str, Any]:
        """Return how the frames of the export lie in time, where they are not the source's own."""
        if self.grid is None:
            return {"frames": self.total} if self.total < len(self.view.indices) else {}
        shares = self.grid.shares(self.options.between)
        copied = int(((shares >= 1) | (shares <= 0)).sum())
        source = self.view.times if self.view.source.is_vfr else None
        return {
            "frames": self.total,
            "retimed": {
                "fps": ratio(self.grid.rate),
                "start_s": float(self.grid.start),
                "between": self.options.between,
                "frames_copied": copied,
                "frames_between": int(np.isfinite(shares).sum()) - copied,
                "frames_in_pauses": int(np.isnan(shares).sum()),
                **({} if source is None else {"source_times_s": np.round(source, 6).tolist()}),
            },
        }

    def _processing(self) -> dict[str, Any]:
        header = self.view.recording.header
        return {
            "smoothing": self.view.smoothing.label,
            "repairs": self.view.repairs.count,
            "settings": plain(asdict(self.view.settings)),
            "run": plain(header.settings),
            "keypoints": {p.name.lower(): int(self._made[p]) for p in Provenance},
            "filled": int(self._made[[Provenance.PREDICTED, Provenance.FILLED]].sum()),
            "models": {"detector": asdict(header.detector), "pose": asdict(header.pose)},
            "app_version": header.app_version,
            "exported_by": __version__,
        }


def clock_of(
    view: View, wish: Fraction | None, *, needs_rate: bool
) -> tuple[Fraction | None, Grid | None]:
    """Return the frames per second of an export, and the moments of its frames.

    Without a `wish`, and where the format does not need a rate, there is none. Without moments, the
    frames are those of the view: it is as regular as the rate says.
    Raises SettingsError if so few frames would make so many moments that their times are wrong.
    """
    usual, is_even = view.source.rate, not view.source.is_vfr
    if wish is None and not needs_rate:
        return None, None
    times = view.times
    if wish is None and is_even and is_regular(times, usual):
        return usual, None
    if wish == usual and is_regular(times, usual, ROUNDED):
        return usual, None
    rate = wish or usual_rate(times, usual)
    count = int((times[-1] - times[0]) * float(rate)) if times.size else 0
    if count > MOST_FRAMES + MOST_TIMES * times.size:
        raise SettingsError(
            f"the times of {view.source.name} jump: its {times.size} frames would be {count} at"
            f" {float(rate):.6g} frames/s; choose a lower --fps, or track parts with --start, --end"
        )
    first = view.recording.frame_head(view.indices.start).time if view.indices else Fraction(0)
    return rate, make_grid(times, first, rate)


def ratio(value: Fraction) -> str:
    """Return a fraction as `30000/1001`, and also a whole number as `30/1`."""
    return f"{value.numerator}/{value.denominator}"


def plain(value: Any) -> Any:
    """Return `value` as what JSON has; fractions and the like become their texts."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Fraction):
        return ratio(value)
    if value is None or isinstance(value, bool | int | str):
        return value
    return float(value) if isinstance(value, float) else str(value)
