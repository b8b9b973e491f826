"""Seconds, bytes and the matrix rate of a GPU or a CPU, on a machine that may be shared."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from functools import partial

import psutil
import torch

MATRICES = {"cuda": (8192, 16384), "cpu": (2048,)}
"""Sides of the square matrices whose product gives the device's rate."""
OTHERS = 0.1
"""Of one core: what other programs may take of the machine while we time on its CPU."""


class Peak:
    """The most memory held while this context was open, over what was held when it began."""

    def __init__(self, device: torch.device) -> None:
        self.bytes = 0
        self._device = device
        self._done = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Peak:
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
            self._before = torch.cuda.memory_allocated(self._device)
        else:
            self._before = psutil.Process().memory_info().rss
            self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._device.type == "cuda":
            self.bytes = torch.cuda.max_memory_allocated(self._device) - self._before
            return
        self._done.set()
        self._watch.join()

    def _look(self) -> None:
        process = psutil.Process()
        while not self._done.wait(0.01):
            self.bytes = max(self.bytes, process.memory_info().rss - self._before)


def timed(work: Callable[[], object], device: torch.device, passes: int = 1) -> float:
    """Return the seconds of one pass, of `passes` in a row."""
    synchronize(device)
    began = time.perf_counter()
    for _ in range(passes):
        work()
    synchronize(device)
    return (time.perf_counter() - began) / passes


def undisturbed(
    work: Callable[[], object], device: torch.device, passes: int = 1, patience: float = 0
) -> float:
    """Return the same while other programs rest.

    Waits up to `patience` seconds for that, and spends the rest of them on repetitions.
    """
    end = time.monotonic() + patience
    while True:
        while time.monotonic() < end and busy_elsewhere() > OTHERS:
            pass
        with Elsewhere() as others:
            took = timed(work, device, passes)
        if others.cores <= OTHERS or time.monotonic() >= end:
            return took


class Elsewhere:
    """How many cores other programs kept busy while this context was open, on average."""

    cores: float

    def __enter__(self) -> Elsewhere:
        self._began, self._busy = time.perf_counter(), _seconds_elsewhere()
        return self

    def __exit__(self, *_: object) -> None:
        passed = time.perf_counter() - self._began
        self.cores = (_seconds_elsewhere() - self._busy) / passed


def busy_elsewhere() -> float:
    """Return how many cores other programs kept busy over the next two seconds."""
    with Elsewhere() as others:
        time.sleep(2)
    return others.cores


def _seconds_elsewhere() -> float:
    """Return the CPU seconds that the machine has spent outside this process."""
    every = psutil.cpu_times()
    resting = every.idle + getattr(every, "iowait", 0.0)
    own = psutil.Process().cpu_times()
    return float(sum(every) - resting - own.user - own.system)


def synchronize(device: torch.device) -> None:
    """Wait until the device has done all it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def matrix_rate(device: torch.device, patience: float = 0) -> float:
    """Return the operations a second of the best large bf16 matrix product."""
    best = 0.0
    for side in MATRICES[device.type]:
        left, right = (torch.randn(side, side, device=device).bfloat16() for _ in range(2))
        work = partial(torch.matmul, left, right)
        timed(work, device, 10)
        several = [undisturbed(work, device, 10, patience) for _ in range(5)]
        best = max(best, 2 * side**3 / min(several))
    return best


def say(line: str) -> None:
    """Tell how far it is, beside the report."""
    print(line, file=sys.stderr, flush=True)
