"""A running process watched from outside, and whether what it holds grows.

For benchmarks/endurance.py. Nothing is asked of the process itself: memory, open files and threads
are the system's figures, frames are counted in the session that it writes.
"""

from __future__ import annotations

import math
import os
import re
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
from scipy import stats

from sdpose_track.records import Float64

MB = 1e6
BLOCKS = 24
"""A trend is laid through the means of so many parts of the time: neighbouring samples say nearly
the same, and a line through all of them would look far surer than it is."""
WARM = 0.2
"""Share of the time at the beginning that is not judged: networks load, caches and pools fill."""
WARM_S = 120.0
"""Of a long time no more than this."""
GROWTH_MB = 8.0
"""Memory that may for certain be gained while it is watched: the allocator's own unrest."""
GROWTH = 0.1
"""Share by which the last quarter's memory may be above the first's, however unsure a line is."""


class Sample(NamedTuple):
    """What a process held at one moment."""

    at: float
    """Seconds since the watch began."""
    rss: float
    """Memory in MB, what is shared with other processes included."""
    own: float
    """Memory in MB that is the process's own and no file's: what it has asked for and kept."""
    files: int
    threads: int
    session: float
    """MB of the session on disk, without its log."""
    log: float
    """MB of the session's write-ahead log."""
    frames: int
    """In the session."""
    worked: float
    """Seconds of processor time that the process has used."""
    others: float
    """Seconds of processor time that all other programs have used."""


class Trend(NamedTuple):
    """How fast something grows, per hour, and by how much that may be wrong (95 %)."""

    per_hour: float
    margin: float

    def __str__(self) -> str:
        return f"{self.per_hour:+.1f} ± {self.margin:.1f}"

    def certain(self, seconds: float) -> float:
        """Return how much it grew in `seconds` at least."""
        return (self.per_hour - self.margin) * seconds / 3600


def watch(process: psutil.Popen, session: Path, every_s: float) -> Iterator[Sample]:
    """Yield a sample every `every_s` seconds until the process ends."""
    began = time.monotonic()
    count = frames = 0
    while process.poll() is None:
        try:
            sample = _sample(process, session, time.monotonic() - began)
            frames = max(frames, sample.frames)
            yield sample._replace(frames=frames)
        except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):  # it has just ended
            return
        count += 1
        left = began + count * every_s - time.monotonic()
        try:
            process.wait(max(left, 0.01))
        except psutil.TimeoutExpired:
            continue


def _sample(process: psutil.Popen, session: Path, at: float) -> Sample:
    files = process.num_fds() if os.name == "posix" else process.num_handles()
    size, log = (_size(session.with_name(session.name + end)) for end in ("", "-wal"))
    threads = process.num_threads()
    worked = sum(process.cpu_times()[:2])
    all_of_it = psutil.cpu_times()
    others = sum(all_of_it) - all_of_it.idle - getattr(all_of_it, "iowait", 0.0) - worked
    rss, own = process.memory_info().rss / MB, _own(process) / MB
    return Sample(at, rss, own, files, threads, size, log, _frames(session), worked, others)


def _own(process: psutil.Popen) -> int:
    """Return the process's own memory in bytes.

    On Linux its anonymous pages. Elsewhere its unique ones, which change by as much as a program's
    files are long when another process opens or leaves the same files.
    """
    status = Path(f"/proc/{process.pid}/status")
    found = re.search(r"RssAnon:\s*(\d+) kB", status.read_text()) if status.exists() else None
    return int(found[1]) * 1024 if found else int(process.memory_full_info().uss)


def _size(path: Path) -> float:
    try:
        return path.stat().st_size / MB
    except OSError:  # not there yet, or there no longer
        return 0.0


def _frames(session: Path) -> int:
    """Return how many frames are in the session up to now; 0 where that cannot be told."""
    if not session.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"{session.absolute().as_uri()}?mode=ro", uri=True)) as reader:
            (last,) = reader.execute("SELECT max(rowid) FROM frame").fetchone()
    except sqlite3.Error:  # it is just being made
        return 0
    return 0 if last is None else int(last) + 1


