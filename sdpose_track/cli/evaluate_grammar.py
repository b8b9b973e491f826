"""The grammar of `sdpose-track evaluate`: poses and tracks, each against its truth."""

from __future__ import annotations

from typing import Any

from sdpose_track.cli.grammar import Parser, command, filled, json_option, number, runs
from sdpose_track.cli.model_options import add_model_options


def add_evaluate(commands: Any) -> None:
    """Add the command and what it scores."""
    example = "sdpose-track evaluate poses --annotations val.json --images val"
    what = "score poses or identities against the truth"
    parser: Parser = commands.add_parser(
        "evaluate",
        help=what,
        description=f"{what.capitalize()}.",
        epilog=f"example: {example}",
        allow_abbrev=False,
    )
    kinds = parser.add_subparsers(
        title="what", metavar="poses|tracks", required=True, parser_class=Parser
    )
    _evaluate_poses(kinds, example)
    _evaluate_tracks(kinds)


def _evaluate_poses(kinds: Any, example: str) -> None:
    parser = command(
        kinds,
        "evaluate poses",
        "score keypoints and boxes as COCO does",
        example,
        runs("evaluate"),
    )
    add = parser.add_argument
    add("--annotations", metavar="COCO.json", type=filled, required=True,
        help="people and keypoints as in COCO or COCO-WholeBody")  # fmt: skip
    add("--images", metavar="DIR", type=filled, required=True,
        help="the folder of the annotated pictures")  # fmt: skip
    add("--boxes", metavar="truth|detector|FILE", type=filled, default="detector",
        help="FILE: COCO detections, or boxes by file name; default: detector")  # fmt: skip
    json_option(parser)
    add = parser.add_argument_group("protocol; by default that of the model").add_argument
    add("--conf", type=number, metavar="X", help="least confidence of a box")
    add("--score", choices=("box", "box-keypoint"),
        help="of a pose: its box's, or times the mean of its keypoints")  # fmt: skip
    add("--oks-nms", type=number, metavar="X",
        help="poses more alike than X are one person; 1 keeps all")  # fmt: skip
    add_model_options(parser)


def _evaluate_tracks(kinds: Any) -> None:
    parser = command(
        kinds,
        "evaluate tracks",
        "score identities as MOTChallenge does",
        "sdpose-track evaluate tracks --truth gt/gt.txt --session dance.sdpose",
        runs("evaluate_tracks"),
    )
    add = parser.add_argument
    add("--truth", metavar="gt.txt", type=filled, required=True, help="people as in MOTChallenge")
    add = parser.add_mutually_exclusive_group(required=True).add_argument
    add("--session", metavar="FILE", type=filled, help="a .sdpose file, with its repairs")
    add("--detections", metavar="det.txt", type=filled, help="boxes that our tracker is run on")
    add("--results", metavar="FILE", type=filled, help="what a tracker wrote for MOTChallenge")
    add = parser.add_argument
    add("--fps", metavar="R",
        help="of the detections, such as 30000/1001; default: seqinfo.ini beside them")  # fmt: skip
    add("--iou", type=number, metavar="X", default=0.5,
        help="overlap from which a box is the true one; default: 0.5")  # fmt: skip
    json_option(parser)
