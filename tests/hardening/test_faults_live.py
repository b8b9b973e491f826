"""A live run whose recording cannot go on: the run does, and what was recorded is whole."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command import called
from light_runs import frames_in, make_block_clip
from small_disks import SmallDisk, small_disk
from threads import engine_threads

BLOCK = 4096
Tried = Callable[[str, int], None]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk") as made:
        yield made


@pytest.mark.parametrize("video", [(), ("--video",)], ids=["poses", "video"])
@pytest.mark.usefixtures("live_stand_in")
def test_a_disk_that_fills_up_ends_the_recording_and_not_the_run(
    video: tuple[str, ...],
    disk: SmallDisk,
    tmp_path: Path,
    amount: Callable[[int, int], int],
    tried: Tried,
) -> None:
    clip = make_block_clip(tmp_path / "block.mp4", 20)
    sizes = [40 * BLOCK, 0, 10 * BLOCK, 16 * BLOCK, 25 * BLOCK, 60 * BLOCK, 80 * BLOCK]
    for room in sizes[: amount(1, len(sizes))]:
        disk.empty()
        disk.leave(room)
        session = disk.folder / "live.sdpose"
        done = called("live", clip, "--realtime", "--headless", "--record", session, *video)
        assert done.returncode == 5, (room, done.stderr)
        assert "Traceback" not in done.stderr
        assert "full" in done.stderr or "No space" in done.stderr, (room, done.stderr)
        assert engine_threads() == []
        disk.free()
        if session.exists():
            frames_in(session)
        tried("a disk that fills up while recording live", 1)


@pytest.mark.usefixtures("live_stand_in")
def test_a_recording_that_is_taken_away_ends_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tried: Tried
) -> None:
    from sdpose_track.live.recorder import Recorder

    clip, out = make_block_clip(tmp_path / "block.mp4", 20), tmp_path / "out"
    add = Recorder.add

    def taken_away(self: Recorder, result: object) -> None:
        if self.frames == 5:
            shutil.rmtree(out)
        add(self, result)  # type: ignore[arg-type]

    monkeypatch.setattr(Recorder, "add", taken_away)
    done = called("live", clip, "--realtime", "--headless", "--record", out / "live.sdpose")
    assert done.returncode == 5, done.stderr
    assert done.stderr.count("is not there any more") == 1
    assert not out.exists()
    tried("a session that is removed or replaced while it is written", 1)