def settled(samples: Sequence[Sample]) -> list[Sample]:
    """Return the samples in which frames were done, without the warm-up."""
    busy = [b for a, b in pairwise(samples) if b.frames > a.frames]
    if not busy:
        return []
    begin, end = busy[0].at, busy[-1].at
    warm = begin + min(WARM_S, WARM * (end - begin))
    return [sample for sample in samples if warm <= sample.at <= end]


def trend(seconds: Sequence[float], values: Sequence[float]) -> Trend:
    """Return the least-squares slope of `values` per hour with its 95 % confidence.

    What neighbours have in common is taken off the number of values: n(1-r)/(1+r) of them are
    counted, r being how alike neighbouring residuals are (Santer et al. 2000,
    doi:10.1029/1999JD901105). Fewer than three values tell nothing: the margin is infinite.
    """
    at, of = _means(seconds), _means(values)
    if len(at) < 3 or np.ptp(at) == 0:
        return Trend(0.0, math.inf)
    hours = (at - at.mean()) / 3600
    spread = float(np.square(hours).sum())
    per_hour = float((hours * of).sum()) / spread
    rest = of - of.mean() - per_hour * hours
    alike = _alike(rest)
    free = len(at) * (1 - alike) / (1 + alike) - 2
    if free <= 0:
        return Trend(per_hour, math.inf)
    error = math.sqrt(float(np.square(rest).sum()) / free / spread)
    return Trend(per_hour, float(stats.t.ppf(0.975, free)) * error)


def _means(values: Sequence[float]) -> Float64:
    """Return the means of at most `BLOCKS` consecutive parts."""
    parts = np.array_split(np.asarray(values, np.float64), min(BLOCKS, len(values)) or 1)
    return np.array([part.mean() for part in parts if part.size])


def _alike(rest: Float64) -> float:
    """Return the correlation of neighbours, 0 or more."""
    whole = float(np.square(rest).sum())
    return max(0.0, float((rest[1:] * rest[:-1]).sum()) / whole) if whole > 0 else 0.0


def quarters(values: Sequence[float]) -> tuple[float, float]:
    """Return the medians of the first and of the last quarter; NaN without values."""
    if not values:
        return math.nan, math.nan
    many = max(1, len(values) // 4)
    return float(np.median(values[:many])), float(np.median(values[-many:]))


class Pace(NamedTuple):
    """How a process got on for some seconds."""

    at: float
    frames: float
    """Per second."""
    work: float
    """Milliseconds of processor time for a frame."""
    others: float
    """Processors that other programs kept busy."""


def paces(samples: Sequence[Sample], window_s: float = 10.0) -> list[Pace]:
    """Return how it got on in consecutive windows; a session is written in batches."""
    found, begin = list[Pace](), samples[0]
    for now in samples:
        passed, frames = now.at - begin.at, now.frames - begin.frames
        if passed >= window_s and frames > 0:
            work = 1000 * (now.worked - begin.worked) / frames
            others = (now.others - begin.others) / passed
            found.append(Pace(now.at, frames / passed, work, others))
            begin = now
    return found


def grown(samples: Sequence[Sample]) -> list[str]:
    """Return in words what the process gained while it was watched; nothing if all is well."""
    if len(samples) < 8:
        return ["too little was seen to judge"]
    memory = [sample.own for sample in samples]
    slope = trend([sample.at for sample in samples], memory)
    certain = slope.certain(samples[-1].at - samples[0].at)
    first, last = quarters(memory)
    found = []
    if certain > GROWTH_MB or last > (1 + GROWTH) * first:
        found.append(f"memory grew: {slope} MB per hour, from {first:.0f} to {last:.0f} MB")
    for name, counts in (
        ("open files", [sample.files for sample in samples]),
        ("threads", [sample.threads for sample in samples]),
    ):
        first, last = quarters(counts)
        if last > first:
            found.append(f"{name} grew from {first:g} to {last:g}")
    return found
