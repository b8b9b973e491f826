"""Hours of the real commands: that memory, open files, threads and latency stay what they are.

    PYTHONPATH=tests python benchmarks/endurance.py recording [--minutes 60] [--rate 10]
    PYTHONPATH=tests python benchmarks/endurance.py live [--minutes 30] [--drops 60]

`recording` tracks a synthetic recording of that length (a camera that pans over the photographs of
ultralytics, compressed once, its packets repeated) by the light path, with an export. `live` tracks
a stream for so long, sends poses on by OSC and WebSocket, where one client stays and others come
and go, and records them; with `--drops` the server is gone for some seconds every so often.

The command is a process of its own and is watched from outside. The section about it in
`results/endurance-cpu.md` is rewritten every minute, so one that is cut short is there as well.
Exit code 1: something grew. 130: Ctrl-C, which ends the command and keeps what was seen.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil
from memory import repeat
from watching import Sample, grown, paces, quarters, settled, trend, watch

from sdpose_track.cli.demo import RATE, make_clip

RESULTS = Path(__file__).parent / "results" / "endurance-cpu.md"
TITLE = "# Endurance on a CPU\n"
SESSION = "taken.sdpose"
AWAY_S = 3.0
"""How long a server that drops is gone."""
DRIFT, DRIFT_MS = 1.5, 30.0
"""The last quarter's latency may be so many times the first's, and so many ms, before it drifts."""
BUSY = 0.25
"""Processors that other programs may take more than before, for latency still to be judged."""
FULL = 0.9
"""Share of all processors that may be busy at the end for that: where all are, latency is luck."""
KEEP_S = 60.0
END_S = 60.0
_ROWS = 10
"""Of a table over time, at most."""


@dataclass
class Seen:
    """What came of a command."""

    title: str
    command: str
    samples: list[Sample] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)
    latency: list[tuple[float, float, float]] = field(default_factory=list)
    """When, median and 95th percentile in ms, as a live run tells them."""
    code: int | None = None
    """Of the process; None: it still runs."""
    faults: list[str] = field(default_factory=list)
    was_interrupted: bool = False


def main(arguments: Sequence[str] | None = None) -> int:
    """Watch what the command line asks for, write its section, return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--into", type=Path, default=RESULTS, help="file of the sections")
    parser.add_argument("--every", type=float, default=1.0, help="seconds between two samples")
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("recording")
    one.add_argument("--minutes", type=float, default=60)
    one.add_argument("--rate", type=int, default=10, help="pictures per second of the recording")
    one.set_defaults(run=_recording)
    two = commands.add_parser("live")
    two.add_argument("--minutes", type=float, default=30)
    two.add_argument("--rate", type=int, default=20, help="pictures per second of the stream")
    two.add_argument("--drops", type=float, default=0, help="seconds between losses; 0: none")
    two.add_argument("--detector-size", default="auto", help="auto takes another under load")
    two.add_argument("--mjpeg", action="store_true", help="MJPEG over HTTP, else MPEG-TS over TCP")
    two.set_defaults(run=_live)
    options = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory() as name:
            seen: Seen = options.run(options, Path(name))
    except KeyboardInterrupt:
        print("stopped before anything was seen")
        return 130
    print(section(seen))
    for fault in seen.faults:
        print(f"FAILED: {fault}")
    return 130 if seen.was_interrupted else int(bool(seen.faults))


def _recording(options: argparse.Namespace, folder: Path) -> Seen:
    """Track a recording."""
    short, clip = folder / "short.mp4", folder / "recording.mp4"
    make_clip(short, seconds=10)
    repeat(short, clip, options.minutes, slower=RATE / options.rate)
    words = ["track", str(clip), "--out", str(folder), "--detector-size", "320", "--export", "csv"]
    seen = Seen(
        f"A recording of {options.minutes:g} minutes",
        f"recording --minutes {options.minutes:g} --rate {options.rate}",
    )
    began = time.monotonic()
    with _running(words, folder, folder / "errors.txt") as process:
        _watch(process, folder / "recording.sdpose", seen, options)
    frames = max((sample.frames for sample in seen.samples), default=0)
    table = folder / "recording_smooth.csv"
    rows = 0
    if table.exists():
        with table.open(encoding="utf-8") as lines:
            rows = sum(1 for _ in lines)
    seen.facts += [
        f"{frames} frames of 720x540 in {time.monotonic() - began:.0f} s, the detector at 320 px;"
        f" the export is in that time and has {rows} lines",
    ]
    _judge(seen, (folder / "errors.txt").read_text(encoding="utf-8"))
    _keep(options.into, seen)
    return seen


