"""What is left undecoded while decoding takes longer than the pictures last.

Without this every picture would come later than the one before, and a live view ends up many
seconds behind. Pure arithmetic: no clock is read here.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

_WINDOW_S = 2.0
_BUSY = 0.2
"""Decoding for all but this share of a window means that packets pile up."""
_IDLE = 0.5
"""Waiting for this share of it means that there is time to decode more."""
Skip: TypeAlias = Literal["DEFAULT", "NONREF", "NONKEY"]
_LEVELS: tuple[Skip, ...] = ("DEFAULT", "NONREF", "NONKEY")
"""FFmpeg's `skip_frame`: leave out nothing, what no picture refers to, all but key frames."""


class Hurry:
    """Says for each packet what may be left out."""

    def __init__(self) -> None:
        self._level = 0
        self._wished = 0
        self._began: float | None = None
        self._idle = 0.0

    def skip(self, now: float, idle_s: float, *, came: bool) -> Skip:
        """Return FFmpeg's `skip_frame` for a packet that is there `now`.

        `idle_s` is how long nothing was decoded before, in seconds; `came` tells that the packet
        before gave a picture. From key frames alone it goes back to all after one of them only:
        what lies between two refers to pictures that were not decoded.
        """
        if self._began is None:
            self._began = now
        else:
            self._idle += idle_s
        if now - self._began >= _WINDOW_S:
            share = self._idle / (now - self._began)
            self._began, self._idle = now, 0.0
            if share < _BUSY:
                self._wished = min(self._level + 1, len(_LEVELS) - 1)
            elif share > _IDLE:
                self._wished = max(self._level - 1, 0)
        if came or _LEVELS[self._level] != "NONKEY":
            self._level = self._wished
        return _LEVELS[self._level]
