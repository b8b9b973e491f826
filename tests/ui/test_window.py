"""The whole window on real clips: what a user does in a session, from opening to export."""

from __future__ import annotations

import shutil
import threading
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from documents import is_shown, session_of
from hands import CTRL, click, drag, press
from PyQt6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PyQt6.QtGui import QDropEvent
from PyQt6.QtWidgets import QDialog, QFileDialog, QLabel
from pytestqt.qtbot import QtBot

from sdpose_track.records import Provenance
from sdpose_track.session.recording import Recording
from sdpose_track.session.view import View
from sdpose_track.settings import TrackSettings
from ui.dialogs.run import RunDialog
from ui.document.reading import Kind
from ui.jobs.wishes import ExportWish, RunWish
from ui.preferences import Preferences
from ui.window.main_window import MainWindow

LONG_MS = 60_000


@pytest.fixture
def session(people_clip: Path, tmp_path: Path) -> Path:
    return session_of(people_clip, tmp_path / "people.sdpose")


def open_in(qtbot: QtBot, window: MainWindow, path: Path) -> None:
    with qtbot.waitSignal(window.document.opened, timeout=LONG_MS):
        window.open(str(path))
    qtbot.waitUntil(lambda: window.document.pictures.is_open, timeout=LONG_MS)
    qtbot.waitUntil(lambda: is_shown(window.document), timeout=LONG_MS)
    qtbot.waitUntil(lambda: window.canvas.shown_frame == window.document.player.frame)


def is_complete(window: MainWindow) -> bool:
    facts = window.document.facts
    return facts is not None and facts.is_complete


def test_nothing_open_offers_to_open_something(window: MainWindow) -> None:
    assert window.welcome.isVisible()
    assert not window.canvas.isVisible()
    assert not window.docks["People"].isVisible()
    assert not window.commands_table["export"].shortcut().isEmpty()


def test_a_session_plays_steps_and_seeks_by_the_keys(
    qtbot: QtBot, window: MainWindow, session: Path
) -> None:
    open_in(qtbot, window, session)
    player = window.document.player
    press(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: player.is_playing and player.frame >= 5)
    press(window, Qt.Key.Key_K)
    assert not player.is_playing
    frame = player.frame
    press(window, Qt.Key.Key_Period)
    assert player.frame == frame + 1
    press(window, Qt.Key.Key_Comma)
    press(window, Qt.Key.Key_Left)
    assert player.frame == frame - 1
    press(window, Qt.Key.Key_End)
    assert player.frame == 49
    press(window, Qt.Key.Key_Home)
    assert player.frame == 0
    qtbot.waitUntil(lambda: window.canvas.shown_frame == 0)


def test_swap_undo_and_redo_reach_the_file(qtbot: QtBot, window: MainWindow, session: Path) -> None:
    open_in(qtbot, window, session)
    document = window.document

    def first_in_file() -> float:
        with Recording.open(session) as recording:
            return float(View(recording).frame(30).people[0].keypoints[0, 0])

    def first_shown() -> float:
        people = document.poses.at(30, Kind.SMOOTH)
        return float(people[0].keypoints[0, 0]) if people else np.nan

    document.player.seek(10)
    before = first_in_file()
    document.people.choose(1, 2)
    window.commands_table["swap"].trigger()
    qtbot.waitUntil(lambda: first_in_file() != before)
    swapped = first_in_file()
    qtbot.waitUntil(lambda: first_shown() == swapped)
    press(window, Qt.Key.Key_Z, CTRL)
    qtbot.waitUntil(lambda: first_in_file() == before)
    qtbot.waitUntil(lambda: first_shown() == before)
    window.commands_table["redo"].trigger()
    qtbot.waitUntil(lambda: first_shown() == swapped)


def test_a_click_on_the_picture_chooses_and_a_drag_corrects(
    qtbot: QtBot, window: MainWindow, session: Path
) -> None:
    open_in(qtbot, window, session)
    document, canvas = window.document, window.canvas
    pose = (document.poses.at(0, Kind.SMOOTH) or ())[1]
    nose = pose.keypoints[0]

    def on_screen(x: float, y: float) -> QPoint:
        left, top = canvas.lens.to_pane(x, y)
        return QPointF(left, top).toPoint()

    start, end = on_screen(*nose), on_screen(nose[0] + 40, nose[1] + 30)
    click(canvas, start)
    assert document.people.current == 2
    drag(canvas, start, end)

    def placed() -> bool:
        people = document.poses.at(0, Kind.SMOOTH)
        return people is not None and bool(people[1].provenance[0] == Provenance.EDITED)

    qtbot.waitUntil(placed)
    now = (document.poses.at(0, Kind.SMOOTH) or ())[1].keypoints[0]
    assert np.allclose(now - nose, (40, 30), atol=2)


