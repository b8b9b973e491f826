"""Who is who from frame to frame: ByteTrack on boxes and scores, with real time.

The association is that of ByteTrack (Zhang et al., arXiv 2110.06864): strong detections are given
to tracked and lost people first, weak ones then only to people who were tracked a moment ago, and
what is left over of the strong ones begins new tracks. Beyond the paper (docs/tracking.md has what
each part brings):

- Nothing is counted in frames: motion, confirmation and patience go by the frames' time stamps.
- Boxes are compared with a margin that grows with the filter's own doubt, so people are found again
  after a gap or at low frame rates, and a well-known track is not led astray.
- A track is named once it was seen for a while: a detector's blink is not a person.
- A lost person is never merged into somebody who was tracked beside them: they are behind them.
- `Cues` of the picture, where there are any, move the boxes with the camera, make unlike people
  less likely to be one, bring back who is long out of sight, and end everything at a cut.

Identities belong to the tracker object. They are 1, 2, 3 … in the order in which people are
confirmed, without gaps, and are never used again.
"""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from sdpose_track.records import Cues, Detections, Float32, Float64, Int32
from sdpose_track.track.association import Rows, assign, overlaps
from sdpose_track.track.box_filter import BoxFilter
from sdpose_track.track.looks import LooksMemory, unit
from sdpose_track.track.returning import returned
from sdpose_track.track.settings import TrackerSettings

REVISION = 3
"""Raised when the same detections and cues may give other ids: a run is resumed with the same."""

_SAME_PERSON = 0.85
"""Overlap above which a tracked and a lost box are one person twice (the paper's figure)."""
_ALIKE, _UNLIKE = 0.93, 0.83
"""Likeness of looks from which nothing speaks against one person, and down to which doubt grows."""
_UNLIKE_SHARE = 0.9
"""How far the most unlike looks bring the cost of a pair to its limit. Not all the way: light and
turns deceive."""
_FREE = 0.3
"""Overlap with another detection from which a box shows somebody else's clothes too."""
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


