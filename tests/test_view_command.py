"""`sdpose-track view`, as a user and a script call it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
from command import MAIN, called, refused
from sessions import fixture_a, write

_SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "QT_SCALE_FACTOR")


def environment(cwd: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _SCREENS}
    own = {"XDG_CONFIG_HOME": str(cwd / "config"), "PYTHONWARNINGS": "default"}
    return {**kept, **own, **more}


def without_screen(
    *arguments: str | Path, cwd: Path, **more: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(MAIN), *map(str, arguments)],
        cwd=cwd,
        env=environment(cwd, **more),
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a screen")


@linux
def test_a_screenshot_needs_no_screen_and_shows_the_people(tmp_path: Path) -> None:
    session = write(tmp_path / "clip.sdpose", fixture_a())
    done = without_screen("view", session, "--screenshot", tmp_path / "window.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    picture = cv2.imread(str(tmp_path / "window.png"))
    assert picture is not None
    assert picture.shape == (800, 1280, 3)
    orange = (abs(picture.astype(int) - (0, 159, 230)).max(axis=2) < 8).sum()
    assert orange > 200  # person 1, drawn and in the timeline


@linux
@pytest.mark.parametrize("arguments", [["view"], []])
def test_without_a_screen_a_window_is_refused_in_one_sentence(
    arguments: list[str], tmp_path: Path
) -> None:
    assert "no screen" in refused(without_screen(*arguments, cwd=tmp_path), 2)


@linux
def test_a_platform_that_is_named_nothing_is_none(tmp_path: Path) -> None:
    assert "no screen" in refused(without_screen("view", cwd=tmp_path, QT_QPA_PLATFORM=""), 2)


@linux
def test_a_screen_that_cannot_be_reached_is_refused_in_one_sentence(tmp_path: Path) -> None:
    done = without_screen("view", cwd=tmp_path, DISPLAY=":64321")
    assert ":64321" in refused(done, 2)
    session = write(tmp_path / "clip.sdpose", fixture_a())
    picture = tmp_path / "window.png"
    done = without_screen("view", session, "--screenshot", picture, cwd=tmp_path, DISPLAY=":64321")
    assert done.returncode == 0, done.stderr
    assert picture.is_file()


def test_the_library_alone_has_no_viewer() -> None:
    assert "no viewer" in refused(called("view"), 2)
