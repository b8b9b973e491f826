"""The grammar of the command line. Every command's --help fits a screen and ends with an example.

Commands are imported when they run, so that --help loads nothing heavy.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, NoReturn

from sdpose_track import __version__
from sdpose_track.cli import complain
from sdpose_track.cli.model_options import add_model_options
from sdpose_track.errors import SettingsError
from sdpose_track.settings import DEFAULT_CONFIDENCE

SMOOTHINGS = ("off", "live", "offline")
_FORMATS = "openpose, coco, csv, npz, video"
COMING = {
    "live": "the skeleton of a camera or stream",
    "view": "the desktop viewer",
    "edit": "identity repair",
}
"""Commands that the grammar promises and that are not there yet."""
_TAKES = {
    "track": "SOURCE...",
    "export": "SESSION --format FORMAT...",
    "pose": "IMAGE...",
    "evaluate poses": "--annotations COCO.json --images DIR",
}
"""What commands with many options cannot do without."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence and ends with exit code 2."""

    def error(self, message: str) -> NoReturn:
        """Print the sentence and leave."""
        complain(f"{message}; see {self.prog} --help", self.prog)
        sys.exit(2)


def build_parser() -> Parser:
    """Return the parser of the whole command line."""
    parser = Parser(
        prog="sdpose-track",
        description="Any video in, clean tracked poses out.",
        epilog="example: sdpose-track track dance.mp4 --export openpose --annotate",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"sdpose-track {__version__}")
    parser.set_defaults(run=_viewer)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=Parser)
    for add in (_demo, _track, _export, _pose, _info, _models, _evaluate, _benchmark):
        add(commands)
    for name, what in COMING.items():
        _coming(commands, name, what)
    return parser


def _command(
    commands: Any, name: str, summary: str, example: str, run: Callable[..., int]
) -> Parser:
    takes = _TAKES.get(name)
    parser: Parser = commands.add_parser(
        name.rpartition(" ")[2],
        usage=None if takes is None else f"sdpose-track {name} {takes} [options]",
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=f"example: {example}",
        allow_abbrev=False,
    )
    parser.set_defaults(run=run)
    return parser


def _runs(module: str) -> Callable[..., int]:
    def run(options: argparse.Namespace, screen: object) -> int:
        code: int = import_module(f"sdpose_track.cli.{module}").run(options, screen)
        return code

    return run


def _viewer(_options: argparse.Namespace, _screen: object) -> int:
    raise SettingsError("the viewer is not there yet; see sdpose-track --help for the commands")


def _coming(commands: Any, name: str, what: str) -> None:
    """Add a command that says it is not there yet, whatever is asked of it."""

    def run(_options: argparse.Namespace, _screen: object) -> int:
        raise SettingsError(f"{name} ({what}) is not there yet; it comes with a later version")

    later = commands.add_parser(
        name.rpartition(" ")[2], help=f"{what} (not there yet)", add_help=False, prefix_chars="\0"
    )
    later.add_argument("rest", nargs=argparse.REMAINDER)
    later.set_defaults(run=run)


def _json(parser: Parser) -> None:
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object as the last line of stdout"
    )


def _demo(commands: Any) -> None:
    parser = _command(
        commands,
        "demo",
        "run the main job on the photographs that come with ultralytics",
        "sdpose-track demo --out demo_poses",
        _runs("demo"),
    )
    parser.add_argument("--out", metavar="DIR", default="demo_poses", help="default: demo_poses")


def _track(commands: Any) -> None:
    parser = _command(
        commands,
        "track",
        "track the people of videos or pictures and their poses",
        "sdpose-track track dance.mp4 --export openpose,csv --annotate",
        _runs("track"),
    )
    add = parser.add_argument
    add("sources", metavar="SOURCE", nargs="+", help="video, picture, folder or shot_%%04d.png")
    add("--out", metavar="DIR", help="folder for the session and exports; default: STEM_poses")
    add_model_options(parser, boxes="person boxes from a JSON or MOTChallenge file")
    what = parser.add_argument_group("what to track")
    add = what.add_argument
    add("--start", metavar="T", help="begin at 12.5 or H:MM:SS.mmm")
    add("--end", metavar="T", help="stop before this time")
    add("--max-people", type=int, metavar="N", help="follow at most N people at once")
    add("--conf", type=float, metavar="X", default=DEFAULT_CONFIDENCE,
        help=f"least confidence of a person; default: {DEFAULT_CONFIDENCE}")  # fmt: skip
    results = parser.add_argument_group("results")
    add = results.add_argument
    add("--smooth", choices=SMOOTHINGS, default="offline", help="default: offline")
    add("--export", metavar="FORMAT", action="append", default=[],
        help=f"{_FORMATS}; may be given again")  # fmt: skip
    add("--annotate", action="store_true", help="write the video with the poses drawn on it")
    again = parser.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="go on with a session that stopped")
    again.add_argument("--overwrite", action="store_true", help="replace a session that is there")
    _json(parser)


