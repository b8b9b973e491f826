"""Documents for tests: opened, waited for, and closed with all their threads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from pytestqt.qtbot import QtBot
from sessions import Script, person, write

from sdpose_track.records import Pose
from sdpose_track.sources import open_source
from ui.document.document import Document
from ui.document.reading import Kind


@contextmanager
def opened(qtbot: QtBot, path: Path) -> Iterator[Document]:
    """Open `path` and wait for its frames."""
    document = Document()
    problems: list[str] = []
    document.refused.connect(problems.append)
    document.video_missing.connect(problems.append)
    try:
        with qtbot.waitSignal(document.opened, timeout=20_000):
            document.open(path)
        qtbot.waitUntil(lambda: bool(problems) or is_shown(document), timeout=20_000)
        yield document
    finally:
        document.close()


def is_shown(document: Document) -> bool:
    """Tell whether the picture and the smoothed poses of the current frame are there."""
    frame = document.player.frame
    picture = document.pictures.get(frame)
    return (
        picture is not None
        and not picture.is_sketch
        and document.poses.at(frame, Kind.SMOOTH) is not None
    )


def session_of(clip: Path, path: Path, numbers: Sequence[int] = (1, 2)) -> Path:
    """Write at `path` a session of `clip` in which the people `numbers` are in every frame."""
    with open_source(str(clip)) as source:
        info, pts = source.info, source.times() or []
    people = {i: tuple(_trembling(n, i) for n in numbers) for i in range(len(pts))}
    return write(path, Script(info, pts, people))


def _trembling(track_id: int, index: int) -> Pose:
    """Return a person who is two pixels off, to one side and to the other."""
    pose = person(track_id, index)
    return replace(pose, keypoints=pose.keypoints + np.float32(2 * (-1) ** index))
