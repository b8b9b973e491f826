"""When live pictures were taken, told from their own time stamps and from when they came.

Over a network pictures come in bursts; a filter needs the true intervals. So a stream's own stamps
are believed as long as they agree with the arrivals. Pure arithmetic: no clock is read here.
"""

from __future__ import annotations

from fractions import Fraction

LIVE_TIME_BASE = Fraction(1, 90_000)
"""Seconds per unit of the time stamps that live frames carry."""

_LEAP_S = 1.0
"""A stamp that goes further than the arrivals by more than this begins anew."""
_SLEW = 0.001
"""Share of an interval by which media time follows the arrivals: clocks differ by far less."""
_AHEAD_S = 2.5
"""Media time further ahead of the arrivals is slowed down: no burst is as long."""
_WINDOW_S = 4.0
"""Longer than bursts are: in every window one picture comes without delay."""
_DRIFT = 0.02
"""Stamps that run faster or slower than the arrivals by this share are not those of a clock."""
_DRIFTING = 3
"""Windows in a row that must drift the same way before stamps are believed no more."""
_FARTHEST_S = 10.0
"""Nobody waits longer than this for a picture to be due: its stamp begins anew."""


class MediaClock:
    """Gives each picture of a live source its time. Times ascend strictly, whatever comes."""

    def __init__(self) -> None:
        self._first = 0.0
        """When the first picture came."""
        self._arrived: float | None = None
        self._stamp: float | None = None
        self._time = 0.0
        """Seconds of media from the first picture to the newest."""
        self._ticks = -1
        self._step = 0.0
        """Seconds of the last interval that was believed."""
        self._trend = _Trend()

    def restart(self) -> None:
        """Expect stamps that begin anew: the source was opened again."""
        self._stamp = None
        self._trend = _Trend()

    def tick(self, arrived: float, stamp: float | None) -> int:
        """Return the time of a picture in `LIVE_TIME_BASE` since the first one.

        `arrived` is in seconds of one steady clock; `stamp` is the source's own in seconds, None
        where it has none.
        """
        if self._arrived is None:
            self._first = arrived
        else:
            self._time += self._interval(max(0.0, arrived - self._arrived), stamp)
            self._time += self._trend.look(arrived, arrived - self._first - self._time)
        self._arrived, self._stamp = arrived, stamp
        self._ticks = max(self._ticks + 1, round(self._time / LIVE_TIME_BASE))
        return self._ticks

    def _interval(self, waited: float, stamp: float | None) -> float:
        """Return the seconds from the picture before, which came `waited` seconds ago."""
        if stamp is None or self._stamp is None or not self._trend.is_steady:
            return waited
        told = stamp - self._stamp
        if not 0 < told <= waited + _LEAP_S:
            return max(waited, self._step)
        self._step = told
        behind = (self._arrived or 0.0) + waited - self._first - self._time - told
        back = _DRIFT if behind < -_AHEAD_S else _SLEW
        return told + max(-back * told, min(_SLEW * told, behind))


class _Trend:
    """Whether stamps keep up with the arrivals, window after window."""

    def __init__(self) -> None:
        self.is_steady = True
        """The stamps are those of a clock."""
        self._began: float | None = None
        self._least = float("inf")
        """Seconds by which the least late picture of this window was late."""
        self._before: float | None = None
        """The same of the window before."""
        self._drifted = 0
        """Windows in a row that drifted, negative where the stamps run ahead."""

    def look(self, arrived: float, late: float) -> float:
        """Take in that a picture was `late` by its stamp, in seconds.

        Return how far media time must leap because it stays behind, in seconds; mostly 0.
        """
        if self._began is None:
            self._began = arrived
        self._least = min(self._least, late)
        if arrived - self._began < _WINDOW_S:
            return 0.0
        least, before = self._least, self._before
        self._before, self._began, self._least = least, arrived, float("inf")
        if before is None:
            return 0.0
        drift = least - before
        if abs(drift) > _DRIFT * _WINDOW_S:
            goes_on = self._drifted * drift > 0
            self._drifted = (self._drifted if goes_on else 0) + (1 if drift > 0 else -1)
            self.is_steady = self.is_steady and abs(self._drifted) < _DRIFTING
            return 0.0
        self._drifted = 0
        if least <= _LEAP_S:
            return 0.0
        self._before = 0.0
        return least


class Pace:
    """When the pictures of a source that sends them in bursts, or all at once, are due."""

    def __init__(self) -> None:
        self._offset: float | None = None
        """Seconds from a stamp to when its picture is due."""
        self._stamp = 0.0
        self._step = 0.0

    def due(self, now: float, stamp: float) -> float:
        """Return when the picture with `stamp` is due; later ones wait where one came late.

        All in seconds; `now` and what is returned are of one steady clock.
        """
        told = stamp - self._stamp
        if self._offset is None:
            self._offset = now - stamp
        elif not 0 < told <= _FARTHEST_S:
            self._offset += self._step - told
        else:
            self._step = told
        self._stamp = stamp
        self._offset = max(self._offset, now - stamp)
        return stamp + self._offset
