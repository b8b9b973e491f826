"""The list of what is worth a look: the frames in which identity or pose is doubtful.

A doubt is no error: it is a place where errors are likely, with the reason, how likely, and what to
do. docs/review.md tells the rules and what each severity means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sdpose_track.kinematics.rolling import Rows
from sdpose_track.records import Int32
from sdpose_track.review import crossings, ends, poses
from sdpose_track.review.evidence import Scene, Seen, Signs, Subject
from sdpose_track.session.view import View
from sdpose_track.smooth.choices import Smoothing

JOIN_S = 0.5
"""Signs of one reason and the same people that are no farther apart are one doubt."""

OF_POSES: dict[str, Callable[[Subject], Signs]] = {
    "weak": poses.weak,
    "sides": poses.sides,
    "speed": poses.speed,
    "bones": poses.bones,
}
"""By reason: the rules for one person's poses, what explains others first."""
OF_IDENTITIES = ("switch", "crossing", "birth", "death")
"""Reasons to doubt who somebody is."""
REASONS = (*OF_IDENTITIES, *OF_POSES)
"""All of them."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Frames that are worth a look."""

    reason: str
    """One of `REASONS`."""
    first: int
    """Index of the first frame."""
    last: int
    """Index of the last frame, included."""
    frame: int
    """Index of the worst frame: the one to look at."""
    time_s: float
    """Seconds from the first frame of the source to `frame`."""
    track_ids: tuple[int, ...]
    """Who is concerned, as shown."""
    severity: float
    """0.5 at the threshold of the reason's rule, towards 1 far beyond it."""
    says: str
    """What is doubtful there: a sentence for the user, with the time."""
    suggestion: str
    """What would put it right if the doubt is justified: the words after `sdpose-track edit
    SESSION`. Empty where that depends on what is seen."""


def find_doubts(view: View) -> tuple[Doubt, ...]:
    """Return what is worth a look in `view`, by ascending frame.

    People are those of the view, with the repairs made in it; poses are looked at without
    smoothing, whatever the view's. One person is in memory at a time, beside everybody's boxes.
    """
    raw = View(view.recording, Smoothing.OFF, view.track_ids, repairs=view.repairs)
    scene, people = Scene(raw), list[Seen]()
    found: list[Doubt] = []
    for track in raw.tracks():
        if not len(track):  # a run that goes on has just found them
            continue
        subject = Subject(raw.repairs.called(track.track_id), track, raw.skeleton)
        people.append(subject.seen())
        found += doubts_of_poses(subject, scene)
    found += _of_identities(people, scene)
    return tuple(sorted(_without_ghosts(found), key=lambda d: (d.frame, d.first, d.track_ids)))


def doubts_of_poses(person: Subject, scene: Scene) -> Iterator[Doubt]:
    """Yield what is doubtful about the poses of one person: one doubt for one moment.

    Where several rules speak, the first of `OF_POSES` gives the reason, and the severity is that of
    the worst.
    """
    found = [rule(person) for rule in OF_POSES.values()]
    frames = np.concatenate([signs.frames for signs in found])
    severities = np.concatenate([signs.severities for signs in found])
    rules = np.repeat(np.arange(len(found)), [signs.frames.size for signs in found])
    places = np.concatenate([np.arange(signs.frames.size) for signs in found])
    order = np.argsort(frames, kind="stable")
    for moment in _moments(frames[order], scene):
        rows = order[moment]
        first = int(rules[rows].min())
        of_first = places[rows[rules[rows] == first]]
        yield replace(
            _doubt(tuple(OF_POSES)[first], found[first], of_first, scene),
            first=int(frames[rows[0]]),
            last=int(frames[rows[-1]]),
            severity=float(severities[rows].max()),
        )


def _without_ghosts(found: Sequence[Doubt]) -> Iterator[Doubt]:
    """Yield `found`; of somebody who is probably nobody, only the worst reason to think so."""
    ghosts: dict[tuple[int, ...], Doubt] = {}
    for doubt in sorted(found, key=lambda doubt: doubt.severity):
        if doubt.suggestion.startswith("delete"):
            ghosts[doubt.track_ids] = doubt
    return (doubt for doubt in found if ghosts.get(doubt.track_ids, doubt) is doubt)


def _of_identities(people: Sequence[Seen], scene: Scene) -> Iterator[Doubt]:
    for reason, signs in ends.signs(people, scene):
        yield from _joined(reason, signs, scene)
    for signs in crossings.signs(people):
        yield from _joined("crossing", signs, scene)


def _joined(reason: str, signs: Signs, scene: Scene) -> Iterator[Doubt]:
    """Yield `signs` as doubts, those that are near in one."""
    near = [np.arange(signs.frames.size)] if signs.are_one else _moments(signs.frames, scene)
    for rows in near:
        yield _doubt(reason, signs, rows, scene)


def _moments(frames: Int32, scene: Scene) -> list[Rows]:
    """Return the places in `frames` (n,), which ascend, of those that are near each other."""
    if not frames.size:
        return []
    times = scene.seconds[frames - scene.first]
    return np.split(np.arange(frames.size), np.flatnonzero(np.diff(times) > JOIN_S) + 1)


def _doubt(reason: str, signs: Signs, rows: Rows, scene: Scene) -> Doubt:
    """Return the `rows` of `signs`, ascending, as one doubt."""
    worst = int(rows[signs.severities[rows].round(3).argmax()])  # the first of equals
    frame = int(signs.frames[worst])
    time_s = scene.time_of(frame)
    says, suggestion = signs.words(worst)
    return Doubt(
        reason,
        int(signs.frames[rows[0]]),
        int(signs.frames[rows[-1]]),
        frame,
        time_s,
        signs.track_ids,
        float(signs.severities[worst]),
        f"at {time_s:.2f} s {says}",
        suggestion,
    )
