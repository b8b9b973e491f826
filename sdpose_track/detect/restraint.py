"""Keeps a checkpoint that is being read from doing anything but being read.

torch's weights-only reader lets a file name only classes of networks, but it lets the file call
them, with any arguments. Some of them download weights as they are made, or take all memory there
is. A file that ultralytics wrote never makes one anew, and reading needs no network, no program and
no place to write. So all of that is refused to the thread that reads.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

_GROUPS = ("ftplib", "http", "pty", "shutil", "smtplib", "socket", "subprocess", "urllib")
"""Beginnings of the names of Python's audit events, up to the dot."""
_EVENTS = frozenset(
    f"os.{name}"
    for name in (
        "chmod", "chown", "exec", "fork", "forkpty", "link", "mkdir", "posix_spawn", "remove",
        "rename", "rmdir", "spawn", "startfile", "symlink", "system", "truncate", "utime",
    )
)  # fmt: skip
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_state = threading.local()
_one_reader = threading.Lock()


@contextmanager
def restrained() -> Iterator[None]:
    """Refuse this thread the network, programs and writing, with PermissionError."""
    _watch()
    before = getattr(_state, "is_restrained", False)
    _state.is_restrained = True
    try:
        yield
    finally:
        _state.is_restrained = before


@contextmanager
def only_read() -> Iterator[None]:
    """Refuse this thread to make a network other than by reading it, with PermissionError.

    One thread at a time; others wait.
    """
    from torch.nn import Module

    make, reader = Module.__init__, threading.get_ident()

    def refuse(network: Any, *arguments: Any, **named: Any) -> None:
        if threading.get_ident() == reader:
            raise PermissionError(f"it makes a {type(network).__name__} while it is read")
        make(network, *arguments, **named)

    with _one_reader:
        Module.__init__ = refuse  # type: ignore[assignment, method-assign]
        try:
            yield
        finally:
            Module.__init__ = make  # type: ignore[method-assign]


@cache
def _watch() -> None:
    """Listen to what Python is about to do, from now to the end: there is no way to stop."""
    sys.addaudithook(_on_event)


def _on_event(event: str, arguments: tuple[Any, ...]) -> None:
    if getattr(_state, "is_restrained", False) and _reaches_out(event, arguments):
        raise PermissionError(f"it does {event} while it is read")


def _reaches_out(event: str, arguments: tuple[Any, ...]) -> bool:
    if event == "open":
        return bool(arguments[2] & _WRITES)
    return event in _EVENTS or event.partition(".")[0] in _GROUPS
