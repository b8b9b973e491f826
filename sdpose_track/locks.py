"""One writer a file: locks between programs, which a killed one lets go of by itself.

Lock files lie in the user's cache and stay there: removing one that another program is just about
to lock would let two in. They exclude the programs of one user on one machine.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import filelock

from sdpose_track.cache import cache_folder


def lock(path: Path) -> filelock.FileLock | None:
    """Return a held lock for writing `path`, however it is spelled; None if another holds it.

    It may be released on another thread. Raises OSError if no lock file can be made.
    """
    spelled = os.path.normcase(os.fsencode(path.resolve()))
    name = f"{hashlib.sha256(spelled).hexdigest()[:24]}.lock"
    folder = cache_folder() / "locks"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / name
    except OSError:
        file = path.resolve().with_name(f".{name}")
    held = filelock.FileLock(file, blocking=False, thread_local=False)
    try:
        held.acquire()
    except filelock.Timeout:
        return None
    return held
