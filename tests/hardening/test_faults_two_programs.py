"""Two programs at one session: the second is told, and nothing of the first's is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from command import called, refused, told
from light_runs import FRAMES, frames_in, track
from sessions import fixture_a, write

from sdpose_track.export.files import replacing
from sdpose_track.pipeline.plan import prepare
from sdpose_track.pipeline.stages import StoreStage
from sdpose_track.repair.edits import Rename
from sdpose_track.session.recording import Recording
from sdpose_track.session.repairing import Repairing
from sdpose_track.settings import TrackSettings
from sdpose_track.sources import open_source

Tried = Callable[[str, int], None]
LIMIT_S = 60.0
KIND = "two programs at one file"


@pytest.fixture
def under_way(
    block_clip: Path, tmp_path: Path, stand_in: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """The session of a run that has stored a few frames, and goes on when the test has ended."""
    process, reached, goes_on = StoreStage.process, threading.Event(), threading.Event()

    def waiting(self: StoreStage, items: Sequence[Any]) -> Any:
        stored = list(process(self, items))
        reached.set()
        goes_on.wait(LIMIT_S)
        return stored

    monkeypatch.setattr(StoreStage, "process", waiting)
    session = tmp_path / "block.sdpose"
    with open_source(str(block_clip)) as source:
        run = prepare(source, TrackSettings(), session)
        assert run.engine is not None
        run.engine.start()
        assert reached.wait(LIMIT_S)
        yield session
        goes_on.set()
        assert run.engine.wait(LIMIT_S)
    assert frames_in(session) == FRAMES


def test_beside_a_run_others_may_read_and_are_told_that_they_may_not_write(
    under_way: Path, block_clip: Path, tmp_path: Path, tried: Tried
) -> None:
    for wish in ("--resume", "--overwrite"):
        assert "another run" in refused(track(block_clip, tmp_path, wish), 3)
    refused(track(block_clip, tmp_path), 2)
    assert "another run" in refused(called("edit", under_way, "rename", "1", "Anna"), 3)
    assert 0 < told(called("info", under_way, "--json"))["frames"] <= FRAMES
    done = called("export", under_way, "--format", "csv", "--out", tmp_path / "early")
    assert done.returncode == 0
    assert "not complete" in done.stderr
    tried(KIND, 6)


def test_beside_repairs_others_are_told_that_they_may_not_write(
    tmp_path: Path, block_clip: Path, stand_in: None, tried: Tried
) -> None:
    session = write(tmp_path / "block.sdpose", fixture_a())
    with Repairing.open(session) as window:
        window.apply(Rename(1, "Anna"))
        for words in (("rename", "1", "Berta"), ("undo",)):
            assert "another run" in refused(called("edit", session, *words), 3)
        for wish in ("--resume", "--overwrite"):
            refused(track(block_clip, tmp_path, wish), 3)
        assert called("edit", session, "log").returncode == 0
        assert called("export", session, "--format", "csv").returncode == 0
        window.apply(Rename(2, "Carla"))
    with Recording.open(session) as recording:
        assert [edit.name for edit in recording.history().held if isinstance(edit, Rename)] == [
            "Anna",
            "Carla",
        ]
    assert called("edit", session, "rename", "1", "Berta").returncode == 0
    tried(KIND, 6)


def test_two_exports_of_one_file_do_not_mix(tmp_path: Path, tried: Tried) -> None:
    session = write(tmp_path / "clip.sdpose", fixture_a())
    out = tmp_path / "clip_smooth.csv"
    with replacing(out) as part:
        part.write_text("the first one's")
        done = called("export", session, "--format", "csv")
        assert "being written by another program" in refused(done, 5)
    assert out.read_text() == "the first one's"
    assert called("export", session, "--format", "csv").returncode == 0
    tried(KIND, 1)
