"""The viewer in trouble: no room for a repair, for settings, for exports; threads that fall."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from command import called
from light_runs import frames_in, make_block_clip
from PyQt6.QtCore import QSettings
from pytestqt.qtbot import QtBot
from sessions import fixture_a, write
from small_disks import SmallDisk, small_disk, unwritable
from threads import engine_threads

from sdpose_track.errors import SdposeError
from sdpose_track.live.detecting import LiveDetectStage
from sdpose_track.live.fusing import FuseStage
from sdpose_track.live.recording import RecordStage
from sdpose_track.live.showing import ShowStage
from sdpose_track.pipeline.stages import TrackStage
from sdpose_track.repair.edits import Rename, Swap
from sdpose_track.session.recording import Recording
from sdpose_track.session.repairing import Repairing
from sdpose_track.session.writer import SessionWriter
from ui.bridge import Lane
from ui.document.document import Document
from ui.jobs.exporting import ExportJob
from ui.jobs.job import State
from ui.jobs.wishes import ExportWish
from ui.preferences import Preferences

LIMIT_MS = 60_000
Tried = Callable[[str, int], None]


@pytest.fixture(autouse=True)
def settings_of_its_own(tmp_path: Path) -> Iterator[None]:
    folder = str(tmp_path / "settings")
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, folder)
    gc.disable()  # as the viewer does: see `ui.collecting`
    yield
    gc.collect()
    gc.enable()


@contextmanager
def opened(qtbot: QtBot, session: Path) -> Iterator[tuple[Document, list[str]]]:
    document, refused = Document(), list[str]()
    document.refused.connect(refused.append)
    with qtbot.waitSignal(document.video_missing, timeout=LIMIT_MS):
        document.open(session)
    try:
        yield document, refused
    finally:
        document.close()


def held(session: Path) -> int:
    """How many repairs hold in the file, which is whole."""
    frames_in(session)
    with Recording.open(session) as recording:
        return recording.history().done


def shown(document: Document) -> tuple[int, int]:
    """How many repairs the window shows, and how many of them hold."""
    return document.edits.stack.count(), document.edits.stack.index()


@pytest.mark.parametrize("how", ["full", "read-only"])
def test_a_repair_that_cannot_be_stored_is_told_and_not_shown_as_done(
    how: str, qtbot: QtBot, tmp_path: Path, tried: Tried
) -> None:
    with ExitStack() as stack:
        disk: SmallDisk = stack.enter_context(small_disk(tmp_path / "disk"))
        session = write(disk.folder / "clip.sdpose", fixture_a())
        before = held(session)
        document, refused = stack.enter_context(opened(qtbot, session))
        with ExitStack() as trouble:
            if how == "full":
                disk.leave(0)
            else:
                trouble.enter_context(unwritable(disk.folder))
            document.edits.apply(*(Rename(1, name * 9000) for name in "abcdefgh"))
            qtbot.waitUntil(lambda: bool(refused), timeout=LIMIT_MS)
            document.edits.release()
            qtbot.waitUntil(lambda: not document.edits._is_busy, timeout=LIMIT_MS)
            assert shown(document) == (before, before)
        disk.free()
        document.edits.apply(Swap(1, 2, 20))
        qtbot.waitUntil(lambda: shown(document) == (before + 1, before + 1), timeout=LIMIT_MS)
        assert len(refused) == 1
        assert held(session) == before + 1
    tried("the viewer: repairs, settings and exports where nothing can be written", 1)


@pytest.mark.parametrize("error", [MemoryError, ZeroDivisionError, SystemExit, KeyboardInterrupt])
@pytest.mark.parametrize("step", ["apply", "undo"])
def test_a_repair_that_falls_is_told_and_the_window_shows_what_is_stored(
    error: type[BaseException], step: str, qtbot: QtBot, tmp_path: Path, tried: Tried
) -> None:
    session = write(tmp_path / "clip.sdpose", fixture_a())
    with opened(qtbot, session) as (document, refused), pytest.MonkeyPatch.context() as patch:
        edits = document.edits
        edits.apply(Swap(1, 2, 20))
        qtbot.waitUntil(lambda: edits.can_undo and held(session) > 0, timeout=LIMIT_MS)
        qtbot.waitUntil(lambda: not edits._is_busy)
        before, there = shown(document), held(session)

        def falls(*_given: object) -> None:
            patch.undo()
            raise error

        patch.setattr(Repairing, step, falls)
        with qtbot.captureExceptions() as bugs:
            if step == "undo":
                edits.undo()
            else:
                edits.apply(Swap(1, 2, 25))
            qtbot.waitUntil(lambda: bool(bugs or refused), timeout=LIMIT_MS)
            qtbot.waitUntil(lambda: not edits._is_busy, timeout=LIMIT_MS)
        assert len(bugs) + len(refused) == 1
        assert all(issubclass(kind, Exception) for kind, _, _ in bugs)
        assert held(session) == there
        assert shown(document) == before
        edits.undo()
        qtbot.waitUntil(lambda: held(session) == there - 1, timeout=LIMIT_MS)
        qtbot.waitUntil(lambda: not edits._is_busy)
    tried("the viewer: threads that fall", 1)


def test_a_session_that_is_deleted_while_open_is_told_at_the_next_repair(
    qtbot: QtBot, tmp_path: Path, tried: Tried
) -> None:
    session = write(tmp_path / "clip.sdpose", fixture_a())
    with opened(qtbot, session) as (document, refused):
        before = shown(document)
        for path in tmp_path.glob("clip.sdpose*"):
            path.unlink()
        document.edits.apply(Swap(1, 2, 20))
        qtbot.waitUntil(lambda: bool(refused), timeout=LIMIT_MS)
        qtbot.waitUntil(lambda: not document.edits._is_busy)
        assert "clip.sdpose" in refused[0]
        assert shown(document) == before
    assert not session.exists()
    tried("the viewer: a session deleted while it is open", 1)


def wish(session: Path, folder: Path, *formats: str) -> ExportWish:
    return ExportWish(session=session, folder=folder, formats=formats)


@pytest.mark.logs_errors
@pytest.mark.parametrize("error", [MemoryError, SystemExit, KeyboardInterrupt, RuntimeError])
def test_a_job_that_falls_has_failed_and_its_thread_is_gone(
    error: type[BaseException],
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tried: Tried,
) -> None:
    session = write(tmp_path / "clip.sdpose", fixture_a())

    def falls(*_given: object) -> None:
        raise error

    monkeypatch.setattr("ui.jobs.exporting.export", falls)
    job = ExportJob(wish(session, tmp_path / "out", "csv"))
    with qtbot.captureExceptions() as bugs, qtbot.waitSignal(job.ended, timeout=LIMIT_MS):
        job.start()
    assert job.state is State.FAILED
    assert job.sentence
    assert all(issubclass(kind, Exception) for kind, _, _ in bugs)
    assert engine_threads() == []
    tried("the viewer: threads that fall", 1)


def test_an_export_without_room_fails_with_a_sentence_and_leaves_nothing(
    qtbot: QtBot, tmp_path: Path, tried: Tried
) -> None:
    session = write(tmp_path / "clip.sdpose", fixture_a())
    with small_disk(tmp_path / "disk") as disk:
        disk.leave(0)
        out = disk.folder / "out"
        job = ExportJob(wish(session, out, "csv", "openpose"))
        with qtbot.waitSignal(job.ended, timeout=LIMIT_MS):
            job.start()
        assert job.state is State.FAILED
        assert "disk is full" in (job.sentence or "")
        assert not [path for path in out.rglob("*") if path.is_file()]
    tried("the viewer: repairs, settings and exports where nothing can be written", 1)


def test_settings_that_cannot_be_written_are_those_of_this_session(
    qapp: object, tmp_path: Path, tried: Tried
) -> None:
    folder = tmp_path / "settings"
    preferences = Preferences()
    preferences.add_recent(str(tmp_path))
    preferences.sync()
    with unwritable(folder):
        preferences.add_recent(str(tmp_path / "settings"))
        preferences.sync()
        assert preferences.recent == [str(tmp_path / "settings"), str(tmp_path)]
    assert Preferences().recent[-1] == str(tmp_path)
    tried("the viewer: repairs, settings and exports where nothing can be written", 1)


def test_a_thread_that_has_no_memory_says_so_and_goes_on(qtbot: QtBot, tried: Tried) -> None:
    lane, told, answers = Lane("test"), list[SdposeError](), list[int]()

    def falls() -> None:
        raise MemoryError

    lane.ask(falls, failed=told.append)
    lane.ask(lambda: 7, answers.append)
    qtbot.waitUntil(lambda: answers == [7])
    lane.close()
    assert "memory" in str(told[0])
    tried("the viewer: threads that fall", 1)


# -- live ------------------------------------------------------------------------------------------


def raising_at(k: int, error: Exception, process: Any) -> Any:
    """Return `process` of a stage, which raises at frame `k` of what it is given."""
    seen = [0]

    def at_frame(self: Any, items: Any) -> Any:
        seen[0] += len(items)
        if seen[0] > k:
            raise error
        return process(self, items)

    return at_frame


@pytest.mark.logs_errors
@pytest.mark.parametrize(
    "stage", [LiveDetectStage, TrackStage, FuseStage, ShowStage, RecordStage], ids=lambda s: s.name
)
@pytest.mark.usefixtures("live_stand_in")
def test_a_stage_that_raises_ends_a_live_run_whose_recording_is_kept(
    stage: Any,
    tmp_path: Path,
    amount: Callable[[int, int], int],
    tried: Tried,
) -> None:
    clip = make_block_clip(tmp_path / "block.mp4")
    cases = [(ValueError("no such\nnumber"), 1), (MemoryError(), 4), (KeyError(), 1)]
    for error, code in cases[: amount(1, 3)]:
        for k in (9, 0)[: amount(1, 2)]:
            take = tmp_path / f"{code}{k}{type(error).__name__}.sdpose"
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(stage, "process", raising_at(k, error, stage.process))
                done = called("live", clip, "--realtime", "--headless", "--record", take)
            assert done.returncode == code, done.stderr
            assert "Traceback" not in done.stderr
            assert done.stderr.count("sdpose-track: ") == 1
            if take.exists():
                assert frames_in(take) > 0
            tried("a worker that raises, in each stage of a live run", 1)


@pytest.mark.usefixtures("live_stand_in")
def test_a_live_run_does_not_record_onto_a_session_in_use(tmp_path: Path, tried: Tried) -> None:
    clip = make_block_clip(tmp_path / "block.mp4")
    session = write(tmp_path / "clip.sdpose", fixture_a())
    before = session.read_bytes()
    with SessionWriter.resume(session):
        done = called("live", clip, "--realtime", "--headless", "--record", session)
    assert done.returncode == 2, done.stderr
    assert "clip.sdpose" in done.stderr
    assert session.read_bytes() == before
    tried("two programs on one session", 1)
