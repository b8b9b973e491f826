"""The grammar of the command line. Every command's --help fits a screen and ends with an example.

Commands are imported when they run, so that --help loads nothing heavy.
"""

from __future__ import annotations

import argparse
import math
from typing import Any

from sdpose_track import __version__
from sdpose_track.cli.edit_grammar import add_edit_arguments
from sdpose_track.cli.evaluate_grammar import add_evaluate
from sdpose_track.cli.format_list import ListFormats
from sdpose_track.cli.grammar import Parser, command, filled, json_option, number, runs, whole
from sdpose_track.cli.live_grammar import add_live
from sdpose_track.cli.model_options import add_model_options
from sdpose_track.settings import DEFAULT_CONFIDENCE
from sdpose_track.smooth.choices import Smoothing

SMOOTHINGS = tuple(choice.value for choice in Smoothing)
_FORMATS = "such as openpose, csv, bvh; export --list tells all"


def build_parser() -> Parser:
    """Return the parser of the whole command line."""
    parser = Parser(
        prog="sdpose-track",
        description="Any video in, clean tracked poses out.",
        epilog="example: sdpose-track track dance.mp4 --export openpose --annotate",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"sdpose-track {__version__}")
    parser.set_defaults(run=runs("view"), path=None, screenshot=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=Parser)
    for add in (
        _demo, _track, add_live, _export, _pose, _edit, _info, _models, add_evaluate, _benchmark,
        _view,
    ):  # fmt: skip
        add(commands)
    return parser


def _view(commands: Any) -> None:
    parser = command(
        commands,
        "view",
        "open the desktop viewer, as sdpose-track alone does",
        "sdpose-track view dance.sdpose",
        runs("view"),
    )
    add = parser.add_argument
    add("path", metavar="SESSION|VIDEO", nargs="?", help="default: nothing is open yet")
    add("--screenshot", metavar="FILE.png", help="write a picture of the window and leave")


def _demo(commands: Any) -> None:
    parser = command(
        commands,
        "demo",
        "run the main job on the photographs that come with ultralytics",
        "sdpose-track demo --out demo_poses",
        runs("demo"),
    )
    parser.add_argument("--out", metavar="DIR", type=filled, default="demo_poses",
        help="default: demo_poses")  # fmt: skip


def _track(commands: Any) -> None:
    parser = command(
        commands,
        "track",
        "track the people of videos or pictures and their poses",
        "sdpose-track track dance.mp4 --export openpose,csv --annotate",
        runs("track"),
    )
    add = parser.add_argument
    add("sources", metavar="SOURCE", nargs="+", help="video, picture, folder or shot_%%04d.png")
    add("--out", metavar="DIR", help="folder for the session and exports; default: STEM_poses")
    add_model_options(parser, boxes="person boxes from a JSON or MOTChallenge file")
    what = parser.add_argument_group("what to track")
    add = what.add_argument
    add("--start", metavar="T", help="begin at 12.5 or H:MM:SS.mmm")
    add("--end", metavar="T", help="stop before this time")
    add("--max-people", type=whole, metavar="N", help="follow at most N people at once")
    add("--conf", type=number, metavar="X", default=DEFAULT_CONFIDENCE,
        help=f"least confidence of a person; default: {DEFAULT_CONFIDENCE}")  # fmt: skip
    results = parser.add_argument_group("results")
    add = results.add_argument
    add("--smooth", choices=SMOOTHINGS, default="offline", help="default: offline")
    add("--export", metavar="FORMAT", action="append", default=[],
        help=f"{_FORMATS}; may be repeated")  # fmt: skip
    add("--annotate", action="store_true", help="write the video with the poses drawn on it")
    again = parser.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="go on with a session that stopped")
    again.add_argument("--overwrite", action="store_true", help="replace a session that is there")
    json_option(parser)


