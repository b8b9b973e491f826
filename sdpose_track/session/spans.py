"""Who is in a view, and from when to when."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from sdpose_track.errors import SettingsError
from sdpose_track.repair.edits import LAST_FRAME
from sdpose_track.repair.identities import Piece
from sdpose_track.repair.repairs import Repairs, within
from sdpose_track.session.facts import RawFacts
from sdpose_track.session.recording import TrackSpan


def shown_spans(frames: range, repairs: Repairs, facts: RawFacts) -> tuple[TrackSpan, ...]:
    """Return when each shown person is in `frames`, by ascending id.

    A run that goes on may have carried the tracked ones beyond.
    """
    raw = {span.track_id: span for span in facts.spans}
    found = []
    for shown, pieces in sorted(repairs.identities.all_pieces(raw).items()):
        own = raw.get(shown)
        if own is not None and own.last < frames.stop and pieces == [Piece(shown, 0, LAST_FRAME)]:
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
