"""Who is in a view, and from when to when, and which frames it has."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import ceil
from pathlib import Path

import numpy as np

from sdpose_track.errors import SettingsError
from sdpose_track.repair.edits import LAST_FRAME
from sdpose_track.repair.identities import Piece
from sdpose_track.repair.repairs import Repairs, within
from sdpose_track.session.facts import RawFacts
from sdpose_track.session.recording import Recording, TrackSpan


def stored_of(frames: range, stored: range, path: Path) -> range:
    """Return those of `frames`, a range without steps, that are `stored` in the session at `path`.

    Raises SettingsError if there is none.
    """
    found = range(max(frames.start, stored.start), min(frames.stop, stored.stop))
    if not found:
        there = f"has {stored.start} to {stored.stop - 1}" if stored else "has no frames yet"
        raise SettingsError(
            f"frames {frames.start} to {frames.stop - 1}: {path} has none of them; it {there}"
        )
    return found


def between(recording: Recording, start: Fraction, end: Fraction | None) -> range:
    """Return the stored frames from `start` to before `end`, in seconds from the source's first.

    Without an `end` all to the last. Raises SettingsError if there is none.
    """
    unit, stored = recording.header.source.time_base, recording.indices()
    times = recording.frame_times()[: len(stored)]
    stamps = np.rint(times * (unit.denominator / unit.numerator))  # whole again: ends are exact
    first = int(np.searchsorted(stamps, ceil(start / unit)))
    stop = len(stored) if end is None else int(np.searchsorted(stamps, ceil(end / unit)))
    if first >= stop:
        there = f"from {times[0]:.3f} s to {times[-1]:.3f} s" if times.size else "not there yet"
        raise SettingsError(
            f"--start and --end choose no frame of {recording.path}, whose frames are {there}"
        )
    return stored[first:stop]


def shown_spans(frames: range, repairs: Repairs, facts: RawFacts) -> tuple[TrackSpan, ...]:
    """Return when each shown person is in `frames`, by ascending id.

    A run that goes on may have carried the tracked ones beyond.
    """
    raw = {span.track_id: span for span in facts.spans}
    found = []
    for shown, pieces in sorted(repairs.identities.all_pieces(raw).items()):
        own = raw.get(shown) if pieces == [Piece(shown, 0, LAST_FRAME)] else None
        if own is not None and own.first >= frames.start and own.last < frames.stop:
            found.append(own)
            continue
        parts = [within(facts.presence(p.tracked), p.first, p.last) for p in pieces]
        there = np.sort(np.concatenate(parts))
        there = within(there, frames.start, frames.stop - 1)
        if there.size:
            found.append(TrackSpan(shown, int(there[0]), int(there[-1]), there.size))
    return tuple(found)


def chosen(spans: tuple[TrackSpan, ...], people: Iterable[int] | None) -> tuple[TrackSpan, ...]:
    """Return the `spans` of `people`, None for all. Raises SettingsError for an unknown one."""
    if people is None:
        return spans
    wanted = set(people)
    known = {span.track_id for span in spans}
    if missing := sorted(wanted - known):
        there = ", ".join(str(i) for i in sorted(known)) or "nobody"
        raise SettingsError(f"--people: there is no person {missing[0]}; this session has {there}")
    return tuple(span for span in spans if span.track_id in wanted)
