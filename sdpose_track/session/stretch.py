"""Some frames that follow each other: who is in them, and what is cut from whole people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

import numpy as np

from sdpose_track.records import Float32, Pose, TrackArrays

People: TypeAlias = dict[int, TrackArrays]
"""By id."""


class Stretch(NamedTuple):
    """Some frames that follow each other, and the people in them."""

    frames: range
    people: Mapping[int, TrackArrays]
    """By id: everyone who is in some of the frames, over these frames only."""

    def at(self, index: int) -> tuple[Pose, ...]:
        """Return everyone in one of the frames, by ascending id."""
        found = (self.people[i].at(index) for i in sorted(self.people))
        return tuple(pose for pose in found if pose is not None)

    def cut(self, frames: range) -> Stretch:
        """Return what of it is in `frames`."""
        kept = range(max(self.frames.start, frames.start), min(self.frames.stop, frames.stop))
        if kept == self.frames:
            return self
        people = {i: inside(track, kept) for i, track in self.people.items()}
        return Stretch(kept, {i: track for i, track in people.items() if len(track)})


def inside(track: TrackArrays, frames: range) -> TrackArrays:
    """Return a person in those of `frames` where they are, without a copy."""
    low, high = np.searchsorted(track.indices, np.array([frames.start, frames.stop], np.int32))
    return track.rows(slice(int(low), int(high)))


def position(track: TrackArrays | None, frame: int, keypoint: int) -> Float32:
    """Return the (2,) position of a keypoint in a frame; NaN where it has none."""
    pose = None if track is None else track.at(frame)
    return np.full(2, np.nan, np.float32) if pose is None else pose.keypoints[keypoint]


def bytes_of_track(track: TrackArrays) -> int:
    """Return the memory that a person takes."""
    return track.keypoints.nbytes + track.scores.nbytes + track.provenance.nbytes


def bytes_of(people: People) -> int:
    """Return the memory that people take."""
    return sum(map(bytes_of_track, people.values()))
