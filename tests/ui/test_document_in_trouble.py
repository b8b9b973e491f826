"""What happens in the middle of something else: opening, growing, replaced and damaged files."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from documents import is_shown, session_of
from pytestqt.qtbot import QtBot
from sessions import People, Script, person, source_info, write

from sdpose_track.records import NO_DETECTIONS, FramePoses, FrameResult, Pose
from sdpose_track.session.recording import Recording
from sdpose_track.session.schema import SessionHeader
from sdpose_track.session.view import View
from sdpose_track.session.writer import SessionWriter
from sdpose_track.smooth.choices import Smoothing
from ui.document.document import Document
from ui.document.reading import Kind

LONG_MS = 20_000


@pytest.fixture
def document(qtbot: QtBot) -> Iterator[Document]:
    document = Document()
    yield document
    document.close()


def without_video(path: Path, frames: range, rate: int = 30) -> Path:
    """Write a session of one person whose video is not there."""
    info = source_info(f"{path.stem}.mp4", (640, 480), Fraction(1, rate), Fraction(rate))
    people: People = {i: (person(1, i),) for i in frames}
    return write(path, Script(info, frames, people, first=frames.start))


def open_and_wait(qtbot: QtBot, document: Document, path: Path) -> None:
    with qtbot.waitSignal(document.opened, timeout=LONG_MS):
        document.open(path)


def has_poses(document: Document, index: int, kind: Kind) -> bool:
    return document.poses.at(index, kind) is not None


def nobody_knows(path: Path) -> bool:
    """Tell whether this process has no file open at `path`."""
    return path not in [file.resolve() for file in Path("/proc/self/fd").iterdir()]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_a_session_that_was_left_is_not_opened_again_by_whoever_still_asks(
    qtbot: QtBot, document: Document, tmp_path: Path
) -> None:
    old = without_video(tmp_path / "old.sdpose", range(600))
    new = without_video(tmp_path / "new.sdpose", range(550, 600))
    document.player.moved.connect(lambda index: document.poses.at(index, Kind.RAW))
    open_and_wait(qtbot, document, old)
    qtbot.waitUntil(partial(has_poses, document, 0, Kind.RAW))
    open_and_wait(qtbot, document, new)
    qtbot.waitUntil(partial(has_poses, document, 550, Kind.SMOOTH))
    qtbot.waitUntil(lambda: document.review.doubts is not None, timeout=LONG_MS)
    qtbot.waitUntil(lambda: nobody_knows(old))


def test_a_run_that_begins_does_not_keep_another_file_from_opening(
    qtbot: QtBot, document: Document, people_clip: Path, uneven_clip: Path, tmp_path: Path
) -> None:
    session = session_of(people_clip, tmp_path / "people.sdpose")
    open_and_wait(qtbot, document, people_clip)
    document.open(uneven_clip)
    document.follow(session)
    qtbot.waitUntil(lambda: document.info is not None and document.info.width == 64)
    qtbot.waitUntil(lambda: is_shown(document))
    assert document.facts is None


def test_a_smoothing_chosen_while_a_session_is_opened_is_the_one_that_is_shown(
    qtbot: QtBot, document: Document, people_clip: Path, tmp_path: Path
) -> None:
    session = session_of(people_clip, tmp_path / "people.sdpose")
    with qtbot.waitSignal(document.opened, timeout=LONG_MS):
        document.open_session(session)
        document.choose(Smoothing.OFF)
    for kind in Kind:
        qtbot.waitUntil(partial(has_poses, document, 20, kind))
    shown, raw = document.poses.at(20, Kind.SMOOTH) or (), document.poses.at(20, Kind.RAW) or ()
    assert np.array_equal(shown[0].keypoints, raw[0].keypoints)


def test_a_session_that_is_replaced_by_a_new_run_is_read_anew(
    qtbot: QtBot, document: Document, tmp_path: Path
) -> None:
    path = without_video(tmp_path / "a.sdpose", range(40))
    open_and_wait(qtbot, document, path)
    qtbot.waitUntil(partial(has_poses, document, 5, Kind.RAW))
    info = source_info("a.mp4")
    write(path, Script(info, range(30), {i: (person(7, i),) for i in range(30)}))
    with qtbot.waitSignal(document.session_changed):
        document.refresh()
    assert [row.track_id for row in document.people.rows] == [7]
    qtbot.waitUntil(partial(has_poses, document, 5, Kind.RAW))
    assert [pose.track_id for pose in document.poses.at(5, Kind.RAW) or ()] == [7]


def test_of_a_growing_session_the_smoothed_end_is_computed_anew_however_fast_its_frames(
    qtbot: QtBot, document: Document, tmp_path: Path
) -> None:
    path, rate = tmp_path / "fast.sdpose", 960
    whole = without_video(tmp_path / "whole.sdpose", range(2400), rate)
    with Recording.open(whole) as recording:
        header: SessionHeader = recording.header

    def results(frames: range) -> list[FrameResult]:
        return [
            FrameResult(
                FramePoses(i, i, Fraction(i, rate), (_shaking(i),)),
                NO_DETECTIONS,
                np.empty(0, "i4"),
            )
            for i in frames
        ]

    with SessionWriter.create(path, header, replace=True) as writer:
        writer.append(results(range(1100)))
        open_and_wait(qtbot, document, path)
        for index in (500, 1030):
            qtbot.waitUntil(partial(has_poses, document, index, Kind.SMOOTH))
        writer.append(results(range(1100, 2400)))
        with qtbot.waitSignal(document.session_changed):
            document.refresh()
    with Recording.open(path) as recording:
        view = View(recording)
        for index in (500, 1000, 1030, 1500):
            qtbot.waitUntil(partial(has_poses, document, index, Kind.SMOOTH))
            (shown,) = document.poses.at(index, Kind.SMOOTH) or ()
            assert np.array_equal(shown.keypoints, view.frame(index).people[0].keypoints)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_a_run_that_ends_while_its_session_is_read_for_the_first_time_is_shown_whole(
    qtbot: QtBot, document: Document, people_clip: Path, tmp_path: Path
) -> None:
    whole, path = session_of(people_clip, tmp_path / "whole.sdpose"), tmp_path / "new.sdpose"
    open_and_wait(qtbot, document, people_clip)
    with Recording.open(whole) as recording, SessionWriter.create(path, recording.header) as writer:
        results = [
            FrameResult(recording.frame(i), NO_DETECTIONS, np.empty(0, "i4"))
            for i in recording.indices()
        ]
        writer.append(results[:10])
        document.follow(path)
        while nobody_knows(path.with_name("new.sdpose-shm")):
            pass
        writer.append(results[10:])
        writer.finish({})
        document.refresh()
    qtbot.waitUntil(lambda: document.facts is not None and document.facts.is_complete)
    assert document.facts is not None
    assert document.facts.indices == range(50)


def _shaking(index: int) -> Pose:
    pose = person(1, index)
    noise = np.random.default_rng(index).normal(0, 20, pose.keypoints.shape)
    return replace(pose, keypoints=pose.keypoints + noise.astype(np.float32))


def test_a_session_with_damaged_people_is_not_looked_through_for_ever(
    qtbot: QtBot, document: Document, tmp_path: Path
) -> None:
    path = without_video(tmp_path / "damaged.sdpose", range(60))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE pose SET keypoints = x'00' WHERE frame = 30")
    told: list[str] = []
    document.refused.connect(told.append)
    document.open(path)
    qtbot.waitUntil(lambda: bool(told), timeout=LONG_MS)
    qtbot.waitUntil(lambda: document.review.doubts is not None)
    assert "damaged.sdpose" in told[0]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_pipe_that_nobody_writes_is_refused_and_nobody_waits_for_it(
    qtbot: QtBot, document: Document, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    with qtbot.waitSignal(document.refused, timeout=LONG_MS) as told:
        document.open(pipe)
    assert "pipe.mp4" in told.args[0]
