"""How a session takes the place of another: wherever that is broken off, one of them is there."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command import environment
from killing import is_sound
from sessions import fixture_a, write

from sdpose_track.errors import OutputError, SettingsError
from sdpose_track.locks import lock
from sdpose_track.session.place import is_begun, mend
from sdpose_track.session.recording import Recording
from sdpose_track.session.writer import SessionWriter

KILLED_AT = """
import os, signal, sys
from pathlib import Path
from sdpose_track.session.recording import Recording
from sdpose_track.session.writer import SessionWriter
path, left = Path(sys.argv[1]), int(sys.argv[2])
with Recording.open(path) as recording:
    header = recording.header
def count(event, _):
    global left
    if event in ("os.rename", "os.remove", "sqlite3.connect"):
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(count)
SessionWriter.create(path, header, replace=True).close()
"""
"""Replaces a session and is killed before it moves, removes or opens its n-th file."""


UNCLOSED = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("PRAGMA journal_mode = WAL")
connection.execute("UPDATE frame SET pts = pts + 7")
connection.commit()
os._exit(0)
"""
"""Changes a session and ends without closing it."""


def times(path: Path) -> list[float]:
    """Of every frame; none of a session that was just begun."""
    with Recording.open(path) as recording:
        return [float(time) for time in recording.frame_times()]


def unclosed(folder: Path) -> Path:
    """Write a session whose newest state is in the file beside it, as a killed run leaves it."""
    folder.mkdir()
    path = write(folder / "clip.sdpose", fixture_a())
    subprocess.run([sys.executable, "-c", UNCLOSED, str(path)], check=True)
    assert path.with_name("clip.sdpose-wal").stat().st_size > 0
    return path


def hidden(folder: Path) -> list[str]:
    return [path.name for path in folder.glob(".*")]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_wherever_replacing_is_killed_the_old_session_or_the_new_one_is_there(
    tmp_path: Path,
) -> None:
    before = times(unclosed(tmp_path / "0"))
    found = []
    for step in range(1, 50):
        path = unclosed(tmp_path / str(step))
        command = [sys.executable, "-c", KILLED_AT, str(path), str(step)]
        code = subprocess.run(command, env=environment(), check=False).returncode
        if code == 0:
            break
        assert code == -signal.SIGKILL
        mend(path)
        assert is_sound(path), step
        assert times(path) in (before, []), step
        assert not hidden(path.parent), step
        found.append(bool(times(path)))
    assert code == 0
    assert found == sorted(found, reverse=True)  # the old one up to a moment, then the new one
    assert {*found} == {True, False}


def test_a_session_that_was_moved_away_counts_as_being_there(tmp_path: Path) -> None:
    path = write(tmp_path / "clip.sdpose", fixture_a())
    before = times(path)
    with Recording.open(path) as recording:
        header = recording.header
    path.rename(tmp_path / ".clip.sdpose.old")
    assert not is_begun(path)

    with pytest.raises(SettingsError, match="exists: give --resume"):
        SessionWriter.create(path, header)

    assert times(path) == before
    assert not hidden(tmp_path)


def test_nothing_is_moved_while_another_program_replaces_the_session(tmp_path: Path) -> None:
    path = write(tmp_path / "clip.sdpose", fixture_a())
    old = path.rename(tmp_path / ".clip.sdpose.old")
    held = lock(path)
    assert held is not None
    mend(path)
    assert old.exists()
    held.release()
    mend(path)
    assert path.exists()
    assert not old.exists()


def test_what_cannot_be_put_back_is_told_with_both_names(tmp_path: Path) -> None:
    path = tmp_path / "clip.sdpose"
    write(path, fixture_a()).rename(tmp_path / ".clip.sdpose.old")
    path.mkdir()
    (path / "in the way").touch()

    with pytest.raises(OutputError, match=r"old holds .* rename it to clip\.sdpose"):
        mend(path)

    assert (tmp_path / ".clip.sdpose.old").exists()


def test_a_lock_is_let_go_of_at_the_end_of_its_block(tmp_path: Path) -> None:
    path = tmp_path / "clip.sdpose"
    held = lock(path)
    assert held is not None
    with held:
        assert lock(path) is None
    again = lock(path)
    assert again is not None
    again.release()
