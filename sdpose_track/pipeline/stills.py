"""Poses in single pictures: nobody is followed from one to the next, nothing is stored.

Pictures are read one after another and go through the detect and the pose stage of a recording
run, on the caller's thread: people of several pictures share the estimator's batches, and the
answers come back picture by picture in the order in which the pictures were given.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from sdpose_track.detect.detector import Detector
from sdpose_track.errors import SettingsError, SourceError
from sdpose_track.home import at_home
from sdpose_track.pipeline.batching import PoseStage
from sdpose_track.pipeline.stages import DetectStage
from sdpose_track.pose.estimator import Estimator
from sdpose_track.records import DetectedFrame, Frame, FrameResult, Pose, TrackedFrame, UInt8
from sdpose_track.sources.geometry import sealed
from sdpose_track.sources.numbering import of_folder
from sdpose_track.sources.picture_file import (
    UNREADABLE,
    read_header,
    read_picture,
    unreadable_picture,
)

HELD_BYTES = 512 * 2**20
"""Pictures that wait for a batch to fill take at most about this much memory."""
TOGETHER = 8
"""Pictures of one size that a detector is given at once, at most."""


@dataclass(frozen=True, slots=True)
class Still:
    """A picture to look at. Its header has been read, its pixels have not."""

    index: int
    """0-based position among those that were given."""
    path: Path
    file: str
    """Its name, as it was given."""
    width: int
    """Of the upright picture, in pixels."""
    height: int


@dataclass(frozen=True, slots=True, eq=False)
class StillPoses:
    """The people of a picture."""

    still: Still
    image: UInt8
    """(H, W, 3) BGR, upright, read-only."""
    people: tuple[Pose, ...]
    """By falling score; `track_id` only numbers them, from 1. Empty where there is nobody."""


def find_stills(given: Sequence[str]) -> list[Still]:
    """Return the pictures that `given` names, folders opened up in natural order.

    Raises:
        SourceError: one does not exist or is no picture, or a folder has none.
        SettingsError: a name is empty.
    """
    found = [picture for name in given for picture in _opened_up(name)]
    return [read_still(i, path, file) for i, (path, file) in enumerate(found)]


def _opened_up(name: str) -> list[tuple[Path, str]]:
    """Return path and name of each picture that `name` means."""
    if not name:
        raise SettingsError("IMAGE is empty; give a picture or a folder of pictures")
    path = at_home(name)
    try:
        if not path.is_dir():
            return [(path, name)]
        inside = [slot for slot in of_folder(path, name) if slot is not None]
    except OSError as error:
        raise SourceError(f"{name} cannot be read: {error.strerror}; check its name.") from error
    return [(slot, str(Path(name) / slot.name)) for slot in inside]


def read_still(index: int, path: Path, file: str) -> Still:
    """Return the picture at `path`, to be called `file`. Raises SourceError if it is none."""
    try:
        if path.exists() and not path.is_file():
            raise SourceError(f"{file} is not a regular file; choose a picture or a folder.")
        header = read_header(path, file)
    except FileNotFoundError:
        raise SourceError(f"{file} does not exist; check the path.") from None
    except PermissionError:
        raise SourceError(f"{file} may not be read by this user; change its permissions.") from None
    except UNREADABLE as error:
        raise unreadable_picture(file) from error
    return Still(index, path, file, header.width, header.height)


def box_names(stills: Sequence[Still]) -> dict[int, str]:
    """Return by what name a file of boxes means each picture: its file name, where that is unique.

    Of pictures with the same file name it is the name as it was given.
    """
    counts = Counter(still.path.name for still in stills)
    return {s.index: s.path.name if counts[s.path.name] == 1 else s.file for s in stills}


def by_size(stills: Iterable[Still]) -> list[Still]:
    """Return `stills` with those of one size together: networks prepare for a size, once each."""
    return sorted(stills, key=lambda still: (still.width, still.height, still.index))


def estimate_stills(
    stills: Iterable[Still], detector: Detector, estimator: Estimator, confidence: float
) -> Generator[StillPoses, None, None]:
    """Yield the poses in each picture, in the order given; closes `detector` and `estimator`.

    `detector` is open already, as `seats.take` gives it. People below `confidence` (0..1) are
    left out. Raises SourceError for a picture whose pixels are damaged.
    """
    detect, pose = DetectStage(detector), PoseStage(estimator)
    waiting: deque[tuple[Still, UInt8]] = deque()
    with closing(detect), closing(pose):
        pose.open()
        for still, found in _detected(stills, detect):
            waiting.append((still, found.frame.image))
            yield from _dealt(waiting, pose.process([_numbered(found, confidence)]))
            if sum(image.nbytes for _, image in waiting) >= HELD_BYTES:
                yield from _dealt(waiting, pose.flush())
        yield from _dealt(waiting, pose.flush())


def _detected(stills: Iterable[Still], stage: DetectStage) -> Iterator[tuple[Still, DetectedFrame]]:
    together = min(stage.intake.most, TOGETHER)
    order: deque[Still] = deque()
    group: list[Frame] = []
    for still in stills:
        image = _pixels(still)
        if len(group) == together or (group and group[0].image.shape != image.shape):
            yield from ((order.popleft(), found) for found in stage.process(group))
            group = []
        order.append(still)
        group.append(Frame(still.index, still.index, Fraction(still.index), image))
    if group:
        yield from ((order.popleft(), found) for found in stage.process(group))
    yield from ((order.popleft(), found) for found in stage.flush())


def _pixels(still: Still) -> UInt8:
    try:
        return sealed(read_picture(still.path, still.file))
    except UNREADABLE as error:
        raise unreadable_picture(still.file) from error


def _numbered(found: DetectedFrame, confidence: float) -> TrackedFrame:
    """Give the people who are sure enough the numbers 1, 2, 3 ..., so that they are looked at."""
    sure = found.detections.scores >= confidence
    numbers = np.where(sure, np.cumsum(sure), 0).astype(np.int32)
    return TrackedFrame(found.frame, found.detections, numbers)


def _dealt(
    waiting: deque[tuple[Still, UInt8]], results: Iterable[FrameResult]
) -> Iterator[StillPoses]:
    for result in results:
        yield StillPoses(*waiting.popleft(), result.poses.people)
