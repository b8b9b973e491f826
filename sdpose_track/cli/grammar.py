"""What the grammars of all commands are made of; a command's own words are elsewhere."""

from __future__ import annotations

import argparse
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from fractions import Fraction
from importlib import import_module
from typing import Any, NoReturn

from sdpose_track.cli import complain
from sdpose_track.errors import SettingsError
from sdpose_track.settings import parse_time

_TAKES = {
    "track": "SOURCE...",
    "export": "SESSION --format FORMAT...",
    "live": "SOURCE",
    "pose": "IMAGE...",
    "evaluate poses": "--annotations COCO.json --images DIR",
    "evaluate tracks": "--truth gt.txt (--session FILE | --detections det.txt | --results FILE)",
}
"""What commands with many options cannot do without."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence and ends with exit code 2."""

    def __init__(self, *positional: Any, **named: Any) -> None:
        super().__init__(*positional, **{"formatter_class": _Help, **named})

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Return the options; what a command does not know is told with that command's name."""
        options, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"not understood: {' '.join(unknown)}")
        return options, unknown

    def error(self, message: str) -> NoReturn:
        """Print the sentence and leave."""
        complain(f"{message}; see {self.prog} --help", self.prog)
        sys.exit(2)


class _Help(argparse.HelpFormatter):
    """Leaves room for the longest command's name, whose indent Python 3.11 forgets."""

    def add_argument(self, action: argparse.Action) -> None:
        """Add the help of an argument."""
        super().add_argument(action)
        names = [len(sub.dest) for sub in self._iter_indented_subactions(action)]
        room = max(names, default=0) + self._current_indent + self._indent_increment
        self._action_max_length = max(self._action_max_length, room)


def number(text: str) -> float:
    """Return what an option that takes a number says; whoever uses it knows its range."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None


def whole(text: str) -> int:
    """Return what an option that takes a whole number says."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None


def filled(text: str) -> str:
    """Return the name of a file or folder: nothing at all would be the folder that we are in."""
    if not text:
        raise argparse.ArgumentTypeError("the name is empty")
    return text


def command(
    commands: Any, name: str, summary: str, example: str, run: Callable[..., int]
) -> Parser:
    """Add the command `name` to `commands` and return its parser.

    `summary` begins small and has no full stop; `example` ends the help; `run` does the work.
    """
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


def runs(module: str) -> Callable[..., int]:
    """Return what imports `module` of this package and calls its `run`."""

    def run(options: argparse.Namespace, screen: object) -> int:
        code: int = import_module(f"sdpose_track.cli.{module}").run(options, screen)
        return code

    return run


class Listing(argparse.Action, ABC):
    """An option that prints lines and ends the program, whatever else is asked."""

    def __init__(self, option_strings: list[str], dest: str, **rest: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, **rest)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        """Print, and leave with exit code 0."""
        for line in self.lines():
            print(line)
        parser.exit()

    @abstractmethod
    def lines(self) -> Iterable[str]:
        """Return what is printed."""


def json_option(parser: Parser) -> None:
    """Add --json."""
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object as the last line of stdout"
    )


def time_of(options: argparse.Namespace, name: str) -> Fraction | None:
    """Return the seconds that `--start` or `--end` says; None without. Raises SettingsError."""
    text: str | None = getattr(options, name)
    try:
        return None if text is None else parse_time(text)
    except SettingsError as error:
        raise SettingsError(f"--{name} {error}") from error
