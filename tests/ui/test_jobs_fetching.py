"""Fetching a model inside the window, from a server on this machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub import COMMIT, Hub, Repository
from pytestqt.qtbot import QtBot

from sdpose_track.checkpoints.fetching import Plan, plan
from sdpose_track.checkpoints.hub import Listing, Stated, listing
from sdpose_track.checkpoints.manifest import Checkpoint, WeightsFile
from ui.dialogs.fetch_panel import FetchPanel
from ui.jobs.fetching import FetchJob
from ui.jobs.job import State

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen screen has none
LIMIT_MS = 60_000
REAL_LISTING = listing
NAME = "unet/weights.safetensors"
CONTENT = bytes(range(256)) * (2**17)  # 32 MiB


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plan]:
    """A model of one file at a server that states what it is."""
    monkeypatch.setenv("SDPOSE_TRACK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "*")
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    files = (WeightsFile(NAME, len(CONTENT), sha256), WeightsFile("b.json", 2, None))
    entry = Checkpoint(
        "tiny", "for tests", ("pose",), "sdpose", "MIT", "nowhere", "none.md", files,
        repository="someone/Tiny", revision=COMMIT,
    )  # fmt: skip
    with Hub(Repository("someone/Tiny", {NAME: CONTENT, "b.json": b"{}"})) as hub:
        stated = {
            NAME: Stated(len(CONTENT), sha256, None),
            "b.json": Stated(2, None, hashlib.sha1(b"blob 2\0{}").hexdigest()),
        }
        found = Listing(hub.address, "someone/Tiny", COMMIT, stated)
        monkeypatch.setattr("sdpose_track.checkpoints.hub.listing", lambda *_: found)
        yield plan(entry)


def run(qtbot: QtBot, job: FetchJob) -> str | None:
    with qtbot.waitSignal(job.ended, timeout=LIMIT_MS) as heard:
        job.start()
    sentence: str | None = heard.args[1]
    return sentence


def test_a_model_is_fetched_with_progress(qtbot: QtBot, task: Plan) -> None:
    job = FetchJob(task)
    progress: list[int] = []
    job.moved.connect(lambda: progress.append(job.done))

    assert run(qtbot, job) is None

    assert job.state is State.DONE
    assert (task.folder / NAME).read_bytes() == CONTENT
    assert progress == sorted(progress)
    assert progress[-1] == job.total == len(CONTENT) + 2


def test_what_came_before_a_cancel_stays_for_the_next_time(qtbot: QtBot, task: Plan) -> None:
    job = FetchJob(task)
    job.moved.connect(job.cancel)
    assert run(qtbot, job) is None
    assert job.state is State.CANCELLED
    assert not (task.folder / NAME).exists()

    again = plan(task.entry)
    assert 0 < again.here < len(CONTENT)
    assert run(qtbot, FetchJob(again)) is None
    assert (task.folder / NAME).read_bytes() == CONTENT


def test_closing_in_the_middle_leaves_no_thread(qtbot: QtBot, task: Plan) -> None:
    job = FetchJob(task)
    with qtbot.waitSignal(job.moved, timeout=LIMIT_MS):
        job.start()
    job.close()
    assert job.state in (State.CANCELLED, State.DONE)


def test_nothing_is_fetched_before_size_and_licence_were_shown_and_agreed_to(
    qtbot: QtBot, task: Plan
) -> None:
    panel = FetchPanel()
    qtbot.addWidget(panel)
    panel.show()
    panel.offer(task.entry)
    panel.ask_button.click()
    qtbot.waitUntil(panel.fetch_button.isVisible, timeout=LIMIT_MS)

    for told in ("tiny: 33.6 MB", "Licence: MIT", "127.0.0.1", str(task.folder)):
        assert told in panel.text.text()
    assert not task.folder.exists()
    panel.cancel_button.click()
    assert panel.ask_button.isVisible()
    assert not task.folder.exists()

    panel.ask_button.click()
    qtbot.waitUntil(panel.fetch_button.isVisible, timeout=LIMIT_MS)
    with qtbot.waitSignal(panel.fetched, timeout=LIMIT_MS):
        panel.fetch_button.click()
    assert (task.folder / NAME).read_bytes() == CONTENT
    panel.offer(None)
    assert panel.isHidden()
    panel.leave()


def test_a_hub_that_cannot_be_asked_is_told_of(
    qtbot: QtBot, task: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("sdpose_track.checkpoints.hub.listing", REAL_LISTING)
    panel = FetchPanel()
    qtbot.addWidget(panel)
    panel.show()
    panel.offer(task.entry)
    panel.ask_button.click()
    qtbot.waitUntil(lambda: bool(panel.notice.sentence), timeout=LIMIT_MS)
    assert "tiny was not fetched" in panel.notice.sentence
    assert panel.ask_button.isEnabled()
    panel.leave()
