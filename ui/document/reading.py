"""What the viewer reads of a session file. It lives on one lane's thread and knows no Qt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from sdpose_track.records import Float64, SourceInfo, TrackArrays
from sdpose_track.repair.repairs import Repairs
from sdpose_track.session.history import History
from sdpose_track.session.recording import Recording, TrackSpan
from sdpose_track.session.schema import SessionHeader
from sdpose_track.session.stretch import Stretch
from sdpose_track.session.view import View
from sdpose_track.skeletons import Skeleton
from sdpose_track.smooth.choices import Smoothing


class Kind(Enum):
    """Which poses."""

    RAW = "raw"
    """As the estimator gave them, with the repairs."""
    SMOOTH = "smooth"
    """As smoothed by what is chosen."""


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """What is known of a session once it is open."""

    path: Path
    header: SessionHeader
    skeleton: Skeleton
    indices: range
    """The frames that are stored."""
    seconds: Float64
    """(F,) their times."""
    is_complete: bool
    spans: tuple[TrackSpan, ...]
    """When each shown person is there, by ascending id."""
    repairs: Repairs
    history: History

    @property
    def source(self) -> SourceInfo:
        """What is known of the video."""
        return self.header.source


class Reader:
    """A session, its raw and its smoothed view. Belongs to the thread that first uses it."""

    def __init__(self, path: Path, smoothing: Smoothing) -> None:
        self._path = path
        self._smoothing = smoothing
        self._recording: Recording | None = None
        self._views: dict[Kind, View] = {}

    def facts(self) -> Facts:
        """Open the session, or look again at one that has changed."""
        raw = self._fresh()
        recording = raw.recording
        return Facts(
            self._path,
            recording.header,
            recording.skeleton,
            raw.indices,
            recording.frame_times()[: len(raw.indices)],
            recording.is_complete,
            raw.spans,
            raw.repairs,
            recording.history(),
        )

    def choose(self, smoothing: Smoothing) -> None:
        """Smooth in another way from now on."""
        self._smoothing = smoothing
        self._views.pop(Kind.SMOOTH, None)

    def stretch(self, kind: Kind, index: int) -> Stretch:
        """Return the frames around `index`. Raises SessionError if it is not stored."""
        return self._view(kind).stretch(index)

    def track(self, kind: Kind, track_id: int) -> TrackArrays:
        """Return a person over the whole recording; empty arrays if there is none such."""
        return self._view(kind).track(track_id)

    def view(self, kind: Kind) -> View:
        """Return the whole view, for what looks at everything."""
        return self._view(kind)

    def close(self) -> None:
        """Close the file. Safe to call again."""
        if self._recording is not None:
            self._recording.close()
        self._recording = None
        self._views.clear()

    def _fresh(self) -> View:
        """Return the raw view of what is stored now: another run may have replaced the file."""
        self.close()
        self._recording = Recording.open(self._path)
        self._views = {Kind.RAW: View(self._recording, Smoothing.OFF)}
        return self._views[Kind.RAW]

    def _view(self, kind: Kind) -> View:
        raw = self._views.get(Kind.RAW) or self._fresh()
        if kind not in self._views:
            self._views[kind] = View(raw.recording, self._smoothing, repairs=raw.repairs)
        return self._views[kind]
