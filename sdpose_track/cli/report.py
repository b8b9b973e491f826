"""A session's quality in words and figures, for a terminal of 80 columns and as JSON."""

from __future__ import annotations

import math
import textwrap
from dataclasses import asdict
from fractions import Fraction
from typing import Any

from sdpose_track.review.doubts import Doubt
from sdpose_track.review.report import PersonQuality, Report

WIDTH = 80
MOST_PEOPLE = 20
MOST_DOUBTS = 10
_LABEL = 33
_HEAD = (
    f"{'':{_LABEL}}{'seen':>6} {'gaps':>4} {'longest':>8} {'jitter':>13} {'filled':>6} {'sure':>5}"
)

_LEGEND = "  jitter: raw > smoothed, in body heights per s³; sure: mean confidence"


def as_json(report: Report) -> dict[str, Any]:
    """Return everything in `report` as JSON values; null stands for a figure that there is not."""
    found: dict[str, Any] = plain(
        {
            "people": [asdict(person) for person in report.people],
            "births": report.births,
            "deaths": report.deaths,
            "repairs": report.repairs,
            "left_out": report.left_out,
            "doubts": dict(report.by_reason),
            "worth_a_look": [asdict(doubt) for doubt in report.doubts],
        }
    )
    return found


def lines(report: Report) -> list[str]:
    """Return the report as lines."""
    return [*_people(report), *_whole(report), *_doubts(report)]


def _people(report: Report) -> list[str]:
    if not report.people:
        return ["  nobody was tracked"]
    shown = report.people[:MOST_PEOPLE]
    rows = [line for person in shown for line in _person(person)]
    more = len(report.people) - len(shown)
    rest = f"  and {more} more people: --json has them all"
    return [_HEAD, *rows, *([rest] if more else []), _LEGEND]


def _person(person: PersonQuality) -> list[str]:
    label = f"  person {person.track_id}: frames {person.first} to {person.last}"
    longest = f"{person.longest_gap_s:.2f} s" if person.gaps else ""
    shaking = f"{_figure(person.jitter)} > {_figure(person.jitter_smoothed)}"
    row = (
        f"{label:{_LABEL}}{person.coverage:>6.1%} {person.gaps:>4} {longest:>8} {shaking:>13}"
        f" {person.filled:>6.1%} {person.confidence:>5.0%}"
    )
    return [row] if person.name is None else [row, f"    called {person.name}"]


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


def _whole(report: Report) -> list[str]:
    return [
        f"  {counted(report.births, 'person begins', 'people begin')} and {report.deaths}"
        f" {'ends' if report.deaths == 1 else 'end'} away from the border of the picture;"
        f" {counted(report.repairs, 'repair', 'repairs')}"
    ]


def _doubts(report: Report) -> list[str]:
    if not report.doubts:
        return ["worth a look: nothing"]
    reasons = ", ".join(f"{count} {reason}" for reason, count in report.by_reason.items())
    worst = report.worst(MOST_DOUBTS)
    which = "the worst first" if len(worst) == len(report.doubts) else f"the {len(worst)} worst"
    head = f"worth a look: {len(report.doubts)} ({reasons}); {which}:"
    found = textwrap.wrap(head, WIDTH, subsequent_indent="  ")
    for doubt in worst:
        found += _doubt(doubt)
    if any(doubt.suggestion for doubt in worst):
        found.append("  [in brackets: what may put it right, after `sdpose-track edit SESSION`]")
    return found


def _doubt(doubt: Doubt) -> list[str]:
    begin = f"  {doubt.severity:.2f}  {doubt.reason:9} frame {doubt.frame}: "
    repair = f" [{doubt.suggestion}]" if doubt.suggestion else ""
    return textwrap.wrap(
        doubt.says + repair, WIDTH, initial_indent=begin, subsequent_indent=" " * 18
    )


def counted(count: int, one: str, many: str) -> str:
    """Return `1 frame` or `2 frames`."""
    return f"{count} {one if count == 1 else many}"


def plain(value: Any) -> Any:
    """Return `value` as JSON has it: fractions as text, None for a number that there is not."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, Fraction):
        return str(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value
