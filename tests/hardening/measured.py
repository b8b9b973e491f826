"""Runs the whole program as a user does, and measures what that took."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

from command import MAIN, environment


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
    said = folder.with_name(f"{folder.name}.stderr")
    with said.open("wb") as errors:
        child = subprocess.Popen(
            [sys.executable, str(MAIN), *map(str, words)],
            cwd=folder,
            env={**environment(), "QT_QPA_PLATFORM": "offscreen"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
    timer = Timer(longest_s, child.kill)
    timer.start()
    try:
        _, status, used = os.wait4(child.pid, 0)
    finally:
        timer.cancel()
    child.returncode = os.waitstatus_to_exitcode(status)
    peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    text = said.read_text(encoding="utf-8", errors="replace")
    return Measured(child.returncode, text, peak, time.monotonic() - began)
