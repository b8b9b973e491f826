"""What is typed wrongly is refused with the name of the command; what is not ours is left alone."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command import MAIN, called, environment, refused
from killing import end_at

from sdpose_track.cli.benchmark import _work
from sdpose_track.cli.demo import program


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["pose", "clip.mp4", "--json"], 2, "sdpose-track pose: not understood: --json; see"),
        (["export", "a", "b", "--format", "csv"], 2, "sdpose-track export: not understood: b; see"),
        (["edit", "a", "swap", "1", "2", "3", "4"], 2, "swap: not understood: 4; see"),
        (["--gpu", "track", "clip.mp4"], 2, "sdpose-track: not understood: --gpu; see"),
        (["models", "list", "yolo11n"], 2, "leave the name out"),
        (["models"], 2, "list|fetch|where|verify"),
        (["track", "clip.mp4", "--conf", "half"], 2, "--conf: 'half' is no number"),
        (["track", "clip.mp4", "--batch", "1.5"], 2, "--batch: '1.5' is no whole number"),
        (["edit", "a", "swap", "me", "2"], 2, "FIRST: 'me' is no whole number"),
        (["export", "a", "--format", "csv", "--raw", "--smooth", "live"], 2, "not allowed with"),
        (["export", "a", "--format", "csv", "--out", ""], 2, "--out: the name is empty"),
        (["export", "", "--format", "csv"], 2, "SESSION: the name is empty"),
        (["edit", "", "log"], 2, "SESSION: the name is empty"),
        (["evaluate", "tracks", "--truth", "", "--session", "a"], 2, "--truth: the name is empty"),
        (["evaluate", "poses", "--annotations", "a", "--images", ""], 2, "--images: the name is"),
        (["live", "0", "--headless", "--osc-layout", "arr"], 2, "add --osc HOST:PORT"),
        (["live", "0", "--headless", "--ws-origin", "*"], 2, "--ws-origin: nothing is sent"),
        (["benchmark", ""], 2, "SOURCE: the name is empty"),
        (["demo", "--out", ""], 2, "--out: the name is empty"),
        (["demo", "--out", "clip.mp4"], 5, "clip.mp4/bus.mp4 cannot be written"),
    ],
)
def test_a_wrong_word_is_refused_in_one_sentence_that_names_it(
    arguments: list[str], code: int, sentence: str, people_clip: Path, tmp_path: Path
) -> None:
    shutil.copy(people_clip, tmp_path / "clip.mp4")
    assert sentence in refused(called(*arguments, cwd=tmp_path), code)
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_every_command_and_what_it_does_share_a_line() -> None:
    lines = called("--help").stdout.splitlines()
    commands = lines[lines.index("  COMMAND") + 1 : -2]
    assert len(commands) == 11
    assert all("  " in command.strip() for command in commands), commands


@pytest.mark.parametrize("content", [b"somebody's holiday", None])
def test_the_demo_replaces_no_file_that_is_not_its_own(
    content: bytes | None, uneven_clip: Path, tmp_path: Path
) -> None:
    theirs = tmp_path / "zidane.mp4"
    theirs.write_bytes(uneven_clip.read_bytes() if content is None else content)
    before = theirs.read_bytes()

    assert "choose another folder with --out" in refused(called("demo", "--out", tmp_path), 2)

    assert theirs.read_bytes() == before
    assert list(tmp_path.iterdir()) == [theirs]


def test_the_demo_names_the_program_as_it_can_be_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "argv", [".venv/bin/sdpose-track", "demo"])
    assert program() == ".venv/bin/sdpose-track"
    monkeypatch.setattr(sys, "argv", ["main.py", "demo"])
    assert program() == "sdpose-track"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_a_demo_that_is_stopped_names_no_option_that_it_has_not(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, str(MAIN), "demo"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    end_at(process, tmp_path / "demo_poses" / "bus.sdpose", 3, signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130
    assert "begin again with sdpose-track demo" in errors
    assert "--resume" not in errors


def test_a_benchmark_imports_nothing_of_the_folder_in_which_it_is_called(
    people_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "numpy.py").write_text("raise ImportError('planted')\n")
    monkeypatch.chdir(tmp_path)
    done = _work(["ours", str(people_clip), str(tmp_path / "out"), "plain"])
    assert done["frames"] == 50
