"""Exports inside the window write the very files that the command line writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from command import sdpose, told
from pytestqt.qtbot import QtBot
from sessions import fixture_a, write
from threads import engine_threads

from sdpose_track.export import ExportOptions
from sdpose_track.smooth.choices import Smoothing
from ui.jobs.exporting import SHARES, ExportJob, planned
from ui.jobs.job import State
from ui.jobs.wishes import ExportWish

LIMIT_MS = 60_000
Jobs = Callable[[ExportWish], ExportJob]


@pytest.fixture
def jobs(qapp: Any) -> Iterator[Jobs]:
    made: list[ExportJob] = []

    def make(wish: ExportWish) -> ExportJob:
        made.append(ExportJob(wish))
        return made[-1]

    yield make
    for job in made:
        job.close()


@pytest.fixture
def session(tmp_path: Path) -> Path:
    return write(tmp_path / "clip.sdpose", fixture_a())


def run(qtbot: QtBot, job: ExportJob) -> tuple[list[Path], str | None]:
    with qtbot.waitSignal(job.ended, timeout=LIMIT_MS) as heard:
        job.start()
    paths, sentence = heard.args
    return list(paths), sentence


def contents(folder: Path) -> dict[str, bytes]:
    """Every file by its path; descriptions beside them tell of no run."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_two_formats_of_a_range_and_one_person_are_the_files_of_the_command_line(
    qtbot: QtBot, jobs: Jobs, session: Path, tmp_path: Path
) -> None:
    wish = ExportWish(
        session=session,
        formats=("csv", "openpose"),
        folder=tmp_path / "window",
        options=ExportOptions(rate=Fraction(25)),
        people=(1,),
        frames=range(15, 30),
    )
    shown: list[Path] = []
    progress: list[int] = []
    job = jobs(wish)
    job.written.connect(shown.append)
    job.progressed.connect(lambda done, _all, _name: progress.append(done))

    paths, sentence = run(qtbot, job)

    assert sentence is None
    assert job.state is State.DONE
    assert shown == paths
    assert progress == sorted(progress)
    assert progress[-1] == SHARES
    told(
        sdpose(
            "export", session, "--format", "csv", "openpose", "--people", "1", "--fps", "25",
            "--start", "0.5", "--end", "1", "--out", tmp_path / "typed", "--json", cwd=tmp_path,
        )
    )  # fmt: skip
    typed = contents(tmp_path / "typed")
    assert contents(tmp_path / "window") == typed
    assert len(typed) > 10


def test_each_person_gets_a_set_of_files_which_are_told_before(
    qtbot: QtBot, jobs: Jobs, session: Path, tmp_path: Path
) -> None:
    wish = ExportWish(
        session=session,
        formats=("csv", "coco"),
        folder=tmp_path / "out",
        smoothing=Smoothing.OFF,
        each=True,
    )
    plan = planned(wish)
    assert [file.is_there for file in plan] == [False] * 4
    assert not (tmp_path / "out").exists()

    paths, sentence = run(qtbot, jobs(wish))

    assert sentence is None
    assert paths == [file.path for file in plan]
    assert {path.name for path in paths} == {
        "clip_raw_p1.csv", "clip_raw_p1.coco.json", "clip_raw_p2.csv", "clip_raw_p2.coco.json"
    }  # fmt: skip
    assert all(file.is_there for file in planned(wish))


def test_a_cancelled_export_leaves_nothing_half_written(
    qtbot: QtBot, jobs: Jobs, session: Path, tmp_path: Path
) -> None:
    job = jobs(
        ExportWish(
            session=session, formats=("csv", "openpose", "control-mp4"), folder=tmp_path / "out"
        )
    )
    job.written.connect(lambda _path: job.cancel())

    paths, sentence = run(qtbot, job)

    assert job.state is State.CANCELLED
    assert sentence is None
    assert 1 <= len(paths) < 3
    top = {path for path in (tmp_path / "out").iterdir() if not path.name.endswith(".meta.json")}
    assert top == set(paths)
    assert all(path.exists() for path in paths)


def test_what_cannot_be_written_is_told_in_one_sentence(
    qtbot: QtBot, jobs: Jobs, session: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").write_text("a file where the folder should be")

    paths, sentence = run(
        qtbot, jobs(ExportWish(session=session, formats=("csv",), folder=tmp_path / "out"))
    )

    assert paths == []
    assert sentence is not None
    assert str(tmp_path / "out") in sentence
    assert "--" not in sentence
    assert "\n" not in sentence


def test_closing_in_the_middle_of_an_export_leaves_no_thread_and_no_part(
    qtbot: QtBot, jobs: Jobs, session: Path, tmp_path: Path
) -> None:
    job = jobs(
        ExportWish(session=session, formats=("openpose", "control-png"), folder=tmp_path / "out")
    )
    with qtbot.waitSignal(job.moved, timeout=LIMIT_MS):
        job.start()

    job.close()

    assert not engine_threads()
    assert not [path for path in (tmp_path / "out").rglob("*") if ".part" in path.name]
