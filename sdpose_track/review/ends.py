"""Tracks that begin or end where nobody can come from or go to, and which of them are one person.

Who enters or leaves does so at the border of the picture. Anybody else was there before or still
is: hidden, overlooked by the detector, or under another id.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from sdpose_track.records import Float64
from sdpose_track.review.evidence import Scene, Seen, Signs, Words, severity
from sdpose_track.track.association import assign

EXCUSED_S = 0.25
"""So soon after frames that were not seen nobody can have been found yet, in seconds."""
SIDE_MARGIN = 0.5
"""Of the box's width: within this of the left or right border somebody is at it."""
PICTURE_MARGIN = 0.02
"""Of the picture: within this of any border somebody is at it."""
REACH_S = 0.5
"""Who would reach the border in this time, as they move, is at it."""
SOON_S = 3.0
"""How long after one track ended another may begin as the same person."""
NEAR = 1.0
"""How far apart they may be then, in heights of the box."""
ALIKE = 2.0
"""How many times taller one may be than the other."""
BRIEF_S = 0.5
"""A track shorter than this is one doubt, not two."""


class End(NamedTuple):
    """The first or last frame of a track."""

    person: Seen
    row: int
    """0 or the last."""
    ratio: float
    """Distance from the border over the margin: above 1 is away from it."""
    excused: bool
    """Nothing was seen before the first or after the last frame."""

    @property
    def frame(self) -> int:
        """Its index."""
        return int(self.person.indices[self.row])

    @property
    def is_doubtful(self) -> bool:
        """Nobody can have come or gone here."""
        return self.ratio > 1.0 and not self.excused


def births(people: Sequence[Seen], scene: Scene) -> list[End]:
    """Return where each of `people` begins."""
    return [_end(person, 0, scene) for person in people]


def deaths(people: Sequence[Seen], scene: Scene) -> list[End]:
    """Return where each of `people` ends."""
    return [_end(person, len(person.indices) - 1, scene) for person in people]


def broken(begins: Sequence[End], ends: Sequence[End]) -> list[tuple[End, End, float]]:
    """Return the (death, birth, cost) that are probably one person; the cost is in 0..1.

    Each end is used once at most, and the sum of costs is the least.
    """
    begins = sorted((b for b in begins if not b.excused), key=lambda begin: begin.frame)
    ends = [end for end in ends if not end.excused]
    frames = np.array([begin.frame for begin in begins], np.int64)
    times = np.array([begin.person.times[0] for begin in begins], np.float64)
    cost = np.ones((len(ends), len(begins)))
    for row, end in enumerate(ends):
        first = int(np.searchsorted(frames, end.frame, side="right"))
        last = int(np.searchsorted(times, end.person.times[-1] + SOON_S, side="right"))
        for column in range(first, last):
            cost[row, column] = _cost(end, begins[column])
    rows, columns = assign(cost, 1.0)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return [(ends[row], begins[column], float(cost[row, column])) for row, column in pairs]


def signs(people: Sequence[Seen], scene: Scene) -> Iterator[tuple[str, Signs]]:
    """Yield what is doubtful about where tracks begin and end, with the name of the reason."""
    begins, ends = births(people, scene), deaths(people, scene)
    one = broken(begins, ends)
    for end, begin, cost in one:
        yield "switch", _switch(end, begin, cost)
    gone_on = {end.person.track_id for end, _, _ in one}
    went_on = {begin.person.track_id for _, begin, _ in one}
    for begin, end in zip(begins, ends, strict=True):
        born = begin.is_doubtful and begin.person.track_id not in went_on
        died = end.is_doubtful and end.person.track_id not in gone_on
        if born and died and end.person.times[-1] - end.person.times[0] < BRIEF_S:
            yield "birth", _brief(begin, end)
            continue
        if born:
            yield "birth", _single(begin, "begins")
        if died:
            yield "death", _single(end, "ends")


def _end(person: Seen, row: int, scene: Scene) -> End:
    return End(person, row, _from_border(person, row, scene), _is_excused(person, row, scene))


