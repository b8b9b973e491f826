"""What exports, drawings and the viewer read: a recording as it is, or smoothed.

Raw results are stored once; a view is computed from them when read, so changing the smoothing
never runs a network again. A person's arrays are computed when they are first needed and, in a
pass over all frames, forgotten after their last one: memory follows the people alive, not the
length of the recording.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import Enum
from functools import cached_property

import numpy as np

from sdpose_track.errors import SettingsError
from sdpose_track.records import Float64, FramePoses, Pose, SourceInfo, TrackArrays, read_only
from sdpose_track.session.recording import Recording, TrackSpan
from sdpose_track.skeletons import Skeleton
from sdpose_track.smooth.kalman import SmoothSettings, smooth_live
from sdpose_track.smooth.offline import smooth_track

TRACKS_KEPT = 64
"""People whose arrays stay in memory for random access by frame."""


class Smoothing(Enum):
    """How raw keypoints are turned into those shown."""

    OFF = "off"
    """As the estimator gave them."""
    LIVE = "live"
    """Causal Kalman filter: what a live run shows."""
    OFFLINE = "offline"
    """Outliers out, forward-backward Kalman smoother, short gaps filled."""

    @property
    def label(self) -> str:
        """The word in file names: `raw`, `live` or `smooth`."""
        return {"off": "raw", "live": "live", "offline": "smooth"}[self.value]


class View:
    """Frames and people of a recording, as stored when the view was made.

    Raises SettingsError if `people` names a track that the recording does not have.
    """

    def __init__(
        self,
        recording: Recording,
        smoothing: Smoothing = Smoothing.OFFLINE,
        people: Iterable[int] | None = None,
        settings: SmoothSettings | None = None,
    ) -> None:
        self.recording = recording
        self.smoothing = smoothing
        self.settings = settings or SmoothSettings()
        self.indices: range = recording.indices()
        """The frame indices of the view, without holes."""
        spans = recording.tracks()
        self._everybody = len(spans)
        self.spans: tuple[TrackSpan, ...] = _chosen(spans, people)
        """The people of the view, by ascending track id."""
        self._kept: OrderedDict[int, TrackArrays] = OrderedDict()

    @cached_property
    def _times(self) -> Float64:
        """(F,) seconds of the frames: read for the offline smoother only."""
        return self.recording.frame_times()[: len(self.indices)]

    @property
    def source(self) -> SourceInfo:
        """What is known of the video."""
        return self.recording.header.source

    @property
    def skeleton(self) -> Skeleton:
        """The keypoints of every person."""
        return self.recording.skeleton

    @property
    def track_ids(self) -> tuple[int, ...]:
        """The people of the view, ascending."""
        return tuple(span.track_id for span in self.spans)

    @property
    def label(self) -> str:
        """What tells this view from others of the recording in file names: `smooth`, `raw_p1_p3`.

        It names the smoothing, and the people where they are not all.
        """
        everybody = len(self.spans) == self._everybody
        people = () if everybody else tuple(f"p{i}" for i in self.track_ids)
        return "_".join((self.smoothing.label, *people))

    def track(self, track_id: int) -> TrackArrays:
        """Return one person over the whole recording."""
        if track_id not in self._kept:
            self._kept[track_id] = self._compute(track_id)
            while len(self._kept) > TRACKS_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(track_id)
        return self._kept[track_id]

    def frame(self, index: int) -> FramePoses:
        """Return everyone in one frame. Raises SessionError if it is not stored."""
        raw = self.recording.frame(index)
        alive = [s.track_id for s in self.spans if s.first <= index <= s.last]
        found = (_at(self.track(track_id), index) for track_id in alive)
        return replace(raw, people=tuple(pose for pose in found if pose is not None))

    def frames(self) -> Iterator[FramePoses]:
        """Yield every frame in order, also those with nobody and those that were lost."""
        waiting = sorted(self.spans, key=lambda span: span.first, reverse=True)
        alive: dict[int, tuple[TrackSpan, TrackArrays]] = {}
        for head in self.recording.frame_heads(self.indices):
            while waiting and waiting[-1].first <= head.index:
                span = waiting.pop()
                alive[span.track_id] = (span, self._compute(span.track_id))
            found = (_at(alive[track_id][1], head.index) for track_id in sorted(alive))
            yield replace(head, people=tuple(pose for pose in found if pose is not None))
            for ended in [i for i, (span, _) in alive.items() if span.last <= head.index]:
                del alive[ended]

    def _compute(self, track_id: int) -> TrackArrays:
        raw = self.recording.track(track_id)
        if self.smoothing is Smoothing.OFF:
            return raw
        if self.smoothing is Smoothing.LIVE:
            return read_only(smooth_live(raw, self.settings))
        first = self.indices.start
        shifted = replace(raw, indices=raw.indices - np.int32(first))
        smooth = smooth_track(shifted, self._times, self.settings)
        return read_only(replace(smooth, indices=smooth.indices + np.int32(first)))


def _chosen(spans: tuple[TrackSpan, ...], people: Iterable[int] | None) -> tuple[TrackSpan, ...]:
    if people is None:
        return spans
    wanted = set(people)
    known = {span.track_id for span in spans}
    if missing := sorted(wanted - known):
        there = ", ".join(str(i) for i in sorted(known)) or "nobody"
        raise SettingsError(f"--people: there is no person {missing[0]}; this session has {there}")
    return tuple(span for span in spans if span.track_id in wanted)


def _at(track: TrackArrays, index: int) -> Pose | None:
    row = int(np.searchsorted(track.indices, index))
    if row == len(track) or track.indices[row] != index:
        return None
    return Pose(
        track.track_id,
        track.boxes[row],
        float(track.box_scores[row]),
        track.keypoints[row],
        track.scores[row],
        track.provenance[row],
    )
