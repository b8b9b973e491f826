"""The live page's controls and picture, with nothing to look at yet."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hands import click, press
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QImage
from PyQt6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from sdpose_track.capture import Camera, CaptureSettings
from sdpose_track.errors import SourceError
from sdpose_track.live.meter import LiveStats
from sdpose_track.live.records import LiveResult
from sdpose_track.live.sending import Way
from sdpose_track.live.wish import LiveWish, RecordWish
from sdpose_track.pipeline.events import Finished, Outcome
from sdpose_track.records import NO_DETECTIONS, Frame, FramePoses, Pose, measured
from sdpose_track.settings import LiveSettings
from sdpose_track.skeletons import COCO17
from ui.figures.look import Look, Switch
from ui.jobs.job import State
from ui.live.mailbox import Mailbox, Post
from ui.live.page import NO_CAMERA, LivePage
from ui.live.picture import EMPTY, PictureArea
from ui.live.record_panel import RecordPanel
from ui.live.sight import sight_of
from ui.live.source_form import Kind, SourceForm
from ui.live.stats import UNKNOWN, StatsTable
from ui.look import theme
from ui.look.colours import person_colour
from ui.look.theme import Theme, tokens
from ui.preferences import Preferences

FRONT, BACK = Camera(0, "Front"), Camera(2, "Back")
GREEN = (64, 192, 32)
"""Blue, green, red of the pictures."""


@pytest.fixture
def page(qtbot: QtBot, preferences: Preferences) -> Iterator[LivePage]:
    page = LivePage(preferences)
    qtbot.addWidget(page)
    page.resize(900, 700)
    with qtbot.waitExposed(page):
        page.show()
    qtbot.waitUntil(page.controls.form.again.isEnabled)
    yield page
    page.finish()


def result_of(index: int = 0, *people: Pose, size: tuple[int, int] = (64, 48)) -> LiveResult:
    """Return a green frame of so many pixels with people on it."""
    width, height = size
    image = np.full((height, width, 3), GREEN, np.uint8)
    frame = Frame(index, index, Fraction(index, 30), image, arrived=0.0)
    poses = FramePoses(index, index, frame.time, people)
    return LiveResult(poses, NO_DETECTIONS, np.empty(0, np.int32), frame=frame, shown=people)


def somebody(track_id: int, x: float) -> Pose:
    """Return a person all of whose keypoints stand in a column at `x` pixels."""
    keypoints = np.stack([np.full(17, x), np.linspace(10, 38, 17)], axis=1).astype(np.float32)
    box = np.array([x - 4, 8, x + 4, 40], np.float32)
    return Pose(track_id, box, 0.9, keypoints, np.full(17, 0.9, np.float32), measured(17))


def choose(form: SourceForm, kind: Kind) -> None:
    """Choose a kind of source, as a user does."""
    kinds = [form.source.itemData(row)[0] for row in range(form.source.count())]
    form.source.setCurrentIndex(kinds.index(kind))
    form.source.activated.emit(kinds.index(kind))


def cells(stats: StatsTable) -> list[str]:
    items = (stats.item(row, 1) for row in range(stats.rowCount()))
    return ["" if item is None else item.text() for item in items]


# -- the source ------------------------------------------------------------------------------------


def test_nothing_runs_before_the_page_is_seen(qtbot: QtBot, preferences: Preferences) -> None:
    page = LivePage(preferences)
    qtbot.addWidget(page)
    assert [t.name for t in threading.enumerate() if t.name.startswith("sdpose-live")] == []
    assert set(cells(page.controls.stats)) == {UNKNOWN}
    assert page.picture.accessibleDescription() == EMPTY


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (Kind.ADDRESS, "No address is written; write one such as rtsp://camera.local/stream."),
        (Kind.FILE, "No file is chosen; choose a video to rehearse with."),
    ],
)
def test_starting_nothing_is_refused_in_a_sentence(
    page: LivePage, kind: Kind, sentence: str
) -> None:
    choose(page.controls.form, kind)
    click(page.controls.start)
    assert page.controls.notice.sentence == sentence
    assert page.state is None


def test_a_complaint_about_one_source_goes_when_another_is_chosen_or_written(
    page: LivePage,
) -> None:
    form, notice = page.controls.form, page.controls.notice
    choose(form, Kind.ADDRESS)
    click(page.controls.start)
    assert notice.sentence
    choose(form, Kind.FILE)
    assert notice.sentence == ""
    click(page.controls.start)
    assert notice.sentence
    form.file.setText("clip.mp4")
    assert notice.sentence == ""


def test_only_the_fields_of_what_is_chosen_are_shown(page: LivePage) -> None:
    form = page.controls.form
    page._show_cameras((FRONT,))
    assert form.kind is Kind.CAMERA
    assert form.asked.size_box.isVisible()
    assert not form.address.isVisible()
    choose(form, Kind.FILE)
    assert form.file.isVisible()
    assert form.loop.isVisible()
    assert not form.asked.size_box.isVisible()
    choose(form, Kind.ADDRESS)
    assert form.address.isVisible()
    assert not form.file.isVisible()


def test_a_camera_is_asked_for_by_its_number_with_what_was_chosen(page: LivePage) -> None:
    page._show_cameras((FRONT, BACK))
    form = page.controls.form
    form.source.setCurrentIndex(1)
    form.asked.size_box.setCurrentIndex(form.asked.size_box.findText("1280 × 720"))
    form.asked.rate_box.setCurrentIndex(form.asked.rate_box.findText("30 / s"))
    form.latency.setValue(150)
    wish = page.controls.wish(LiveWish(spec=""))
    assert (wish.spec, wish.capture.size, wish.capture.rate) == ("2", (1280, 720), Fraction(30))
    assert wish.settings.latency_ms == 150.0


def test_a_camera_stays_chosen_when_others_come_and_an_address_too(page: LivePage) -> None:
    form = page.controls.form
    page._show_cameras((FRONT, BACK))
    form.source.setCurrentIndex(1)
    form.source.activated.emit(1)
    page._show_cameras((FRONT, Camera(1, "New"), BACK))
    assert form.spec == "2"
    page._show_cameras((FRONT,))
    assert form.spec == "0"
    choose(form, Kind.ADDRESS)
    page._show_cameras((FRONT, BACK))
    assert form.kind is Kind.ADDRESS


def test_without_cameras_that_is_said(page: LivePage) -> None:
    page._show_cameras(())
    assert page.picture.accessibleDescription() == NO_CAMERA


def test_what_was_chosen_is_remembered_but_for_passwords(
    qtbot: QtBot, page: LivePage, preferences: Preferences
) -> None:
    form = page.controls.form
    choose(form, Kind.ADDRESS)
    form.address.setText("rtsp://anna:secret@camera.local/stream")
    form.latency.setValue(250)
    page.controls.mirror.setChecked(True)
    page.controls.record.video.setChecked(True)
    page.controls.send.lines[Way.OSC].setText("127.0.0.1:7000")
    page.controls.send.boxes[Way.OSC].setChecked(True)
    page.controls.remember()
    page.controls.mirror.setChecked(False)  # remembered at once: it counts while something runs

    again = LivePage(preferences)
    qtbot.addWidget(again)

    assert again.controls.form.kind is Kind.ADDRESS
    assert again.controls.form.address.text() == "rtsp://camera.local/stream"
    assert again.controls.form.latency.value() == 250
    assert not again.controls.mirror.isChecked()
    assert again.controls.record.video.isChecked()
    assert again.controls.send.lines[Way.OSC].text() == "127.0.0.1:7000"
    assert again.controls.send.address(Way.OSC) is None  # asked for anew every time


def test_a_remembered_camera_is_chosen_once_it_is_found(
    qtbot: QtBot, preferences: Preferences
) -> None:
    preferences.set_choices("live", {"kind": "camera", "camera": "2"})
    page = LivePage(preferences)
    qtbot.addWidget(page)
    page._show_cameras((FRONT, BACK))
    assert page.controls.form.spec == "2"


@pytest.mark.parametrize("damaged", [{"kind": 3, "latency_ms": "x", "size": []}, {"kind": "?"}])
def test_damaged_choices_are_as_if_never_made(
    qtbot: QtBot, preferences: Preferences, damaged: dict[str, object]
) -> None:
    preferences.set_choices("live", damaged)
    page = LivePage(preferences)
    qtbot.addWidget(page)
    assert page.controls.form.latency.value() == LiveSettings().latency_ms
    assert page.controls.form.loop.isChecked()


def test_a_wish_from_elsewhere_is_shown_and_what_the_page_does_not_offer_is_kept(
    qtbot: QtBot, preferences: Preferences
) -> None:
    page = LivePage(preferences)
    qtbot.addWidget(page)
    wish = LiveWish(
        spec="rtsp://camera.local/stream",
        settings=LiveSettings(device="cpu", latency_ms=80),
        osc="127.0.0.1:9100",
        record=RecordWish(session=Path("take.sdpose")),
    )
    page.controls.show_wish(wish)
    again = page.controls.wish(wish)
    assert (again.spec, again.settings, again.osc) == (wish.spec, wish.settings, wish.osc)
    assert again.record is None  # it would replace the recording that was made


def test_how_a_camera_is_asked_for_elsewhere_is_shown_and_counts_again(page: LivePage) -> None:
    capture = CaptureSettings(size=(1234, 720), rate=Fraction(30000, 1001), patience_s=5.0)
    wish = LiveWish(spec="2", capture=capture)
    page._show_cameras((FRONT, BACK))
    page.controls.show_wish(wish)
    asked = page.controls.form.asked
    assert asked.size_box.currentText() == "1234 × 720"
    assert asked.rate_box.currentText() == "29.97 / s"
    assert page.controls.wish(wish).capture == capture
    page.controls.show_wish(LiveWish(spec="2"))
    assert page.controls.wish(LiveWish(spec="2")).capture == CaptureSettings()


def test_a_certificate_is_taken_unchecked_only_if_that_is_ticked_now(
    page: LivePage, preferences: Preferences, qtbot: QtBot
) -> None:
    wish = LiveWish(spec="rtsps://camera", capture=CaptureSettings(any_certificate=True))
    page.controls.show_wish(LiveWish(spec="rtsps://camera"))
    assert not page.controls.wish(wish).capture.any_certificate
    page.controls.show_wish(wish)
    assert page.controls.form.any_certificate.isVisible()
    assert page.controls.wish(wish).capture.any_certificate
    page.controls.remember()
    again = LivePage(preferences)
    qtbot.addWidget(again)
    assert again.controls.form.address.text() == "rtsps://camera"
    assert not again.controls.form.any_certificate.isChecked()


def test_a_camera_that_was_asked_for_elsewhere_is_shown_as_it_was_called(page: LivePage) -> None:
    form = page.controls.form
    form.show_wish(LiveWish(spec="2"))
    assert (form.kind, form.spec, form.source.currentText()) == (Kind.CAMERA, "2", "2")
    page._show_cameras((FRONT, BACK))
    assert (form.spec, form.source.currentText()) == ("2", "2: Back")
    form.show_wish(LiveWish(spec="webcam"))
    assert (form.spec, form.source.currentText()) == ("webcam", "webcam")


# -- sending and recording -------------------------------------------------------------------------


def test_sending_is_folded_away_and_tells_what_is_on(page: LivePage) -> None:
    send = page.controls.send
    assert not send.boxes[Way.OSC].isVisible()
    click(send.fold)
    assert send.boxes[Way.OSC].isVisible()
    send.boxes[Way.OSC].setChecked(True)
    send.boxes[Way.WEBSOCKET].setChecked(True)
    assert send.fold.text() == "Send on: OSC, WebSocket"
    page._show_cameras((FRONT,))
    wish = page.controls.wish(LiveWish(spec=""))
    assert (wish.osc, wish.websocket) == ("127.0.0.1:9000", "127.0.0.1:9001")


def test_an_address_to_send_to_that_is_none_is_told_beside_it(page: LivePage) -> None:
    send = page.controls.send
    send.lines[Way.OSC].setText("nowhere")
    send.boxes[Way.OSC].setChecked(True)
    assert not send.boxes[Way.OSC].isChecked()
    assert send.notices[Way.OSC].sentence.startswith("OSC nowhere: expected HOST:PORT")
    assert send.fold.isChecked()
    assert send.fold.text() == "Send on"


def test_who_else_can_read_what_is_sent_is_told(page: LivePage) -> None:
    send = page.controls.send
    send.lines[Way.WEBSOCKET].setText("0.0.0.0:9001")
    send.boxes[Way.WEBSOCKET].setChecked(True)
    assert send.boxes[Way.WEBSOCKET].isChecked()
    assert "without a password" in send.notices[Way.WEBSOCKET].sentence
    send.lines[Way.WEBSOCKET].setText("9001")
    press(send.lines[Way.WEBSOCKET], Qt.Key.Key_Return)
    assert send.notices[Way.WEBSOCKET].sentence == ""


def test_a_recording_gets_the_time_as_its_name_in_the_folder_that_is_shown(
    qtbot: QtBot, preferences: Preferences, tmp_path: Path
) -> None:
    now = datetime(2026, 5, 4, 13, 2, 1)
    panel = RecordPanel(preferences, now=lambda: now)
    qtbot.addWidget(panel)
    panel.folder.line.setText(str(tmp_path))
    panel.video.setChecked(True)
    assert not panel.record.isEnabled()
    panel.set_able(on=True)

    with qtbot.waitSignal(panel.wanted) as asked:
        panel.record.click()

    session = tmp_path / "live_2026-05-04_13-02-01.sdpose"
    assert asked.args == [RecordWish(session=session, video=True)]
    panel.show_recording(session)
    assert panel.record.text().replace("&", "") == "Stop Recording"
    assert not panel.folder.isEnabled()
    with qtbot.waitSignal(panel.unwanted):
        panel.record.click()
    again = RecordPanel(preferences)
    qtbot.addWidget(again)
    assert again.folder.line.text() == str(tmp_path)


def test_recordings_within_one_second_get_different_names(
    qtbot: QtBot, preferences: Preferences, tmp_path: Path
) -> None:
    panel = RecordPanel(preferences, now=lambda: datetime(2026, 5, 4, 13, 2, 1))
    qtbot.addWidget(panel)
    panel.set_able(on=True)
    panel.folder.line.setText(str(tmp_path))
    names = []
    for suffix in (".sdpose", ".mp4", ".sdpose"):
        with qtbot.waitSignal(panel.wanted) as asked:
            panel.record.click()
        session = asked.args[0].session
        names.append(session.name)
        session.with_suffix(suffix).touch()
        panel.show_recording(None)
    stem = "live_2026-05-04_13-02-01"
    assert names == [f"{stem}.sdpose", f"{stem}_2.sdpose", f"{stem}_3.sdpose"]


def test_a_press_while_a_recording_begins_or_ends_does_nothing(
    qtbot: QtBot, preferences: Preferences, tmp_path: Path
) -> None:
    panel = RecordPanel(preferences)
    qtbot.addWidget(panel)
    panel.set_able(on=True)
    panel.folder.line.setText(str(tmp_path))
    with qtbot.waitSignal(panel.wanted) as asked:
        panel.record.click()
    with qtbot.assertNotEmitted(panel.unwanted):
        panel.record.click()
    assert panel.record.isChecked()
    panel.show_recording(asked.args[0].session)
    with qtbot.waitSignal(panel.unwanted):
        panel.record.click()
    with qtbot.assertNotEmitted(panel.wanted):
        panel.record.click()
    assert not panel.record.isChecked()
    panel.show_recording(None)
    panel.record.click()
    panel.refuse("it cannot be written")
    assert panel.record.isEnabled()
    with qtbot.waitSignal(panel.wanted):
        panel.record.click()


def test_a_recording_without_a_folder_is_refused(qtbot: QtBot, preferences: Preferences) -> None:
    panel = RecordPanel(preferences)
    qtbot.addWidget(panel)
    panel.set_able(on=True)
    panel.folder.line.setText(" ")
    with qtbot.assertNotEmitted(panel.wanted):
        panel.record.click()
    assert panel.notice.sentence == "Choose a folder for the recording."
    assert not panel.record.isChecked()


def test_a_complaint_brings_hidden_controls_back(page: LivePage) -> None:
    page.toggle_controls()
    page.controls.record.refuse("it cannot be written")
    assert page.controls.record.notice.isVisible()
    page.toggle_controls()
    page.controls.send.refuse(Way.OSC, "the port is taken")
    assert page.controls.send.notices[Way.OSC].isVisible()


def test_what_stands_beside_a_switch_is_not_said_upon_the_picture_too(page: LivePage) -> None:
    send, picture = page.controls.send, page.picture
    click(send.fold)
    send.lines[Way.WEBSOCKET].setText("0.0.0.0:9001")
    send.boxes[Way.WEBSOCKET].setChecked(True)
    sentence = send.notices[Way.WEBSOCKET].sentence
    page._on_noted(sentence)
    assert picture.told == ""
    click(send.fold)
    page._on_noted(sentence)
    assert picture.told == sentence


# -- what is seen ----------------------------------------------------------------------------------


@pytest.fixture
def area(qtbot: QtBot) -> PictureArea:
    area = PictureArea()
    qtbot.addWidget(area)
    area.resize(400, 400)
    with qtbot.waitExposed(area):
        area.show()
    return area


def seen(area: PictureArea) -> QImage:
    return area.grab().toImage().scaled(area.size())


def test_the_picture_fills_the_area_without_being_stretched(area: PictureArea) -> None:
    area.show_sight(sight_of(result_of(size=(64, 16))), COCO17)
    image, green = seen(area), QColor(GREEN[2], GREEN[1], GREEN[0])
    assert image.pixelColor(200, 200) == green
    assert image.pixelColor(3, 200) == green
    assert image.pixelColor(200, 4) != green


def test_people_have_their_colours_and_the_switches_count(area: PictureArea) -> None:
    area.show_sight(sight_of(result_of(0, somebody(2, 16))), COCO17)
    x = round((16 + 0.5) * 400 / 64)
    drawn = person_colour(2)
    column = {seen(area).pixelColor(x, y).name() for y in range(120, 290)}
    assert drawn.name() in column
    area.set_look(Look().switched(Switch.SKELETON, on=False).switched(Switch.IDS, on=False))
    assert drawn.name() not in {seen(area).pixelColor(x, y).name() for y in range(120, 290)}


def test_where_people_came_from_is_drawn_if_trails_are_shown(area: PictureArea) -> None:
    green, on_the_way = QColor(GREEN[2], GREEN[1], GREEN[0]), (109, 241)
    for trails in (True, False):
        area.set_look(Look(trails=trails, skeleton=False, ids=False))
        for index in range(4):
            area.show_sight(sight_of(result_of(index, somebody(1, 8 + 6 * index))), COCO17)
        assert (seen(area).pixelColor(*on_the_way) != green) == trails


def test_mirrored_the_people_stay_on_their_places_of_the_picture(area: PictureArea) -> None:
    result = result_of(0, somebody(1, 16))
    result.frame.image[:, :32] = 255
    area.show_sight(sight_of(result), COCO17)
    area.set_mirrored(True)
    image, x = seen(area), round(400 - (16 + 0.5) * 400 / 64)
    assert image.pixelColor(390, 200) == QColor("white")
    assert image.pixelColor(10, 200) != QColor("white")
    assert person_colour(1).name() in {image.pixelColor(x, y).name() for y in range(120, 290)}


def test_each_frame_that_was_painted_is_told_once_and_of_several_the_newest(
    qtbot: QtBot, area: PictureArea
) -> None:
    told: list[int] = []
    area.painted.connect(lambda result: told.append(result.frame.index))
    for index in range(3):
        area.show_sight(sight_of(result_of(index)), COCO17)
    qtbot.waitUntil(lambda: bool(told))
    area.set_mirrored(True)
    area.repaint()
    assert told == [2]


def test_what_is_told_stands_on_the_picture_and_is_read_aloud(area: PictureArea) -> None:
    area.show_sight(sight_of(result_of(size=(400, 400))), COCO17)
    before = seen(area)
    area.tell("rtsp://camera.local/stream does not answer; trying again in 1 s")
    assert "does not answer" in area.accessibleDescription()
    after = seen(area)
    ground = after.pixelColor(200, 400 - 20)
    assert before.pixelColor(200, 400 - 20) != ground
    area.show_recorded("12 frames")
    assert seen(area).pixelColor(20, 20) != after.pixelColor(20, 20)
    area.say("nothing")
    assert (area.told, area.result) == ("", None)


def test_what_is_told_before_the_first_picture_is_seen_too(area: PictureArea) -> None:
    before = seen(area)
    area.tell("rtsp://camera.local/stream does not answer; trying again in 1 s")
    assert seen(area).pixelColor(200, 400 - 24) != before.pixelColor(200, 400 - 24)


def test_a_double_click_asks_for_the_whole_screen(qtbot: QtBot, page: LivePage) -> None:
    with qtbot.waitSignal(page.full_screen_wanted):
        page.picture.double_clicked.emit()


def test_figures_are_shown_and_a_latency_over_the_budget_is_seen_to_be_so(
    page: LivePage,
) -> None:
    stats = LiveStats(
        84.2, 120.9, 30.0, 29.97, {"detect": 3, "pose": 1200}, {"detect": 0, "pose": 1},
        3_400_000_000, 2, 640, 3, 2.5, None,
    )  # fmt: skip
    table = page.controls.stats
    table.show_stats(stats, 100)
    assert cells(table) == [
        "84 ms", "121 ms", "30.0 / s", "30.0 / s", "detector 3, pose model 1,200", "pose model 1",
        "2", "640 px", "2.5 / s, 3 at once", "3.4 GB",
    ]  # fmt: skip
    item = table.item(1, 1)
    assert item is not None
    assert item.foreground().color() == QColor(tokens().warning)
    assert "the budget is 100 ms" in item.toolTip()
    table.show_stats(replace(stats, crops=None))
    assert cells(table)[4] == "1,203"  # only the detector looks
    table.show_stats(stats, 200)
    assert item.foreground().color() != QColor(tokens().warning)
    table.show_stats(None)
    assert set(cells(table)) == {UNKNOWN}


def test_every_control_has_a_name_and_can_be_reached_by_tab(page: LivePage) -> None:
    controls = page.controls
    form, record, send = controls.form, controls.record, controls.send
    reached: tuple[QWidget, ...] = (
        form.source, form.again, form.address, form.file, form.browse, form.latency, form.loop,
        form.asked.size_box, form.asked.rate_box, controls.start, controls.mirror, record.record,
        record.video, record.folder.line, record.open, send.fold, *send.boxes.values(),
        *send.lines.values(), controls.stats,
    )  # fmt: skip
    for control in reached:
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus, control
        assert control.accessibleName() or getattr(control, "text", str)(), control
        assert control.toolTip() or control is controls.stats, control


def test_the_keyboard_stays_on_the_page_when_a_run_is_started_with_enter(page: LivePage) -> None:
    form = page.controls.form
    choose(form, Kind.ADDRESS)
    form.address.setFocus()
    page.controls.show_state(State.PREPARING)
    assert page.focusWidget() is page.controls.start
    assert page.controls.start.text() == "Stop"


def test_what_is_less_important_can_be_read_in_every_theme(
    qtbot: QtBot, page: LivePage, qapp: QApplication
) -> None:
    described = page.controls.described
    described.setText("yolo11n-pose, CPU")
    described.show()
    try:
        for chosen in (Theme.LIGHT, Theme.DARK):
            theme.apply(qapp, chosen)
            described.ensurePolished()
            assert described.palette().windowText().color() == QColor(tokens().muted)
    finally:
        theme.apply(qapp, Theme.SYSTEM)


def test_the_controls_can_be_hidden_and_come_back(qtbot: QtBot, page: LivePage) -> None:
    narrow = page.picture.width()
    page.toggle_controls()
    qtbot.waitUntil(lambda: page.picture.width() > narrow)
    assert not page.controls.isVisible()
    page.toggle_controls()
    assert page.controls.isVisible()


# -- what threads leave ----------------------------------------------------------------------------


def test_of_frames_the_newest_is_kept_and_of_sentences_all() -> None:
    rings: list[None] = []
    box = Mailbox(lambda: rings.append(None))
    first, second = result_of(0), result_of(1)
    end = Finished(Outcome.FAILED, SourceError("gone"))
    box.leave(first)
    box.tell("one")
    box.leave(second)
    box.tell("two")
    box.hear(end)
    assert len(rings) == 5
    post = box.empty()
    assert post.newest is not None
    assert post.newest.result is second
    assert post[1:] == (("one", "two"), end)
    assert box.empty() == Post(None, (), None)
