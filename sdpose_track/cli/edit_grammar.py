"""The grammar of `sdpose-track edit`: one action a call."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sdpose_track.cli.grammar import filled, number, whole


class Argument(NamedTuple):
    """One word of an action."""

    name: str
    help: str
    kind: Callable[[str], Any] = str
    nargs: str | None = None
    """As argparse has it."""


_ID = "a track id"
_FRAME = "a frame index (120) or a time (4.5s, 0:00:04.5)"
ACTIONS: dict[str, tuple[str, str, Sequence[Argument]]] = {
    "swap": (
        "two people exchange ids, from a frame on",
        "swap 1 2 120",
        (
            Argument("first", _ID, whole),
            Argument("second", _ID, whole),
            Argument("frame", f"{_FRAME}; default: everywhere", nargs="?"),
        ),
    ),
    "merge": (
        "people who are one, and never in one frame together",
        "merge 1 4 7",
        (Argument("into", _ID, whole), Argument("other", "who becomes INTO", whole, "+")),
    ),
    "split": (
        "from a frame on a person is somebody else",
        "split 3 0:01:02.5",
        (Argument("id", _ID, whole), Argument("frame", _FRAME)),
    ),
    "delete": (
        "a person is nobody, everywhere or in some frames",
        "delete 5 200 260",
        (
            Argument("id", _ID, whole),
            Argument("from", f"the first: {_FRAME}", nargs="?"),
            Argument("to", "the last; default: the end", nargs="?"),
        ),
    ),
    "rename": (
        "give a person a name; an empty one takes it away",
        "rename 2 Anna",
        (Argument("id", _ID, whole), Argument("name", "up to 80 characters")),
    ),
    "lock": (
        "let nothing but the name of a person change until they are unlocked",
        "lock 2",
        (Argument("id", _ID, whole),),
    ),
    "unlock": ("let a person be changed again", "unlock 2", (Argument("id", _ID, whole),)),
    "place": (
        "put a keypoint in place, in one frame or as a keyframe",
        "place 2 88 left_wrist 310 202.5 --blend 0.5",
        (
            Argument("id", _ID, whole),
            Argument("frame", _FRAME),
            Argument("keypoint", "its name, such as left_wrist"),
            Argument("x", "pixels", number),
            Argument("y", "pixels", number),
        ),
    ),
    "undo": (
        "take back the last repair, or the last N",
        "undo",
        (Argument("count", "how many; default: 1", whole, "?"),),
    ),
    "redo": (
        "let what was undone hold again",
        "redo 2",
        (Argument("count", "how many; default: 1", whole, "?"),),
    ),
    "log": ("list the repairs", "log", ()),
}
"""By action: what it does, an example, and its words."""


def add_edit_arguments(
    parser: argparse.ArgumentParser, kind: type[argparse.ArgumentParser]
) -> None:
    """Add the session and the actions to `parser`; the actions' parsers are of `kind`."""
    parser.add_argument("session", metavar="SESSION", type=filled, help="a .sdpose file")
    _add_json(parser, default=False)
    actions: Any = parser.add_subparsers(
        title="actions", metavar="ACTION", dest="action", required=True, parser_class=kind
    )
    for name, (what, example, arguments) in ACTIONS.items():
        action = actions.add_parser(
            name,
            help=what,
            description=f"{what[0].upper()}{what[1:]}.",
            epilog=f"example: sdpose-track edit dance.sdpose {example}",
            allow_abbrev=False,
        )
        for argument in arguments:
            action.add_argument(
                argument.name,
                metavar=argument.name.upper(),
                type=argument.kind,
                nargs=argument.nargs,
                help=argument.help,
            )
        if name == "place":
            action.add_argument(
                "--blend", metavar="S", type=number, default=0.0,
                help="seconds on each side over which the correction fades; default: 0",
            )  # fmt: skip
        _add_json(action, default=argparse.SUPPRESS)


def _add_json(parser: argparse.ArgumentParser, default: object) -> None:
    """Add --json, which may stand before the action and after it."""
    parser.add_argument(
        "--json",
        action="store_true",
        default=default,
        help="print one JSON object as the last line of stdout",
    )
