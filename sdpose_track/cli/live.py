"""`sdpose-track live`: without a window, or handed over to the viewer."""

from __future__ import annotations

import argparse
import json
import math
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from sdpose_track.cli import INTERRUPTED, Viewer
from sdpose_track.cli.live_grammar import wish_from
from sdpose_track.cli.report import counted
from sdpose_track.cli.screen import Screen
from sdpose_track.errors import SettingsError
from sdpose_track.live.meter import LiveStats
from sdpose_track.live.records import LiveResult
from sdpose_track.live.run import LiveRun
from sdpose_track.live.wish import LiveWish
from sdpose_track.live.work import LEAVE_S, LiveWork

LOOK_S = 0.5
"""Between two stats lines on a terminal, in seconds."""
LINE_S = 5.0
"""The same where lines stay, as in a log."""


def run(options: argparse.Namespace, screen: Screen) -> int:
    """Track live. Returns the exit code."""
    wish = wish_from(options)
    if options.headless:
        return _headless(wish, options, screen)
    for name in ("seconds", "json"):
        if getattr(options, name):
            raise SettingsError(f"--{name} needs --headless: a window is closed by hand")
    viewer: Viewer | None = options.viewer
    if viewer is None:
        raise SettingsError("the library alone has no viewer; add --headless")
    return viewer.live(wish)


class _Count:
    """What is counted of a run, on the engine's thread."""

    def __init__(self) -> None:
        self.frames = 0
        self.people: set[int] = set()

    def hear(self, result: LiveResult) -> None:
        """Count a frame."""
        self.frames += 1
        self.people.update(pose.track_id for pose in result.shown)


def _headless(wish: LiveWish, options: argparse.Namespace, screen: Screen) -> int:
    count = _Count()
    with ExitStack() as stack:
        work = LiveWork(wish, screen.say, count.hear)
        stack.callback(work.close, LEAVE_S)
        try:
            live = work.prepare()
            for note in live.notes:
                screen.note(note)
            work.start()
            watch = _watched(work, live, options.seconds, screen)
        finally:
            screen.end()
        work.end_recording()
        code = watch.code
        if live.recording.error is not None:  # it was told when it happened
            code = live.recording.error.exit_code
    session = None if wish.record is None else wish.record.session
    if session is not None and not session.exists():
        session = None  # no frame was recorded
    _tell(session, count, watch.seconds, screen)
    if options.json:
        result = _result(live, watch, count, session)
        print(json.dumps({**result, "latency_budget_ms": wish.settings.latency_ms}))
    return code


class _Watch(NamedTuple):
    """How a run went until it ended, or was told to: what is under way then may take long."""

    code: int
    seconds: float
    stats: LiveStats


def _watched(work: LiveWork, live: LiveRun, longest_s: float | None, screen: Screen) -> _Watch:
    """Wait for the end. Raises StageError if the run failed."""
    began = time.monotonic()
    line, code = _Line(screen), 0
    longest = math.inf if longest_s is None else longest_s
    try:
        while (passed := time.monotonic() - began) < longest:
            if live.engine.wait(min(LOOK_S, longest - passed)):
                break
            line.show(live.stats(), time.monotonic() - began)
    except KeyboardInterrupt:
        code = INTERRUPTED
    watch = _Watch(code, time.monotonic() - began, live.stats())
    work.stop()
    while not live.engine.wait(LOOK_S):
        pass
    return watch


class _Line:
    """The stats line: rewritten on a terminal, else a new one now and then."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._said = 0.0

    def show(self, stats: LiveStats, passed_s: float) -> None:
        """Show `stats`."""
        if self._screen.is_terminal:
            self._screen.status(stats_line(stats))
        elif passed_s - self._said >= LINE_S:
            self._said = passed_s
            self._screen.say(stats_line(stats))


def stats_line(stats: LiveStats) -> str:
    """Return how a run is doing, in one line."""
    parts = [
        f"{_figure(stats.frames_in)} in, {_figure(stats.frames_out)} out/s",
        f"latency {_figure(stats.latency_p50_ms, 0)}/{_figure(stats.latency_p95_ms, 0)} ms",
        f"left out {stats.dropped['detect']}",
        counted(stats.people, "person", "people"),
        f"{stats.detector_size} px",
    ]
    if stats.crops is not None:
        late = f" ({stats.dropped['pose']} left out)"
        parts.append(f"pose {_figure(stats.pose_rate)}/s x {stats.crops}{late}")
    if stats.gpu_bytes is not None:
        parts.append(f"GPU {stats.gpu_bytes / 2**30:.1f} GiB")
    if stats.recorded is not None:
        parts.append(f"recorded {stats.recorded}")
    return ", ".join(parts)


def _figure(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _tell(session: Path | None, count: _Count, seconds: float, screen: Screen) -> None:
    rate = count.frames / seconds if seconds else 0.0
    kept = "" if session is None else f": {session}"
    screen.say(
        f"{counted(count.frames, 'frame', 'frames')},"
        f" {counted(len(count.people), 'person', 'people')},"
        f" {seconds:.1f} s ({rate:.1f} frames/s){kept}"
    )


def _result(live: LiveRun, watch: _Watch, count: _Count, session: Path | None) -> dict[str, Any]:
    seconds = watch.seconds
    return {
        "frames": count.frames,
        "seconds": round(seconds, 3),
        "frames_per_second": round(count.frames / seconds, 2) if seconds else 0.0,
        "people": len(count.people),
        "session": None if session is None else str(session),
        "recorded": None if session is None else live.recording.frames,
        "pose_model": live.pose_model,
        "device": live.described,
        "stats": watch.stats.to_json(),
    }
