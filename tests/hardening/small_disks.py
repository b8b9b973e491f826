"""Disks that are small, full, or cannot be written: real ones, in the machine's memory."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SIZE = 32 << 20


class SmallDisk:
    """A disk of `SIZE` bytes, of which a file takes as many as is wished."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def leave(self, room: int) -> None:
        """Fill the disk but for `room` bytes; they come in blocks of 4096."""
        self.free()
        size = shutil.disk_usage(self.folder).free - room
        with self._ballast.open("wb") as file:
            while size > 0:
                size -= file.write(bytes(min(size, 1 << 20)))

    def free(self) -> None:
        """Give the room back."""
        self._ballast.unlink(missing_ok=True)

    def empty(self) -> None:
        """Take everything away."""
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    """Put a small disk at `folder`, a new one; the test is skipped where that is not allowed."""
    folder.mkdir()
    with _mounted("-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", at=folder):
        yield SmallDisk(folder)


@contextmanager
def unwritable(folder: Path) -> Iterator[None]:
    """Let nobody, not even root, write into `folder` or its files."""
    with _mounted("--bind", str(folder), at=folder):
        _run("mount", "-o", "remount,bind,ro", str(folder))
        yield


@contextmanager
def _mounted(*how: str, at: Path) -> Iterator[None]:
    if shutil.which("mount") is None or not _run("mount", *how, str(at)):
        pytest.skip("mounting needs Linux and root: sudo, or unshare --map-root-user --mount")
    try:
        yield
    finally:
        _run("umount", "--lazy", str(at))


def _run(*command: str) -> bool:
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
