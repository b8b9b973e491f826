"""What the timeline knows of a person: for every frame whether they are there, and how surely."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from sdpose_track.records import Provenance, TrackArrays, UInt8


class Presence(IntEnum):
    """What is known of a person in a frame."""

    ABSENT = 0
    MEASURED = 1
    """Most of what is known was seen."""
    PREDICTED = 2
    """Most of it was refused as an outlier, or missing, and predicted."""
    FILLED = 3
    """Inside a gap that smoothing fills."""
    EDITED = 4
    """A person put a keypoint there."""


@dataclass(frozen=True, slots=True, eq=False)
class LaneData:
    """One person over F frames that follow each other, from the first with them to the last."""

    track_id: int
    first: int
    """Index of the first of the frames."""
    presence: UInt8
    """(F,) of `Presence`."""
    confidence: UInt8
    """(F,) the mean confidence of the keypoints, 0..1 as 0..255; 0 where absent."""

    @property
    def last(self) -> int:
        """Index of the last of the frames."""
        return self.first + len(self.presence) - 1


def lane_of(track: TrackArrays) -> LaneData:
    """Return the lane of a person who is in one frame or more, as smoothed."""
    first = int(track.indices[0])
    count = int(track.indices[-1]) - first + 1
    rows = track.indices - first
    known = np.isfinite(track.keypoints[..., 0])
    most = np.maximum(known.sum(axis=1), 1)

    def share(origin: Provenance) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.asarray((known & (track.provenance == origin)).sum(axis=1) / most)

    here = np.full(len(track), Presence.MEASURED, np.uint8)
    here[share(Provenance.PREDICTED) > 0.5] = Presence.PREDICTED
    here[share(Provenance.FILLED) > 0.5] = Presence.FILLED
    here[share(Provenance.EDITED) > 0] = Presence.EDITED
    presence, confidence = np.zeros(count, np.uint8), np.zeros(count, np.uint8)
    presence[rows] = here
    mean = np.where(known, track.scores, 0).sum(axis=1) / most
    confidence[rows] = np.rint(255 * np.clip(mean, 0, 1))
    return LaneData(track.track_id, first, presence, confidence)
