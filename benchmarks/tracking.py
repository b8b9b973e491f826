"""Identities on given detections: ultralytics' ByteTrack with its defaults, and ours.

    python benchmarks/tracking.py --mot DIR [--session NAME=FILE.sdpose ...] [--out TABLE.md]

DIR holds sequences of MOTChallenge: NAME/gt/gt.txt, NAME/det/det.txt, NAME/seqinfo.ini. Needs the
extra `benchmark`.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from datetime import date
from fractions import Fraction
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sdpose_track.detect.ultralytics_door import contained
from sdpose_track.evaluation.found_tracks import (
    USUAL_RATE,
    read_detections,
    session_tracks,
    track_detections,
)
from sdpose_track.evaluation.mot_files import Tracks, Truth, read_rate, read_truth
from sdpose_track.evaluation.tracks import TrackScores, score, score_together
from sdpose_track.records import Detections
from sdpose_track.session.recording import Recording
from sdpose_track.track.bytetrack import ByteTracker

CROWDS = (10, 50)
SECONDS = 10
PICTURE = (1080, 1920)
PERSON = np.array([60, 150])
COLUMNS = (
    "MOTA | IDF1 | HOTA | DetA | AssA | precision | recall | switches | FP | FN | fragmentations |"
    " mostly tracked/lost | ids/people"
)


class Scene(NamedTuple):
    """A sequence with its truth."""

    name: str
    truth: Truth
    detections: list[Detections]
    rate: Fraction


class Peer:
    """ultralytics' BYTETracker as `YOLO.track` drives it, which tells it no frame rate."""

    def __init__(self) -> None:
        with contained(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the packages behind the door, about themselves
            from ultralytics.engine.results import Boxes
            from ultralytics.trackers import BYTETracker
            from ultralytics.utils import YAML, IterableSimpleNamespace
            from ultralytics.utils.checks import check_yaml

            find: Any = check_yaml
            load: Any = YAML.load
            settings = IterableSimpleNamespace(**load(find("bytetrack.yaml")))
        self._boxes: Any = Boxes
        self._new: Callable[[], Any] = partial(BYTETracker, settings)

    def track(self, detections: Sequence[Detections]) -> Tracks:
        """Return what it reports: the boxes of its filter."""
        tracker = self._new()
        rows = []
        for frame, seen in enumerate(detections, start=1):
            found = tracker.update(self._given(seen))
            rows += [(frame, int(row[4]), row[:4]) for row in found]
        return Tracks.of(rows)

    def seconds(self, detections: Sequence[Detections]) -> list[float]:
        """Return how long each update takes."""
        tracker = self._new()
        return [_timed(tracker.update, given) for given in map(self._given, detections)]

    def _given(self, seen: Detections) -> Any:
        rows = np.column_stack([seen.boxes, seen.scores, np.zeros(len(seen), np.float32)])
        return self._boxes(rows, PICTURE)


def main() -> None:
    """Print the tables, or write them to a file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mot", type=Path, required=True, metavar="DIR")
    parser.add_argument("--session", action="append", default=[], metavar="NAME=FILE.sdpose")
    parser.add_argument("--runs", type=int, default=5, help="of each timing, in turn")
    parser.add_argument("--out", type=Path, metavar="TABLE.md")
    given = parser.parse_args()
    peer = Peer()
    lines = [
        f"# Identities on given detections, {date.today()}",
        "",
        _machine(),
        "",
        *_given_detections(sequences(given.mot), peer),
        *_end_to_end(given.mot, given.session, peer),
        *_speed(peer, given.runs),
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    if given.out is not None:
        given.out.write_text(text, encoding="utf-8")


def sequences(folder: Path) -> list[Scene]:
    """Return the sequences in `folder` that have a truth and detections."""
    found = []
    for path in sorted(folder.glob("*/gt/gt.txt")):
        detections = path.parents[1] / "det" / "det.txt"
        if detections.is_file():
            truth = read_truth(path)
            rate = read_rate(detections) or USUAL_RATE
            boxes = read_detections(detections, truth.last)
            found.append(Scene(path.parents[1].name, truth, boxes, rate))
    if not found:
        raise SystemExit(f"{folder} holds no NAME/gt/gt.txt with a NAME/det/det.txt")
    return found


def crowd(people: int, frames: int, seed: int = 0) -> list[Detections]:
    """Return detections of `people` who walk and are missed now and then."""
    rng = np.random.default_rng(seed)
    room = np.array(PICTURE[::-1]) - PERSON
    at = rng.uniform((0, 0), room, (people, 2))
    speed = rng.normal(0, 3, (people, 2))
    found = []
    for _ in range(frames):
        at += speed
        speed = np.where((at < 0) | (at > room), -speed, speed)
        seen = rng.random(people) > 0.05
        corners = np.hstack([at, at + PERSON]) + rng.normal(0, 1.5, (people, 4))
        scores = rng.uniform(0.2, 0.95, people)
        order = np.argsort(-scores[seen], kind="stable")
        boxes = corners[seen][order].astype(np.float32)
        found.append(Detections(boxes, scores[seen][order].astype(np.float32)))
    return found


def _given_detections(known: Sequence[Scene], peer: Peer) -> list[str]:
    ways: dict[str, Callable[[Scene], Tracks]] = {
        "ultralytics": lambda s: peer.track(s.detections),
        "ours": lambda s: track_detections(s.detections, s.rate),
    }
    found = {name: [(s.truth, way(s)) for s in known] for name, way in ways.items()}
    lines = [
        "The same detections for both. ultralytics: `bytetrack.yaml` as it comes, the boxes that it"
        " reports. Ours: defaults, times from the sequence's frame rate, no pictures. Scores by"
        f" TrackEval {version('trackeval')}, overlap 0.5; pooled: all sequences as one (its"
        " COMBINED_SEQ).",
        "",
        *_head("sequence | tracker"),
    ]
    for i, sequence in enumerate(known):
        lines += [
            _row(f"{sequence.name} | {name}", score(*pairs[i])) for name, pairs in found.items()
        ]
    lines += [_row(f"pooled | {name}", score_together(pairs)) for name, pairs in found.items()]
    return lines


def _end_to_end(folder: Path, wishes: Sequence[str], peer: Peer) -> list[str]:
    if not wishes:
        return []
    named = [(name, Path(path)) for name, _, path in (wish.partition("=") for wish in wishes)]
    truths = [read_truth(folder / name / "gt" / "gt.txt") for name, _ in named]
    found = {
        "ultralytics": [peer.track(_detections(path)) for _, path in named],
        "ours": [session_tracks(path)[0] for _, path in named],
    }
    lines = [
        "",
        "## Sessions, end to end",
        "",
        "What our detector found, stored in the session; ultralytics' tracker on the same boxes.",
        "",
        *_head("sequence | tracker"),
    ]
    for i, (name, _) in enumerate(named):
        lines += [_row(f"{name} | {w}", score(truths[i], t[i])) for w, t in found.items()]
    pairs = {who: list(zip(truths, tracks, strict=True)) for who, tracks in found.items()}
    return [*lines, *(_row(f"pooled | {who}", score_together(p)) for who, p in pairs.items())]


def _detections(path: Path) -> list[Detections]:
    with Recording.open(path) as recording:
        return [recording.detections(index)[0] for index in recording.indices()]


def _head(labels: str) -> list[str]:
    columns = f"{labels} | {COLUMNS}"
    return [f"| {columns} |", "|---" * (columns.count("|") + 1) + "|"]


def _row(labels: str, s: TrackScores) -> str:
    percent = (s.mota, s.idf1, s.hota, s.deta, s.assa, s.precision, s.recall)
    counts = (s.switches, s.false_positives, s.false_negatives, s.fragmentations)
    cells = [*(f"{v:.1f}" for v in percent), *map(str, counts)]
    cells += [f"{s.mostly_tracked}/{s.mostly_lost}", f"{s.ids}/{s.people}"]
    return f"| {labels} | {' | '.join(cells)} |"


def _speed(peer: Peer, runs: int) -> list[str]:
    lines = [
        "",
        "## Time of an update",
        "",
        f"People who walk at random, {SECONDS} s at 30 per second, no pictures; medians over {runs}"
        " runs of each, in turn.",
        "",
        "| people | ultralytics, ms | ours, ms | ultralytics over ours |",
        "|---|---|---|---|",
    ]
    for people in CROWDS:
        detections = crowd(people, SECONDS * 30)
        theirs, own = [], []
        for _ in range(runs):
            theirs += peer.seconds(detections)
            own += _our_seconds(detections)
        a, b = (1000 * statistics.median(took) for took in (theirs, own))
        lines.append(f"| {people} | {a:.2f} | {b:.2f} | {a / b:.2f} |")
    return lines


def _our_seconds(detections: Sequence[Detections]) -> list[float]:
    tracker = ByteTracker()
    return [
        _timed(tracker.update, seen, Fraction(i) / USUAL_RATE) for i, seen in enumerate(detections)
    ]


def _timed(work: Callable[..., object], *arguments: object) -> float:
    began = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - began


def _machine() -> str:
    names = ("numpy", "scipy", "ultralytics", "lap", "trackeval")
    packages = ", ".join(f"{name} {version(name)}" for name in names)
    return (
        f"Machine: {_processor()}, {os.cpu_count()} cores, maybe shared with other work; Python"
        f" {platform.python_version()}, {packages}."
    )


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        return next(x.split(":", 1)[1].strip() for x in text.splitlines() if "model name" in x)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
