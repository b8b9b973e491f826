"""Tracking from Python: one call from a video to a session file (docs/python.md)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sdpose_track.pipeline.events import Event
from sdpose_track.pipeline.plan import prepare
from sdpose_track.settings import TrackSettings
from sdpose_track.sources import open_source


def track_video(
    source: str | Path,
    session: str | Path,
    settings: TrackSettings | None = None,
    *,
    overwrite: bool = False,
    listener: Callable[[Event], None] | None = None,
) -> Path:
    """Track the people of `source` and their poses; return the path of the session file.

    A session that is there already is gone on with, or replaced with `overwrite`. `listener` is
    called with every event of the run on a thread of the engine's, and must return at once.
    Stopping the program at any moment loses nothing that was stored; the next call goes on.

    Raises:
        SdposeError: as its subclasses say; the message is a sentence for the user.
    """
    path = Path(session)
    with open_source(str(source)) as opened:
        run = prepare(
            opened, settings or TrackSettings(), path, resume=not overwrite, overwrite=overwrite
        )
        if run.engine is not None:
            if listener is not None:
                run.engine.events.subscribe(listener)
            run.engine.run()
    return path
