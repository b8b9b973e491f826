"""How good a session is: figures of every person, what was repaired, and what is doubtful."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

import numpy as np

from sdpose_track.kinematics.bones import bone_lengths
from sdpose_track.kinematics.jitter import jitter
from sdpose_track.kinematics.trace import Trace, trace
from sdpose_track.records import Float64, FrameState, Int32, Provenance, TrackArrays
from sdpose_track.review.doubts import REASONS, Doubt, Look
from sdpose_track.session.recording import Recording
from sdpose_track.session.view import View
from sdpose_track.skeletons import Skeleton
from sdpose_track.smooth.choices import Smoothing


@dataclass(frozen=True, slots=True)
class PersonQuality:
    """Figures of one person, as shown. Shares are in 0..1; None where nothing could be measured."""

    track_id: int
    name: str | None
    """What a person called them."""
    first: int
    """Index of their first frame."""
    last: int
    frames: int
    """How many frames they were seen in."""
    coverage: float
    """Share of the frames from the first to the last in which they were seen."""
    gaps: int
    """How many times they were lost and found again."""
    longest_gap_s: float
    """Longest time between two frames in which they were seen, of those with a gap between; 0
    without gaps."""
    filled_frames: int
    """Frames inside gaps that smoothing fills."""
    measured: float
    """Share of their keypoints, over all frames of the smoothed view, that a model saw, be it the
    fast one of a live run."""
    predicted: float
    """Share that the filter put in place of an outlier or of what was not seen."""
    filled: float
    """Share inside gaps."""
    edited: float
    """Share that a person put in place."""
    missing: float
    """Share without a position. The five shares make 1."""
    jitter: float | None
    """Of the raw poses, in body heights per s³: see `kinematics.jitter`."""
    jitter_smoothed: float | None
    """The same of the smoothed ones."""
    confidence: float
    """Mean confidence of the raw keypoints."""
    bone_variation: float | None
    """Median over the bones of the standard deviation of their raw lengths over the mean: 0 is
    stiff."""


@dataclass(frozen=True, slots=True)
class Report:
    """Figures of a session with the repairs that hold."""

    complete: bool
    """The run that made it came to its end."""
    live: bool
    """Recorded from a live source."""
    lost: int
    """Frames that could not be decoded."""
    people: tuple[PersonQuality, ...]
    """By ascending id."""
    births: int
    """People who begin away from the border of the picture, within the recording."""
    deaths: int
    """People who end so."""
    repairs: int
    """Edits that hold."""
    left_out: tuple[str, ...]
    """A sentence for each of them that no longer makes sense."""
    doubts: tuple[Doubt, ...]
    """What is worth a look, by ascending frame."""

    @property
    def by_reason(self) -> Mapping[str, int]:
        """How many doubts there are of each reason that occurs."""
        counts = Counter(doubt.reason for doubt in self.doubts)
        return {reason: counts[reason] for reason in REASONS if counts[reason]}

    def worst(self, count: int) -> tuple[Doubt, ...]:
        """Return the `count` most severe doubts, the most severe first."""
        return tuple(sorted(self.doubts, key=lambda doubt: -doubt.severity)[:count])

    def findings(self, severity: float) -> tuple[str, ...]:
        """Return a sentence for all that is wrong, and each doubt of `severity` (0..1) or more."""
        found = list(self.left_out)
        if not self.complete:
            advice = "it was cut short" if self.live else "go on with track --resume"
            found.append(f"the session is not complete; {advice}")
        if self.lost:
            frames = "1 frame" if self.lost == 1 else f"{self.lost} frames"
            found.append(f"{frames} of the source could not be decoded")
        if not self.people:
            found.append("nobody was tracked")
        severe = [doubt for doubt in self.doubts if doubt.severity >= severity]
        found += [f"frame {d.frame}: {d.says} ({d.reason}, {d.severity:.2f})" for d in severe]
        return tuple(found)


def quality(
    recording: Recording,
    smoothing: Smoothing = Smoothing.OFFLINE,
    heard: Callable[[float], object] = lambda _: None,
) -> Report:
    """Return the figures of `recording`; those of the smoothed view are of `smoothing`.

    One person is in memory at a time, raw or smoothed. `heard` is told after each which share of
    the work (0..1) is done: hours of whole bodies take minutes. Raises SessionError if the session
    is damaged.
    """
    raw = View(recording, Smoothing.OFF)
    smooth = View(recording, smoothing, raw.track_ids, repairs=raw.repairs)
    look, measured = Look(raw), dict[int, _Measured]()
    done, all_of_it = count(1), 2 * len(raw.track_ids)
    for track in raw.tracks():
        if len(track):  # a run that goes on has just found those who are nowhere
            look.take(track)
            measured[track.track_id] = _measured(track, raw.skeleton)
        del track  # before the next one is computed
        heard(next(done) / all_of_it)
    people = []
    for track in smooth.tracks():
        if track.track_id in measured:
            name = raw.names.get(track.track_id)
            people.append(_person(name, measured[track.track_id], track, raw.skeleton))
        del track
        heard(next(done) / all_of_it)
    looked = look.result()
    return Report(
        recording.is_complete,
        recording.is_live,
        recording.count_states()[FrameState.LOST] + recording.lost_after_last,
        tuple(people),
        sum(end.is_doubtful for end in looked.births),
        sum(end.is_doubtful for end in looked.deaths),
        raw.repairs.count,
        raw.repairs.left_out,
        looked.doubts,
    )


class _Measured(NamedTuple):
    """What is kept of a person's raw poses."""

    indices: Int32
    """(F,) frame indices."""
    gap_s: Float64
    """The seconds across each gap."""
    jitter: float | None
    confidence: float
    bone_variation: float | None


def _measured(raw: TrackArrays, skeleton: Skeleton) -> _Measured:
    sure = trace(raw, skeleton)
    variation = bone_lengths(sure).variation
    known = variation[np.isfinite(variation)]
    return _Measured(
        raw.indices.copy(),
        np.diff(raw.times)[np.diff(raw.indices) > 1],
        _jitter(sure),
        float(raw.scores.mean()),
        float(np.median(known)) if known.size else None,
    )


def _person(
    name: str | None, raw: _Measured, smooth: TrackArrays, skeleton: Skeleton
) -> PersonQuality:
    first, last = int(raw.indices[0]), int(raw.indices[-1])
    there = np.isfinite(smooth.keypoints).all(axis=-1)
    filled = (smooth.indices < last) & ~np.isin(smooth.indices, raw.indices)
    shares = {p: float((there & (smooth.provenance == p)).mean()) for p in Provenance}
    return PersonQuality(
        smooth.track_id,
        name,
        first,
        last,
        frames=raw.indices.size,
        coverage=raw.indices.size / (last - first + 1),
        gaps=raw.gap_s.size,
        longest_gap_s=float(raw.gap_s.max(initial=0.0)),
        filled_frames=int(filled.sum()),
        measured=shares[Provenance.MEASURED] + shares[Provenance.MEASURED_FAST],
        predicted=shares[Provenance.PREDICTED],
        filled=shares[Provenance.FILLED],
        edited=shares[Provenance.EDITED],
        missing=float(1 - there.mean()),
        jitter=raw.jitter,
        jitter_smoothed=_jitter(trace(smooth, skeleton)),
        confidence=raw.confidence,
        bone_variation=raw.bone_variation,
    )


def _jitter(person: Trace) -> float | None:
    found = jitter(person.points, person.indices, person.times, person.heights)
    return found if np.isfinite(found) else None
