"""The run dialog: what it offers, what it refuses, and the wish that it ends with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QSignalSpy
from PyQt6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot
from sessions import source_info

from sdpose_track.pipeline.plan import Span
from sdpose_track.settings import TrackSettings
from sdpose_track.smooth.choices import Smoothing
from sdpose_track.sources import open_source
from ui.dialogs.range_field import RangeField
from ui.dialogs.run import RunDialog
from ui.document.clock import FrameClock
from ui.jobs.job import State
from ui.jobs.tracking import TrackJob
from ui.jobs.wishes import RunWish
from ui.look.texts import timecode
from ui.preferences import Preferences

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen screen has none
LIMIT_MS = 60_000
Make = Callable[..., RunDialog]


@pytest.fixture
def ask(qtbot: QtBot, tmp_path: Path) -> Iterator[Make]:
    made: list[RunDialog] = []

    def make(clip: Path, marked: range | None = None, **more: Any) -> RunDialog:
        with open_source(str(clip)) as source:
            info, pts = source.info, source.times()
        assert pts is not None
        dialog = RunDialog(info, FrameClock.of_source(info, pts), marked, **more)
        made.append(dialog)
        qtbot.addWidget(dialog)
        dialog.form.folder.line.setText(str(tmp_path / "out"))
        dialog.show()
        qtbot.waitUntil(lambda: is_settled(dialog), timeout=LIMIT_MS)
        return dialog

    yield make
    for dialog in made:
        dialog.done(0)


def is_settled(dialog: RunDialog) -> bool:
    """It knows what is here, and has looked at the session that would be written."""
    return dialog._machine is not None and dialog._session() == dialog._answered


def wishes(dialog: RunDialog) -> list[RunWish]:
    heard: list[RunWish] = []
    dialog.wished.connect(heard.append)
    return heard


def test_start_wishes_for_what_the_controls_say(
    ask: Make, people_clip: Path, tmp_path: Path
) -> None:
    dialog = ask(people_clip)
    form = dialog.form
    form.pose.setCurrentIndex(form.pose.findData("yolo11n-pose"))
    form.device.setCurrentIndex(form.device.findData("cpu"))
    form.people.setText("2")
    form.confidence.setText("0.4")
    form.detector_size.setCurrentIndex(form.detector_size.findData("960"))
    form.smooth.setCurrentIndex(form.smooth.findData(Smoothing.OFF))
    form.boxes["csv"].setChecked(True)
    form.boxes["bvh"].setChecked(True)
    heard = wishes(dialog)
    assert "Tracks 50 frames with yolo11n-pose on the CPU" in dialog.sentence.text()

    dialog.start_button.click()

    assert heard == [
        RunWish(
            source=str(people_clip),
            session=tmp_path / "out" / "people.sdpose",
            settings=TrackSettings(
                pose="yolo11n-pose",
                device="cpu",
                max_people=2,
                confidence=0.4,
                detector_size="960",
            ),
            exports=("bvh", "csv"),
            smoothing=Smoothing.OFF,
            overwrite=True,
        )
    ]
    assert dialog.isHidden()


def test_the_results_go_beside_the_video(ask: Make, people_clip: Path, qtbot: QtBot) -> None:
    with open_source(str(people_clip)) as source:
        info = source.info
    dialog = RunDialog(info, FrameClock.of_source(info, list(range(50))))
    qtbot.addWidget(dialog)
    assert dialog.wish().session == people_clip.parent / "people_poses" / "people.sdpose"
    dialog.done(0)


@pytest.mark.parametrize(
    ("control", "typed", "told"),
    [
        ("confidence", "2", "Confidence 2.0: expected a number between 0 and 1"),
        ("confidence", "much", "Confidence much: expected a number between 0 and 1"),
        ("people", "0", "People at most 0: expected 1 or more"),
        ("people", "-1", "People at most -1: expected a whole number"),
        ("batch", "9999", "Batch 9999: expected a number from 1 to 1024"),
    ],
)
def test_a_wrong_value_is_refused_at_its_control(
    ask: Make, people_clip: Path, control: str, typed: str, told: str
) -> None:
    dialog = ask(people_clip)
    line = getattr(dialog.form, control)
    before = line.text()
    line.setText(typed)

    assert not dialog.start_button.isEnabled()
    assert told in dialog.form.complaints
    assert line.isVisible()
    line.setText(before)
    assert dialog.start_button.isEnabled()
    assert not dialog.form.complaints


def test_the_marks_choose_the_very_frames_that_the_run_looks_at(
    ask: Make, uneven_clip: Path
) -> None:
    dialog = ask(uneven_clip, range(2, 5))
    settings = dialog.wish().settings
    assert settings is not None
    assert (settings.start, settings.end) == (Fraction(80, 1000), Fraction(320, 1000))
    with open_source(str(uneven_clip)) as source:
        span = Span(source, settings)
    assert (span.first, span.stop) == (2, 5)
    assert "Tracks 3 frames" in dialog.sentence.text()

    dialog.form.range.choice.setCurrentIndex(dialog.form.range.WHOLE)
    settings = dialog.wish().settings
    assert settings is not None
    assert (settings.start, settings.end) == (Fraction(0), None)


def test_times_are_typed_and_wrong_ones_refused(ask: Make, uneven_clip: Path) -> None:
    dialog = ask(uneven_clip)
    field = dialog.form.range
    field.choice.setCurrentIndex(field.TIMES)
    assert field.chosen() is None, "from the beginning to the end is all of it"
    field.begin.setText("0.08")
    field.end.setText("0:00:00.200")
    assert field.chosen() == range(2, 4)

    field.end.setText("soon")
    assert not dialog.start_button.isEnabled()
    assert any("soon" in told for told in dialog.form.complaints)
    field.end.setText("0.01")
    assert not dialog.start_button.isEnabled()


def test_without_marks_the_range_between_them_cannot_be_chosen(
    ask: Make, people_clip: Path
) -> None:
    box = ask(people_clip).form.range.choice
    model = box.model()
    assert model is not None
    assert not model.flags(model.index(1, 0)) & Qt.ItemFlag.ItemIsEnabled


def test_models_that_are_not_here_say_how_to_get_them(ask: Make, people_clip: Path) -> None:
    dialog = ask(people_clip)
    form = dialog.form
    names = [str(form.pose.itemData(i)) for i in range(form.pose.count())]
    assert names[:3] == ["auto", "yolo11n-pose", "sdpose-body"]
    form.pose.setCurrentIndex(form.pose.findData("sdpose-body"))

    told = form.pose_told.text()
    assert "not here" in told
    assert "GB" in told
    assert "MIT" in told
    assert "sdpose-track models fetch sdpose-body" in told
    assert "nothing can begin" in dialog.sentence.text()
    assert not dialog.start_button.isEnabled()


@pytest.fixture(scope="module")
def stopped(people_clip: Path, tmp_path_factory: pytest.TempPathFactory, qapp: Any) -> Path:
    """A session of a run that was closed in the middle."""
    path = tmp_path_factory.mktemp("stopped") / "people.sdpose"
    settings = TrackSettings(device="cpu", detector_size="640")
    job = TrackJob(RunWish(source=str(people_clip), session=path, settings=settings))
    has_begun = QSignalSpy(job.begun)
    job.start()
    assert has_begun.wait(LIMIT_MS)
    job.close()
    assert job.state is State.CANCELLED
    return path


def test_a_session_that_stopped_is_resumed_as_it_was_begun(
    qtbot: QtBot, ask: Make, people_clip: Path, stopped: Path
) -> None:
    dialog = ask(people_clip)
    assert dialog.found.isHidden()
    assert dialog.start_button.text() == "Start"
    dialog.form.folder.line.setText(str(stopped.parent))
    qtbot.waitUntil(lambda: is_settled(dialog), timeout=LIMIT_MS)

    assert "stopped after" in dialog.found.text.text()
    assert "of 50 frames" in dialog.found.text.text()
    assert dialog.start_button.text() == "Start anew"
    assert "is replaced" in dialog.sentence.text()
    heard = wishes(dialog)
    dialog.found.resume_button.click()
    assert [(w.session, w.settings, w.resume, w.overwrite) for w in heard] == [
        (stopped, None, True, False)
    ]


def test_a_session_that_is_there_can_be_opened(
    qtbot: QtBot, ask: Make, people_clip: Path, stopped: Path
) -> None:
    dialog = ask(people_clip)
    dialog.form.folder.line.setText(str(stopped.parent))
    qtbot.waitUntil(lambda: is_settled(dialog), timeout=LIMIT_MS)
    opened: list[Path] = []
    dialog.open_wished.connect(opened.append)
    dialog.found.open_button.click()
    assert opened == [stopped]


def test_a_session_of_another_video_can_only_be_replaced_or_opened(
    qtbot: QtBot, ask: Make, uneven_clip: Path, stopped: Path, tmp_path: Path
) -> None:
    other = tmp_path / "people.mp4"
    other.write_bytes(uneven_clip.read_bytes())
    dialog = ask(other)
    dialog.form.folder.line.setText(str(stopped.parent))
    qtbot.waitUntil(lambda: is_settled(dialog), timeout=LIMIT_MS)

    assert "another file" in dialog.found.text.text()
    assert dialog.found.resume_button.isHidden()


def test_what_was_chosen_is_there_the_next_time(
    ask: Make, people_clip: Path, preferences: Preferences
) -> None:
    first = ask(people_clip, preferences=preferences)
    first.form.boxes["coco"].setChecked(True)
    first.form.device.setCurrentIndex(first.form.device.findData("cpu"))
    first.start_button.click()

    again = ask(people_clip, preferences=preferences)

    assert again.form.exports() == ("coco",)
    assert again.form.device.currentData() == "cpu"


def test_closing_at_once_leaves_no_thread(qtbot: QtBot, people_clip: Path) -> None:
    with open_source(str(people_clip)) as source:
        info = source.info
    dialog = RunDialog(info, FrameClock.of_source(info, list(range(50))))
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.reject()


def test_every_control_has_a_name_and_can_be_reached(ask: Make, people_clip: Path) -> None:
    dialog = ask(people_clip)
    dialog.form.more.setChecked(True)
    for kind in (QComboBox, QLineEdit, QCheckBox, QPushButton):
        for control in dialog.findChildren(kind):
            named = control.accessibleName() or getattr(control, "text", str)()
            assert named, control
            if isinstance(control, QCheckBox):
                assert control.text().replace("&", "") in named, "which of them it is"
            assert control.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_a_folder_that_cannot_be_looked_into_is_refused_at_its_control(
    qtbot: QtBot, ask: Make, people_clip: Path
) -> None:
    dialog = ask(people_clip)
    line = dialog.form.folder.line
    line.setText("a" * 300)
    qtbot.waitUntil(lambda: any("cannot be written" in c for c in dialog.form.complaints))
    dialog.form.people.setText("2")
    assert dialog.form.complaints
    assert not dialog.start_button.isEnabled()
    line.setText("~nobody-here/out")
    qtbot.waitUntil(dialog.start_button.isEnabled)
    assert not dialog.form.complaints


def test_the_time_that_is_read_of_a_frame_means_that_frame() -> None:
    pts = list(range(0, 3000 * 1001, 1001))
    info = source_info(time_base=Fraction(1, 30_000), count=len(pts), rate=Fraction(30_000, 1001))
    clock = FrameClock.of_source(info, pts)
    form = RangeField(clock, None)
    form.choice.setCurrentIndex(RangeField.TIMES)
    for first, stop in ((1, 2), (100, 2999), (1717, 2222)):
        form.begin.setText(timecode(clock.time_of(first)))
        form.end.setText(timecode(clock.time_of(stop)))
        assert form.chosen() == range(first, stop)
