"""What `track` and `export` share: checking format names and writing exports with a bar."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from sdpose_track.cli.screen import Screen
from sdpose_track.errors import SettingsError
from sdpose_track.export import ExportOptions, export, find_format
from sdpose_track.export.clock import TELEVISION_RATES
from sdpose_track.export.job import clock_of
from sdpose_track.export.options import LEAST_FPS, MOST_FPS, chosen
from sdpose_track.export.presets import PRESETS
from sdpose_track.export.table import FORMATS, Format
from sdpose_track.records import FrameState
from sdpose_track.session.recording import Recording
from sdpose_track.session.view import View
from sdpose_track.smooth.choices import SmoothSettings

_RATE = re.compile(r"[0-9.]{1,20}(/[0-9]{1,20})?")
"""What may be a rate. Not `1e-99999999`, which a fraction would be made of for minutes."""
_AS_WRITTEN = Fraction(5, 1000)
"""How far a rate of television may be from its two decimals."""


def parse_formats(wishes: Sequence[str]) -> list[str]:
    """Return the formats in `csv` and `csv,coco`, each once.

    Raises SettingsError for a name that is none, before anything else is done.
    """
    names = [name.strip() for wish in wishes for name in wish.split(",")]
    return [find_format(name).name for name in dict.fromkeys(names)]


def parse_tuning(wishes: Sequence[str]) -> SmoothSettings:
    """Return the figures in `cutoff_hz=8`. Raises SettingsError for what is none."""
    known = {field.name: field.type for field in fields(SmoothSettings)}
    chosen: dict[str, Any] = {}
    for wish in wishes:
        name, _, value = wish.partition("=")
        if name not in known:
            raise SettingsError(
                f"--tune {wish}: expected NAME=VALUE with one of {', '.join(known)}"
            )
        try:
            chosen[name] = _READ[str(known[name])](value)
        except (KeyError, ValueError) as error:
            raise SettingsError(
                f"--tune {wish}: expected {name}={_TAKES[str(known[name])]}"
            ) from error
    try:
        return SmoothSettings(**chosen)
    except SettingsError as error:
        raise SettingsError(f"--tune {error}") from error


_READ: dict[str, Callable[[str], Any]] = {
    "float": float,
    "int": int,
    "bool": {"yes": True, "no": False}.__getitem__,
}
_TAKES = {"float": "NUMBER", "int": "WHOLE NUMBER", "bool": "yes or no"}


def parse_choices(
    wishes: Sequence[str], formats: Sequence[str], options: ExportOptions
) -> ExportOptions:
    """Return `options` with the choices in `layout=body_25`. Raises SettingsError for none such."""
    known = [name for format_name in formats for name in FORMATS[format_name].choices]
    pairs = {name: value for name, _, value in (wish.partition("=") for wish in wishes)}
    return chosen(options, pairs, known)


def parse_rate(text: str) -> Fraction:
    """Return frames per second of `24`, `30000/1001` or `29.97`. Raises SettingsError otherwise.

    Decimals that stand for a rate of television are that rate: `29.97` is 30000/1001.
    """
    try:
        rate = Fraction(text if _RATE.fullmatch(text) else "")
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not LEAST_FPS <= rate <= MOST_FPS:
        raise SettingsError(
            f"--fps {text}: expected frames per second such as 24, 29.97 or 30000/1001"
        )
    known = [r for r in TELEVISION_RATES if "." in text and abs(rate - r) < _AS_WRITTEN]
    return known[0] if known else rate


def parse_people(text: str) -> tuple[int, ...]:
    """Return the ids in `1,3,7`. Raises SettingsError otherwise."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and len(part) < 10 for part in parts):
        raise SettingsError(f"--people {text}: expected track ids such as 1,3")
    return tuple(int(part) for part in parts)


@dataclass(frozen=True, slots=True)
class Exports:
    """What is written where."""

    view: View
    folder: Path
    stem: str
    options: ExportOptions = field(default_factory=ExportOptions)


def export_all(exports: Exports, names: Sequence[str], screen: Screen) -> list[Path]:
    """Write a view in each format, in the order given, and return the paths."""
    view, paths = exports.view, []
    frames = len(view.indices)

    def progress(done: int, total: int) -> None:  # at another rate `total` is not `frames`
        screen.advance(frames * done // max(total, 1))

    options = replace(exports.options, progress=progress)
    if not view.track_ids:
        screen.note(f"nobody is in {exported_part(view)}, so nobody is in its exports")
    _note_clock(view, options, [FORMATS[name] for name in names], screen)
    for name in names:
        screen.begin(f"writing {name}", frames)
        try:
            paths.append(export(view, name, exports.folder, exports.stem, options))
        finally:
            screen.end()
    return paths


def _note_clock(
    view: View, options: ExportOptions, formats: Sequence[Format], screen: Screen
) -> None:
    """Say where an export has other frames than the source, or not all of them."""
    if options.preset is not None:
        preset = PRESETS[options.preset]
        _, grid = clock_of(view, options.rate or preset.rate, needs_rate=True)
        count = len(view.indices) if grid is None else len(grid)
        if options.frames is None and preset.count(count) < count:
            screen.note(
                f"preset {options.preset}: the first {preset.count(count)} of {count} frames;"
                " --set frames=N takes others"
            )
    elif options.rate is None and any(entry.needs_rate for entry in formats):
        rate, grid = clock_of(view, None, needs_rate=True)
        if grid is not None and rate is not None:
            screen.note(
                f"the frames of {view.source.name} are uneven; formats that need a constant rate"
                f" get {float(rate):.6g} frames/s, --fps chooses another"
            )


def exported_part(view: View) -> str:
    """Return what a view is of, in words: a source, or a part of it."""
    is_part = view.indices != view.recording.indices()
    return f"this part of {view.source.name}" if is_part else view.source.name


def frame_counts(recording: Recording, some: range | None = None) -> dict[str, int]:
    """Return how many frames there are, as in `--json`; `frames` are those with a picture.

    Counted are `some` of the frames, None for all.
    """
    states = recording.count_states() if some is None else recording.count_states(some)
    is_to_the_end = some is None or some.stop == recording.indices().stop
    after_last = recording.lost_after_last if is_to_the_end else 0
    return {
        "frames": states[FrameState.WHOLE] + states[FrameState.CONCEALED],
        "frames_lost": states[FrameState.LOST] + after_last,
        "frames_concealed": states[FrameState.CONCEALED],
    }
