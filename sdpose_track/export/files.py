"""Writes beside and then replaces, so that a file is the old one or the new one, never half of one.

The only place of the exports that names what goes wrong with a disk.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import filelock

from sdpose_track.errors import OutputError
from sdpose_track.locks import lock


@contextmanager
def replacing(path: Path, *, is_folder: bool = False) -> Iterator[Path]:
    """Give a part beside `path` to fill, and put it in the place of `path` at the end.

    The part is a name for a new file, or an empty folder. When the block raises, `path` stays as
    it was; the part is removed whatever happened.

    Raises:
        OutputError: something could not be written; the message says what to do.
    """
    part = path.with_name(f".{path.name}.part")
    held = _held(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove(part)
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


def check_folder(path: Path, owns: Sequence[str]) -> None:
    """Raise OutputError if `path` holds files that no export wrote: replacing would lose them.

    An export's files are those that match one of `owns`, patterns such as `p*/src_face.mp4`.
    """

    def refuse(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise explained(path, error) from error

    own = {file for pattern in owns for file in path.glob(pattern)}
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
    old = path.with_name(f".{path.name}.old")
    _remove(old)
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
