"""Temporary folders that are gone at the end; those of a killed program, the next one removes.

For what has no place in the cache, or where the cache cannot be written.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import filelock

PREFIX = "sdpose-track-"
YOUNG_S = 60
"""Seconds. So young, a folder that nobody holds may be about to be held."""
_LOCK, _INSIDE = ".lock", "scratch"
"""All that is in such a folder. Others of that name may be there, such as this project unpacked."""


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a new empty folder for the block. Raises OSError if there is no room for one."""
    place = Path(tempfile.gettempdir())
    for left in place.glob(f"{PREFIX}*"):
        _sweep(left)
    whole = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
    held = _lock(whole)
    try:
        held.acquire()
        folder = whole / _INSIDE
        folder.mkdir()
        yield folder
    finally:
        _remove(whole, held)


def scratch_to_the_end() -> Path:
    """Return a new empty folder that stays until the program ends. Raises OSError likewise."""
    stack = ExitStack()
    folder = stack.enter_context(scratch())
    atexit.register(stack.close)
    return folder


def _lock(whole: Path) -> filelock.FileLock:
    return filelock.FileLock(whole / _LOCK, blocking=False, thread_local=False)


def _sweep(whole: Path) -> None:
    """Remove a folder that `scratch` made for this user, if no living program holds it."""
    try:
        found = whole.lstat()
        is_own = not hasattr(os, "getuid") or found.st_uid == os.getuid()
        if whole.is_symlink() or not is_own or time.time() - found.st_mtime < YOUNG_S:
            return
        names = {file.name for file in whole.iterdir()}
        if _LOCK not in names or not names <= {_LOCK, _INSIDE}:
            return
        held = _lock(whole)
        held.acquire()
    except (OSError, filelock.Timeout):  # gone meanwhile, or in use
        return
    _remove(whole, held)


def _remove(whole: Path, held: filelock.FileLock) -> None:
    shutil.rmtree(whole / _INSIDE, ignore_errors=True)
    held.release()  # Windows removes no file that is open
    shutil.rmtree(whole, ignore_errors=True)
