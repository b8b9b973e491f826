"""Chooses the size at which the detector looks, by looking at a few frames at several sizes.

A network trained at 640 px overlooks people who are less than about 100 px tall there: of those in
PETS09-S2L1 (62 px tall) it finds one in nine, at 1280 px nearly all. At a larger size it is slower,
and sees parts of people who fill the picture as people of their own. So a larger size must earn its
time with people who are small, sure and new; detectors and frames are all that enters here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import numpy as np

from sdpose_track.detect.detector import Detector
from sdpose_track.detect.nms import iou_matrix
from sdpose_track.errors import SourceError
from sdpose_track.pipeline.stages import DetectStage
from sdpose_track.records import Detections, Float32, Frame
from sdpose_track.settings import DETECTOR_SIZES
from sdpose_track.sources.source import Source

D = TypeVar("D", bound=Detector)

LOOKS = 5
"""Frames that are looked at."""
SURE = 0.5
"""Confidence from which somebody counts who was found at one size only."""
SMALL = 1 / 6
"""Of the picture's longer side: people who are taller are found at 640 px as well."""
SAME = 0.5
"""IoU from which two boxes are one person."""
PART = 0.7
"""A box of which more than this lies in a person found before may be a part of that person."""
CLEARLY = 0.25
"""A size is worth its time if it finds this much more ..."""
LEAST = 0.2
"""... and this much of a person in each frame."""


def spread(source: Source, first: int, stop: int | None) -> list[Frame]:
    """Return a few frames between index `first` and before `stop`, always the same ones.

    Damaged ones are left out. Where the end is unknown (None) they are the first ones. Of a long
    video they are key frames: others cost the decoding of up to some hundred frames before them.
    """
    if stop is None:
        with closing(source.frames(first)) as frames:
            return list(islice(frames, LOOKS))
    places = {first + (2 * i + 1) * (stop - first) // (2 * LOOKS) for i in range(LOOKS)}
    entries = {source.entry(place) for place in places}
    if len(entries) == len(places) and min(entries) >= first:
        places = entries
    chosen = []
    for index in sorted(places):
        with suppress(SourceError):
            chosen.append(source.read(index))
    source.close()  # else its decoder would stand idle beside that of the run
    return chosen


def open_fitting(open_at: Callable[[int], D], frames: Sequence[Frame], confidence: float) -> D:
    """Return an open detector of the smallest size beyond which not clearly more people are found.

    Args:
        open_at: Returns a detector that looks at so many pixels, open; those not chosen are closed.
        frames: Of the source, all of one size; with none, the smallest size is chosen.
        confidence: From which somebody is a person, in 0..1.
    """
    opened: dict[int, D] = {}

    def look(size: int) -> list[Detections]:
        opened[size] = open_at(size)
        return _found(opened[size], frames)

    chosen = None
    try:
        chosen = _fitting(look, frames, confidence)
        return opened[chosen]
    finally:
        for size, detector in opened.items():
            if size != chosen:
                detector.close()


def _found(detector: Detector, frames: Sequence[Frame]) -> list[Detections]:
    stage = DetectStage(detector)
    most = stage.intake.most
    done = [
        item
        for start in range(0, len(frames), most)
        for item in stage.process(frames[start : start + most])
    ]
    return [item.detections for item in (*done, *stage.flush())]


def _fitting(
    look: Callable[[int], list[Detections]], frames: Sequence[Frame], confidence: float
) -> int:
    smallest, *larger = DETECTOR_SIZES
    before = look(smallest)
    if not frames:
        return smallest
    tallest = SMALL * max(frames[0].image.shape[:2])

    def gain(size: int) -> _Gain:
        after = look(size)
        pairs = zip(before, after, strict=True)
        gains = [_compared(a, b, confidence=confidence, tallest=tallest) for a, b in pairs]
        return _Gain(sum(each.new for each in gains), sum(each.lost for each in gains))

    people = sum(float(d.scores[d.scores >= confidence].sum()) for d in before)
    least = LEAST * len(frames)
    most = gain(larger[-1])
    if not _is_clear(most.new, people, least):
        return smallest
    net = {smallest: 0.0, **{size: gain(size).net for size in larger[:-1]}, larger[-1]: most.net}
    return next(
        size
        for size in DETECTOR_SIZES
        if not any(
            _is_clear(net[other] - net[size], people + net[size], least)
            for other in DETECTOR_SIZES
            if other > size
        )
    )


def _is_clear(more: float, people: float, least: float) -> bool:
    return more >= max(CLEARLY * people, least)


@dataclass(frozen=True, slots=True)
class _Gain:
    """What a larger size finds and misses: sums of confidences."""

    new: float
    lost: float

    @property
    def net(self) -> float:
        return self.new - self.lost


def _compared(before: Detections, after: Detections, *, confidence: float, tallest: float) -> _Gain:
    """Return what `after` gains over `before`, where people up to `tallest` px high are small."""
    sure = max(confidence, SURE)
    old, new = _from(before, confidence), _from(after, confidence)
    alike = iou_matrix(new.boxes, old.boxes) >= SAME
    is_known = alike.any(axis=1) | (_inside(new.boxes, old.boxes) > PART).any(axis=1)
    is_small = new.boxes[:, 3] - new.boxes[:, 1] <= tallest
    gained = new.scores[~is_known & is_small & (new.scores >= sure)]
    lost = old.scores[~alike.any(axis=0) & (old.scores >= sure)]
    return _Gain(float(gained.sum()), float(lost.sum()))


def _from(found: Detections, confidence: float) -> Detections:
    kept = found.scores >= confidence
    return Detections(found.boxes[kept], found.scores[kept])


def _inside(boxes: Float32, others: Float32) -> Float32:
    """Return (N, M) which part of each of (N, 4) `boxes` lies in each of (M, 4) `others`, 0..1."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return np.asarray(shared / np.maximum(areas, 1e-6)[:, None], np.float32)
