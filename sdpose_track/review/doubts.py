"""The list of what is worth a look: the frames in which identity or pose is doubtful.

A doubt is no error: it is a place where errors are likely, with the reason, how likely, and what to
do. docs/review.md tells the rules and what each severity means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from sdpose_track.kinematics.rolling import Rows
from sdpose_track.records import Int32, TrackArrays
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
    look = Look(raw)
    for track in raw.tracks():
        if len(track):  # a run that goes on has just found those who are nowhere
            look.take(track)
        del track  # before the next one is read
    return look.result().doubts


class Looked(NamedTuple):
    """What was seen in a view."""

    births: list[ends.End]
    """Where each person begins."""
    deaths: list[ends.End]
    """Where each ends."""
    doubts: tuple[Doubt, ...]
    """What is worth a look, by ascending frame."""


class Look:
    """Takes the people of a raw view one after another, and keeps nobody's poses."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._scene = Scene(view)
        self._people: list[Seen] = []
        self._found: list[Doubt] = []

    def take(self, track: TrackArrays) -> None:
        """Look at a person of the view, in F frames; F is 1 or more."""
        called = self._view.repairs.called(track.track_id)
        subject = Subject(called, track, self._view.skeleton)
        self._people.append(subject.seen())
        self._found += doubts_of_poses(subject, self._scene)

    def result(self) -> Looked:
        """Return what was found, of all who were taken and between them."""
        people, scene = self._people, self._scene
        births, deaths = ends.births(people, scene), ends.deaths(people, scene)
        found = [*self._found]
        for reason, signs in ends.signs(births, deaths):
            found += _joined(reason, signs, scene)
        for signs in crossings.signs(people):
            found += _joined("crossing", signs, scene)
        kept = sorted(_without_ghosts(found), key=lambda d: (d.frame, d.first, d.track_ids))
        return Looked(births, deaths, tuple(kept))


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
