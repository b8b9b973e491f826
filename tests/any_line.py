"""A handler of a signal comes between any two lines: here it comes between each two, in turn.

A real signal would come at one of them, once in a thousand runs.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

LIMIT_S = 20.0
Prepared = tuple[Callable[[], object], Callable[[], object]]
"""What is done, and the handler that interrupts it."""


def interrupted_at_every_line(prepare: Callable[[], Prepared]) -> int:
    """Do what `prepare` returns again and again, interrupted at one line later each time.

    Returns at how many lines that was; fails where the two wait for each other.
    """
    lines = 0
    while _is_interrupted_at(lines, prepare):
        lines += 1
    return lines


def _is_interrupted_at(number: int, prepare: Callable[[], Prepared]) -> bool:
    work, handler = prepare()
    count = 0

    def trace(_frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal count
        if event == "line":
            count += 1
            if count == number + 1:
                handler()
        return trace

    def run() -> None:
        sys.settrace(trace)
        try:
            work()
        finally:
            sys.settrace(None)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(LIMIT_S)
    assert not thread.is_alive(), f"interrupted at line {number}, it waits for itself"
    return count > number
