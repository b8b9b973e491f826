"""Runs the program in a process of its own, ends it in the midst, and looks at what is there."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from command import MAIN, environment

EXPORTS = ("--export", "csv,openpose,coco,npz")
PATIENCE_S = 180
"""How long to wait for what must come: far longer than it takes on a busy machine."""


def begin(clip: Path, cwd: Path, *wishes: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(MAIN), "track", str(clip), "--resume", *wishes],
        cwd=cwd,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def stored(session: Path) -> int:
    """How many frames are on disk, read beside the writer as another program would."""
    try:
        connection = sqlite3.connect(f"file:{session}?mode=ro", uri=True)
        try:
            return int(connection.execute("SELECT COUNT(*) FROM frame").fetchone()[0])
        finally:
            connection.close()
    except sqlite3.OperationalError:
        return 0


def end_at(process: subprocess.Popen[str], session: Path, frames: int, how: signal.Signals) -> None:
    """Wait until `frames` are stored, then send the signal `how` and wait for the end."""
    limit = time.monotonic() + PATIENCE_S
    while stored(session) < frames and process.poll() is None and time.monotonic() < limit:
        time.sleep(0.002)
    process.send_signal(how)
    process.wait(PATIENCE_S)


def contents(folder: Path) -> dict[str, bytes]:
    """Every exported file, by its path below `folder`; the description names no run."""
    files = [p for p in folder.rglob("*") if p.is_file() and p.suffix in (".csv", ".json", ".npz")]
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


def everything(folder: Path) -> dict[str, bytes]:
    """Every file below `folder` but the sessions, whose pages lie as they were written."""
    files = [p for p in folder.rglob("*") if p.is_file() and p.suffix != ".sdpose"]
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


def is_sound(session: Path) -> bool:
    """SQLite finds no damage."""
    connection = sqlite3.connect(session)
    try:
        return bool(connection.execute("PRAGMA integrity_check").fetchone() == ("ok",))
    finally:
        connection.close()


def kill_after(process: subprocess.Popen[str], seconds: float) -> bool:
    """Kill the process at that moment; False if it had come to its end before."""
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
    return process.returncode == -signal.SIGKILL


def halves(*folders: Path) -> list[str]:
    """Names below `folders` of what only a program in the midst of its work needs."""
    return [
        str(path)
        for folder in folders
        for path in folder.rglob("*")
        if path.name.startswith((".", "tmp"))
        or path.name.endswith((".part", ".old", "-wal", "-shm", "-journal"))
    ]
