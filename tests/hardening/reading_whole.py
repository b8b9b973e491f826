"""Has files read in a process that may be slow, grow or die: of each it tells what became."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

CHILD = Path(__file__).with_name("reading_child.py")
MEMORY = 2 * 2**30
"""Bytes that reading a file may take at most."""
LONGEST_S = 60.0
"""Seconds that reading a file may take at most."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of a file."""

    path: Path
    refused: str = ""
    """The sentence; empty if it was read."""
    fault: str = ""
    """What must not be: a traceback, a broken promise, a death, a hang; empty if nothing."""


def read_whole(paths: Sequence[Path]) -> Iterator[Reading]:
    """Yield what became of each of `paths`, in their order; another process follows a dead one."""
    left = list(paths)
    while left:
        with _started() as child:
            while left:
                reading, goes_on = _asked(child, left.pop(0))
                yield reading
                if not goes_on:
                    break
            child.kill()


def _started() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(CHILD)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        text=True,
    )


def _asked(child: subprocess.Popen[str], path: Path) -> tuple[Reading, bool]:
    """Return what became of `path`, and whether the child can read another."""
    assert child.stdin is not None
    assert child.stdout is not None
    timer = Timer(LONGEST_S, child.kill)
    timer.start()
    try:
        child.stdin.write(f"{json.dumps(str(path))}\n")
        child.stdin.flush()
        answer = child.stdout.readline()
        peak = peak_of(child.pid)
    finally:
        timer.cancel()
    if not answer:
        return Reading(path, fault=f"the process ended with {child.wait()}"), False
    if peak > MEMORY:
        return Reading(path, fault=f"{peak >> 20} MiB were taken"), False
    return Reading(path, **json.loads(answer)), True


def peak_of(process: int) -> int:
    """Return the most bytes that a running process had at once; 0 where nobody tells."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)
