"""Places where nobody may look, or that lead in circles: what is wrong is told, and which place.

A name that is too long stands for a folder that may not be looked into, since root may look into
any.
"""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

import filelock
import pytest
from sessions import fixture_a, view_of

from sdpose_track.checkpoints.finding import find, locate
from sdpose_track.errors import CheckpointError, OutputError, SourceError
from sdpose_track.export import export
from sdpose_track.locks import lock
from sdpose_track.pipeline.begun import check_free
from sdpose_track.scratch import scratch
from sdpose_track.sources import open_source

NOWHERE = "a" * 300


@pytest.fixture
def _no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDPOSE_TRACK_CACHE", str(tmp_path / NOWHERE))


@pytest.fixture
def circle(tmp_path: Path) -> Path:
    """A link that leads to itself."""
    path = tmp_path / "circle"
    path.symlink_to(path)
    return path


@pytest.mark.usefixtures("_no_cache")
def test_in_a_cache_that_cannot_be_looked_into_there_are_no_weights() -> None:
    assert locate("sdpose-body") is None
    with pytest.raises(CheckpointError, match="models fetch sdpose-body"):
        find("sdpose-body", "pose")
    with pytest.raises(CheckpointError, match="no model is named 'mine'"):
        find("mine", "pose")
    assert find("yolo11n-pose", "pose").known


def test_a_source_of_three_hundred_digits_is_a_name_that_is_too_long() -> None:
    with pytest.raises(SourceError, match=r"cannot be read: .*; check its name"):
        open_source("1" * 300)


def test_a_session_that_cannot_be_looked_for_is_named(tmp_path: Path, people_clip: Path) -> None:
    session = tmp_path / NOWHERE / "clip.sdpose"
    with pytest.raises(OutputError, match=r"clip\.sdpose cannot be written: .*another folder"):
        check_free(str(people_clip), session, resume=False, overwrite=False)


@pytest.mark.parametrize("name", [NOWHERE, "circle"])
def test_an_export_into_no_folder_is_named(name: str, circle: Path, tmp_path: Path) -> None:
    with (
        view_of(tmp_path / "clip.sdpose", fixture_a()) as view,
        pytest.raises(OutputError, match=r"clip_.*\.csv\.meta\.json cannot be written"),
    ):
        export(view, "csv", circle.with_name(name), "clip")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_what_lies_in_circles_is_locked_like_all_else(circle: Path) -> None:
    held = lock(circle / "clip.csv")
    assert held is not None
    assert lock(circle / "clip.csv") is None
    held.release()


def test_a_temporary_folder_that_cannot_be_locked_is_taken_away_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def full(_lock: filelock.FileLock) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(filelock.FileLock, "acquire", full)
    with pytest.raises(OSError, match="No space"), scratch():
        pass
    assert list(tmp_path.iterdir()) == []
