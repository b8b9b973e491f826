"""The disk is full: at every size at which it can be, nothing that was there is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command import called, refused
from light_runs import exported, frames_in, track
from sessions import fixture_a, write
from small_disks import SmallDisk, small_disk

from sdpose_track.export.table import FORMATS
from sdpose_track.session.recording import Recording

BLOCK = 4096
FEW = ("openpose", "npz", "video", "glb")
SHARES = (0.0, 0.3, 0.6, 0.95)
"""Of the bytes of an export, for which there is room."""
Amount = Callable[[int, int], int]
Tried = Callable[[str, int], None]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk") as made:
        yield made


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below `folder` but the ballast, hidden ones too."""
    files = [p for p in folder.rglob("*") if p.is_file() and p.name != "ballast"]
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


def spread(least: int, most: int, count: int) -> list[int]:
    return [least + (most - least) * i // (count - 1) for i in range(count)]


def test_a_run_that_fills_the_disk_is_kept_and_goes_on_to_the_same_results(
    disk: SmallDisk,
    block_clip: Path,
    undisturbed: dict[str, bytes],
    stand_in: None,
    amount: Amount,
    tried: Tried,
) -> None:
    assert track(block_clip, disk.folder).returncode == 0
    kept = set()
    for room in [0, 2 * BLOCK, 8 * BLOCK, *spread(12 * BLOCK, 500_000, amount(4, 120))]:
        disk.empty()
        disk.leave(room)
        done = track(block_clip, disk.folder)
        if done.returncode != 0:
            assert "the disk is full; free some space" in refused(done, 5), room
        session = disk.folder / "block.sdpose"
        if session.exists():
            kept.add(frames_in(session))
        disk.free()
        done = track(block_clip, disk.folder, "--resume")
        assert done.returncode == 0, (room, done.stderr)
        assert exported(disk.folder) == undisturbed, room
        assert not list(disk.folder.glob(".*")), room
        tried("a disk that fills up while tracking", 1)
    assert len(kept) > 1, "it never filled up in the middle"


def test_a_session_that_cannot_be_replaced_is_still_there(
    disk: SmallDisk, block_clip: Path, stand_in: None, tried: Tried
) -> None:
    session = write(disk.folder / "block.sdpose", fixture_a())
    before = session.read_bytes()
    for room in (0, BLOCK, 3 * BLOCK, 8 * BLOCK, 11 * BLOCK):
        disk.leave(room)
        assert "disk is full" in refused(track(block_clip, disk.folder, "--overwrite"), 5)
        assert tree(disk.folder) == {"block.sdpose": before}, room
        tried("a disk without room for what is to replace a session", 1)


def test_an_export_that_fills_the_disk_leaves_the_old_one(
    disk: SmallDisk, block_clip: Path, stand_in: None, amount: Amount, tried: Tried
) -> None:
    assert track(block_clip, disk.folder).returncode == 0
    session, out = disk.folder / "block.sdpose", disk.folder / "out"
    for name in [*FEW, *FORMATS][: amount(len(FEW), 99)]:
        done = called("export", session, "--format", name, "--out", out)
        if done.returncode == 2:
            assert "pip install" in done.stderr
            continue
        assert done.returncode == 0, done.stderr
        before = tree(out)
        for share in SHARES[-amount(1, 4) :]:
            disk.leave(int(share * sum(map(len, before.values()))))
            done = called("export", session, "--format", name, "--out", out)
            assert "disk is full" in refused(done, 5), (name, share)
            assert tree(out) == before, (name, share)
            tried("a disk that fills up during an export", 1)
        disk.empty()
        assert track(block_clip, disk.folder).returncode == 0


def test_a_repair_that_fills_the_disk_changes_nothing(
    disk: SmallDisk, amount: Amount, tried: Tried
) -> None:
    codes = set()
    for room in spread(0, 16 * BLOCK, amount(6, 17)):
        disk.empty()
        session = write(disk.folder / "clip.sdpose", fixture_a())
        disk.leave(room)
        done = called("edit", session, "rename", "1", "Anna")
        codes.add(done.returncode)
        if done.returncode != 0:
            assert "the disk is full" in refused(done, 5)
        with Recording.open(session) as recording:  # also while there is no room
            assert len(recording.history().edits) == (done.returncode == 0)
        disk.free()
        assert frames_in(session) == 45
        assert called("edit", session, "rename", "1", "Berta").returncode == 0
        tried("a disk that fills up during a repair", 1)
    assert codes == {0, 5}


def test_the_newest_frames_are_not_passed_over_where_the_log_of_them_cannot_be_read(
    disk: SmallDisk, block_clip: Path, stand_in: None, tried: Tried
) -> None:
    disk.leave(70 * BLOCK)
    refused(track(block_clip, disk.folder), 5)
    session = disk.folder / "block.sdpose"
    kept = frames_of(session)
    assert kept > 0
    (disk.folder / "block.sdpose-shm").unlink()
    disk.leave(0)
    assert "block.sdpose-wal" in refused(called("info", session), 3)
    disk.free()
    assert frames_of(session) == kept
    tried("a disk that fills up while tracking", 1)


def frames_of(session: Path) -> int:
    with Recording.open(session) as recording:
        return len(recording.indices())
