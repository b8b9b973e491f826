"""A thread that looks at the signals too: Python's own handlers wait for native code."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from typing import Any

from sdpose_track.cli import complain
from sdpose_track.cli.stopping import Stopping, known
from sdpose_track.closing import Closing
from sdpose_track.threads import begin


class Insisting(Closing):
    """Makes sure that Ctrl-C is heard where Python hears of no signal, or forgets one.

    A handler waits while native code runs, such as a network that is loaded; so a thread looks at
    the signals too, and ends the program at the second. And what a handler raises is lost where it
    comes in the midst of a destructor: then the first one ends the program at once, which costs no
    more than a second one does.
    """

    def __init__(self, stopping: Stopping) -> None:
        """Begin, on the main thread.

        Raises OSError if there are no sockets to be had, DeviceError if there are no threads.
        """
        self._stopping = stopping
        self._ours, self._theirs = socket.socketpair()
        self._theirs.settimeout(0)
        self._thread = threading.Thread(target=self._watch, name="sdpose-signals", daemon=True)
        try:
            begin(self._thread)
        except BaseException:
            self._ours.close()
            self._theirs.close()
            raise
        self._awake = signal.set_wakeup_fd(self._theirs.fileno(), warn_on_full_buffer=False)
        self._hook, sys.unraisablehook = sys.unraisablehook, self._on_lost

    def close(self) -> None:
        """Leave everything as it was."""
        sys.unraisablehook = self._hook
        signal.set_wakeup_fd(self._awake)
        self._theirs.close()
        self._thread.join()
        self._ours.close()

    def _watch(self) -> None:
        first: int | None = None
        while heard := self._ours.recv(1):
            number = heard[0]
            if first is not None and number == signal.SIGINT:
                os._exit(128 + first)
            if number in known():
                first = number if first is None else first

    def _on_lost(self, what: Any) -> None:
        if isinstance(what.exc_value, KeyboardInterrupt):
            complain("stopped")
            os._exit(self._stopping.exit_code)
        self._hook(what)
