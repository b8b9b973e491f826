"""What dialogs ask of jobs: frozen values, checked where they are made."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sdpose_track.export import ExportOptions
from sdpose_track.settings import TrackSettings
from sdpose_track.smooth.choices import Smoothing


@dataclass(frozen=True, slots=True, kw_only=True)
class RunWish:
    """A run of the tracker over one source."""

    source: str
    """The path of a video, a picture, a folder or a pattern of pictures."""
    session: Path
    settings: TrackSettings | None
    """None goes on with a session as it was begun."""
    exports: tuple[str, ...] = ()
    """Names of formats to write after it."""
    smoothing: Smoothing = Smoothing.OFFLINE
    """Of the exports."""
    resume: bool = False
    """Go on with a session that is there."""
    overwrite: bool = False
    """Replace a session that is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportWish:
    """One session in one or more formats."""

    session: Path
    formats: tuple[str, ...]
    folder: Path
    options: ExportOptions = field(default_factory=ExportOptions)
    smoothing: Smoothing = Smoothing.OFFLINE
    people: tuple[int, ...] | None = None
    """Track ids; None for everybody."""
    frames: range | None = None
    """Frame indices, one after another; None for all."""
    each: bool = False
    """Write everything for each person by themselves."""
