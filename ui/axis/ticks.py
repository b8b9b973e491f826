"""The marks of the ruler. No Qt may enter but for texts, which are pure."""

from __future__ import annotations

import math
from typing import NamedTuple

from ui.axis.scale import Scale
from ui.look.texts import timecode

CLOSEST = 6.0
"""Pixels between two fine ticks, or more."""
_STEPS_MS = (
    (10, 2), (20, 2), (50, 5), (100, 2), (200, 2), (500, 5),
    (1_000, 10), (2_000, 4), (5_000, 5), (10_000, 10), (30_000, 6),
    (60_000, 6), (120_000, 4), (300_000, 5), (600_000, 10), (1_800_000, 6),
    (3_600_000, 6), (7_200_000, 4), (21_600_000, 6), (86_400_000, 4), (864_000_000, 10),
)  # fmt: skip
"""Milliseconds between two labels, and into how many parts fine ticks divide them."""


class Tick(NamedTuple):
    """A mark at a place, in pixels from the left."""

    x: float
    label: str
    """A time; empty for a fine tick."""


def ticks(scale: Scale, room: float) -> list[Tick]:
    """Return the marks in view from left to right, labels at least `room` pixels apart.

    Where frames usually have room for a label, they have one, with their own time. Before that,
    fine ticks are frames as soon as they can be told apart.
    """
    if scale.frame_width >= room:
        return _of_frames(scale, room)
    step, parts = _step(scale, room)
    found = {x: _label(ms, step) for ms, x in _every(scale, step)}
    fine = (
        (scale.x_of(i) for i in _begun(scale))
        if scale.frame_width >= CLOSEST
        else (x for _, x in _every(scale, step / parts))
        if step / parts / 1000 * scale.width / scale.span >= CLOSEST
        else ()
    )
    labelled = [Tick(x, label) for x, label in found.items()]
    return sorted([*labelled, *(Tick(x, "") for x in fine if x not in found)])


def _of_frames(scale: Scale, room: float) -> list[Tick]:
    """Return a mark for each frame; the label of one after a short frame may have no room."""
    found: list[Tick] = []
    free = 0.0
    for index in _begun(scale):
        x = scale.x_of(index)
        label = timecode(scale.clock.time_of(index)) if x >= free - 0.5 else ""
        free = x + room if label else free
        found.append(Tick(x, label))
    return found


def _begun(scale: Scale) -> range:
    """Return the frames that begin in view."""
    frames = scale.frames_in_view()
    return frames[1:] if frames and scale.x_of(frames[0]) < -0.5 else frames


def _step(scale: Scale, room: float) -> tuple[int, int]:
    """Return the smallest step whose labels have room."""
    least = room * scale.span / scale.width * 1000
    return next(((ms, parts) for ms, parts in _STEPS_MS if ms >= least), _STEPS_MS[-1])


def _every(scale: Scale, step_ms: float) -> list[tuple[float, float]]:
    """Return the multiples of a step that are in view: milliseconds and pixels."""
    first = math.ceil(scale.start * 1000 / step_ms - 1e-6)
    last = math.floor((scale.start + scale.span) * 1000 / step_ms + 1e-6)
    times = [step_ms * k for k in range(first, last + 1)]
    return [(ms, scale.x_of_time(ms / 1000)) for ms in times]


def _label(ms: float, step: int) -> str:
    """Return a time with no more decimals than its step has."""
    text = timecode(ms / 1000)
    if step % 1000 == 0:
        return text[:-4]
    return text[:-2] if step % 100 == 0 else text
