"""Live runs in the window: real sources, real models, real threads, real files."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hands import click, press
from PyQt6.QtCore import QCoreApplication, Qt
from PyQt6.QtWidgets import QAbstractButton, QLabel, QPushButton
from pytestqt.qtbot import QtBot
from pythonosc.osc_bundle import OscBundle
from streams import LOOPBACK, Coding, MjpegServer, RawServer
from threads import engine_threads

from sdpose_track.capture import CaptureSettings
from sdpose_track.live.sending import Way
from sdpose_track.live.wish import LiveWish, RecordWish
from sdpose_track.pipeline.events import Finished
from sdpose_track.records import UInt8
from sdpose_track.session.recording import Recording
from sdpose_track.settings import LiveSettings
from sdpose_track.sources import open_source
from ui.document.reading import Kind
from ui.jobs.job import State
from ui.live.page import ENDED, LivePage
from ui.live.sign import RECORDING
from ui.live.stats import UNKNOWN
from ui.window.main_window import MainWindow

LONG_MS = 60_000


@pytest.fixture
def live(window: MainWindow) -> LivePage:
    """The page in the window, in front."""
    window.show_live(on=True)
    return window.live


@pytest.fixture
def wait(qtbot: QtBot) -> Callable[[Callable[[], object]], None]:
    """Waits until something is so."""
    return lambda is_so: qtbot.waitUntil(lambda: bool(is_so()), timeout=LONG_MS)


Wait = Callable[[Callable[[], object]], None]


def looped(clip: Path, **wishes: object) -> LiveWish:
    capture = CaptureSettings(realtime=True, loop=True)
    wish = {"settings": LiveSettings(device="cpu", pose="yolo11n-pose"), **wishes}
    return LiveWish(spec=str(clip), capture=capture, **wish)  # type: ignore[arg-type]


def scaled(image: UInt8) -> UInt8:
    return np.asarray(cv2.resize(image, (320, 240)), np.uint8)


def people(live: LivePage) -> int:
    result = live.picture.result
    return 0 if result is None else len(result.shown)


def cell(live: LivePage, row: int) -> str:
    item = live.controls.stats.item(row, 1)
    return "" if item is None else item.text()


def started(live: LivePage, clip: Path, wait: Wait) -> None:
    """Start a looped clip and wait until somebody is seen."""
    live.begin(looped(clip))
    wait(lambda: people(live) > 0)


# -- showing ---------------------------------------------------------------------------------------


def test_a_file_is_rehearsed_with_from_the_page_itself(
    live: LivePage, people_clip: Path, wait: Wait
) -> None:
    form = live.controls.form
    form.source.setCurrentIndex(form.source.count() - 1)
    form.file.setText(str(people_clip))

    click(live.controls.start)

    assert live.state is State.PREPARING
    assert not form.file.isEnabled()
    wait(lambda: people(live) > 0)
    wait(lambda: cell(live, 0) != UNKNOWN and cell(live, 3) != UNKNOWN)
    assert cell(live, 7).endswith(" px")
    assert "yolo11n-pose" in live.controls.described.text()
    assert live.picture.paint_times
    click(live.controls.start)
    wait(lambda: live.state is None)
    assert engine_threads() == ["sdpose-live-cameras"]
    assert live.controls.notice.sentence == ""
    assert cell(live, 0) == UNKNOWN
    assert form.file.isEnabled()


def test_latency_is_measured_to_the_paint(live: LivePage, people_clip: Path, wait: Wait) -> None:
    started(live, people_clip, wait)
    told: list[int] = []
    live.picture.painted.connect(lambda result: told.append(result.frame.index))
    wait(lambda: len(told) > 5)
    assert told == sorted(set(told))
    job = live._job
    assert job is not None
    stats = job.measured()
    assert stats is not None
    assert stats.latency_p95_ms is not None


def test_a_file_that_is_over_is_told_calmly(live: LivePage, uneven_clip: Path, wait: Wait) -> None:
    live.begin(LiveWish(spec=str(uneven_clip), capture=CaptureSettings(realtime=True)))
    wait(lambda: live.controls.notice.sentence == ENDED)
    assert live.state is None
    assert live.controls.start.text() == "Start"


def test_another_wish_takes_the_place_of_what_runs_and_its_recording_is_whole(
    live: LivePage, people_clip: Path, uneven_clip: Path, tmp_path: Path, wait: Wait
) -> None:
    session = tmp_path / "take.sdpose"
    live.begin(looped(people_clip, record=RecordWish(session=session)))
    wait(lambda: live._job is not None and live._job.run is not None)
    first = live._job
    assert first is not None
    wait(lambda: (stats := first.measured()) is not None and (stats.recorded or 0) > 1)
    live.begin(looped(uneven_clip))
    assert live._job is not first
    assert live.controls.record.open.isVisible()
    with Recording.open(session) as recording:
        assert recording.is_complete
    wait(lambda: live.picture.result is not None and live.picture.result.frame.image.shape[0] == 48)


def test_it_goes_on_while_something_else_is_looked_at(
    window: MainWindow, live: LivePage, people_clip: Path, wait: Wait
) -> None:
    started(live, people_clip, wait)
    window.show_live(on=False)
    heard: list[None] = []
    job = live._job
    assert job is not None
    job.shown.connect(lambda _result: heard.append(None))
    wait(lambda: len(heard) > 3)
    assert live.is_running
    assert not window.commands_table["live-record"].isEnabled()
    window.show_live(on=True)
    assert window.commands_table["live-record"].isEnabled()


def test_a_run_behind_another_page_is_seen_in_the_status_line_which_leads_back_and_stops_it(
    window: MainWindow, live: LivePage, people_clip: Path, tmp_path: Path, wait: Wait
) -> None:
    sign, session = window.live_sign, tmp_path / "take.sdpose"
    assert sign.isHidden()
    live.begin(looped(people_clip, record=RecordWish(session=session)))
    window.show_live(on=False)
    assert sign.back.text() == "Live is starting"
    wait(lambda: sign.back.text() == RECORDING)
    live.controls.record.toggle()
    wait(lambda: sign.back.text() == "Live is on")
    click(sign.back)
    assert live.isVisible()
    assert sign.isHidden()
    assert live.is_running
    window.show_live(on=False)
    assert sign.isVisible()
    click(sign.stop)
    assert sign.back.text() == "Live is stopping"
    wait(lambda: live.state is None)
    assert sign.isHidden()
    assert window.banners.sentences == []


def test_what_ends_behind_another_page_is_told_there(
    window: MainWindow, live: LivePage, uneven_clip: Path, wait: Wait
) -> None:
    live.begin(LiveWish(spec=str(uneven_clip), capture=CaptureSettings(realtime=True)))
    live.toggle_controls()
    window.show_live(on=False)
    wait(lambda: window.banners.sentences == [ENDED])
    (back,) = [b for b in window.banners.findChildren(QPushButton) if b.text() == "Show Live"]
    click(back)
    assert live.isVisible()
    assert live.controls.notice.isVisible()


def test_the_keys_of_menus_and_live_controls_are_all_different(
    window: MainWindow, live: LivePage
) -> None:
    form, controls = live.controls.form, live.controls
    controls.send.fold.setChecked(True)
    controls.record.open.show()
    bar = window.menuBar()
    assert bar is not None
    menus = [action.text() for action in bar.actions()]
    for row in range(form.source.count()):
        form.source.setCurrentIndex(row)
        buttons = [w.text() for w in controls.findChildren(QAbstractButton) if w.isVisible()]
        labels = [w.text() for w in form.findChildren(QLabel) if w.isVisible()]
        texts = [*menus, *buttons, *labels]
        keys = [text[text.index("&") + 1].lower() for text in texts if "&" in text]
        assert len(keys) > 10
        assert len(set(keys)) == len(keys), texts


def test_the_commands_of_the_page_count_there_only(window: MainWindow) -> None:
    actions, live = window.commands_table, window.live
    assert not actions["live-controls"].isEnabled()
    assert not actions["live-record"].isEnabled()
    window.show_live(on=True)
    assert actions["live-controls"].isEnabled()
    assert actions["live-controls"].isChecked()
    actions["live-controls"].trigger()
    assert not live.controls.isVisible()
    assert not actions["live-controls"].isChecked()
    actions["show-boxes"].trigger()
    assert live.picture._look == window.canvas.look
    window.show_live(on=False)
    assert not actions["live-controls"].isEnabled()


# -- what goes wrong -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("/nowhere/clip.mp4", "clip.mp4"),
        (f"tcp://{LOOPBACK}:9", LOOPBACK),
        ("nonsense://x", "nonsense"),
    ],
)
def test_a_source_that_cannot_be_opened_is_told_in_a_sentence(
    live: LivePage, wait: Wait, spec: str, words: str
) -> None:
    live.toggle_controls()
    live.begin(LiveWish(spec=spec))
    wait(lambda: live.controls.notice.sentence)
    assert words in live.controls.notice.sentence
    assert live.state is None
    assert live.controls.isVisible()


def test_an_address_that_sends_something_else_is_told_in_a_sentence(
    live: LivePage, wait: Wait
) -> None:
    with RawServer(b"no pictures at all " * 4096) as server:
        live.begin(LiveWish(spec=server.address, capture=CaptureSettings(patience_s=0)))
        wait(lambda: live.controls.notice.sentence)
    assert live.state is None


def test_a_start_that_is_stopped_at_once_says_nothing(
    live: LivePage, people_clip: Path, wait: Wait
) -> None:
    live.begin(looped(people_clip))
    click(live.controls.start)
    assert live.state is State.STOPPING
    assert live.controls.start.text() == "Stopping …"
    press(live.controls.start, Qt.Key.Key_Space)  # it keeps the keyboard, and says the same again
    assert live.state is State.STOPPING
    wait(lambda: live.state is None)
    assert live.controls.notice.sentence == ""


def test_a_connection_that_is_lost_is_told_on_the_picture_and_comes_back(
    live: LivePage, people_clip: Path, wait: Wait
) -> None:
    with open_source(str(people_clip)) as source:
        pictures = [scaled(frame.image) for frame in source.frames()]
    server = MjpegServer(pictures, Coding())
    server.start()
    try:
        live.begin(LiveWish(spec=server.address, settings=LiveSettings(device="cpu")))
        wait(lambda: live.picture.result is not None)
        server.stop()
        wait(lambda: "trying again" in live.picture.told)
        before = live.picture.result
        assert before is not None
        server.start()
        wait(lambda: "trying again" not in live.picture.told and live.picture.told)
        wait(lambda: live.picture.result is not before)
        assert live.is_running
        live._told_at -= 3600
        wait(lambda: live.picture.told == "")
        click(live.controls.start)
        wait(lambda: live.state is None)
    finally:
        server.stop()


# -- recording -------------------------------------------------------------------------------------


@pytest.mark.parametrize("video", [False, True])
def test_a_recording_during_the_run_is_opened_afterwards(
    window: MainWindow, live: LivePage, people_clip: Path, tmp_path: Path, wait: Wait, video: bool
) -> None:
    started(live, people_clip, wait)
    record = live.controls.record
    record.folder.line.setText(str(tmp_path))
    record.video.setChecked(video)

    window.commands_table["live-record"].trigger()
    job = live._job
    assert job is not None
    wait(lambda: (stats := job.measured()) is not None and (stats.recorded or 0) > 10)
    assert record.record.isChecked()
    assert "frame" in record.told.text()
    window.commands_table["live-record"].trigger()

    wait(record.open.isVisible)
    assert live.is_running
    assert record.record.isEnabled()
    (session,) = tmp_path.glob("*.sdpose")
    with Recording.open(session) as recording:
        assert recording.is_complete
    click(record.open)
    document = window.document
    wait(lambda: document.is_open and document.poses.at(0, Kind.SMOOTH))
    assert not live.isVisible()
    assert document.facts is not None
    assert document.facts.path == session
    assert session.with_suffix(".mp4").exists() == video
    if video:
        wait(lambda: document.pictures.get(0))


def test_a_source_that_ends_while_it_is_recorded_leaves_a_recording_to_open(
    live: LivePage, people_clip: Path, tmp_path: Path, wait: Wait
) -> None:
    session = tmp_path / "take.sdpose"
    live.begin(
        LiveWish(
            spec=str(people_clip),
            capture=CaptureSettings(realtime=True),
            settings=LiveSettings(device="cpu"),
            record=RecordWish(session=session),
        )
    )
    wait(live.controls.record.open.isVisible)
    wait(lambda: live.controls.notice.sentence == ENDED)
    assert not live.controls.record.record.isChecked()
    assert not live.controls.record.record.isEnabled()
    with Recording.open(session) as recording:
        assert recording.is_complete


def test_closing_the_window_ends_the_run_and_leaves_a_recording_that_is_whole(
    window: MainWindow, live: LivePage, people_clip: Path, tmp_path: Path, wait: Wait
) -> None:
    session = tmp_path / "take.sdpose"
    window.go_live(looped(people_clip, record=RecordWish(session=session, video=True)))
    wait(live.controls.record.record.isChecked)
    job = live._job
    assert job is not None
    wait(lambda: (stats := job.measured()) is not None and (stats.recorded or 0) > 5)

    window.close()

    assert engine_threads() == []
    with Recording.open(session) as recording:
        assert recording.is_complete
        assert len(recording.indices()) > 5
    with open_source(str(session.with_suffix(".mp4"))) as source:
        assert len(list(source.frames())) > 5


def test_a_recording_that_cannot_begin_is_told_and_the_run_goes_on(
    live: LivePage, people_clip: Path, tmp_path: Path, wait: Wait
) -> None:
    started(live, people_clip, wait)
    record = live.controls.record
    (tmp_path / "file").touch()
    record.folder.line.setText(str(tmp_path / "file"))
    record.record.click()
    wait(lambda: record.notice.sentence)
    assert not record.record.isChecked()
    assert live.is_running


def test_a_recording_whose_file_vanishes_ends_with_a_sentence(
    live: LivePage, people_clip: Path, tmp_path: Path, wait: Wait
) -> None:
    started(live, people_clip, wait)
    record = live.controls.record
    record.folder.line.setText(str(tmp_path))
    record.record.click()
    wait(lambda: any(tmp_path.glob("*.sdpose")) and record.told.isVisible())
    for path in tmp_path.glob("*.sdpose"):
        path.unlink()
    wait(lambda: record.notice.sentence)
    assert not record.record.isChecked()
    assert not record.open.isVisible()
    assert live.is_running


# -- sending ---------------------------------------------------------------------------------------


def test_poses_are_sent_while_the_switch_is_on(
    live: LivePage, people_clip: Path, wait: Wait
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind((LOOPBACK, 0))
        receiver.setblocking(False)
        started(live, people_clip, wait)
        send = live.controls.send
        send.lines[Way.OSC].setText(f"{LOOPBACK}:{receiver.getsockname()[1]}")
        send.boxes[Way.OSC].setChecked(True)

        def received() -> bytes:
            try:
                return receiver.recv(65_536)
            except BlockingIOError:
                return b""

        wait(lambda: OscBundle.dgram_is_bundle(received()))
        send.boxes[Way.OSC].setChecked(False)
        wait(lambda: "sdpose-osc" not in engine_threads())


def test_a_switch_that_is_turned_while_a_run_begins_counts(
    live: LivePage, people_clip: Path, wait: Wait
) -> None:
    send = live.controls.send
    live.begin(looped(people_clip))
    send.boxes[Way.OSC].setChecked(True)
    assert live.state is State.PREPARING
    wait(lambda: "sdpose-osc" in engine_threads())
    job = live._job
    assert job is not None
    assert job.run is not None
    job.cancel()
    job.run.engine.wait()
    QCoreApplication.processEvents()  # now everything is given back, and a switch comes too late
    job.send(Way.OSC, f"{LOOPBACK}:9000")
    wait(lambda: live.state is None)
    assert engine_threads() == ["sdpose-live-cameras"]


def test_a_port_that_is_taken_is_told_beside_its_switch(
    live: LivePage, people_clip: Path, wait: Wait
) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        address = f"{LOOPBACK}:{taken.getsockname()[1]}"
        started(live, people_clip, wait)
        send = live.controls.send
        send.lines[Way.WEBSOCKET].setText(address)
        send.boxes[Way.WEBSOCKET].setChecked(True)
        wait(lambda: send.notices[Way.WEBSOCKET].sentence)
        assert address in send.notices[Way.WEBSOCKET].sentence
        assert not send.boxes[Way.WEBSOCKET].isChecked()
        assert live.is_running


def test_the_end_of_the_run_is_the_last_that_is_told(
    qtbot: QtBot, live: LivePage, people_clip: Path, wait: Wait
) -> None:
    started(live, people_clip, wait)
    job = live._job
    assert job is not None
    assert job.run is not None
    told: list[str] = []
    job.shown.connect(lambda _result: told.append("frame"))
    job.ended.connect(lambda state, _sentence: told.append(state.value))
    ends: list[object] = []
    job.run.engine.events.subscribe(lambda e: ends.append(e) if isinstance(e, Finished) else None)
    with qtbot.waitSignal(job.ended, timeout=LONG_MS):
        job.cancel()
    assert len(ends) == 1
    assert told[-1] == State.CANCELLED.value
    assert told.count(State.CANCELLED.value) == 1
