"""What is read or written is taken away meanwhile: the program says so, and keeps what it has."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import pytest
from clips import Coding, drifting, encode
from command import called, refused
from light_runs import exported, frames_in, track
from sessions import fixture_a, write
from small_disks import small_disk, unwritable

from sdpose_track.errors import OutputError
from sdpose_track.pipeline.stages import StoreStage
from sdpose_track.repair.edits import Rename
from sdpose_track.session.recording import Recording
from sdpose_track.session.repairing import Repairing

FRAMES = 240
HARD = pytest.mark.hardening
Act = Callable[[Path], object]
Tried = Callable[[str, int], None]


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip that is read in many pieces."""
    path = tmp_path_factory.mktemp("long") / "block.mp4"
    return encode(path, drifting(FRAMES), Coding(options={"crf": "0", "g": "10"}))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures") / "block"
    folder.mkdir()
    for i, picture in enumerate(drifting(80)):
        cv2.imwrite(str(folder / f"{i:04}.png"), picture[..., ::-1].copy())
    return folder


def once_stored(patch: pytest.MonkeyPatch, frames: int, act: Callable[[], object]) -> None:
    """Do `act` when so many frames came to be stored."""
    process, seen = StoreStage.process, [0]

    def with_act(self: StoreStage, items: Sequence[Any]) -> Any:
        before, seen[0] = seen[0], seen[0] + len(items)
        if before <= frames < seen[0]:
            act()
        return process(self, items)

    patch.setattr(StoreStage, "process", with_act)


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 3)


def overwrite(path: Path) -> None:
    other = encode(path.with_name("other.mp4"), drifting(20))
    path.write_bytes(other.read_bytes())
    other.unlink()


@pytest.mark.parametrize(
    "act",
    [
        truncate,
        pytest.param(lambda path: os.truncate(path, 0), marks=HARD),
        pytest.param(overwrite, marks=HARD),
    ],
    ids=["cut", "emptied", "other"],
)
def test_a_video_that_is_changed_while_read_ends_the_run_until_it_is_put_back(
    act: Act, long_clip: Path, tmp_path: Path, stand_in: None, tried: Tried
) -> None:
    assert track(long_clip, tmp_path / "whole").returncode == 0
    clip, out = Path(shutil.copy(long_clip, tmp_path)), tmp_path / "out"
    with pytest.MonkeyPatch.context() as patch:
        once_stored(patch, 10, lambda: act(clip))
        assert "put it back" in refused(track(clip, out), 3)
    assert 0 < frames_in(out / "block.sdpose") < FRAMES
    shutil.copy(long_clip, clip)
    assert track(clip, out, "--resume").returncode == 0
    assert exported(out) == exported(tmp_path / "whole")
    tried("a source that is removed, cut off or changed while it is read", 1)


@pytest.mark.parametrize(
    "act",
    [
        shutil.rmtree,
        pytest.param(lambda folder: (folder / "0060.png").unlink(), marks=HARD),
        pytest.param(lambda folder: os.truncate(folder / "0060.png", 300), marks=HARD),
        pytest.param(lambda folder: (folder / "0079.png").unlink(), marks=HARD),
    ],
    ids=["all", "one", "cut", "last"],
)
def test_pictures_that_vanish_while_read_end_the_run_until_they_are_put_back(
    act: Act, pictures: Path, tmp_path: Path, stand_in: None, tried: Tried
) -> None:
    assert track(pictures, tmp_path / "whole").returncode == 0
    folder, out = Path(shutil.copytree(pictures, tmp_path / "block")), tmp_path / "out"
    with pytest.MonkeyPatch.context() as patch:
        once_stored(patch, 5, lambda: act(folder))
        assert "put it back as it was" in refused(track(folder, out), 3)
    assert 0 < frames_in(out / "block.sdpose") < 80
    shutil.copytree(pictures, folder, dirs_exist_ok=True)
    assert track(folder, out, "--resume").returncode == 0
    assert exported(out) == exported(tmp_path / "whole")
    tried("a source that is removed, cut off or changed while it is read", 1)


@HARD
def test_a_video_that_is_removed_or_grows_while_read_is_read_to_its_end(
    long_clip: Path, tmp_path: Path, stand_in: None, tried: Tried
) -> None:
    def grow(path: Path) -> None:
        with path.open("ab") as file:
            file.write(bytes(100_000))

    for act in (Path.unlink, grow):
        clip, out = Path(shutil.copy(long_clip, tmp_path)), tmp_path / act.__name__
        with pytest.MonkeyPatch.context() as patch:
            once_stored(patch, 10, lambda act=act, clip=clip: act(clip))  # type: ignore[misc]
            assert track(clip, out).returncode == 0
        assert frames_in(out / "block.sdpose") == FRAMES
        tried("a source that is removed, cut off or changed while it is read", 1)


