"""The stages of a recording run: detect, track, pose, store. Thin: the work is in their rooms.

Frames are big and wait only before detection and pose; after the pose stage they are let go.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sdpose_track.detect.detector import Detector, Pending
from sdpose_track.pipeline.stage import Intake
from sdpose_track.records import (
    Cues,
    DetectedFrame,
    Detections,
    Frame,
    FrameResult,
    LostFrame,
    TrackedFrame,
)
from sdpose_track.session.writer import SessionWriter
from sdpose_track.track.bytetrack import ByteTracker
from sdpose_track.track.observer import Observer

FILL_S = 0.05
"""How long a GPU waits for a part-filled batch."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What is known only at the end of the input."""

    lost: tuple[LostFrame, ...]
    """The frames after the last one that could not be decoded."""
    summary: dict[str, Any]
    """JSON values for the session."""


@dataclass(frozen=True, slots=True, eq=False)
class PastFrame:
    """What a resumed run knows of a frame that it has already."""

    index: int
    time: float
    """Seconds from the first frame."""
    detections: Detections
    cues: Cues | None
    """None in sessions that hold none."""


class DetectStage:
    """Finds people. Several frames are under way at a time; they come out in order."""

    name = "detect"

    def __init__(self, detector: Detector) -> None:
        """Own `detector`, which is open already: its batch decides how frames are taken."""
        batch = detector.batch
        wait = FILL_S if batch > 1 else 0.0
        self.intake = Intake(capacity=max(4, 2 * batch), most=batch, wait_s=wait)
        self._detector = detector
        self._under: deque[tuple[Sequence[Frame], Pending]] = deque()

    def open(self) -> None:
        """The detector was opened when the run was prepared, so that its faults come first."""

    def process(self, items: Sequence[Frame]) -> Iterator[DetectedFrame]:
        """Submit the frames at hand, then yield those that are done."""
        self._under.append((items, self._detector.submit(items)))
        while len(self._under) >= self._detector.in_flight:
            yield from self._oldest()

    def _oldest(self) -> Iterator[DetectedFrame]:
        frames, pending = self._under.popleft()
        for frame, detections in zip(frames, pending.result(), strict=True):
            yield DetectedFrame(frame, detections)

    def flush(self) -> Iterator[DetectedFrame]:
        """Yield the frames under way."""
        while self._under:
            yield from self._oldest()

    def close(self) -> None:
        """Give the device's memory back."""
        self._under.clear()
        self._detector.close()


class TrackStage:
    """Gives each detection its identity. Sees every detected frame, one after another."""

    name = "track"

    def __init__(
        self,
        tracker: ByteTracker,
        past: Callable[[], Iterable[PastFrame]],
        read: Callable[[int], Frame],
        *,
        steady: bool = True,
        waiting: int = 4,
    ) -> None:
        """Keep `tracker`; `past` gives the frames that a resumed run has, `read` the frame at an
        index. `steady` tells where the tracker has people, instead of where they were detected.
        So many frames may be `waiting`.

        The tracker is told of them again before the first new frame, and the observer sees the last
        of them, which brings both to the very state they had: identities go on as if the run had
        never stopped.
        """
        self.intake = Intake(capacity=waiting)
        self._tracker = tracker
        self._observer = Observer()
        self._past = past
        self._read = read
        self._steady = steady

    def open(self) -> None:
        """Replay the past."""
        last = None
        for last in self._past():
            self._tracker.update(last.detections, last.time, last.cues)
        if last is not None:
            self._observer.observe(self._read(last.index).image, last.detections)

    def process(self, items: Sequence[DetectedFrame]) -> Iterator[TrackedFrame]:
        """Yield the frames with a track id for each detection."""
        for item in items:
            cues = self._observer.observe(item.frame.image, item.detections)
            ids = self._tracker.update(item.detections, float(item.frame.time), cues)
            boxes = self._tracker.boxes if self._steady else None
            yield TrackedFrame(item.frame, item.detections, ids, cues, boxes)

    def flush(self) -> Iterable[TrackedFrame]:
        """Nothing is held back."""
        return ()

    def close(self) -> None:
        """Nothing to release."""


class StoreStage:
    """Writes each frame to the session before anybody hears of it."""

    name = "store"

    def __init__(self, writer: SessionWriter, ending: Callable[[int | None], Ending]) -> None:
        """Own `writer`, which is open: it decided where the run begins.

        `ending` is asked once the input has ended by itself, with the index of the last frame.
        """
        self.intake = Intake(capacity=32, most=32)
        self._writer = writer
        self._ending = ending
        self._last: int | None = None

    def open(self) -> None:
        """Nothing to acquire."""

    def process(self, items: Sequence[FrameResult]) -> Iterable[FrameResult]:
        """Store, commit, pass on."""
        self._writer.append(items)
        self._last = items[-1].poses.index
        return items

    def flush(self) -> Iterable[FrameResult]:
        """The input has ended by itself: the session is complete."""
        ending = self._ending(self._last)
        self._writer.append_lost(ending.lost)
        self._writer.finish(ending.summary)
        return ()

    def close(self) -> None:
        """Close the session file."""
        self._writer.close()