def test_a_run_shows_its_frames_while_it_goes_on_and_exports_at_its_end(
    qtbot: QtBot, window: MainWindow, people_clip: Path, tmp_path: Path
) -> None:
    open_in(qtbot, window, people_clip)
    session = tmp_path / "out" / "people.sdpose"
    wish = RunWish(
        source=str(people_clip), session=session, settings=TrackSettings(), exports=("csv",)
    )
    window.document.player.seek(7)
    window.work.track(wish)
    assert window.document.edits.why_not
    qtbot.waitUntil(lambda: bool(window.document.facts), timeout=LONG_MS)
    assert window.document.player.frame == 7
    qtbot.waitUntil(lambda: window.work.run is None, timeout=LONG_MS)
    qtbot.waitUntil(partial(is_complete, window), timeout=LONG_MS)
    assert not window.document.edits.why_not
    assert len(window.document.people.rows) >= 1
    qtbot.waitUntil(lambda: not window.work.is_busy, timeout=LONG_MS)
    assert (tmp_path / "out" / "people_smooth.csv").is_file()


def test_a_run_that_one_comes_back_to_is_shown_as_it_grows(
    qtbot: QtBot, window: MainWindow, people_clip: Path, uneven_clip: Path, tmp_path: Path
) -> None:
    open_in(qtbot, window, people_clip)
    window.work.track(
        RunWish(source=str(people_clip), session=tmp_path / "run.sdpose", settings=TrackSettings())
    )
    job = window.work.run
    assert job is not None
    qtbot.waitUntil(lambda: bool(window.document.facts), timeout=LONG_MS)
    job.pause()
    for clip in (uneven_clip, people_clip):
        with qtbot.waitSignal(window.document.opened, timeout=LONG_MS):
            window.open(str(clip))
        assert window.document.facts is None
    qtbot.waitUntil(lambda: bool(window.document.facts), timeout=LONG_MS)
    assert window.document.edits.why_not
    window.talks.track()
    assert any("is going on already" in said for said in window.banners.sentences)
    job.go_on()
    qtbot.waitUntil(partial(is_complete, window), timeout=LONG_MS)


def test_a_run_that_starts_anew_takes_the_place_of_the_session_that_is_shown(
    qtbot: QtBot, window: MainWindow, people_clip: Path, tmp_path: Path
) -> None:
    session = session_of(people_clip, tmp_path / "people.sdpose", (1, 2, 7))
    open_in(qtbot, window, session)
    window.document.people.choose(1, 2)
    window.commands_table["swap"].trigger()
    qtbot.waitUntil(window.document.edits.stack.canUndo)
    settings = TrackSettings(end=Fraction(1, 2), detector_size="640")
    window.work.track(
        RunWish(source=str(people_clip), session=session, settings=settings, overwrite=True)
    )
    qtbot.waitUntil(lambda: window.work.run is None, timeout=LONG_MS)
    qtbot.waitUntil(partial(is_complete, window), timeout=LONG_MS)
    with Recording.open(session) as recording:
        stored = recording.indices()
    qtbot.waitUntil(lambda: window.document.poses.at(0, Kind.SMOOTH) is not None)
    assert window.document.facts is not None
    assert window.document.facts.indices == stored
    assert 7 not in [person.track_id for person in window.document.people.rows]
    assert not window.document.edits.stack.canUndo()


def test_closing_in_the_middle_of_a_run_keeps_what_was_done_and_it_can_be_resumed(
    qtbot: QtBot, window: MainWindow, people_clip: Path, tmp_path: Path
) -> None:
    clip = Path(shutil.copy(people_clip, tmp_path / "people.mp4"))
    open_in(qtbot, window, clip)
    session = tmp_path / "people.sdpose"
    window.work.track(RunWish(source=str(clip), session=session, settings=TrackSettings()))
    qtbot.waitUntil(lambda: bool(window.document.facts), timeout=LONG_MS)
    window.close()
    assert not [t.name for t in threading.enumerate() if t.name.startswith("sdpose-")]
    again = MainWindow(window.preferences, asks=False)
    try:
        again.show()
        open_in(qtbot, again, session)
        if not is_complete(again):
            assert any("is not complete" in said for said in again.banners.sentences)
            again.commands_table["resume"].trigger()
            qtbot.waitUntil(partial(is_complete, again), timeout=LONG_MS)
        with Recording.open(session) as recording:
            assert recording.is_complete
            assert recording.indices() == range(50)
    finally:
        again.close()
        again.deleteLater()


def test_a_session_is_exported_from_the_window(
    qtbot: QtBot, window: MainWindow, session: Path, tmp_path: Path
) -> None:
    open_in(qtbot, window, session)
    job = window.work.export(
        ExportWish(session=session, formats=("bvh", "coco"), folder=tmp_path / "out")
    )
    qtbot.waitUntil(lambda: job.state.is_over, timeout=LONG_MS)
    assert {path.name for path in job.results} == {"people_smooth_bvh", "people_smooth.coco.json"}


