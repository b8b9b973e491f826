"""One export: what to write, how far it is, and what was met on the way for the description."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from sdpose_track import __version__
from sdpose_track.kinematics.angles import Facing
from sdpose_track.records import FramePoses, FrameState, Int64, Pose, Provenance, TrackArrays
from sdpose_track.render.overlay import Style
from sdpose_track.session.view import View

REPORTS = 100
"""How often an export tells of its progress, at least where it has so many frames."""


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What can be chosen of an export. A format looks at what concerns it."""

    layout: str | None = None
    """OpenPose: order of the body's keypoints, a name in `skeletons.LAYOUTS`; None is `body_25`
    where there are feet, else `body_18`."""
    threshold: float = 0.3
    """Confidence (0..1) from which a keypoint counts as seen where a format has no confidences."""
    facing: Facing = "auto"
    """Kinematics: which way everybody looks."""
    camera_moves: bool = False
    """Kinematics: the background moves, so nobody's feet can be said to stand."""
    style: Style = field(default_factory=Style)
    """Video: what is drawn of each person."""
    progress: Callable[[int, int], None] | None = None
    """Called now and then with the frames done and all frames; what it raises ends the export."""


@dataclass(slots=True)
class _Presence:
    first: int
    last: int
    frames: int = 0


class Job:
    """One pass of an export over a view."""

    def __init__(self, view: View, stem: str, options: ExportOptions) -> None:
        self.view = view
        self.stem = stem
        self.options = options
        self.total = len(view.indices)
        """How many frames there are, lost ones included."""
        self._made = np.zeros(256, np.int64)
        self._present: dict[int, _Presence] = {}
        self._states = dict.fromkeys(FrameState, 0)
        self.added: dict[str, Any] = {}
        """What the format has to say in the description."""

    def frames(self) -> Iterator[FramePoses]:
        """Yield every frame of the view in order, counting people and telling of the progress."""
        step = max(1, min(self.total // REPORTS, 30))
        report = self.options.progress
        for done, frame in enumerate(self.view.frames(), start=1):
            self._states[frame.state] += 1
            for pose in frame.people:
                self._count(frame.index, pose)
            yield frame
            if report is not None and (done % step == 0 or done == self.total):
                report(done, self.total)

    def tracks(self) -> Iterator[tuple[TrackArrays, Int64]]:
        """Yield every person by ascending id, each with the (F,) time stamps of their frames.

        Counts as `frames` does. The progress is told after each person, as that share of all
        frames.
        """
        heads = [(h.pts, h.state) for h in self.view.recording.frame_heads(self.view.indices)]
        for _, state in heads:
            self._states[state] += 1
        pts = np.array([pts for pts, _ in heads], np.int64)
        ids, report = self.view.track_ids, self.options.progress
        for done, track in enumerate(self.view.tracks(), start=1):
            self._count_track(track)
            yield track, pts[track.indices - self.view.indices.start]
            if report is not None:
                report(self.total * done // len(ids), self.total)

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
            "frames": self.total,
            "first_frame": indices.start if self.total else None,
            "lost_frames": self._states[FrameState.LOST],
            "concealed_frames": self._states[FrameState.CONCEALED],
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
