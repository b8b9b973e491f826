"""Where the two models meet: each frame is shown as the filter has it, and the pose model is asked.

What the fast model measured decides a frame at once; what the pose model answers about earlier
frames is put in at their times (`smooth.fusing`). If the pose model is quick enough to answer about
this very frame within the latency budget, the frame waits for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from sdpose_track.detect.nms import iou_matrix
from sdpose_track.live.lane import PoseLane, Request
from sdpose_track.live.needs import most_in_need
from sdpose_track.live.records import LateLook, LiveResult
from sdpose_track.pipeline.stage import Intake
from sdpose_track.pose.estimator import Subject
from sdpose_track.records import (
    Float32,
    Float64,
    Frame,
    FramePoses,
    Int32,
    Pose,
    Provenance,
    TrackedFrame,
    UInt8,
    box_heights,
    in_order,
)
from sdpose_track.skeletons import Skeleton
from sdpose_track.smooth.fusing import Fused, Fuser
from sdpose_track.smooth.measuring import somewhere

GHOST_S = 0.2
"""How long somebody whom the detector overlooks is shown as predicted, in seconds."""
SAME = 0.6
"""Overlap (IoU) from which a box is that of somebody who was there before."""


class Asking(NamedTuple):
    """What the pose model may be given with a frame."""

    crops: int
    """People in one request."""
    wait_s: float
    """How long the frame may wait for the answer, in seconds; 0: not at all."""


class _Person(NamedTuple):
    """Somebody who is followed, as last seen."""

    seen: float  # seconds
    box: Float32  # (4,)
    score: float


class _Followed(NamedTuple):
    """Everybody in a frame: those seen, then those overlooked."""

    ids: Int32  # (N,)
    boxes: Float32  # (N, 4)
    scores: Float32  # (N,)
    fast: Float32 | None  # (N, M, 3)
    seen: int  # how many of them are seen


class FuseStage:
    """Turns each tracked frame into what is shown of it."""

    name = "fuse"

    def __init__(
        self,
        skeleton: Skeleton,
        fuser: Fuser,
        lane: PoseLane | None,
        asking: Callable[[int, float], Asking],
        took: Callable[[float], None],
    ) -> None:
        """Own `lane`; None where the fast model is the only one.

        `asking` is told how many people there are, and when the frame arrived (`Frame.arrived`);
        `took` the seconds of each frame, without waiting for the pose model.
        """
        self.intake = Intake(capacity=1)
        self._skeleton = skeleton
        self._fuser = fuser
        self._lane = lane
        self._asking = asking
        self._took = took
        self._waited_s = 0.0
        self._people: dict[int, _Person] = {}
        self._looked: dict[int, float] = {}
        """When the frame was that the pose model last saw each person in, in seconds."""
        self._asked: dict[int, float] = {}
        """The times of the frames that it was asked about, by their index."""
        self._shown: tuple[int, ...] = ()

    def open(self) -> None:
        """Start the pose model."""
        if self._lane is not None:
            self._lane.open()

    def process(self, items: Sequence[TrackedFrame]) -> Iterator[LiveResult]:
        """Yield each frame as soon as it can be shown."""
        for item in items:
            began, self._waited_s = time.monotonic(), 0.0
            result = self._fused(item)
            self._took(time.monotonic() - began - self._waited_s)
            yield result

    def flush(self) -> Iterable[LiveResult]:
        """Nothing is held back."""
        return ()

    def close(self) -> None:
        """End the pose model's thread."""
        if self._lane is not None:
            self._lane.close()

    def _fused(self, item: TrackedFrame) -> LiveResult:
        frame, time_s = item.frame, float(item.frame.time)
        late = self._applied()
        there = self._followed(item, time_s)
        heights = box_heights(there.boxes)
        fused = self._fuser.update(frame.index, time_s, there.ids, there.fast, heights)
        arrived = time.monotonic() if frame.arrived is None else frame.arrived
        asking = self._asking(there.seen, arrived)
        if self._lane is not None and there.seen:
            request = self._request(self._lane, frame, there, fused.doubt, asking.crops)
            if self._ask(self._lane, request, time_s, asking.wait_s):
                late += self._applied()
                fused = self._fuser.now
        shown = self._people_shown(there, fused)
        now = tuple(pose.track_id for pose in shown)
        gone, self._shown = tuple(one for one in self._shown if one not in now), now
        oldest = None if self._lane is None else self._lane.oldest
        return LiveResult(
            poses=self._raw(item, there),
            detections=item.detections,
            track_ids=item.track_ids,
            cues=item.cues,
            frame=frame,
            shown=shown,
            late=late,
            settled=frame.index + 1 if oldest is None else oldest,
            gone=gone,
        )

    def _applied(self) -> tuple[LateLook, ...]:
        """Apply what the pose model answered, and return it."""
        if self._lane is None:
            return ()
        late = self._lane.take()
        for look in late:
            points = np.stack([estimate.keypoints for estimate in look.estimates])
            scores = np.stack([estimate.scores for estimate in look.estimates])
            self._fuser.late(look.index, look.track_ids, points, scores)
            at = self._asked.get(look.index, 0.0)
            self._looked |= dict.fromkeys(look.track_ids.tolist(), at)
            self._asked = {i: when for i, when in self._asked.items() if i > look.index}
        return late

    def _followed(self, item: TrackedFrame, time_s: float) -> _Followed:
        rows = np.flatnonzero(item.track_ids > 0)
        found = item.detections
        boxes = (found.boxes if item.boxes is None else item.boxes)[rows]
        ids, scores = item.track_ids[rows], found.scores[rows]
        fast = None if found.keypoints is None else found.keypoints[rows]
        if item.cues is not None and item.cues.is_cut:
            self._people.clear()
        for one, box, score in zip(ids.tolist(), boxes, scores.tolist(), strict=True):
            self._people[one] = _Person(time_s, box, score)
        self._people = {
            one: person for one, person in self._people.items() if time_s - person.seen <= GHOST_S
        }
        ghosts = self._overlooked(ids, boxes)
        self._looked = {one: at for one, at in self._looked.items() if one in self._people}
        if ghosts:
            ids = np.concatenate([ids, np.array(list(ghosts), np.int32)])
            boxes = np.concatenate([boxes, np.stack([p.box for p in ghosts.values()])])
            scores = np.concatenate(
                [scores, np.array([p.score for p in ghosts.values()], np.float32)]
            )
            if fast is not None:
                unseen = np.full((len(ghosts), *fast.shape[1:]), np.nan, np.float32)
                fast = np.concatenate([fast, unseen])
        return _Followed(ids, boxes, scores, fast, len(rows))

    def _overlooked(self, ids: Int32, boxes: Float32) -> dict[int, _Person]:
        """Return who is not among `ids` (N,) but was a moment ago.

        Whoever stood where one of `boxes` (N, 4) is now has got another id, and is not shown twice.
        """
        gone = {one: person for one, person in self._people.items() if one not in ids.tolist()}
        if not gone or not len(boxes):
            return gone
        covered = iou_matrix(np.stack([p.box for p in gone.values()]), boxes).max(axis=1) > SAME
        return {one: p for (one, p), c in zip(gone.items(), covered, strict=True) if not c}

    def _request(
        self, lane: PoseLane, frame: Frame, there: _Followed, doubt: Float64, crops: int
    ) -> Request:
        """Return the question about those who need the pose model most."""
        ids = there.ids[: there.seen]
        time_s = float(frame.time)
        looked = self._looked | dict.fromkeys(lane.asked(), time_s)
        rows = most_in_need(ids, doubt[: there.seen], looked, time_s, crops)
        subjects = tuple(
            Subject(frame, there.boxes[row], None if there.fast is None else there.fast[row])
            for row in rows
        )
        return Request(frame.index, ids[rows], subjects)

    def _ask(self, lane: PoseLane, request: Request, time_s: float, wait_s: float) -> bool:
        """Ask the pose model about a frame of `time_s`; tell if its answer was waited for."""
        was_idle = lane.oldest is None
        lane.submit(request)
        self._asked[request.index] = time_s
        if not was_idle or not wait_s:
            return False
        began = time.monotonic()
        lane.wait(request.index, wait_s)
        self._waited_s = time.monotonic() - began
        return True

    def _raw(self, item: TrackedFrame, there: _Followed) -> FramePoses:
        """Return what the fast model measured, in the run's skeleton."""
        count = len(self._skeleton)
        origin = Provenance.MEASURED if self._lane is None else Provenance.MEASURED_FAST
        poses = []
        for row in range(there.seen):
            points = np.full((count, 3), np.nan, np.float32)
            if there.fast is not None:
                points[: there.fast.shape[1]] = there.fast[row]
            poses.append(
                _pose(there, row, points[:, :2], points[:, 2], np.full(count, origin, np.uint8))
            )
        frame = item.frame
        return FramePoses(frame.index, frame.pts, frame.time, in_order(poses), frame.state)

    def _people_shown(self, there: _Followed, fused: Fused) -> tuple[Pose, ...]:
        poses = [
            _pose(there, row, fused.keypoints[row], fused.scores[row], fused.provenance[row])
            for row in range(there.ids.size)
            if row < there.seen or somewhere(fused.keypoints[row]).any()
        ]
        return in_order(poses)


def _pose(there: _Followed, row: int, points: Float32, scores: Float32, origin: UInt8) -> Pose:
    known = somewhere(points)
    return Pose(
        int(there.ids[row]),
        there.boxes[row],
        float(there.scores[row]),
        np.where(known[:, None], points, np.float32(np.nan)),
        np.where(known, np.clip(np.nan_to_num(scores), 0, None), np.float32(0)),
        origin,
    )
