from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from documents import is_shown, opened, session_of
from pytestqt.qtbot import QtBot

from sdpose_track.repair.edits import Rename
from sdpose_track.session.recording import Recording
from sdpose_track.session.repairing import Repairing
from sdpose_track.session.view import View
from sdpose_track.smooth.choices import Smoothing
from sdpose_track.sources import open_source
from ui.document.document import Document
from ui.document.reading import Kind


@pytest.fixture
def session(people_clip: Path, tmp_path: Path) -> Path:
    return session_of(people_clip, tmp_path / "people.sdpose")


@pytest.fixture
def document(qtbot: QtBot, session: Path) -> Iterator[Document]:
    with opened(qtbot, session) as document:
        yield document


def has_poses(document: Document, index: int, kind: Kind) -> bool:
    return document.poses.at(index, kind) is not None


def test_a_session_shows_the_pixels_and_poses_of_every_frame(
    qtbot: QtBot, document: Document, session: Path, people_clip: Path
) -> None:
    with Recording.open(session) as recording, open_source(str(people_clip)) as source:
        views = {Kind.RAW: View(recording, Smoothing.OFF), Kind.SMOOTH: View(recording)}
        for index in (0, 49, 17, 18, 3):
            document.player.seek(index)
            qtbot.waitUntil(lambda: is_shown(document))
            picture = document.pictures.get(index)
            assert picture is not None
            assert picture.pixels is not None
            assert np.array_equal(picture.pixels[..., :3], source.read(index).image)
            for kind, view in views.items():
                qtbot.waitUntil(partial(has_poses, document, index, kind))
                shown = document.poses.at(index, kind) or ()
                wanted = view.frame(index).people
                assert [p.track_id for p in shown] == [1, 2]
                for one, other in zip(shown, wanted, strict=True):
                    assert np.array_equal(one.keypoints, other.keypoints)


def test_a_video_without_a_session_has_pictures_and_nobody(qtbot: QtBot, uneven_clip: Path) -> None:
    with opened(qtbot, uneven_clip) as document:
        assert document.facts is None
        assert document.people.rows == ()
        assert document.poses.at(0, Kind.SMOOTH) == ()
        assert np.allclose(document.player.clock.seconds, [0, 0.04, 0.08, 0.16, 0.2, 0.32])


def test_what_cannot_be_opened_is_told_and_leaves_what_was_open(
    qtbot: QtBot, document: Document, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video at all")
    before = document.facts
    for path in (broken, tmp_path / "absent.sdpose"):
        with qtbot.waitSignal(document.refused) as told:
            document.open(path)
        assert path.name in told.args[0]
    assert document.facts is before
    assert is_shown(document)


def test_a_session_whose_video_is_gone_is_shown_without_and_takes_it_when_found(
    qtbot: QtBot, people_clip: Path, tmp_path: Path
) -> None:
    clip = Path(shutil.copy(people_clip, tmp_path / "gone.mp4"))
    session = session_of(clip, tmp_path / "there" / "people.sdpose")
    clip.unlink()
    document = Document()
    try:
        with qtbot.waitSignal(document.video_missing) as told:
            document.open(session)
        assert "gone.mp4" in told.args[0]
        assert len(document.player.clock.indices) == 50
        qtbot.waitUntil(lambda: bool(document.poses.at(0, Kind.SMOOTH)))
        document.find_video(people_clip)
        qtbot.waitUntil(lambda: document.pictures.get(0) is not None)
    finally:
        document.close()


def test_repairs_made_elsewhere_are_seen_after_a_refresh(
    qtbot: QtBot, document: Document, session: Path
) -> None:
    with Repairing.open(session) as repairing:
        repairing.apply(Rename(2, "Anna"))
    with qtbot.waitSignal(document.session_changed):
        document.refresh()
    assert [person.called for person in document.people.rows] == ["Person 1", "Anna"]


def test_another_smoothing_changes_smoothed_poses_only(qtbot: QtBot, document: Document) -> None:
    qtbot.waitUntil(lambda: bool(document.poses.at(20, Kind.RAW)))
    smooth = document.poses.at(20, Kind.SMOOTH) or ()
    document.choose(Smoothing.OFF)
    qtbot.waitUntil(lambda: bool(document.poses.at(20, Kind.SMOOTH)))
    now, raw = document.poses.at(20, Kind.SMOOTH) or (), document.poses.at(20, Kind.RAW) or ()
    assert np.array_equal(now[0].keypoints, raw[0].keypoints)
    assert not np.array_equal(now[0].keypoints, smooth[0].keypoints)


def test_lanes_and_doubts_of_everybody_are_found(qtbot: QtBot, document: Document) -> None:
    qtbot.waitUntil(lambda: document.review.doubts is not None, timeout=20_000)
    assert set(document.review.lanes) == {1, 2}
    lane = document.review.lanes[1]
    assert (lane.first, lane.last) == (0, 49)
    assert (lane.presence > 0).all()


def test_opening_another_one_forgets_who_was_hidden_and_chosen(
    qtbot: QtBot, document: Document, people_clip: Path, tmp_path: Path
) -> None:
    document.people.hide([1])
    document.people.choose(2)
    other = session_of(people_clip, tmp_path / "other.sdpose", (1, 2, 3))
    with qtbot.waitSignal(document.opened):
        document.open(other)
    assert len(document.people.rows) == 3
    assert document.people.is_seen(1)
    assert document.people.chosen == ()


def test_of_many_that_are_opened_at_once_the_newest_stays(
    qtbot: QtBot, document: Document, uneven_clip: Path, session: Path
) -> None:
    for path in (uneven_clip, session, uneven_clip, session, uneven_clip):
        document.open(path)
    qtbot.waitUntil(lambda: document.info is not None and document.info.width == 64)
    qtbot.waitUntil(lambda: document.pictures.get(0) is not None)
    assert document.facts is None


def test_leaving_closes_everything(qtbot: QtBot, document: Document) -> None:
    document.leave()
    assert not document.is_open
    assert document.people.rows == ()
    assert document.pictures.get(0) is None
