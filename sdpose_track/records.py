"""The values that flow between stages: what was decoded, who was found, where their keypoints are.

Every record is frozen and its arrays are made read-only, so a record may be handed to another
thread without a copy or a lock.

Conventions, everywhere in this library:

- Pixel coordinates are `(x, y)`, float32, of the *upright* picture (rotation metadata and pixel
  aspect ratio applied), origin top-left. Boxes are `(x1, y1, x2, y2)`.
- A keypoint without a position is NaN and has confidence 0; (0, 0) is a pixel like any other.
- Times are seconds from the first frame's presentation time stamp as exact fractions,
  `(pts - first pts) * time_base`, never `index / fps`.
- `index` is the 0-based position of a frame in its source; a frame that could not be decoded keeps
  its index, so what comes after it is not renumbered.
- `N` people in a frame, `K` keypoints in a skeleton, `H` × `W` a frame's size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
UInt8 = npt.NDArray[np.uint8]


FARTHEST = 1e6
"""Pixels from the origin beyond which a position is a mistake."""


class Provenance(IntEnum):
    """Where a keypoint came from; the numbers stand in sessions and exports."""

    MEASURED = 0
    """The estimator saw it in this frame."""
    PREDICTED = 1
    """The filter's guess: the measurement was missing or was refused as an outlier."""
    FILLED = 2
    """Inside a gap of its track, from the frames on both sides."""
    EDITED = 3
    """A person put it there."""
    MEASURED_FAST = 4
    """The detector's own keypoints, in a live run: the pose model did not look at this frame."""


class FrameState(IntEnum):
    """How well a frame could be decoded; the numbers stand in sessions."""

    WHOLE = 0
    """Nothing was wrong with it."""
    CONCEALED = 1
    """It is there, but parts of it were damaged and painted over by the decoder."""
    LOST = 2
    """It could not be decoded: it has a time and an index, and nobody in it."""

    @property
    def is_seen(self) -> bool:
        """There is a picture of it."""
        return self is not FrameState.LOST


