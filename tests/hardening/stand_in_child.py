"""The program in a process of its own, with the stand-in of `light_runs` for a network.

What it imports it does where the program itself does; it says `begun` just before.
"""

from __future__ import annotations

import sys

from sdpose_track.cli import parser
from sdpose_track.cli.grammar import Parser
from ui.command import main

build_parser = parser.build_parser


def build_after_standing_in() -> Parser:
    """Import what the commands import, and take the place of the networks."""
    parser.build_parser = build_parser
    from light_runs import seats

    import sdpose_track.cli.pose
    import sdpose_track.evaluation.poses
    import sdpose_track.live.run
    import sdpose_track.pipeline.plan

    for module in (
        sdpose_track.cli.pose,
        sdpose_track.evaluation.poses,
        sdpose_track.live.run,
        sdpose_track.pipeline.plan,
    ):
        setattr(module, "take", seats)  # noqa: B010  the modules do not export it
    return build_parser()


parser.build_parser = build_after_standing_in
if sys.stdout is not None:
    sys.stdout.write("begun\n")
    sys.stdout.flush()
sys.exit(main())
