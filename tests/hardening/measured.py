"""Runs the whole program as a user does, and measures what that took."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

from command import MAIN, environment

STARTER = """
import os, subprocess, sys
child = subprocess.Popen(sys.argv[2:])
_, status, used = os.wait4(child.pid, 0)
child.returncode = os.waitstatus_to_exitcode(status)
with open(sys.argv[1], "w") as file:
    file.write(f"{child.returncode} {used.ru_maxrss}")
"""
"""Linux counts as a process's own what the one that began it had: this one has next to nothing."""


@dataclass(frozen=True, slots=True)
class Measured:
    """How a run of the program ended."""

    code: int
    said: str
    """On stderr."""
    peak: int
    """Bytes of memory that it had at once, at most."""
    seconds: float


def measured(*words: str | Path, folder: Path, longest_s: float) -> Measured:
    """Run the program in `folder`; after `longest_s` it is killed. Not on Windows."""
    began = time.monotonic()
    said, used = (folder.with_name(f"{folder.name}.{kind}") for kind in ("stderr", "used"))
    with said.open("wb") as errors:
        starter = subprocess.Popen(
            [sys.executable, "-S", "-c", STARTER, str(used), sys.executable, MAIN, *words],
            cwd=folder,
            env={**environment(), "QT_QPA_PLATFORM": "offscreen"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        )
    timer = Timer(longest_s, os.killpg, (starter.pid, signal.SIGKILL))
    timer.start()
    try:
        was_killed = starter.wait() != 0
    finally:
        timer.cancel()
    code, peak = (-signal.SIGKILL, 0) if was_killed else map(int, used.read_text().split())
    text = said.read_text(encoding="utf-8", errors="replace")
    unit = 1 if sys.platform == "darwin" else 1024
    return Measured(code, text, peak * unit, time.monotonic() - began)
