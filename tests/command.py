"""Runs the command line: as a user does, in a process of its own, or at once in this one."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from sdpose_track.cli import main

MAIN = Path(__file__).resolve().parents[1] / "main.py"


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONWARNINGS": "default"}


def sdpose(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(MAIN), *map(str, arguments)]
    return subprocess.run(
        command,
        cwd=cwd,
        env=environment(),
        check=False,
        capture_output=True,
        text=True,
        timeout=240,
    )


def called(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Do the same in this process, without the seconds in which a new one loads torch."""
    words = list(map(str, arguments))
    out, errors = io.StringIO(), io.StringIO()
    handler = signal.getsignal(signal.SIGINT)
    try:
        with (
            contextlib.chdir(cwd or Path.cwd()),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(errors),
        ):
            code = main(words)
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else 1
    finally:
        signal.signal(signal.SIGINT, handler)
    return subprocess.CompletedProcess(words, code, out.getvalue(), errors.getvalue())


def told(done: subprocess.CompletedProcess[str]) -> Any:
    """The JSON object in the last line of stdout."""
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def refused(done: subprocess.CompletedProcess[str], code: int) -> str:
    """The one sentence of a refusal with exit code `code`."""
    assert done.returncode == code, (done.returncode, done.stderr)
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("sdpose-track")]
    assert len(lines) == 1, done.stderr
    return lines[0]