def _live(options: argparse.Namespace, folder: Path) -> Seen:
    """Track a stream."""
    from streaming import Company, Drops, figures, server_of

    seconds = 60 * options.minutes
    losses = f", lost every {options.drops:g} s" if options.drops else ""
    with server_of(folder, options.rate, mjpeg=options.mjpeg) as server, Company() as company:
        kind = server.scheme.upper()
        seen = Seen(
            f"Live for {options.minutes:g} minutes over {kind}{losses}",
            f"live --minutes {options.minutes:g} --rate {options.rate}"
            + f" --drops {options.drops:g}" * bool(options.drops)
            + " --mjpeg" * options.mjpeg,
        )
        words = ["live", server.address, "--headless", "--json", "--seconds", f"{seconds:g}",
                 "--osc", f"{company.osc}", "--ws", f"{company.websocket}",
                 "--detector-size", options.detector_size,
                 "--record", str(folder / SESSION)]  # fmt: skip
        errors = folder / "errors.txt"
        with _running(words, folder, errors) as process, Drops(server, options.drops, AWAY_S):
            _watch(process, folder / SESSION, seen, options, lambda: figures(errors))
        told = errors.read_text(encoding="utf-8")
        seen.latency = figures(errors)
        seen.facts += [
            f"640x480 at {options.rate} pictures per second;"
            f" {max((sample.frames for sample in seen.samples), default=0)} frames recorded",
            f"received: {company.datagrams} OSC datagrams, {company.messages} WebSocket messages;"
            f" {company.visits} other clients came and went; the one that stays was cut off"
            f" {company.losses} times",
            f"the stream was lost and came back {told.count(' is back.')} times",
        ]
    _judge(seen, told)
    _keep(options.into, seen)
    return seen


@contextmanager
def _running(words: Sequence[str], folder: Path, errors: Path) -> Iterator[psutil.Popen]:
    """Run the command as a process; what it tells people goes into `errors`."""
    command = [sys.executable, "-m", "sdpose_track", *words]
    with errors.open("wb") as told:
        process = psutil.Popen(
            command, cwd=folder, stdout=subprocess.DEVNULL, stderr=told,
            start_new_session=True,  # Ctrl-C is for this program first
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def _watch(
    process: psutil.Popen,
    session: Path,
    seen: Seen,
    options: argparse.Namespace,
    latency: Callable[[], list[tuple[float, float, float]]] = list,
) -> None:
    """Sample the process to its end, or to Ctrl-C, and keep the section up to date."""
    kept = time.monotonic()
    try:
        for sample in watch(process, session, options.every):
            seen.samples.append(sample)
            if time.monotonic() - kept >= KEEP_S:
                kept = time.monotonic()
                seen.latency = latency()
                _keep(options.into, seen)
                print(f"{sample.at:.0f} s: {sample.frames} frames, {sample.own:.0f} MB", flush=True)
    except KeyboardInterrupt:
        seen.was_interrupted = True
        process.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)
    try:
        seen.code = process.wait(END_S)
    except psutil.TimeoutExpired:
        seen.faults.append(f"the command did not end within {END_S:g} s of Ctrl-C")


def _judge(seen: Seen, told: str) -> None:
    """Note what grew, or did not end well."""
    if seen.code is not None and seen.code != (130 if seen.was_interrupted else 0):
        last = told.strip().splitlines()[-1:] or ["nothing was said"]
        seen.faults.append(f"the command ended with {seen.code}: {last[0]}")
    if "Traceback" in told:
        seen.faults.append("a traceback was shown")
    seen.faults += grown(settled(seen.samples))
    _judge_latency(seen)


def _judge_latency(seen: Seen) -> None:
    """Note a latency that drifts, unless other programs took the processors meanwhile."""
    first, last = quarters([median for _, median, _ in seen.latency])
    if not last > DRIFT * first + DRIFT_MS:
        return
    steps, cores = paces(settled(seen.samples)), os.cpu_count() or 1
    before, after = quarters([step.others for step in steps])
    _, at_all = quarters([step.others + step.frames * step.work / 1000 for step in steps])
    drifts = f"latency drifts from {first:.0f} to {last:.0f} ms"
    if after > before + BUSY or at_all > FULL * cores:
        seen.facts.append(
            f"{drifts}, which is not judged: other programs kept {before:.1f} of"
            f" {cores} processors busy in the first quarter, {after:.1f} in the last"
        )
    else:
        seen.faults.append(drifts)


