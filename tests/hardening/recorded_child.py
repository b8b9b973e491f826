"""Runs a Python program and writes down what it does to the world.

`recorded_child.py RECORD PROGRAM ARGUMENT...`. Python tells it before it does it; what libraries in
C do is for strace to hear.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from typing import Any

GROUPS = ("ftplib", "http", "os", "pty", "shutil", "smtplib", "socket", "subprocess", "urllib")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


def record(to: str) -> None:
    """Append every event that matters to the file `to`, a JSON list of texts each."""
    line = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            if not isinstance(arguments[2], int) or not arguments[2] & WRITES:
                return
        elif event.partition(".")[0] not in GROUPS or event in ("os.listdir", "os.scandir"):
            return
        told = [a.decode(errors="replace") if isinstance(a, bytes) else a for a in arguments]
        words = [event, *(a if isinstance(a, str) else f"{a!r:.200}" for a in told)]
        os.write(line, json.dumps(words).encode() + b"\n")

    os.write(line, b'["began"]\n')
    sys.addaudithook(hear)


if __name__ == "__main__":
    _, to, program, *words = sys.argv
    record(to)
    sys.argv = [program, *words]
    sys.path[0] = os.path.dirname(program)  # noqa: PTH120
    runpy.run_path(program, run_name="__main__")