def frozen(name: str, array: npt.ArrayLike, shape: tuple[int | None, ...]) -> Float32:
    """Return `array` as read-only float32; raise ValueError if its shape is not `shape`.

    `None` in `shape` accepts any length. A read-only float32 array is not copied.
    """
    own = np.asarray(array, dtype=np.float32)
    fits = own.ndim == len(shape) and all(
        want in (None, got) for want, got in zip(shape, own.shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("·" if n is None else str(n) for n in shape)
        raise ValueError(f"{name} has shape {own.shape}, expected ({wanted})")
    if own.flags.writeable:
        own = own.copy()
        own.flags.writeable = False
    return own


@dataclass(frozen=True, slots=True)
class LostFrame:
    """A frame that is in the file but could not be decoded."""

    index: int
    pts: int


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known of a source before its first frame is decoded."""

    name: str
    """The path, pattern or address as the user gave it."""
    kind: str
    """`video`, `animation` (GIF and the like read by Pillow), `pictures` or `picture`; live:
    `camera`, `stream` or `rehearsal` (a file played at its own speed)."""
    width: int
    """Of the upright picture with square pixels, in pixels."""
    height: int
    time_base: Fraction
    """Seconds per unit of `pts`."""
    first_pts: int
    """Time stamp of the first frame: time zero."""
    rate: Fraction
    """Nominal frames per second: the exact rate where the source is regular, else the mean."""
    is_vfr: bool
    """Frame durations differ from their median by more than 2 % in more than 1 % of the frames."""
    frame_count: int | None
    """Frames that the source holds, counted from its packets, never from a header; None unknown."""
    duration: Fraction | None
    """Seconds from the first frame's time to the end of the last frame; None unknown."""
    codec: str = ""
    pixel_format: str = ""
    rotation: int = 0
    """Degrees clockwise by which the stored picture is turned to be upright: 0, 90, 180, 270."""
    mirrored: bool = False
    """The stored picture is mirrored left to right, before the rotation, to be upright."""
    pixel_aspect: Fraction = Fraction(1)
    """Width of a stored pixel over its height."""
    audio_codec: str | None = None
    """Codec of the audio track that an export copies; None without audio."""
    size_bytes: int | None = None
    notes: tuple[str, ...] = ()
    """Sentences worth telling the user, such as an assumed frame rate."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One decoded picture."""

    index: int
    """0-based position in the source."""
    pts: int
    """Presentation time stamp in the source's `time_base`."""
    time: Fraction
    """Seconds from the first frame."""
    image: UInt8
    """(H, W, 3) BGR, upright, square pixels, read-only."""
    state: FrameState = FrameState.WHOLE
    lost_before: tuple[LostFrame, ...] = ()
    """The frames between the one before and this one that could not be decoded."""
    arrived: float | None = None
    """When it was there, in seconds of `time.monotonic()`; None where it comes from a file."""


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """The people that the detector saw in one frame, weak ones included, by falling score."""

    boxes: Float32
    """(N, 4) `x1, y1, x2, y2` in pixels, clipped to the picture."""
    scores: Float32
    """(N,) confidence in 0..1."""
    keypoints: Float32 | None = None
    """(N, K, 3) `x, y` in pixels and confidence, of a detector that is a pose model too."""

    def __post_init__(self) -> None:
        boxes = frozen("boxes", self.boxes, (None, 4))
        count = boxes.shape[0]
        object.__setattr__(self, "boxes", boxes)
        object.__setattr__(self, "scores", frozen("scores", self.scores, (count,)))
        if self.keypoints is not None:
            points = frozen("keypoints", self.keypoints, (count, None, 3))
            object.__setattr__(self, "keypoints", points)

    def __len__(self) -> int:
        return int(self.boxes.shape[0])


@dataclass(frozen=True, slots=True, eq=False)
class DetectedFrame:
    """A frame with the people that the detector saw in it."""

    frame: Frame
    detections: Detections


@dataclass(frozen=True, slots=True, eq=False)
class Cues:
    """What the picture of a frame tells the tracker beside the N detections in it."""

    camera: Float32 | None
    """(2, 3): a point of the background at `(x, y)` pixels in the frame before is at
    `camera @ (x, y, 1)` in this one; None where that could not be told."""
    looks: UInt8 | None
    """(N, D) the colours of each detection (`track.appearance`)."""
    is_cut: bool = False
    """The frame before shows another scene."""


@dataclass(frozen=True, slots=True, eq=False)
class TrackedFrame:
    """A frame whose detections have identities."""

    frame: Frame
    detections: Detections
    track_ids: Int32
    """(N,) the track of each detection; 0 where it belongs to none."""
    cues: Cues | None = None
    """What the picture told the tracker, where it was asked."""
    boxes: Float32 | None = None
    """(N, 4) where the people are by the detections so far, in pixels: steadier than each of them.
    None: where they were detected."""


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """One person in one frame, with the identity that tracking gave them.

    `eq=False`: arrays have no single truth value to compare by. Tests compare fields.
    """

    track_id: int
    """Identity within one recording; starts at 1 and is never used again."""
    box: Float32
    """(4,) `x1, y1, x2, y2` in pixels."""
    score: float
    """The detector's confidence in 0..1; 0 where a filter filled the frame in."""
    keypoints: Float32
    """(K, 2) `x, y` in pixels; NaN where there is no position."""
    scores: Float32
    """(K,) confidence, 0 or more and about 0..1: the estimator's own figure, not a probability (the
    peak of a heatmap may exceed 1); 0 where NaN."""
    provenance: UInt8
    """(K,) of `Provenance`."""

    def __post_init__(self) -> None:
        if self.track_id < 1:
            raise ValueError(f"track_id is {self.track_id}, expected 1 or more")
        points = frozen("keypoints", self.keypoints, (None, 2))
        count = points.shape[0]
        object.__setattr__(self, "keypoints", points)
        object.__setattr__(self, "box", frozen("box", self.box, (4,)))
        object.__setattr__(self, "scores", frozen("scores", self.scores, (count,)))
        origin = np.asarray(self.provenance, dtype=np.uint8)
        if origin.shape != (count,):
            raise ValueError(f"provenance has shape {origin.shape}, expected ({count},)")
        origin.flags.writeable = False
        object.__setattr__(self, "provenance", origin)


@dataclass(frozen=True, slots=True, eq=False)
class FramePoses:
    """Everyone found in one frame, by ascending track id. An empty `people` means nobody."""

    index: int
    pts: int
    time: Fraction
    people: tuple[Pose, ...]
    state: FrameState = FrameState.WHOLE


@dataclass(frozen=True, slots=True, eq=False)
class FrameResult:
    """What a run stores of one frame: the raw detections beside the poses made from them."""

    poses: FramePoses
    detections: Detections
    track_ids: Int32
    """(N,) the track of each detection; 0 where it belongs to none."""
    lost_before: tuple[LostFrame, ...] = ()
    cues: Cues | None = None
    """What the picture told the tracker: a resumed run needs it again."""


@dataclass(frozen=True, slots=True, eq=False)
class TrackArrays:
    """One person over the whole recording: F frames in which they are present."""

    track_id: int
    indices: Int32
    """(F,) frame indices, ascending, with gaps where the person was not seen."""
    times: Float64
    """(F,) seconds from the first frame."""
    boxes: Float32
    """(F, 4) `x1, y1, x2, y2` in pixels."""
    box_scores: Float32
    """(F,) the detector's confidence."""
    keypoints: Float32
    """(F, K, 2) pixels; NaN where there is no position."""
    scores: Float32
    """(F, K) confidence, 0 or more; about 0..1."""
    provenance: UInt8
    """(F, K) of `Provenance`."""

    def __len__(self) -> int:
        return int(self.indices.shape[0])

    def at(self, index: int) -> Pose | None:
        """Return the person in the frame `index`; None if they are not there."""
        row = int(np.searchsorted(self.indices, np.int32(index)))  # int64 would copy all
        if row == len(self) or self.indices[row] != index:
            return None
        return Pose(
            self.track_id,
            self.boxes[row],
            float(self.box_scores[row]),
            self.keypoints[row],
            self.scores[row],
            self.provenance[row],
        )

    def rows(self, which: slice) -> TrackArrays:
        """Return the person in some of the F frames, without a copy."""
        return TrackArrays(
            self.track_id,
            self.indices[which],
            self.times[which],
            self.boxes[which],
            self.box_scores[which],
            self.keypoints[which],
            self.scores[which],
            self.provenance[which],
        )


NO_DETECTIONS = Detections(np.empty((0, 4), np.float32), np.empty(0, np.float32))


def measured(count: int) -> UInt8:
    """Return the provenance of `count` keypoints that were all measured."""
    return np.full(count, Provenance.MEASURED, np.uint8)


def read_only(track: TrackArrays) -> TrackArrays:
    """Return `track`, whose arrays can no longer be changed."""
    for values in (
        track.indices, track.times, track.boxes, track.box_scores,
        track.keypoints, track.scores, track.provenance,
    ):  # fmt: skip
        values.flags.writeable = False
    return track


def box_heights(boxes: Float32) -> Float32:
    """Return the (N,) heights of (N, 4) boxes in pixels: the unit that filters scale with."""
    return np.asarray(boxes[..., 3] - boxes[..., 1], dtype=np.float32)


def in_order(people: Sequence[Pose]) -> tuple[Pose, ...]:
    """Return `people` by ascending track id, the order of every record and export."""
    return tuple(sorted(people, key=lambda pose: pose.track_id))
