"""Two people in nearly one place, where the tracker might have exchanged them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from sdpose_track.boxes import overlap
from sdpose_track.records import Float32, Float64, Int32
from sdpose_track.review.evidence import Seen, Signs, Words

OVERLAP = 0.5
"""Intersection over union from which two people are in one place."""
CLOSE = 0.2
"""The ids are doubtful where exchanging them would cost less than this more, in mean overlap."""
REMEMBERED_S = 1.0
"""How long after somebody was last seen their box tells where they are."""
MOTION_S = 0.25
"""Time over which their motion is measured."""
_BLOCK = 512
"""Frames that are compared at a time."""


def signs(people: Sequence[Seen]) -> Iterator[Signs]:
    """Yield the frames of each two of `people` in which they may have been exchanged."""
    if not people:
        return
    expected = [_expected(person) for person in people]
    found: dict[tuple[int, int], list[tuple[Int32, Float64]]] = defaultdict(list)
    begins = np.array([person.indices[0] for person in people], np.int64)
    ends = np.array([person.indices[-1] for person in people], np.int64) + 1
    start, stop = int(begins.min()), int(ends.max())
    for first in range(start, stop, _BLOCK):
        last = min(first + _BLOCK, stop)
        near = np.flatnonzero((begins < last) & (ends > first)).tolist()
        here = [i for i in near if _is_seen(people[i], first, last)]
        if len(here) < 2:
            continue
        now = np.stack([_dense(people[i], people[i].boxes, first, last) for i in here])
        then = np.stack([_dense(people[i], expected[i], first, last) for i in here])
        for a in range(len(here) - 1):
            for b, frames, margins in _doubtful(now, then, a):
                found[here[a], here[b]].append((frames + np.int32(first), margins))
    for (one, other), parts in sorted(found.items()):
        frames, margins = (np.concatenate(column) for column in zip(*parts, strict=True))
        yield _of_pair(people[one], people[other], frames, margins)


def _expected(person: Seen) -> Float64:
    """Return (F, 4) where each box of a person was to be expected from those before it."""
    times, boxes = person.times, person.boxes.astype(np.float64)
    out = np.full(boxes.shape, np.nan)
    own = np.arange(len(times) - 1)
    earlier = np.minimum(np.searchsorted(times, times[:-1] - MOTION_S), own)
    span = (times[:-1] - times[earlier])[:, None]
    passed = np.diff(times)[:, None]
    moved = person.centres[:-1] - person.centres[earlier]
    way = np.divide(moved * passed, span, out=np.zeros_like(moved), where=span > 0)
    out[1:] = np.where(passed <= REMEMBERED_S, boxes[:-1] + np.tile(way, 2), np.nan)
    return out


def _is_seen(person: Seen, first: int, last: int) -> bool:
    low, high = np.searchsorted(person.indices, np.array([first, last], np.int32))
    return bool(low < high)


def _dense(person: Seen, boxes: Float32 | Float64, first: int, last: int) -> Float64:
    """Return (last - first, 4) `boxes` of a person by frame; NaN where they are not seen."""
    low, high = np.searchsorted(person.indices, np.array([first, last], np.int32))
    out = np.full((last - first, 4), np.nan)
    out[person.indices[low:high] - first] = boxes[low:high]
    return out


def _doubtful(now: Float64, then: Float64, a: int) -> Iterator[tuple[int, Int32, Float64]]:
    """Yield whom of those after `a` they may be confused with: number, frames and margins.

    `now` and `then` are (P, F, 4) boxes seen and expected.
    """
    rest = slice(a + 1, None)
    together = overlap(now[rest], now[a]) > OVERLAP
    together |= overlap(then[rest], then[a]) > OVERLAP
    who, frames = np.nonzero(together)
    others = who + a + 1
    own, theirs = (now[a, frames], then[a, frames]), (now[others, frames], then[others, frames])
    kept = overlap(own[0], own[1]) + overlap(theirs[0], theirs[1])
    exchanged = overlap(own[0], theirs[1]) + overlap(theirs[0], own[1])
    margin = (kept - exchanged) / 2
    close = margin < CLOSE
    for b in np.unique(others[close]):
        with_b = close & (others == b)
        yield int(b), frames[with_b].astype(np.int32), margin[with_b]


def _of_pair(one: Seen, other: Seen, frames: Int32, margins: Float64) -> Signs:
    severities = np.clip(0.5 + 0.5 * (CLOSE - margins) / (2 * CLOSE), 0.5, 1.0)

    def words(at: int) -> Words:
        ids = f"{one.track_id} {other.track_id}"
        return Words(
            f"{one.called} and {other.called} are in one place and may have exchanged their ids",
            f"swap {ids} {frames[at]}",
        )

    return Signs((one.track_id, other.track_id), frames, severities, words)
