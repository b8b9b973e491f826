"""What doubts are made from: who is seen when and where, and the signs that something is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from sdpose_track.kinematics.trace import Trace, trace
from sdpose_track.records import Float32, Float64, FrameState, Int32, TrackArrays
from sdpose_track.session.view import View
from sdpose_track.skeletons import Skeleton

SURE = 0.5
"""Confidence from which the place of a keypoint is believed: guesses jump about, and rightly so."""


class Words(NamedTuple):
    """What a user is told of a doubt."""

    says: str
    """A sentence without its time and its full stop."""
    suggestion: str = ""
    """What follows `sdpose-track edit SESSION` to put it right; empty where that must be seen."""


@dataclass(frozen=True, slots=True, eq=False)
class Signs:
    """Where one thing is wrong with somebody: n frames, ascending."""

    track_ids: tuple[int, ...]
    frames: Int32
    """(n,) frame indices."""
    severities: Float64
    """(n,) in 0.5..1."""
    words: Callable[[int], Words]
    """Of one of the n, by its place in `frames`."""
    are_one: bool = False
    """They are one doubt, however far apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """When and where one person is seen: as little as may be kept of everybody at once."""

    track_id: int
    called: str
    """`person 3`, or `person 3 (Anna)`."""
    indices: Int32
    """(F,) frame indices, ascending; F is 1 or more."""
    times: Float64
    """(F,) seconds."""
    boxes: Float32
    """(F, 4) pixels."""

    @property
    def centres(self) -> Float64:
        """The (F, 2) middles of the boxes."""
        return centres(self.boxes)

    def velocity(self, row: int, seconds: float) -> Float64:
        """Return (2,) pixels per second in the first or last `row`, over about `seconds` inwards.

        Zero for somebody who is seen once.
        """
        goal = self.times[row] + (seconds if row == 0 else -seconds)
        other = min(int(np.searchsorted(self.times, goal)), len(self.indices) - 1)
        passed = float(self.times[other] - self.times[row])
        if passed == 0:
            return np.zeros(2)
        there, here = centres(self.boxes[[other, row]])
        return np.asarray((there - here) / passed)


class Subject:
    """One person's poses, as the estimator gave them and a person repaired them."""

    def __init__(self, called: str, track: TrackArrays, skeleton: Skeleton) -> None:
        self.called = called
        """`person 3`, or `person 3 (Anna)`."""
        self.track = track
        """In F frames; F is 1 or more."""
        self.skeleton = skeleton
        self.body = skeleton.group("body")
        """The keypoints that are looked at."""

    @cached_property
    def sure(self) -> Trace:
        """Their keypoints where they are believed."""
        return trace(self.track, self.skeleton, SURE)

    def seen(self) -> Seen:
        """Return what is kept of them: copies, as rows of a track would keep all of it."""
        track = self.track
        indices, times, boxes = track.indices.copy(), track.times.copy(), track.boxes.copy()
        return Seen(track.track_id, self.called, indices, times, boxes)


class Scene:
    """The recording around the people."""

    def __init__(self, view: View) -> None:
        self.size = (view.source.width, view.source.height)
        """Width and height of the picture in pixels."""
        self.first = view.indices.start
        self.seconds = view.times
        """(F,) times of all frames."""
        self.lost = np.fromiter(_lost(view), np.int32)
        """Indices of the frames that could not be decoded, ascending."""

    def time_of(self, frame: int) -> float:
        """Return the seconds of a frame."""
        return float(self.seconds[frame - self.first])


def _lost(view: View) -> Iterator[int]:
    if view.recording.count_states()[FrameState.LOST]:
        for head in view.recording.frame_heads(view.indices):
            if head.state is FrameState.LOST:
                yield head.index


def centres(boxes: Float32 | Float64) -> Float64:
    """Return the (F, 2) middles of `boxes` (F, 4)."""
    corners = boxes.astype(np.float64)
    return np.asarray((corners[:, :2] + corners[:, 2:]) / 2)


def severity(ratio: Float64 | float) -> Float64:
    """Return 0.5 where `ratio`, a value over its threshold, is 1; 0.75 at 2; towards 1 far beyond.

    Below the threshold it is 0.5 as well: who asks has found a doubt.
    """
    return np.asarray(1.0 - 0.5 / np.maximum(ratio, 1.0))