def _export(commands: Any) -> None:
    parser = command(
        commands,
        "export",
        "write a session's poses for other programs",
        "sdpose-track export dance.sdpose --format coco csv --people 1,3",
        runs("export"),
    )
    add = parser.add_argument
    add("session", metavar="SESSION", nargs="?", type=filled, help="a .sdpose file")
    add("--format", metavar="FORMAT", nargs="+", action="extend", required=True, help=_FORMATS)
    add("--list", action=ListFormats, help="tell all formats and what can be chosen of them")
    add("--set", metavar="NAME=VALUE", action="append", default=[],
        help="a choice that --list tells, such as layout=coco_17; may be repeated")  # fmt: skip
    add("--out", metavar="DIR", type=filled, help="default: the session's folder")
    add("--fps", metavar="R", help="a constant rate such as 24, 29.97 or 30000/1001")
    add("--start", metavar="T", help="only from 12.5 or H:MM:SS.mmm on")
    add("--end", metavar="T", help="only what is before this time")
    add("--people", metavar="ID,...", help="only these track ids")
    add("--each", action="store_true", help="write everything for each person by themselves")
    json_option(parser)
    motion = parser.add_argument_group("motion")
    add = motion.add_mutually_exclusive_group().add_argument
    add("--smooth", choices=SMOOTHINGS, default="offline", help="default: offline")
    add("--raw", action="store_true", help="as the estimator gave them: --smooth off")
    add = motion.add_argument
    add("--tune", metavar="NAME=VALUE", action="append", default=[],
        help="a filter's figure, such as cutoff_hz=8; a wrong name lists them")  # fmt: skip
    add("--facing", choices=("auto", "left", "right"), default="auto",
        help="kinematics: which way people look")  # fmt: skip
    add("--camera-moves", action="store_true", help="kinematics: no foot contacts")


def _pose(commands: Any) -> None:
    parser = command(
        commands,
        "pose",
        "find the people in pictures and their poses, as JSON",
        "sdpose-track pose photo.jpg more/ --out poses.json",
        runs("pose"),
    )
    add = parser.add_argument
    add("images", metavar="IMAGE", nargs="+", help="a picture, or a folder of pictures")
    add("--out", metavar="FILE.json", help="default: the last line of stdout")
    add("--annotate", metavar="DIR", help="write each picture with the poses drawn on it")
    add("--conf", type=number, metavar="X", default=DEFAULT_CONFIDENCE,
        help=f"least confidence of a person; default: {DEFAULT_CONFIDENCE}")  # fmt: skip
    add_model_options(parser, boxes="person boxes from a JSON file, by file name or number")


def _edit(commands: Any) -> None:
    parser = command(
        commands,
        "edit",
        "repair identities and keypoints of a session",
        "sdpose-track edit dance.sdpose swap 1 2 120",
        runs("edit"),
    )
    add_edit_arguments(parser, Parser)


def _info(commands: Any) -> None:
    parser = command(
        commands,
        "info",
        "say what is in a session or a video, and how good a session is",
        "sdpose-track info dance.sdpose --check",
        runs("info"),
    )
    parser.add_argument("path", metavar="SESSION|VIDEO")
    parser.add_argument("--check", metavar="SEVERITY", nargs="?", type=_severity, const=0.5,
        help="end with 1 if a session has faults, or doubts of SEVERITY (0.5) or more")  # fmt: skip
    json_option(parser)


def _severity(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no severity; take a number from 0 to 1, and give SESSION first"
        )
    return value


def _models(commands: Any) -> None:
    parser = command(
        commands,
        "models",
        "list the models, fetch one, say where it is, check it",
        "sdpose-track models fetch sdpose-body",
        runs("models"),
    )
    add = parser.add_argument
    actions = ("list", "fetch", "where", "verify")
    add("action", choices=actions, metavar="|".join(actions), help="verify: all, or NAME only")
    add("name", metavar="NAME", nargs="?", help="a name that models list shows")


def _benchmark(commands: Any) -> None:
    parser = command(
        commands,
        "benchmark",
        "measure the speed of this machine, stage by stage",
        "sdpose-track benchmark dance.mp4 --against ultralytics",
        runs("benchmark"),
    )
    add = parser.add_argument
    add("source", metavar="SOURCE", nargs="?", type=filled, help="default: the demo's clip")
    add("--against", choices=("ultralytics",), help="run the peer on the same clip, in turn")
    add("--runs", type=whole, default=3, metavar="N", help="runs of each; default: 3")
    json_option(parser)
