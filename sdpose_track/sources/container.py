"""A media file opened, and the stream of it that is looked at."""

from __future__ import annotations

from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream


def open_container(path: Path) -> InputContainer:
    """Open `path` as a file and nothing else, whatever its name looks like.

    Raises:
        av.error.FFmpegError: it is no media file. OSError: it cannot be read.
    """
    return av.open(
        f"file:{path.absolute()}",
        options={"protocol_whitelist": "file"},
        metadata_errors="replace",
    )


def choose_stream(container: InputContainer) -> VideoStream | None:
    """Return the stream to show, everything else switched off; None if there is no video.

    An attached picture (the cover of a song) is no video.
    """
    attached = av.stream.Disposition.attached_pic
    videos = [s for s in container.streams.video if not s.disposition & attached]
    if not videos:
        return None
    best = container.streams.best("video")
    chosen = next((s for s in videos if s is best), videos[0])
    for other in container.streams:
        if other is not chosen:
            other.discard = av.stream.Discard.all
    return chosen