def _is_excused(person: Seen, row: int, scene: Scene) -> bool:
    frame, end = int(person.indices[row]), scene.first + len(scene.seconds)
    at = int(np.searchsorted(scene.lost, frame))
    if row == 0:
        unseen = int(scene.lost[at - 1]) if at else scene.first - 1
    else:
        unseen = int(scene.lost[at]) if at < scene.lost.size else end
    if abs(frame - unseen) == 1:
        return True
    known = min(max(unseen, scene.first), end - 1)  # what lies outside of the recording has no time
    return abs(scene.time_of(known) - float(person.times[row])) <= EXCUSED_S


def _from_border(person: Seen, row: int, scene: Scene) -> float:
    """Return how far somebody is from a border through which they may come, over the margin."""
    width, height = scene.size
    boxes = person.boxes.astype(np.float64)
    here = _room(boxes, scene)[row]
    seconds = min(REACH_S, float(person.times[-1] - person.times[0]))  # no farther than is known
    way = person.velocity(row, REACH_S) * seconds * (-1 if row == 0 else 1)
    there = _room((boxes[row] + np.tile(way, 2))[None], scene)[0]
    side = max(PICTURE_MARGIN * width, SIDE_MARGIN * float(boxes[row, 2] - boxes[row, 0]))
    edge = PICTURE_MARGIN * height
    margins = np.array([side, edge, side, edge])
    ratios = np.minimum(here, there) / margins
    # Who is cut off by the lower border all the time, as before a webcam, does not leave by it.
    usual = (_room(boxes, scene) <= margins).mean(axis=0) > 0.5
    ratios[usual & np.array([False, True, False, True])] = np.inf
    return float(ratios.min())


def _room(boxes: Float64, scene: Scene) -> Float64:
    """Return (F, 4) how far boxes are from the left, upper, right and lower border; 0 beyond."""
    width, height = scene.size
    room = np.concatenate([boxes[:, :2], np.array([width, height]) - boxes[:, 2:]], axis=1)
    return np.asarray(np.maximum(room, 0.0))


def _cost(end: End, begin: End) -> float:
    """Return how unlikely it is that `begin`, later, is `end`; 1 or more is out of question."""
    if not (end.is_doubtful or begin.is_doubtful):
        return 1.0
    one, other = end.person, begin.person
    passed = float(other.times[0] - one.times[-1])
    height, taller = (
        float(p.boxes[row, 3] - p.boxes[row, 1]) for p, row in ((one, -1), (other, 0))
    )
    if min(height, taller) <= 0:
        return 1.0
    place, goal = one.centres[-1], other.centres[0]
    ahead = place + one.velocity(len(one.indices) - 1, REACH_S) * passed
    apart = min(np.hypot(*(goal - place)), np.hypot(*(goal - ahead))) / max(height, taller)
    size = abs(np.log(taller / height)) / np.log(ALIKE)
    return float(max(apart / NEAR, size, passed / SOON_S))


def _signs(people: Sequence[Seen], frames: Sequence[int], severe: float, words: Words) -> Signs:
    ids = tuple(person.track_id for person in people)
    count = len(frames)
    frame = np.array(frames, np.int32)
    return Signs(ids, frame, np.full(count, severe), lambda _: words, are_one=True)


def _switch(end: End, begin: End, cost: float) -> Signs:
    one, other = end.person, begin.person
    passed = float(other.times[0] - one.times[-1])
    words = Words(
        f"{one.called} ends and {other.called} begins {passed:.2f} s later nearby: probably the"
        " same person",
        f"merge {one.track_id} {other.track_id}",
    )
    return _signs((one, other), (end.frame, begin.frame), 1.0 - 0.5 * cost, words)


def _brief(begin: End, end: End) -> Signs:
    person = begin.person
    count = len(person.indices)
    words = Words(
        f"{person.called} is seen in {count} frame{'s' * (count > 1)} only, away from the border"
        " of the picture",
        f"delete {person.track_id}",
    )
    severe = float(severity(min(begin.ratio, end.ratio)))
    return _signs((person,), sorted({begin.frame, end.frame}), severe, words)


def _single(end: End, verb: str) -> Signs:
    words = Words(f"{end.person.called} {verb} away from the border of the picture")
    return _signs((end.person,), (end.frame,), float(severity(end.ratio)), words)
