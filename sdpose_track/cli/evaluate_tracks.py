"""`sdpose-track evaluate tracks`: identities against ground truth."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from sdpose_track.cli.screen import Screen
from sdpose_track.evaluation.found_tracks import (
    DETECTIONS,
    RESULTS,
    SESSION,
    TrackEvaluation,
    TrackWish,
    evaluate_tracks,
)


def run(options: argparse.Namespace, screen: Screen) -> int:
    """Score tracks and print the figures. Returns the exit code."""
    kind = next(k for k in (SESSION, DETECTIONS, RESULTS) if getattr(options, k) is not None)
    found = Path(getattr(options, kind))
    wish = TrackWish(
        truth=Path(options.truth), found=found, kind=kind, fps=options.fps, iou=options.iou
    )
    began = time.perf_counter()
    evaluation = evaluate_tracks(wish)
    for note in evaluation.notes:
        screen.note(note)
    if options.json:
        seconds = round(time.perf_counter() - began, 3)
        print(json.dumps({**evaluation.as_json(), "seconds": seconds}, allow_nan=False))
    else:
        print("\n".join(_lines(evaluation, found.name)))
    return 0


def _lines(evaluation: TrackEvaluation, name: str) -> list[str]:
    scores = evaluation.scores
    percent = {
        "MOTA": scores.mota,
        "IDF1": scores.idf1,
        "HOTA": scores.hota,
        "DetA": scores.deta,
        "AssA": scores.assa,
        "precision": scores.precision,
        "recall": scores.recall,
    }
    counts = {
        "wrongly found": scores.false_positives,
        "missed": scores.false_negatives,
        "id switches": scores.switches,
        "fragmentations": scores.fragmentations,
        "mostly tracked": scores.mostly_tracked,
        "mostly lost": scores.mostly_lost,
    }
    rate = "" if evaluation.rate is None else f" at {evaluation.rate} per second"
    return [
        f"{name}: {evaluation.frames} frames{rate}, {scores.people} true people, {scores.ids} ids",
        "",
        *[f"{label:15}{value:8.1f}" for label, value in percent.items()],
        *[f"{label:15}{value:8d}" for label, value in counts.items()],
    ]
