"""A run that is killed or stopped goes on where it was, and ends with the very same results."""

from __future__ import annotations

import signal
import sqlite3
import sys
import time
from pathlib import Path

import pytest
from command import sdpose, told
from killing import EXPORTS, begin, contents, end_at, stored


@pytest.fixture(scope="module")
def whole(people_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("whole")
    told(sdpose("track", people_clip, *EXPORTS, "--json", cwd=folder))
    found = contents(folder)
    assert len(found) > 50
    return found


@pytest.mark.parametrize("frames", [0, 1, 7, 26, 44])
def test_a_killed_run_goes_on_to_the_same_results(
    frames: int, people_clip: Path, tmp_path: Path, whole: dict[str, bytes]
) -> None:
    session = tmp_path / "people_poses" / "people.sdpose"
    process = begin(people_clip, tmp_path)
    end_at(process, session, frames, signal.SIGKILL)
    if process.stderr is not None:
        process.stderr.close()
    kept = stored(session)
    assert process.returncode == -signal.SIGKILL, "the clip is too short for this machine"
    assert kept >= frames

    result = told(sdpose("track", people_clip, "--resume", *EXPORTS, "--json", cwd=tmp_path))

    assert result["frames"] == 50
    assert result["frames_resumed"] == kept
    assert contents(tmp_path) == whole
    connection = sqlite3.connect(session)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_a_run_stopped_by_ctrl_c_says_how_to_go_on(
    people_clip: Path, tmp_path: Path, whole: dict[str, bytes]
) -> None:
    session = tmp_path / "people_poses" / "people.sdpose"
    process = begin(people_clip, tmp_path)
    end_at(process, session, 3, signal.SIGINT)
    assert process.stderr is not None
    message = process.stderr.read()
    process.stderr.close()
    assert process.returncode == 130
    assert "Traceback" not in message
    assert "go on with --resume" in message
    assert [p.name for p in session.parent.iterdir()] == [session.name]

    told(sdpose("track", people_clip, "--resume", *EXPORTS, "--json", cwd=tmp_path))
    assert contents(tmp_path) == whole


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_what_a_killed_export_left_is_gone_after_the_next(
    people_clip: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "people_poses"
    process = begin(people_clip, tmp_path, "--annotate")
    limit = time.monotonic() + 60
    while not list(folder.glob(".*.part")) and process.poll() is None and time.monotonic() < limit:
        time.sleep(0.001)
    process.kill()
    process.wait(60)
    if process.stderr is not None:
        process.stderr.close()
    assert list(folder.glob(".*.part"))
    told(sdpose("track", people_clip, "--resume", "--annotate", "--json", cwd=tmp_path))
    assert not list(folder.glob(".*"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_ctrl_c_during_the_exports_leaves_no_half_of_one(people_clip: Path, tmp_path: Path) -> None:
    folder = tmp_path / "people_poses"
    process = begin(people_clip, tmp_path, "--annotate")
    limit = time.monotonic() + 60
    while not list(folder.glob(".*.part")) and process.poll() is None and time.monotonic() < limit:
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert process.stderr is not None
    message = process.stderr.read()
    process.stderr.close()
    assert "is complete, its exports are not: go on with --resume" in message
    assert [p.name for p in folder.iterdir()] == ["people.sdpose"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize("apart_s", [0.0, 0.003, 0.02])
def test_a_second_ctrl_c_ends_at_once_and_loses_nothing(
    apart_s: float, people_clip: Path, tmp_path: Path, whole: dict[str, bytes]
) -> None:
    session = tmp_path / "people_poses" / "people.sdpose"
    process = begin(people_clip, tmp_path)
    limit = time.monotonic() + 60
    while stored(session) < 5 and process.poll() is None and time.monotonic() < limit:
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    time.sleep(apart_s)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert process.stderr is not None
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()
    told(sdpose("track", people_clip, "--resume", *EXPORTS, "--json", cwd=tmp_path))
    assert contents(tmp_path) == whole
