"""Opens a stream again and again when it is lost, with growing pauses, until patience is over."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import closing

from sdpose_track.capture.feed import Arrival, Cue, Feed, LostError
from sdpose_track.errors import SourceError

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0


def lasting(
    feed: Feed, cue: Cue, notice: Callable[[str], None], patience_s: float
) -> Generator[Arrival, None, None]:
    """Yield the pictures of `feed`, and go on when it is lost and comes back.

    `notice` is told, in a sentence, that it was lost and that it is back.

    Raises:
        SourceError: it could not be opened in the first place, it will not come back, or it sent no
            picture for `patience_s`.
    """
    newest, pause, is_away = None, _FIRST_PAUSE_S, False
    while not cue.stop.is_set():
        try:
            with closing(feed.play(cue)) as arrivals:
                for arrival in arrivals:
                    if is_away:
                        notice(f"{feed.name} is back.")
                    newest, pause, is_away = arrival.arrived, _FIRST_PAUSE_S, False
                    yield arrival
            return
        except LostError as lost:
            if newest is None or not patience_s or cue.stop.is_set():
                raise
            left = newest + patience_s - time.monotonic()
            if left <= 0:
                raise _given_up(lost, patience_s) from None
            pause = min(pause, left)
            notice(f"{lost.name} {lost.what}; trying again in {pause:.2g} s.")
        is_away = True
        cue.stop.wait(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_S)


def _given_up(lost: LostError, patience_s: float) -> SourceError:
    return SourceError(
        f"{lost.name} is given up after {patience_s:g} s without a picture: it {lost.what}; "
        f"{lost.remedy}."
    )
