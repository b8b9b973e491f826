"""Who is who from frame to frame: ByteTrack on boxes and scores, with real time.

The association is that of ByteTrack (Zhang et al., arXiv 2110.06864): strong detections are given
to tracked and lost people first, weak ones then only to people who were tracked a moment ago, and
what is left over of the strong ones begins new tracks. Unlike the paper, nothing is counted in
frames: the motion model and the patience with lost people go by the frames' time stamps, so a
recording tracks alike at 10 and at 60 frames per second.

Identities belong to the tracker object. They are 1, 2, 3 … in the order in which people are
confirmed, without gaps, and are never used again.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from sdpose_track.errors import SettingsError
from sdpose_track.records import Detections, Float64, Int32
from sdpose_track.track.association import Rows, assign, overlaps
from sdpose_track.track.box_filter import BoxFilter

_SAME_PERSON = 0.85
"""Overlap above which a tracked and a lost box are one person twice (the paper's figure)."""

_CLOCK_SLACK_S = 1e-6
"""Rounding of summed times: a lost track that is exactly as old as the buffer is still known."""


_UNSEEN = -1
"""In place of a detection: the track was not seen in this frame."""

_TRACK = np.dtype(
    [
        ("id", np.int32),  # 0 until confirmed
        ("lost", np.bool_),
        ("born", np.float64),  # seconds on the tracker's clock
        ("seen", np.float64),
        ("hits", np.int32),  # frames in which it was seen
        ("detection", np.intp),  # of the present frame, or _UNSEEN
    ]
)


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """How boxes become identities. The defaults are those of ultralytics' `bytetrack.yaml`."""

    high: float = 0.25
    """Score from which a detection is strong, 0..1."""
    low: float = 0.1
    """Score below which a detection is ignored, 0..`high`."""
    new: float = 0.25
    """Score from which an unclaimed strong detection begins a track, 0..1."""
    match: float = 0.8
    """Cost below which a strong detection may continue a track; cost = 1 - overlap × score."""
    second_match: float = 0.5
    """Cost below which a weak detection may continue a track; cost = 1 - overlap."""
    unconfirmed_match: float = 0.7
    """Cost below which a track is confirmed by its second detection."""
    fuse_score: bool = True
    """Weigh overlaps with the detection's score; if not, cost = 1 - overlap throughout."""
    buffer_s: float = 1.0
    """Seconds for which somebody who is out of sight is remembered."""
    max_people: int | None = None
    """Most people at once, remembered ones included: who is known goes first. None: no limit."""

    def __post_init__(self) -> None:
        fractions = ("high", "low", "new", "match", "second_match", "unconfirmed_match")
        for name in fractions:
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise SettingsError(f"{name} is {getattr(self, name)}; choose a number from 0 to 1")
        if self.low > self.high:
            raise SettingsError(f"low is {self.low}, above high {self.high}; choose a lower one")
        if not (math.isfinite(self.buffer_s) and self.buffer_s >= 0.0):
            raise SettingsError(f"buffer_s is {self.buffer_s}; choose 0 seconds or more")
        if self.max_people is not None and self.max_people < 1:
            raise SettingsError(f"max_people is {self.max_people}; choose 1 or more, or no limit")


class ByteTracker:
    """Gives the detections of successive frames identities. Deterministic; not thread-safe."""

    def __init__(self, settings: TrackerSettings | None = None) -> None:
        self._settings = settings or TrackerSettings()
        self._filter = BoxFilter()
        self._tracks = np.empty(0, _TRACK)
        self._ids = itertools.count(1)
        self._time: Fraction | float | None = None
        self._clock = 0.0

    def __len__(self) -> int:
        """How many tracks are remembered: unconfirmed, tracked and lost."""
        return int(self._tracks.size)

    def update(self, detections: Detections, time: Fraction | float) -> Int32:
        """Return the (N,) track id of each of the N detections of the frame at `time`; 0: none.

        `time` is in seconds. A time that is not after the one before counts as the same moment.
        Boxes without area or with values that are not finite belong to no track. Strong detections
        of the first frame have an id at once, later ones from their second frame on.
        """
        first = self._time is None
        self._advance(time)
        strong, weak = _usable(detections, self._settings)
        left = self._continue(detections, strong, weak)
        self._see(detections)
        self._begin(detections, left)
        self._merge_duplicates()
        self._confirm(at_once=first)
        ids = np.zeros(len(detections), np.int32)
        seen = self._tracks["detection"] != _UNSEEN
        ids[self._tracks["detection"][seen]] = self._tracks["id"][seen]
        return ids

    def _advance(self, time: Fraction | float) -> None:
        """Move the clock and every track to `time`; forget who has been lost for too long."""
        passed = 0.0 if self._time is None else float(time - self._time)
        passed = passed if passed > 0.0 and math.isfinite(passed) else 0.0
        if math.isfinite(time):
            self._time = time
        self._clock += passed
        absent = self._clock - self._tracks["seen"]
        self._keep(~self._tracks["lost"] | (absent <= self._settings.buffer_s + _CLOCK_SLACK_S))
        self._filter.predict(passed, unseen=self._tracks["lost"])
        self._tracks["detection"] = _UNSEEN

    def _continue(self, detections: Detections, strong: Rows, weak: Rows) -> Rows:
        """Give detections to the tracks they continue; return the strong ones that are left."""
        settings, tracks = self._settings, self._tracks
        known = tracks["id"] > 0
        boxes = self._filter.boxes
        overlap = overlaps(boxes, detections.boxes)
        sure = overlap * detections.scores if settings.fuse_score else overlap

        def claim(rows: Rows, columns: Rows, likeness: Float64, limit: float) -> Rows:
            """Pair `rows` with `columns`; return the columns that nobody claimed."""
            mine, theirs = assign(1.0 - likeness[np.ix_(rows, columns)], limit)
            tracks["detection"][rows[mine]] = columns[theirs]
            return np.delete(columns, theirs)

        left = claim(np.flatnonzero(known), strong, sure, settings.match)
        missed = known & ~tracks["lost"] & (tracks["detection"] == _UNSEEN)
        # Scores of weak detections would only push their cost over the limit (section 3 of the
        # paper), and somebody long out of sight is not brought back by half a box.
        claim(np.flatnonzero(missed), weak, overlap, settings.second_match)
        return claim(np.flatnonzero(~known), left, sure, settings.unconfirmed_match)

    def _see(self, detections: Detections) -> None:
        """Correct the tracks that were continued; mark the others lost, or drop them."""
        tracks = self._tracks
        seen = tracks["detection"] != _UNSEEN
        self._filter.correct(np.flatnonzero(seen), detections.boxes[tracks["detection"][seen]])
        tracks["seen"][seen] = self._clock
        tracks["hits"][seen] += 1
        tracks["lost"] = ~seen
        self._keep(seen | (tracks["id"] > 0))

    def _begin(self, detections: Detections, left: Rows) -> None:
        """Begin unconfirmed tracks at the strong detections that nobody claimed."""
        bold = left[detections.scores[left] >= self._settings.new]
        if self._settings.max_people is not None:
            best = bold[np.argsort(-detections.scores[bold], kind="stable")]
            bold = np.sort(best[: max(self._settings.max_people - len(self), 0)])
        born = np.zeros(bold.size, _TRACK)
        born["born"] = born["seen"] = self._clock
        born["hits"] = 1
        born["detection"] = bold
        self._tracks = np.concatenate([self._tracks, born])
        self._filter.start(detections.boxes[bold])

    def _merge_duplicates(self) -> None:
        """Where a lost box lies on a tracked one, keep the box and the older identity."""
        tracks = self._tracks
        if not tracks["lost"].any():
            return
        tracked, lost = np.flatnonzero(~tracks["lost"]), np.flatnonzero(tracks["lost"])
        boxes = self._filter.boxes
        keep = np.ones(len(self), np.bool_)
        age = tracks["seen"] - tracks["born"]
        for i, j in np.argwhere(overlaps(boxes[tracked], boxes[lost]) > _SAME_PERSON):
            here, gone = tracked[i], lost[j]
            if keep[gone] and age[here] <= age[gone]:
                for name in ("id", "born"):
                    tracks[name][here] = tracks[name][gone]
                age[here] = self._clock - tracks["born"][here]
            keep[gone] = False
        self._keep(keep)

    def _confirm(self, *, at_once: bool) -> None:
        """Name the unconfirmed tracks that were seen twice, or all of them."""
        tracks = self._tracks
        for row in np.flatnonzero((tracks["id"] == 0) & ((tracks["hits"] > 1) | at_once)):
            tracks["id"][row] = next(self._ids)

    def _keep(self, rows: npt.NDArray[np.bool_]) -> None:
        if not rows.all():
            self._tracks = self._tracks[rows]
            self._filter.keep(rows)


def _usable(detections: Detections, settings: TrackerSettings) -> tuple[Rows, Rows]:
    """Return the indices of the strong and of the weak detections that are real boxes."""
    boxes, scores = detections.boxes, detections.scores
    finite = np.isfinite(boxes).all(axis=1) & np.isfinite(scores)
    usable = finite & (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    strong = usable & (scores >= settings.high)
    weak = usable & (scores >= settings.low) & ~strong
    return np.flatnonzero(strong), np.flatnonzero(weak)