# -- the section -----------------------------------------------------------------------------------


def _keep(path: Path, seen: Seen) -> None:
    """Put the section in place of the one with its title."""
    before = path.read_text(encoding="utf-8") if path.exists() else TITLE
    parts = before.split("\n## ")
    others = [part for part in parts[1:] if part.splitlines()[0] != seen.title]
    text = "\n## ".join([parts[0], *(part.rstrip() + "\n" for part in others), section(seen)[3:]])
    path.write_text(text, encoding="utf-8")


def section(seen: Seen) -> str:
    """Return what was seen, as Markdown."""
    samples = settled(seen.samples)
    lines = [f"## {seen.title}\n", _where(seen)]
    lines += [f"- {fact}" for fact in seen.facts]
    if samples:
        rss, log = (max(getattr(s, name) for s in seen.samples) for name in ("rss", "log"))
        lines += [
            f"- the most memory ever: {rss:.0f} MB (RSS); the largest log beside the session:"
            f" {log:.1f} MB; the session at the end: {seen.samples[-1].session:.1f} MB\n",
            "| after the warm-up | first quarter | last quarter | per hour (95 %) |",
            "|---|---|---|---|",
            *_figures(samples, seen.latency),
            "",
            *_over_time(samples, seen.latency),
        ]
    lines += [f"- **failed**: {fault}" for fault in seen.faults]
    return "\n".join(lines) + "\n"


def _where(seen: Seen) -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("torch", "openvino", "av"))
    passed = seen.samples[-1].at if seen.samples else 0
    how = "still running" if seen.code is None else f"exit code {seen.code}"
    cut = ", cut short by Ctrl-C" if seen.was_interrupted else ""
    return (
        f"`PYTHONPATH=tests python benchmarks/endurance.py {seen.command}`, {date.today()};"
        f" {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()},"
        f" {packages}. Watched for {passed:.0f} s, {len(seen.samples)} samples;"
        f" {how}{cut}.\n"
    )


def _figures(
    samples: Sequence[Sample], latency: Sequence[tuple[float, float, float]]
) -> Iterator[str]:
    at = [sample.at for sample in samples]
    for name, values in (
        ("memory of its own, MB", [sample.own for sample in samples]),
        ("memory (RSS), MB", [sample.rss for sample in samples]),
        ("open files", [float(sample.files) for sample in samples]),
        ("threads", [float(sample.threads) for sample in samples]),
    ):
        yield _row(name, at, values)
    steps = paces(samples)
    when = [step.at for step in steps]
    yield _row("frames per second", when, [step.frames for step in steps])
    yield _row("processor time, ms per frame", when, [step.work for step in steps])
    yield _row("processors busy with other programs", when, [step.others for step in steps])
    if latency:
        when = [moment for moment, _, _ in latency]
        yield _row("latency p50, ms", when, [median for _, median, _ in latency])
        yield _row("latency p95, ms", when, [high for _, _, high in latency])


def _row(name: str, at: Sequence[float], values: Sequence[float]) -> str:
    first, last = quarters(values)
    return f"| {name} | {first:.1f} | {last:.1f} | {trend(at, values)} |"


def _over_time(
    samples: Sequence[Sample], latency: Sequence[tuple[float, float, float]]
) -> Iterator[str]:
    yield "| minutes | frames | own, MB | RSS, MB | files | threads | log, MB | p50 / p95, ms |"
    yield "|---|---|---|---|---|---|---|---|"
    edges = np.linspace(samples[0].at, samples[-1].at, _ROWS + 1)
    for begin, end in pairwise(edges):
        part = [sample for sample in samples if begin <= sample.at <= end]
        if not part:
            continue
        ages = [(p50, p95) for when, p50, p95 in latency if begin <= when <= end]
        told = "{:.0f} / {:.0f}".format(*np.median(ages, axis=0)) if ages else ""
        own, rss = (np.median([getattr(s, name) for s in part]) for name in ("own", "rss"))
        files, threads = (max(getattr(s, name) for s in part) for name in ("files", "threads"))
        log = max(sample.log for sample in part)
        yield (
            f"| {begin / 60:.1f}-{end / 60:.1f} | {part[-1].frames} | {own:.1f} | {rss:.1f} |"
            f" {files} | {threads} | {log:.1f} | {told} |"
        )


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell's background jobs ignore the first
        signal.signal(number, signal.default_int_handler)
    sys.exit(main())