def _export(commands: Any) -> None:
    parser = _command(
        commands,
        "export",
        "write a session's poses for other programs",
        "sdpose-track export dance.sdpose --format coco csv --people 1,3",
        _runs("export"),
    )
    add = parser.add_argument
    add("session", metavar="SESSION", nargs="?", help="a .sdpose file")
    add("--format", metavar="FORMAT", nargs="+", action="extend", required=True, help=_FORMATS)
    add("--out", metavar="DIR", help="default: the session's folder")
    add("--fps", metavar="R", help="retime to a constant rate such as 30000/1001 (not there yet)")
    add("--people", metavar="ID,...", help="only these track ids")
    add("--raw", action="store_true", help="as the estimator gave them, without smoothing")
    _json(parser)


def _pose(commands: Any) -> None:
    parser = _command(
        commands,
        "pose",
        "find the people in pictures and their poses, as JSON",
        "sdpose-track pose photo.jpg more/ --out poses.json",
        _runs("pose"),
    )
    add = parser.add_argument
    add("images", metavar="IMAGE", nargs="+", help="a picture, or a folder of pictures")
    add("--out", metavar="FILE.json", help="default: the last line of stdout")
    add("--annotate", metavar="DIR", help="write each picture with the poses drawn on it")
    add("--conf", type=float, metavar="X", default=DEFAULT_CONFIDENCE,
        help=f"least confidence of a person; default: {DEFAULT_CONFIDENCE}")  # fmt: skip
    add_model_options(parser, boxes="person boxes from a JSON file, by file name or number")


def _evaluate(commands: Any) -> None:
    example = "sdpose-track evaluate poses --annotations val.json --images val"
    what = "scores against ground truth"
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
    _coming(kinds, "evaluate tracks", "identities against ground truth")


def _evaluate_poses(kinds: Any, example: str) -> None:
    parser = _command(
        kinds,
        "evaluate poses",
        "score keypoints and boxes as COCO does",
        example,
        _runs("evaluate"),
    )
    add = parser.add_argument
    add("--annotations", metavar="COCO.json", required=True,
        help="people and keypoints as in COCO or COCO-WholeBody")  # fmt: skip
    add("--images", metavar="DIR", required=True, help="the folder of the annotated pictures")
    add("--boxes", metavar="truth|detector|FILE", default="detector",
        help="FILE: COCO detections, or boxes by file name; default: detector")  # fmt: skip
    _json(parser)
    add = parser.add_argument_group("protocol; by default that of the model").add_argument
    add("--conf", type=float, metavar="X", help="least confidence of a box")
    add("--score", choices=("box", "box-keypoint"),
        help="of a pose: its box's, or times the mean of its keypoints")  # fmt: skip
    add("--oks-nms", type=float, metavar="X",
        help="poses more alike than X are one person; 1 keeps all")  # fmt: skip
    add_model_options(parser)


def _info(commands: Any) -> None:
    parser = _command(
        commands,
        "info",
        "say what is in a session or a video",
        "sdpose-track info dance.mp4",
        _runs("info"),
    )
    parser.add_argument("path", metavar="SESSION|VIDEO")
    _json(parser)


def _models(commands: Any) -> None:
    parser = _command(
        commands,
        "models",
        "list the models, say where they are, check them",
        "sdpose-track models verify yolo11n-pose",
        _runs("models"),
    )
    add = parser.add_argument
    add("action", choices=("list", "where", "verify", "fetch"))
    add("name", metavar="NAME", nargs="?", help="a name that `models list` shows")


def _benchmark(commands: Any) -> None:
    parser = _command(
        commands,
        "benchmark",
        "measure the speed of this machine, stage by stage",
        "sdpose-track benchmark dance.mp4 --against ultralytics",
        _runs("benchmark"),
    )
    add = parser.add_argument
    add("source", metavar="SOURCE", nargs="?", help="default: the demo's clip")
    add("--against", choices=("ultralytics",), help="run the peer on the same clip, in turn")
    add("--runs", type=int, default=3, metavar="N", help="runs of each; default: 3")
    _json(parser)
