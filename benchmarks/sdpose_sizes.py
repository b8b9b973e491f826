"""How long our pass of the true size takes on this CPU at each input, and over half of it.

    python benchmarks/sdpose_sizes.py

The ratio is what `pose/running.py` calls OVER_HALF. Random weights; needs the extra
`benchmark`.
"""

from __future__ import annotations

import argparse
import statistics
from functools import partial

import torch
from sdpose_reference import CHECKPOINTS, WIDTHS, Reference
from sdpose_timing import say, undisturbed

from sdpose_track.pose.running import CpuRunner

SIZES = ((768, 1024), (576, 768), (384, 512), (288, 384), (192, 256))
"""(width, height) in pixels; each but the last two has its half among them."""


def main() -> None:
    """Print a row for each precision and size."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--width", choices=WIDTHS, default="full")
    parser.add_argument("--checkpoint", choices=CHECKPOINTS, default="body")
    parser.add_argument("--precisions", default="bf16,fp32")
    parser.add_argument("--runs", type=int, default=3, help="of each size, in turn")
    parser.add_argument(
        "--patience", type=float, default=0, help="seconds a run may wait for other programs"
    )
    given = parser.parse_args()
    reference = Reference(given.width, given.checkpoint).filled()
    print("| | input | s a crop | min–max | over half the size |\n|---|---|---|---|---|")
    for precision in given.precisions.split(","):
        runner = CpuRunner(reference.folded(), precision)
        took = seconds(runner, given.runs, given.patience)
        for size, several in took.items():
            middle = statistics.median(several)
            half = took.get((size[0] // 2, size[1] // 2))
            ratio = "" if half is None else f"{middle / statistics.median(half):.2f}"
            print(
                f"| {precision} | {size[0]}×{size[1]} | {middle:.2f} |"
                f" {min(several):.2f}–{max(several):.2f} | {ratio} |"
            )


def seconds(runner: CpuRunner, runs: int, patience: float) -> dict[tuple[int, int], list[float]]:
    """Return the seconds of `runs` passes at each size, in turn, after one that is not counted."""
    pictures = {(w, h): torch.rand(1, 3, h, w) * 2 - 1 for w, h in SIZES}
    found: dict[tuple[int, int], list[float]] = {size: [] for size in SIZES}
    for turn in range(runs + 1):
        for size, picture in pictures.items():
            allowed = patience if turn else 0
            took = undisturbed(partial(runner, picture), runner.device, patience=allowed)
            say(f"{runner.described}, {size}, run {turn}: {took:.2f} s")
            if turn:
                found[size].append(took)
    return found


if __name__ == "__main__":
    main()
