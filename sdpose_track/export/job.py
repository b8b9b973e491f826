"""One export: what to write, how far it is, and what was met on the way for the description."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from sdpose_track import __version__
from sdpose_track.records import FramePoses, FrameState, Pose, Provenance
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

    def _count(self, index: int, pose: Pose) -> None:
        here = np.isfinite(pose.keypoints[:, 0])
        self._made += np.bincount(pose.provenance[here], minlength=256)
        seen = self._present.setdefault(pose.track_id, _Presence(index, index))
        seen.last = index
        seen.frames += 1

    def described(self) -> dict[str, Any]:
        """Return the description of what `frames` gave, for the file beside the export."""
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
                {"id": i, "first": p.first, "last": p.last, "frames_present": p.frames}
                for i, p in sorted(self._present.items())
            ],
            "processing": self._processing(),
            "units": {"xy": "px", "origin": "top-left", "y": "down", "time": "s"},
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