def drop(window: MainWindow, *paths: Path) -> None:
    what = QMimeData()
    what.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    event = QDropEvent(
        QPointF(100, 100), Qt.DropAction.CopyAction, what, Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    window.dropEvent(event)


def test_what_is_dropped_is_opened(qtbot: QtBot, window: MainWindow, session: Path) -> None:
    with qtbot.waitSignal(window.document.opened, timeout=LONG_MS):
        drop(window, session)
    assert window.document.facts is not None
    assert window.preferences.recent[0] == str(session)


def test_of_several_things_that_are_dropped_none_is_said_to_be_open_that_is_not(
    qtbot: QtBot, window: MainWindow, session: Path, tmp_path: Path
) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear …", encoding="utf-8")
    with qtbot.waitSignal(window.document.refused, timeout=LONG_MS):
        drop(window, letter, session)
    taken, refused = window.banners.sentences
    assert taken.startswith("Only letter.txt is taken; drop one video at a time")
    assert "letter.txt is not a video" in refused


def test_what_is_noted_of_a_run_begins_as_sentences_do(window: MainWindow) -> None:
    window.work.noted.emit("pose model: yolo11n-pose")
    assert window.banners.sentences == ["Pose model: yolo11n-pose"]


def test_what_cannot_be_opened_is_said_in_the_window(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    with qtbot.waitSignal(window.document.refused, timeout=LONG_MS):
        window.open(str(broken))
    assert [said for said in window.banners.sentences if "broken.mp4" in said]
    assert window.welcome.isVisible()


def test_opening_a_video_asks_what_to_run(
    qtbot: QtBot, preferences: Preferences, people_clip: Path
) -> None:
    window = MainWindow(preferences)
    try:
        window.show()
        window.open(str(people_clip))
        qtbot.waitUntil(lambda: bool(window.findChildren(RunDialog)), timeout=LONG_MS)
    finally:
        for dialog in window.findChildren(QDialog):
            dialog.close()
        window.close()
        window.deleteLater()


def test_how_people_are_shown_is_remembered(
    qtbot: QtBot, window: MainWindow, session: Path, preferences: Preferences
) -> None:
    open_in(qtbot, window, session)
    actions = window.commands_table
    actions["show-boxes"].trigger()
    actions["compare-side-by-side"].trigger()
    window.close()
    again = MainWindow(preferences, asks=False)
    try:
        assert again.canvas.look.boxes
        assert again.commands_table["compare-side-by-side"].isChecked()
    finally:
        again.close()
        again.deleteLater()


def test_a_panel_that_was_hidden_stays_so_and_the_others_come_back(
    qtbot: QtBot, window: MainWindow, session: Path, preferences: Preferences
) -> None:
    open_in(qtbot, window, session)
    window.commands_table["panel-people"].trigger()
    window.document.leave()  # now all of them are away
    window.close()
    between = MainWindow(preferences, asks=False)
    between.show()
    assert not between.docks["Worth a look"].isVisible()
    between.close()  # with nothing open
    between.deleteLater()
    last = MainWindow(preferences, asks=False)
    try:
        last.show()
        open_in(qtbot, last, session)
        assert last.docks["Worth a look"].isVisible()
        assert not last.docks["People"].isVisible()
    finally:
        last.close()
        last.deleteLater()


def test_the_live_page_comes_and_goes(qtbot: QtBot, window: MainWindow, session: Path) -> None:
    open_in(qtbot, window, session)
    window.commands_table["live"].trigger()
    assert window.live.isVisible()
    told = window.status.findChildren(QLabel)
    assert not any(label.isVisible() for label in told if label.text())
    assert not window.docks["People"].isVisible()
    window.commands_table["live"].trigger()
    assert window.canvas.isVisible()
    assert window.docks["People"].isVisible()
    assert any(label.isVisible() for label in told if label.text())


def test_the_video_of_a_session_is_found_again_and_its_loss_forgotten(
    qtbot: QtBot, window: MainWindow, people_clip: Path, uneven_clip: Path, tmp_path: Path
) -> None:
    clip = Path(shutil.copy(people_clip, tmp_path / "people.mp4"))
    session = session_of(clip, tmp_path / "people.sdpose")
    moved = clip.rename(tmp_path / "moved.mp4")
    window.open(str(session))
    qtbot.waitUntil(lambda: bool(window.banners.sentences), timeout=LONG_MS)
    for chosen, sentences in ((uneven_clip, 1), (moved, 0)):
        window.talks.find_video()
        [dialog] = [d for d in window.findChildren(QFileDialog) if d.isVisible()]
        dialog.fileSelected.emit(str(chosen))
        dialog.reject()
        assert not window.banners.sentences
        qtbot.waitUntil(
            lambda: window.document.pictures.is_open or bool(window.banners.sentences),
            timeout=LONG_MS,
        )
        assert len(window.banners.sentences) == sentences
