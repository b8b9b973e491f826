"""What a person types to go somewhere. Pure."""

from __future__ import annotations

import re

from sdpose_track.errors import SettingsError
from sdpose_track.settings import parse_time
from ui.document.clock import FrameClock

_FRAME = re.compile(r"[+-]?[0-9]+")
_HALF_MS = 0.0005
"""Times are told in milliseconds: one that was rounded down means the frame it was told of."""


def frame_of(text: str, clock: FrameClock, now: int) -> int | None:
    """Return the frame that is meant, or the nearest that there is; None if `text` means none.

    `120` is a frame, `+10` and `-10` are counted from `now`, `1:02.5` and `62.5` are times from the
    first frame of the source.
    """
    meant = frame_meant(text, clock, now)
    return None if meant is None else clock.clamped(meant)


def frame_meant(text: str, clock: FrameClock, now: int) -> int | None:
    """Return what `frame_of` returns, but beyond the ends an index that there is not."""
    text = text.strip()
    if _FRAME.fullmatch(text):
        return int(text) + (now if text[0] in "+-" else 0)
    try:
        seconds = float(parse_time(text.replace(",", ".").removesuffix("s").rstrip())) + _HALF_MS
    except SettingsError:
        return None
    if seconds < clock.time_of(clock.first):
        return clock.first - 1
    return clock.at(seconds) if seconds < clock.end_of(clock.last) else clock.last + 1
