"""One writer a file: locks between programs, which a killed one lets go of by itself.

Lock files lie in the user's cache and stay there: removing one that another program is just about
to lock would let two in. They exclude the programs of one user on one machine.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Self

import filelock

from sdpose_track.cache import cache_folder


class Held(filelock.FileLock):
    """A lock that `lock` has taken: `release`, or the end of a `with` block, lets go of it.

    filelock's own would be taken a second time by the block, and stay held after it.
    """

    def __enter__(self) -> Self:
        return self


def lock(path: Path, *, waits: bool = False) -> Held | None:
    """Return a held lock for writing `path`, however it is spelled; None if another holds it.

    With `waits` it comes when the other lets go. It may be released on another thread. Raises
    OSError if no lock file can be made.
    """
    real = Path(os.path.realpath(path))  # a Path's own way fails where links lead in circles
    spelled = os.path.normcase(os.fsencode(real))
    name = f"{hashlib.sha256(spelled).hexdigest()[:24]}.lock"
    folder = cache_folder() / "locks"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _held(folder / name, waits=waits)
    except OSError:  # a cache that cannot be written
        return _held(real.with_name(f".{name}"), waits=waits)


def _held(file: Path, *, waits: bool) -> Held | None:
    held = Held(file, blocking=waits, thread_local=False)
    try:
        held.acquire()
    except filelock.Timeout:
        return None
    return held
