"""`sdpose-track evaluate`: scores against ground truth."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from sdpose_track.cli.model_options import model_wish
from sdpose_track.cli.screen import Screen
from sdpose_track.evaluation.coco_scores import KEYPOINT_SCORES, Scores
from sdpose_track.evaluation.poses import PoseScores, evaluate_poses
from sdpose_track.evaluation.protocol import PoseWish
from sdpose_track.settings import ModelSettings


def run(options: argparse.Namespace, screen: Screen) -> int:
    """Score poses and print the figures. Returns the exit code."""
    wish = PoseWish(
        annotations=Path(options.annotations),
        images=Path(options.images),
        models=ModelSettings(**{**model_wish(options), "boxes": None}),
        boxes=options.boxes,
        confidence=options.conf,
        score=options.score,
        oks_nms=options.oks_nms,
    )
    began = time.perf_counter()

    def show(done: int, total: int) -> None:
        if done == 1:
            screen.begin("looking", total)
        screen.advance(done)

    scores = evaluate_poses(wish, show, screen.note)
    screen.end()
    if options.json:
        seconds = round(time.perf_counter() - began, 3)
        print(json.dumps({**scores.as_json(), "seconds": seconds}, allow_nan=False))
    else:
        print("\n".join(_lines(scores)))
    return 0


def _lines(scores: PoseScores) -> list[str]:
    asked = ", ".join(
        f"{name.replace('_', ' ')} {'off' if value is None else value}"
        for name, value in scores.protocol.as_json().items()
    )
    rows = scores.parts or {"body": scores.body}
    lines = [
        f"{scores.pose_model} on {scores.device}: {scores.pictures} pictures,"
        f" {scores.people} people, {scores.poses} poses",
        asked,
        "",
        f"{'':10}" + "".join(f"{name:>7}" for name in KEYPOINT_SCORES),
        *[f"{name:10}" + _figures(part) for name, part in rows.items()],
    ]
    if any(value is not None for value in scores.boxes.values()):
        lines.append(f"{'boxes':10}" + _figures(scores.boxes))
    return lines


def _figures(scores: Scores) -> str:
    return "".join(f"{'-' if v is None else format(v, '.3f'):>7}" for v in scores.values())
