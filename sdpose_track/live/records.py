"""What a live run makes of one frame."""

from __future__ import annotations

from dataclasses import dataclass

from sdpose_track.pose.estimator import Estimate
from sdpose_track.records import Frame, FrameResult, Int32, Pose


@dataclass(frozen=True, slots=True, eq=False)
class LateLook:
    """What the pose model saw in a frame that is over."""

    index: int
    """The frame that was looked at."""
    track_ids: Int32
    """(M,) whom."""
    estimates: tuple[Estimate, ...]
    """One a person."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LiveResult(FrameResult):
    """One frame, as soon as it can be shown.

    `poses` are raw, as the fast model measured them; keypoints of the run's skeleton that it does
    not know are NaN.
    """

    frame: Frame
    """With its picture."""
    shown: tuple[Pose, ...]
    """What is shown and sent on: filtered, by ascending track id. The provenance of each keypoint
    says which model measured it, or that it is predicted."""
    late: tuple[LateLook, ...] = ()
    """What the pose model saw in earlier frames, answered since the result before."""
    settled: int = 0
    """Nothing more will come of frames with an index below."""
    gone: tuple[int, ...] = ()
    """Track ids of those who were shown in the result before and are not any more."""