def gone(out: Path) -> None:
    for path in out.iterdir():
        path.unlink()


def replaced(out: Path) -> None:
    other = write(out.with_name("other.sdpose"), fixture_a())
    gone(out)
    other.rename(out / "block.sdpose")


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(gone, marks=HARD),
        pytest.param(shutil.rmtree, marks=HARD),
        pytest.param(lambda out: out.rename(out.with_name("moved")), marks=HARD),
        replaced,
    ],
    ids=["session", "folder", "moved", "replaced"],
)
def test_a_session_that_is_taken_away_while_written_ends_the_run(
    act: Act, long_clip: Path, tmp_path: Path, stand_in: None, tried: Tried
) -> None:
    out = tmp_path / "out"
    with pytest.MonkeyPatch.context() as patch:
        once_stored(patch, 10, lambda: act(out))
        told = refused(track(long_clip, out), 5)
        assert "was removed or replaced while it was open; put it back and go on with" in told
    tried("a session that is removed or replaced while it is written", 1)


def test_a_repair_is_not_made_in_a_session_that_was_taken_away(
    tmp_path: Path, tried: Tried
) -> None:
    for act in (gone, replaced):
        folder = tmp_path / act.__name__
        folder.mkdir()
        with Repairing.open(write(folder / "block.sdpose", fixture_a())) as repairing:
            act(folder)
            with pytest.raises(OutputError, match="replaced while it was open; open it"):
                repairing.apply(Rename(1, "Anna"))
            assert repairing.history.edits == ()
        tried("a session that is removed or replaced while it is written", 1)


@HARD
def test_what_is_unmounted_while_read_does_not_hang(
    long_clip: Path, tmp_path: Path, stand_in: None, tried: Tried
) -> None:
    with small_disk(tmp_path / "net") as disk:
        clip = Path(shutil.copy(long_clip, disk.folder))
        with pytest.MonkeyPatch.context() as patch:
            once_stored(patch, 10, lambda: os.system(f"umount --lazy {disk.folder}"))
            done = track(clip, tmp_path / "out")
        assert done.returncode in (0, 3)
        assert frames_in(tmp_path / "out" / "block.sdpose") > 10
    tried("a source that is removed, cut off or changed while it is read", 1)


@pytest.fixture
def locked_up(tmp_path: Path) -> Iterator[Path]:
    """A session in a folder that cannot be written."""
    folder = tmp_path / "locked"
    folder.mkdir()
    session = write(folder / "clip.sdpose", fixture_a())
    with unwritable(folder):
        yield session


def test_in_a_folder_that_cannot_be_written_is_read_all_the_same(
    locked_up: Path, tmp_path: Path, block_clip: Path, stand_in: None, tried: Tried
) -> None:
    with Recording.open(locked_up) as recording:
        assert len(recording.indices()) == 45
    refused(called("edit", locked_up, "rename", "1", "Anna"), 5)
    refused(called("export", locked_up, "--format", "csv"), 5)
    assert called("export", locked_up, "--format", "csv", "--out", tmp_path / "o").returncode == 0
    refused(track(block_clip, locked_up.parent), 5)
    refused(track(block_clip, locked_up.parent / "deeper"), 5)
    refused(called("track", block_clip, "--out", locked_up.parent, "--overwrite"), 5)
    tried("a folder, session or cache that cannot be written", 6)


def test_a_cache_that_cannot_be_written_holds_nothing_up(
    tmp_path: Path,
    block_clip: Path,
    stand_in: None,
    monkeypatch: pytest.MonkeyPatch,
    undisturbed: dict[str, bytes],
    tried: Tried,
) -> None:
    cache = tmp_path / "cache"
    for inside in ("", "locks"):
        (cache / inside).mkdir(parents=True, exist_ok=True)
        monkeypatch.setenv("SDPOSE_TRACK_CACHE", str(cache))
        out = tmp_path / f"out{inside}"
        with unwritable(cache):
            done = track(block_clip, out)
            assert done.returncode == 0, done.stderr
            assert exported(out) == undisturbed
            assert called("edit", out / "block.sdpose", "rename", "1", "Anna").returncode == 0
        tried("a folder, session or cache that cannot be written", 2)
