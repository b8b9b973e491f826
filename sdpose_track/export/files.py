"""Writes beside and then replaces, so that a file is the old one or the new one, never half of one.

The only place of the exports that names what goes wrong with a disk.
"""

from __future__ import annotations

import errno
import glob
import json
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import filelock

from sdpose_track.errors import OutputError
from sdpose_track.locks import lock

PART, OLD = ".part", ".old"
"""What is being written, and what stood in its place, as hidden files beside it."""
ABANDONED_S = 3600
"""Seconds without a change after which nobody writes a part any more."""


@contextmanager
def replacing(path: Path, *, is_folder: bool = False) -> Iterator[Path]:
    """Give a part beside `path` to fill, and put it in the place of `path` at the end.

    The part is a name for a new file, or an empty folder. When the block raises, `path` stays as
    it was; the part is removed whatever happened.

    Raises:
        OutputError: something could not be written; the message says what to do.
    """
    part = _beside(path, PART)
    held = _held(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _mend(path)
        if is_folder:
            part.mkdir()
        yield part
        _replace(part, path)
    except OSError as error:
        raise explained(path, error) from error
    finally:
        _remove_quietly(part)
        held.release()


def _held(path: Path) -> filelock.FileLock:
    try:
        held = lock(path)
    except OSError as error:
        raise explained(path, error) from error
    if held is None:
        raise OutputError(f"{path} is being written by another program; wait for it")
    return held


def sweep(folder: Path, stem: str) -> None:
    """Remove what killed exports of `stem` left in `folder`, and put back what was there.

    Only what nobody has touched for long: locks do not tell of those who write from elsewhere.
    """
    try:
        found = list(folder.glob(f".{glob.escape(stem)}_*"))
    except OSError:  # whoever writes there next is told
        return
    for left in found:
        name, dot, kind = left.name[1:].rpartition(".")
        if dot + kind not in (PART, OLD):
            continue
        path = left.with_name(name)
        with suppress(OSError):  # what was left harms nobody
            if time.time() - left.lstat().st_mtime < ABANDONED_S or (held := lock(path)) is None:
                continue
            with held:
                _mend(path)


def _mend(path: Path) -> None:
    """Take away the part that a killed program left, and end what it began with the old one."""
    _remove(_beside(path, PART))
    old = _beside(path, OLD)
    if path.exists():
        _remove(old)
    elif old.exists():
        os.replace(old, path)


def _beside(path: Path, kind: str) -> Path:
    return path.with_name(f".{path.name}{kind}")


def check_folder(path: Path, owns: Sequence[str]) -> None:
    """Raise OutputError if `path` holds files that no export wrote: replacing would lose them.

    An export's files are those that match one of `owns`, patterns such as `p*/src_face.mp4`.
    """

    def refuse(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise explained(path, error) from error

    try:
        own = {file for pattern in owns for file in path.glob(pattern)}
    except OSError as error:  # such as a name that is too long
        raise explained(path, error) from error
    for folder, _, names in os.walk(path, onerror=refuse):
        for other in (name for name in names if Path(folder, name) not in own):
            raise OutputError(
                f"{path} holds {other}, which no export wrote; move it or choose another folder"
            )


def explained(path: Path, error: OSError) -> OutputError:
    """Return the sentence about a failed write to `path`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(f"{path} cannot be written, the disk is full; free some space")
    if error.errno == errno.ENAMETOOLONG:
        return OutputError(
            f"{path} cannot be written, its name is too long; rename the session or choose"
            " another folder"
        )
    why = error.strerror or str(error)
    return OutputError(f"{path} cannot be written ({why}); choose another folder with --out")


def strict_json(value: Any) -> str:
    """Return `value` as JSON on one line. Raises ValueError for NaN and infinity."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON to be read by people. Raises ValueError for NaN and infinity."""
    text = json.dumps(value, allow_nan=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


def _replace(part: Path, path: Path) -> None:
    if not path.is_dir():
        os.replace(part, path)
        return
    if not part.is_dir():
        raise OSError(errno.EISDIR, "there is a folder of that name")
    old = _beside(path, OLD)
    os.replace(path, old)
    try:
        os.replace(part, path)
    except BaseException:
        os.replace(old, path)
        raise
    _remove_quietly(old)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _remove_quietly(path: Path) -> None:
    """Remove what is no longer wanted; that this fails is never worth more than the work done."""
    try:
        _remove(path)
    except OSError:
        shutil.rmtree(path, ignore_errors=True)
