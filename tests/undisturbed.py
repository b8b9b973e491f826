"""A clip, and what a run makes of it that nothing happened to: faults are compared with that."""

from __future__ import annotations

from pathlib import Path

import pytest
from light_runs import Scene, exported, make_block_clip, seats, track, use_stand_in


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """`track` of this process loads the stand-in."""
    use_stand_in(monkeypatch)


@pytest.fixture
def live_stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """`live` of this process loads the stand-in."""
    monkeypatch.setattr("sdpose_track.live.run.take", seats)


@pytest.fixture(scope="session")
def block_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of `FRAMES` frames."""
    return make_block_clip(tmp_path_factory.mktemp("clips") / "block.mp4")


@pytest.fixture(scope="session")
def undisturbed(block_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The exports of a run that nothing happened to."""
    out = tmp_path_factory.mktemp("undisturbed")
    with pytest.MonkeyPatch.context() as patch:
        use_stand_in(patch)
        done = track(block_clip, out)
    assert done.returncode == 0, done.stderr
    return exported(out)


@pytest.fixture
def scene(block_clip: Path, undisturbed: dict[str, bytes], tmp_path: Path, stand_in: None) -> Scene:
    """A run of the stand-in, to be disturbed."""
    return Scene(block_clip, tmp_path, undisturbed)