class ByteTracker:
    """Gives the detections of successive frames identities. Deterministic; not thread-safe."""

    def __init__(self, settings: TrackerSettings | None = None) -> None:
        self._settings = settings or TrackerSettings()
        self._filter = BoxFilter()
        self._looks = LooksMemory()
        self._tracks = np.empty(0, _TRACK)
        self._ids = itertools.count(1)
        self._time: Fraction | float | None = None
        self._clock = 0.0
        self.boxes: Float32 = np.empty((0, 4), np.float32)
        """(N, 4) `x1, y1, x2, y2`: where the filter has the N detections of the last update. Those
        that belong to no track are as they were given."""

    def __len__(self) -> int:
        """How many tracks are remembered: unconfirmed, tracked and lost."""
        return int(self._tracks.size)

    def update(
        self, detections: Detections, time: Fraction | float, cues: Cues | None = None
    ) -> Int32:
        """Return the (N,) track id of each of the N detections of the frame at `time`; 0: none.

        `time` is in seconds. A time that is not after the one before counts as the same moment.
        Boxes without area or with values that are not finite belong to no track. Strong detections
        of the first frame and of a new scene have an id at once, later ones once they were seen for
        a while. `cues` is what the picture tells of these detections; None if nobody looked.
        """
        fresh = self._time is None or (cues is not None and cues.is_cut)
        if fresh:
            self._keep(np.zeros(len(self), np.bool_))
        self._advance(time)
        if cues is not None and cues.camera is not None:
            self._filter.move(cues.camera)
        looks = None if cues is None or cues.looks is None else unit(cues.looks)
        strong, weak = _usable(detections, self._settings)
        left = self._continue(detections, looks, strong, weak)
        self._see(detections)
        self._begin(detections, left)
        if looks is not None:
            self._learn(detections, looks)
        self._rejoin()
        self._confirm(at_once=fresh)
        return self._told(detections)

    def _advance(self, time: Fraction | float) -> None:
        """Move the clock and every track to `time`; forget who has been lost for too long."""
        passed = 0.0 if self._time is None else float(time - self._time)
        passed = passed if passed > 0.0 and math.isfinite(passed) else 0.0
        if math.isfinite(time):
            self._time = time
        self._clock += passed
        settings, tracks = self._settings, self._tracks
        memory = np.where(self._looks.known, max(settings.return_s, settings.buffer_s), 0.0)
        patience = np.maximum(memory, settings.buffer_s)
        self._keep(~tracks["lost"] | self._seen_within(patience))
        self._filter.predict(passed, unseen=self._tracks["lost"])
        self._tracks["detection"] = _UNSEEN

    def _seen_within(self, seconds: float | Float64) -> npt.NDArray[np.bool_]:
        within: npt.NDArray[np.bool_] = (
            self._clock - self._tracks["seen"] <= seconds + _CLOCK_SLACK_S
        )
        return within

    def _unlike(self, looks: Float64 | None, count: int) -> Float64:
        """Return how little each track looks like each of `count` detections, 0..1."""
        if looks is None:
            return np.zeros((len(self), count))
        unlike = (_ALIKE - self._looks.likeness(looks)) / (_ALIKE - _UNLIKE)
        return np.asarray(np.clip(np.nan_to_num(unlike), 0.0, 1.0), np.float64)

    def _continue(
        self, detections: Detections, looks: Float64 | None, strong: Rows, weak: Rows
    ) -> Rows:
        """Give detections to the tracks they continue; return the strong ones that are left."""
        settings, tracks = self._settings, self._tracks
        known = tracks["id"] > 0
        expected = known & (~tracks["lost"] | self._seen_within(settings.buffer_s))
        boxes = np.where(_are_boxes(detections)[:, None], detections.boxes, np.float32(0))
        overlap = overlaps(self._filter.boxes, boxes, self._filter.doubt)
        sure = overlap * detections.scores if settings.fuse_score else overlap
        unlike = _UNLIKE_SHARE * self._unlike(looks, len(detections))

        def claim(rows: Rows, columns: Rows, overlap: Float64, limit: float) -> Rows:
            """Pair `rows` with `columns`; return the columns that nobody claimed."""
            among = np.ix_(rows, columns)
            cost = 1.0 - overlap[among]
            # Looks choose between people, and forbid nothing: somebody in another light, or half
            # out of the picture, is still who they were if nobody else is near.
            cost += np.maximum(limit - cost, 0.0) * unlike[among]
            mine, theirs = assign(cost, limit)
            tracks["detection"][rows[mine]] = columns[theirs]
            return np.delete(columns, theirs)

        left = claim(np.flatnonzero(expected), strong, sure, settings.match)
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
            present = int(self._seen_within(self._settings.buffer_s).sum())
            best = bold[np.argsort(-detections.scores[bold], kind="stable")]
            bold = np.sort(best[: max(self._settings.max_people - present, 0)])
        born = np.zeros(bold.size, _TRACK)
        born["born"] = born["seen"] = self._clock
        born["hits"] = 1
        born["detection"] = bold
        self._tracks = np.concatenate([self._tracks, born])
        self._filter.start(detections.boxes[bold])
        self._looks.start(bold.size)

    def _learn(self, detections: Detections, looks: Float64) -> None:
        """Learn the looks of those who stand free of others."""
        boxes = np.where(_are_boxes(detections)[:, None], detections.boxes, np.float32(0))
        crowded = np.asarray(overlaps(boxes, boxes) > _FREE, np.bool_)
        np.fill_diagonal(crowded, val=False)
        rows = np.flatnonzero(self._tracks["detection"] != _UNSEEN)
        found = self._tracks["detection"][rows]
        free = np.flatnonzero(~crowded[found].any(axis=1))
        self._looks.learn(rows[free], looks[found[free]], self._clock)

    def _rejoin(self) -> None:
        """Where a track began on a lost box, it is the lost person.

        Somebody who was there already is not: the lost one stands behind them.
        """
        tracks = self._tracks
        lost = np.flatnonzero(tracks["lost"] & self._seen_within(self._settings.buffer_s))
        young = np.flatnonzero(~tracks["lost"])
        boxes = self._filter.boxes
        pairs = []
        for i, j in np.argwhere(overlaps(boxes[young], boxes[lost]) > _SAME_PERSON):
            if tracks["born"][young[i]] > tracks["seen"][lost[j]]:
                pairs.append((int(young[i]), int(lost[j])))
        self._unite(pairs)

    def _confirm(self, *, at_once: bool) -> None:
        """Name the unconfirmed tracks that were seen for long enough, or all of them."""
        tracks = self._tracks
        age = self._clock - tracks["born"] + _CLOCK_SLACK_S
        ready = at_once | ((tracks["hits"] > 1) & (age >= self._settings.confirm_s))
        young = np.flatnonzero((tracks["id"] == 0) & ready & ~tracks["lost"])
        if not young.size:
            return
        lost = np.flatnonzero((tracks["id"] > 0) & tracks["lost"])
        boxes, absent = self._filter.boxes, self._clock - tracks["seen"][lost]
        alike = self._looks.between(young, lost)
        # Who was seen after the newcomer had come is somebody else.
        alike[np.less_equal.outer(tracks["born"][young], tracks["seen"][lost])] = np.nan
        pairs = returned(boxes[young], boxes[lost], absent, alike)
        same = [(int(young[i]), int(lost[j])) for i, j in pairs]
        for row in np.setdiff1d(young, [row for row, _ in same]):
            tracks["id"][row] = next(self._ids)
        self._unite(same)

    def _unite(self, pairs: list[tuple[int, int]]) -> None:
        """Give each row the identity of the lost one that it is paired with, which is forgotten."""
        tracks, keep = self._tracks, np.ones(len(self), np.bool_)
        for row, lost in pairs:
            if keep[lost] and (not tracks["id"][row] or tracks["born"][lost] < tracks["born"][row]):
                tracks["id"][row] = tracks["id"][lost]
                tracks["born"][row] = tracks["born"][lost]
                keep[lost] = False
        self._keep(keep)

    def _told(self, detections: Detections) -> Int32:
        """Return the ids of the detections, and note where the filter has them."""
        seen = self._tracks["detection"] != _UNSEEN
        found = self._tracks["detection"][seen]
        ids = np.zeros(len(detections), np.int32)
        ids[found] = self._tracks["id"][seen]
        self.boxes = detections.boxes.copy()
        self.boxes[found] = self._filter.boxes[seen]
        return ids

    def _keep(self, rows: npt.NDArray[np.bool_]) -> None:
        if not rows.all():
            self._tracks = self._tracks[rows]
            self._filter.keep(rows)
            self._looks.keep(rows)


def _usable(detections: Detections, settings: TrackerSettings) -> tuple[Rows, Rows]:
    """Return the indices of the strong and of the weak detections that are real boxes."""
    scores = detections.scores
    usable = _are_boxes(detections) & np.isfinite(scores)
    strong = usable & (scores >= settings.high)
    weak = usable & (scores >= settings.low) & ~strong
    return np.flatnonzero(strong), np.flatnonzero(weak)


def _are_boxes(detections: Detections) -> npt.NDArray[np.bool_]:
    x1, y1, x2, y2 = detections.boxes.T
    finite = np.asarray(np.isfinite(detections.boxes).all(axis=1), np.bool_)
    return np.asarray(finite & (x2 > x1) & (y2 > y1), np.bool_)
