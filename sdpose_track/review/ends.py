"""Tracks that begin or end where nobody can come from or go to, and which of them are one person.

Who enters or leaves does so at the border of the picture. Anybody else was there before or still
is: hidden, overlooked by the detector, or under another id.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from sdpose_track.kinematics.rolling import Rows
from sdpose_track.records import Float64
from sdpose_track.review.evidence import Scene, Seen, Signs, Words, centres, severity

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
    later = _Beginnings(begins)
    near = [later.near(end) for end in ends]
    counts = [columns.size for columns, _ in near]
    if not sum(counts):
        return []
    rows = np.repeat(np.arange(len(ends)), counts)
    columns, costs = (np.concatenate(parts) for parts in zip(*near, strict=True))
    return [
        (ends[rows[at]], begins[columns[at]], float(costs[at]))
        for at in _cheapest(rows, columns, costs)
    ]


def signs(begins: Sequence[End], ends: Sequence[End]) -> Iterator[tuple[str, Signs]]:
    """Yield what is doubtful about where tracks begin and end, with the name of the reason.

    `begins` and `ends` are of the same people, in the same order.
    """
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


class _Beginnings:
    """Where and how B tracks begin, by ascending frame."""

    def __init__(self, begins: Sequence[End]) -> None:
        people = [begin.person for begin in begins]
        boxes = np.array([person.boxes[0] for person in people], np.float64).reshape(-1, 4)
        self._frames = np.array([begin.frame for begin in begins], np.int64)
        self._times = np.array([person.times[0] for person in people], np.float64)
        self._places = centres(boxes)
        self._heights = boxes[:, 3] - boxes[:, 1]
        self._doubtful = np.array([begin.is_doubtful for begin in begins], np.bool_)

    def near(self, end: End) -> tuple[Rows, Float64]:
        """Return which of them may be `end`, gone on, and the cost of each: how unlikely, 0..1."""
        one, time_s = end.person, float(end.person.times[-1])
        first = int(np.searchsorted(self._frames, end.frame, side="right"))
        last = int(np.searchsorted(self._times, time_s + SOON_S, side="right"))
        columns = np.arange(first, max(first, last))
        columns = columns[self._doubtful[columns] | end.is_doubtful]
        passed, tall = self._times[columns] - time_s, self._heights[columns]
        last_box = one.boxes[-1:].astype(np.float64)
        height = last_box[0, 3] - last_box[0, 1]
        ways = self._places[columns] - centres(last_box)
        ahead = one.velocity(len(one.indices) - 1, REACH_S) * passed[:, None]
        apart = np.minimum(np.hypot(*ways.T), np.hypot(*(ways - ahead).T))
        with np.errstate(divide="ignore", invalid="ignore"):  # boxes without a height
            apart /= np.maximum(height, tall) * NEAR
            size = np.abs(np.log(tall / height)) / np.log(ALIKE)
        cost = np.maximum(np.maximum(apart, size), passed / SOON_S)
        likely = cost < 1
        return columns[likely], cost[likely]


def _cheapest(rows: Rows, columns: Rows, costs: Float64) -> Rows:
    """Return which of the pairs (n,) to choose: each row and column once at most, cheapest in sum.

    Costs are below 1, and 1 is what leaving a row and a column alone costs.
    """
    who, row = np.unique(rows, return_inverse=True)
    others, column = np.unique(columns, return_inverse=True)
    # Whoever stays alone is paired with a column of their own. 1 more for all, as 0 is no pair.
    alone = np.arange(who.size)
    weights = np.concatenate([costs, np.ones(who.size)]) + 1
    places = np.concatenate([row, alone]), np.concatenate([column, others.size + alone])
    graph = coo_array((weights, places), shape=(who.size, others.size + who.size)).tocsr()
    _, partner = min_weight_full_bipartite_matching(graph)  # of every row, in order
    return np.flatnonzero(partner[row] == column)


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
