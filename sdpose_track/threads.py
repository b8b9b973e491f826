"""Starting a thread where the machine may have none left to give."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sdpose_track.errors import DeviceError


def begin(thread: threading.Thread) -> None:
    """Start `thread`. Raises DeviceError if the machine gives no more."""
    with beginning():
        thread.start()


@contextmanager
def beginning() -> Iterator[None]:
    """Start a thread inside this block. Raises DeviceError if the machine gives no more."""
    try:
        yield
    except RuntimeError as error:
        raise DeviceError(
            "this machine gives the program no more threads; close other programs"
        ) from error
