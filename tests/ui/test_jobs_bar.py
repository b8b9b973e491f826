"""The strip of running jobs: what it says, what can be done, and how it speaks of speed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt6.QtCore import QObject, Qt, QUrl, pyqtSlot
from PyQt6.QtGui import QDesktopServices
from pytestqt.qtbot import QtBot
from sessions import fixture_a, write

from sdpose_track.settings import TrackSettings
from ui.jobs.bar import JobBar, JobLine
from ui.jobs.exporting import ExportJob
from ui.jobs.job import Job, State
from ui.jobs.pace import Pace
from ui.jobs.tracking import TrackJob
from ui.jobs.wishes import ExportWish, RunWish
from ui.jobs.wording import in_words, option_of, time_text

LIMIT_MS = 120_000
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen screen has none


@pytest.fixture
def bar(qtbot: QtBot) -> Iterator[JobBar]:
    bar = JobBar()
    qtbot.addWidget(bar)
    yield bar
    for job in bar.jobs:
        job.close()


class Files(QObject):
    """Stands for the file manager, which tests have none of."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []
        QDesktopServices.setUrlHandler("file", self.show)

    @pyqtSlot(QUrl)
    def show(self, url: QUrl) -> None:
        self.shown.append(url.toLocalFile())

    def leave(self) -> None:
        QDesktopServices.unsetUrlHandler("file")


def track(clip: Path, folder: Path) -> TrackJob:
    return TrackJob(
        RunWish(
            source=str(clip),
            session=folder / "clip.sdpose",
            settings=TrackSettings(device="cpu", detector_size="640"),
        )
    )


def over(qtbot: QtBot, job: Job) -> None:
    qtbot.waitUntil(lambda: job.state.is_over, timeout=LIMIT_MS)


def seen(line: JobLine) -> list[str]:
    """Return the names of the buttons that are offered."""
    buttons = (line.pause, line.go_on, line.cancel, line.resume, line.folder, line.close_button)
    return [button.text() for button in buttons if not button.isHidden()]


def test_a_run_is_paused_gone_on_with_and_cancelled_by_its_buttons(
    qtbot: QtBot, bar: JobBar, people_clip: Path, tmp_path: Path
) -> None:
    assert bar.isHidden()
    job = track(people_clip, tmp_path)
    line = bar.add(job)
    assert not bar.isHidden()
    assert not line.pause.isEnabled(), "there is nothing to pause before the networks are there"
    job.start()
    qtbot.waitUntil(lambda: job.done > 0, timeout=LIMIT_MS)
    line.pause.click()
    assert job.state is State.PAUSED
    assert line.text.text().startswith("Paused at")
    assert seen(line) == ["Go on", "Cancel"]
    line.go_on.click()
    line.cancel.click()
    over(qtbot, job)

    assert line.text.text() == f"Stopped at {job.done} of 50 frames; kept in clip.sdpose"
    assert seen(line) == ["Resume", "Show in folder", "Close"]
    wished: list[Job] = []
    bar.resume_wished.connect(wished.append)
    line.resume.click()
    assert wished == [job]
    assert bar.isHidden()


def test_a_run_that_fails_says_why_and_offers_nothing_that_cannot_be(
    qtbot: QtBot, bar: JobBar, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"nothing of a video")
    job = track(broken, tmp_path)
    line = bar.add(job)
    job.start()
    over(qtbot, job)

    assert line.text.text() == job.sentence
    assert "broken.mp4" in line.text.text()
    assert seen(line) == ["Close"]


def test_jobs_stack_and_their_files_are_shown(qtbot: QtBot, bar: JobBar, tmp_path: Path) -> None:
    session = write(tmp_path / "clip.sdpose", fixture_a())
    jobs = [
        ExportJob(ExportWish(session=session, formats=(name,), folder=tmp_path / name))
        for name in ("csv", "coco")
    ]
    lines = [bar.add(job) for job in jobs]
    for job in jobs:
        job.start()
    for job in jobs:
        over(qtbot, job)
    assert bar.jobs == tuple(jobs)
    assert lines[0].text.text() == "Written: clip_smooth.csv"

    files = Files()
    lines[0].folder.click()
    files.leave()
    assert files.shown == [str(tmp_path / "csv")]
    dismissed: list[Job] = []
    bar.dismissed.connect(dismissed.append)
    lines[0].close_button.click()
    assert dismissed == jobs[:1]
    assert bar.jobs == tuple(jobs[1:])


def test_the_keyboard_stays_in_the_line_when_its_button_goes(
    qtbot: QtBot, bar: JobBar, people_clip: Path, tmp_path: Path
) -> None:
    job = track(people_clip, tmp_path)
    line = bar.add(job)
    with qtbot.waitActive(bar):
        bar.show()
        bar.activateWindow()
    job.start()
    qtbot.waitUntil(lambda: job.state is State.RUNNING, timeout=LIMIT_MS)
    line.pause.setFocus()
    line.pause.click()

    assert job.state is State.PAUSED
    assert line.go_on.hasFocus()


def test_every_button_has_a_name_a_tip_and_the_keyboard(
    bar: JobBar, people_clip: Path, tmp_path: Path
) -> None:
    line = bar.add(track(people_clip, tmp_path))
    for button in (line.pause, line.go_on, line.cancel, line.resume, line.folder):
        assert button.accessibleName()
        assert button.toolTip()
        assert button.focusPolicy() & Qt.FocusPolicy.TabFocus
    assert line.progress.accessibleName()


def test_speed_is_that_of_the_last_seconds_and_falls_while_nothing_comes() -> None:
    pace = Pace()
    pace.begin(100.0, 0)
    assert pace.per_second(100.0) is None
    for second in range(1, 61):
        pace.note(100.0 + second, second * (30 if second <= 30 else 10))
    assert pace.per_second(160.0) == pytest.approx(10, rel=0.05)
    assert pace.left_s(160.0, 700) == pytest.approx(10, rel=0.05)
    assert pace.left_s(160.0, None) is None
    late = pace.per_second(200.0)
    assert late is not None
    assert late < 3


def test_a_pause_is_no_work() -> None:
    pace = Pace()
    pace.begin(0.0, 0)
    pace.note(2.0, 20)
    pace.begin(1000.0, 20)
    assert pace.per_second(1000.0) is None
    pace.note(1002.0, 40)
    assert pace.per_second(1002.0) == pytest.approx(10)


def test_sentences_speak_of_labels_but_leave_commands_alone() -> None:
    assert in_words("--conf 2: expected less") == "Confidence 2: expected less"
    typed = "it is a file of your own; go on with it by sdpose-track track a.mp4 --resume"
    assert in_words(typed) == typed
    assert option_of("--max-people 0: expected 1 or more") == "--max-people"
    assert option_of(typed) is None


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.2, "1 s"),
        (59, "59 s"),
        (180, "3 min"),
        (4800, "80 min"),
        (7200, "2 h"),
        (9000, "2 h 30 min"),
    ],
)
def test_rough_times_are_told_in_the_unit_that_suits(seconds: float, told: str) -> None:
    assert time_text(seconds) == told
