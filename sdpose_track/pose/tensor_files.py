"""Safetensors files: what is in them, and what a file is that is none.

Nothing but names, shapes and tensors; whose they are is `weights.py`'s business.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from sdpose_track.errors import CheckpointError

LONGEST = 200
"""Letters of what a library says."""


class Tensors(Mapping[str, Tensor]):
    """The tensors of one part, read from their file when they are asked for."""

    def __init__(self, path: Path, names: Mapping[str, str] | None = None) -> None:
        """Open `path`; `names` gives the file's name of each tensor, by default all by their own.

        Raises CheckpointError if it is no safetensors file, or is cut off.
        """
        self.path = path
        self._file = _opened(path)
        every = self._file.keys()  # no mapping: it cannot be iterated over itself
        self._names = {n: n for n in every} if names is None else dict(names)

    def __getitem__(self, name: str) -> Tensor:
        tensor: Tensor = self._file.get_tensor(self._names[name])
        return tensor

    def __iter__(self) -> Any:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a tensor without reading it."""
        return tuple(self._file.get_slice(self._names[name]).get_shape())

    def type(self, name: str) -> str:
        """Return the type of a tensor's numbers, such as `F16`, without reading it."""
        kind: str = self._file.get_slice(self._names[name]).get_dtype()
        return kind

    def renamed(self, rename: Callable[[str], str]) -> Tensors:
        """Return the same tensors under other names."""
        return Tensors(self.path, {rename(n): old for n, old in self._names.items()})


def first_line(error: Exception) -> str:
    """Return what a library's error says, short enough for a sentence."""
    return str(error).strip().partition("\n")[0][:LONGEST] or type(error).__name__


def _opened(path: Path) -> Any:
    try:
        return safe_open(path, framework="pt")
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} {_instead(path)}; fetch the checkpoint again") from error


def _instead(path: Path) -> str:
    """Say what is wrong with a file that does not open as safetensors."""
    try:
        os.fspath(path).encode()
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(64)
    except (OSError, UnicodeEncodeError) as error:
        return f"cannot be read ({error})"
    if not start:
        return "is empty"
    if start[8:9] == b"{":  # after the length of the header its JSON begins
        return f"is cut off or damaged: its {size} bytes are not what its header says"
    if start.startswith((b"PK\3\4", b"\x80")):
        return "is a pickle of PyTorch, as detectors are, and not safetensors"
    if start.isascii() and b"\0" not in start:
        return f"is text, not weights: it begins with {start[:24].decode()!r}"
    return f"is no safetensors file: it begins with the bytes {start[:8].hex(' ')}"
