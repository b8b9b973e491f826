"""How fast a job goes and how long it will take. Pure arithmetic on moments that a caller gives."""

from __future__ import annotations

from collections import deque

WINDOW_S = 10.0
"""Seconds over which the speed is averaged: the speed of now, not that of the first minutes."""
LEAST_S = 1.0
"""Nothing is said of the speed before so many seconds have been seen."""


class Pace:
    """A moving average that also falls while nothing comes."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def begin(self, now: float, done: int) -> None:
        """Count from here: at the start, and after a pause, whose time is no work."""
        self._seen.clear()
        self._seen.append((now, done))

    def note(self, now: float, done: int) -> None:
        """At `now`, in seconds of a steady clock, so many were done."""
        self._seen.append((now, done))
        while len(self._seen) > 2 and self._seen[1][0] <= now - WINDOW_S:
            self._seen.popleft()

    def per_second(self, now: float) -> float | None:
        """Return how many are done in a second; None while that is not known.

        If the next one is late it was at most one in all that time, and this is said.
        """
        if len(self._seen) < 2:
            return None
        (began, before), (newest, done) = self._seen[0], self._seen[-1]
        if done == before or newest - began < LEAST_S:
            return None
        return min((done - before) / (newest - began), (done + 1 - before) / (now - began))

    def left_s(self, now: float, total: int | None) -> float | None:
        """Return the seconds until `total` are done; None while that is not known."""
        speed = self.per_second(now)
        if speed is None or total is None:
            return None
        return max(0, total - self._seen[-1][1]) / speed
