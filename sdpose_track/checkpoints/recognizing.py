"""Tells from a file's bytes whether it can be a PyTorch checkpoint, before anything loads it.

Only the beginning of a file is read and, of a zip archive, its list of members. Whether there is a
network in it is the loader's business.
"""

from __future__ import annotations

import codecs
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from sdpose_track.errors import CheckpointError

LARGEST = 3 * 2**29
"""Bytes: more than the largest YOLO takes, with all that its training keeps of it."""
_ZIP, _PICKLE = b"PK\3\4", b"\x80"
_PICKLE_IN_ZIP = "data.pkl"


def check_pytorch(path: Path) -> None:
    """Raise CheckpointError, which says what it is instead, unless `path` is a PyTorch file.

    PyTorch writes a zip archive with a pickle in it; before version 1.6 it wrote a bare pickle.
    """
    try:
        with path.open("rb") as file:
            start = file.read(64)
        size = path.stat().st_size
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from error
    if size > LARGEST:
        raise CheckpointError(
            f"{path} has {size / 1e9:.1f} GB, far more than any YOLO checkpoint; give another file"
        )
    instead = _instead_of_zip(path) if start.startswith(_ZIP) else _instead_of_pickle(start)
    if instead is not None:
        raise CheckpointError(
            f"{path} is no YOLO checkpoint: {instead}; give an ultralytics .pt file"
        )
    if path.suffix.lower() != ".pt":
        raise CheckpointError(
            f"{path} is a PyTorch file whose name does not end in .pt; rename it to {path.stem}.pt"
        )


def _instead_of_zip(path: Path) -> str | None:
    try:
        with ZipFile(path) as archive:
            members = archive.infolist()
        size = path.stat().st_size
    except (BadZipFile, NotImplementedError, OSError, ValueError):
        return "it is cut off or damaged"
    if _PICKLE_IN_ZIP not in (member.filename.rpartition("/")[2] for member in members):
        return "it is a zip archive, but not of PyTorch"
    if sum(member.file_size for member in members) > size:
        return "it would grow as it is unpacked, and PyTorch compresses nothing"
    return None


def _instead_of_pickle(start: bytes) -> str | None:
    if start.startswith(_PICKLE):
        return None
    if not start:
        return "it is empty"
    if start[7:9] == b"\0{":  # the length of the header ends, and its JSON begins
        return "it is a safetensors file, whose name must end in .safetensors"
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(start)  # the last letter may be cut
    except UnicodeDecodeError:
        text = ""
    if text and "".join(text.split()).isprintable():
        return f"it is text and begins with {text[:24]!r}"
    return f"it begins with the bytes {start[:8].hex(' ')}"
