from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hands import click, press
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QImage
from PyQt6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ui.live.cameras import Camera, list_cameras
from ui.live.page import LivePage, State
from ui.live.picture import EMPTY
from ui.live.stats import UNKNOWN, LiveStats

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen screen has none
STREAM = "rtsp://camera.local/stream"


@pytest.fixture
def page(qtbot: QtBot) -> Iterator[LivePage]:
    page = LivePage()
    qtbot.addWidget(page)
    page.resize(900, 560)
    with qtbot.waitExposed(page):
        page.show()
    qtbot.waitUntil(page.again.isEnabled)
    yield page
    page.finish()


def write_to(page: LivePage, address: str) -> None:
    page.source.setCurrentIndex(page.source.count() - 1)
    page.address.setText(address)


def cells(page: LivePage) -> list[str]:
    items = (page.stats.item(row, 1) for row in range(page.stats.rowCount()))
    return ["" if item is None else item.text() for item in items]


def test_nothing_runs_before_the_page_is_seen(qtbot: QtBot) -> None:
    page = LivePage()
    qtbot.addWidget(page)
    assert [t.name for t in threading.enumerate() if t.name == "sdpose-live"] == []
    assert cells(page) == [UNKNOWN] * page.stats.rowCount()
    assert page.picture.accessibleDescription() == EMPTY


def test_an_address_that_the_engine_refuses_is_told_in_its_words(
    qtbot: QtBot, page: LivePage
) -> None:
    write_to(page, STREAM)

    click(page.start)

    assert page.state is State.STARTING
    assert not page.address.isEnabled()
    qtbot.waitUntil(lambda: page.state is State.IDLE)
    assert page.sentence.isVisible()
    assert page.sentence.text().startswith(f"{STREAM} is an address: live sources")
    assert page.sentence.text() in page.sentence.accessibleName()
    assert page.address.isEnabled()


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("", "No address is written; write one such as rtsp://camera.local/stream."),
        ("  ", "No address is written; write one such as rtsp://camera.local/stream."),
        (
            "clip.mp4",
            "clip.mp4 is no address of a live source; write one such as"
            " rtsp://camera.local/stream.",
        ),
    ],
)
def test_what_is_no_address_is_told(
    qtbot: QtBot, page: LivePage, address: str, wanted: str
) -> None:
    write_to(page, address)
    press(page.address, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.sentence.text() == wanted)


def test_a_file_is_not_opened_as_a_live_source(
    qtbot: QtBot, page: LivePage, uneven_clip: Path
) -> None:
    with qtbot.assertNotEmitted(page.start_wanted):
        write_to(page, uneven_clip.as_uri())
        page.start.click()
        qtbot.waitUntil(page.sentence.isVisible)
    assert "no address of a live source" in page.sentence.text()


def test_a_camera_is_asked_for_by_the_name_of_its_device(qtbot: QtBot, page: LivePage) -> None:
    page._show_cameras((Camera("Front", "/dev/video0"), Camera("Back", "/dev/video2")))
    assert not page.address.isVisible()
    page.source.setCurrentIndex(1)
    assert page.spec == "/dev/video2"
    page.start.click()
    qtbot.waitUntil(page.sentence.isVisible)
    assert page.sentence.text().startswith("/dev/video2 is a camera")


def test_a_camera_stays_chosen_when_others_come(page: LivePage) -> None:
    front, back = Camera("Front", "/dev/video0"), Camera("Back", "/dev/video2")
    page._show_cameras((front, back))
    page.source.setCurrentIndex(1)
    page._show_cameras((Camera("New", "/dev/video1"), back))
    assert page.spec == "/dev/video2"
    page._show_cameras((front,))
    assert page.spec == "/dev/video0"


def test_starting_can_be_stopped_before_there_is_an_answer(qtbot: QtBot, page: LivePage) -> None:
    gate = threading.Event()
    page._lane.ask(gate.wait)
    write_to(page, STREAM)
    page.start.click()
    with qtbot.waitSignal(page.stop_wanted):
        page.start.click()
    gate.set()
    answered: list[None] = []
    page._lane.ask(lambda: None, answered.append)
    qtbot.waitUntil(lambda: bool(answered))
    assert page.state is State.IDLE
    assert not page.sentence.isVisible()


def test_what_runs_is_shown_until_it_is_stopped(qtbot: QtBot, page: LivePage) -> None:
    page.show_running(running=True)
    page.show_stats(
        LiveStats(84.2, 120.9, 30, 29.97, {"detect": 3, "pose": 1200}, {"pose": 1}, 3_400_000_000)
    )
    assert cells(page) == [
        "84 ms", "121 ms", "30 / s", "29.97 / s", "detect 3, pose 1,200", "pose 1", "3.4 GB",
    ]  # fmt: skip
    assert page.start.text() == "Stop"

    with qtbot.waitSignal(page.stop_wanted):
        page.start.click()

    assert page.start.text() == "Start"
    assert cells(page) == [UNKNOWN] * page.stats.rowCount()


def test_the_picture_fills_the_area_without_being_stretched(page: LivePage) -> None:
    image = QImage(64, 16, QImage.Format.Format_RGB32)
    image.fill(QColor("#20c040"))
    page.show_picture(image)

    seen = page.picture.grab().toImage()

    width, height = seen.width(), seen.height()
    assert seen.pixelColor(width // 2, height // 2) == QColor("#20c040")
    assert seen.pixelColor(2, height // 2) == QColor("#20c040")
    assert seen.pixelColor(width // 2, 4) != QColor("#20c040")


def test_why_a_source_ended_stays_to_be_read(page: LivePage) -> None:
    page.show_running(running=True)
    page.refuse("The camera was pulled out; connect it and start again.")
    assert page.state is State.IDLE
    assert page.sentence.isVisible()
    page.show_running(running=True)
    assert not page.sentence.isVisible()


def test_every_control_has_a_name_and_can_be_reached_by_tab(page: LivePage) -> None:
    controls: tuple[QWidget, ...] = (
        page.source, page.again, page.address, page.latency, page.record, page.start, page.stats,
    )  # fmt: skip
    for control in controls:
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus
        assert control.accessibleName() or page.record.text()


def test_cameras_are_listed_by_number_with_the_names_of_their_drivers(tmp_path: Path) -> None:
    for device, name, index in (
        ("video10", "Back\n", "0"), ("video2", "Front\n", "0"), ("video3", "Front\n", "1"),
        ("video4", "", "0"),
    ):  # fmt: skip
        (tmp_path / device).mkdir()
        (tmp_path / device / "name").write_text(name, encoding="utf-8")
        (tmp_path / device / "index").write_text(index, encoding="utf-8")

    assert list_cameras(tmp_path) == (
        Camera("Front", "/dev/video2"),
        Camera("Camera 4", "/dev/video4"),
        Camera("Back", "/dev/video10"),
    )


def test_without_cameras_there_are_none(tmp_path: Path) -> None:
    assert list_cameras(tmp_path / "nowhere") == ()
