"""SDPose, ours and the way its authors' code runs it, in turn, on one device and in one run.

    python benchmarks/sdpose_gpu.py                                    on a GPU, at the true size
    python benchmarks/sdpose_gpu.py --device cpu --width quarter --batches 1,4
    python benchmarks/sdpose_gpu.py --runs 0                           only what is counted

Prints a report in Markdown: operations removed, crops per second with the share of the device's
matrix rate and the memory, time of each stage. Needs the extra `benchmark` and no checkpoint.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
from collections.abc import Iterator, Sequence
from pathlib import Path

import diffusers
import torch
from sdpose_bench import Bench, Entrant, Options
from sdpose_reference import CHECKPOINTS, WIDTHS, our_flops, reference_flops
from sdpose_timing import matrix_rate, say

from sdpose_track.detect.torch_device import torch_device
from sdpose_track.errors import SdposeError

AGREE = 1e-3
"""By how much of the largest heatmap value peer and ours may differ in float32."""
STAGES_BATCH = 8
"""At which, or the next smaller one given, the stages are timed."""
HEAD = (
    "| | batch | crops/s | min–max | ms a crop | of the bf16 rate | with what is done | peak GB |"
    " warm-up s |"
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write the report to the file asked for."""
    options, out = parse(arguments)
    lines = []
    for line in report(options):
        print(line, flush=True)
        lines.append(line)
    if out is not None:
        out.write_text("\n".join(lines) + "\n", encoding="utf-8")


def parse(arguments: Sequence[str] | None) -> tuple[Options, Path | None]:
    """Return what to measure and where to write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_Raw)
    usual = "cuda" if torch.cuda.is_available() else "cpu"
    parser.add_argument("--device", default=usual, help="cpu or cuda[:N]")
    parser.add_argument("--width", choices=WIDTHS, default="full")
    parser.add_argument("--checkpoint", choices=CHECKPOINTS, default="body")
    parser.add_argument("--input", type=_size, default=(768, 1024), help="width x height, pixels")
    parser.add_argument("--batches", type=_numbers, default=(1, 4, 8, 16))
    parser.add_argument(
        "--precisions",
        type=_words,
        default=("bf16", "fp32"),
        help="the first at every batch, a second at the first batch",
    )
    parser.add_argument("--runs", type=int, default=5, help="of each, in turn; 0 only counts")
    parser.add_argument(
        "--patience", type=float, default=0, help="seconds a run may wait for other programs"
    )
    parser.add_argument("--out", type=Path, help="file for the report")
    given = parser.parse_args(arguments)
    try:
        device = torch_device(given.device)
    except SdposeError as error:
        parser.error(str(error))
    options = Options(
        device,
        given.width,
        given.checkpoint,
        given.input,
        given.batches,
        given.precisions,
        given.runs,
        given.patience,
    )
    return options, given.out


class _Raw(argparse.RawDescriptionHelpFormatter, argparse.ArgumentDefaultsHelpFormatter):
    """Keeps the lines of the description, and shows defaults."""


def _size(text: str) -> tuple[int, int]:
    width, height = map(int, text.split("x"))
    return width, height


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


def _words(text: str) -> tuple[str, ...]:
    words = tuple(text.split(","))
    if not {"fp32", "bf16"}.issuperset(words):
        raise argparse.ArgumentTypeError("fp32, bf16 or both")
    return words


def report(options: Options) -> Iterator[str]:
    """Yield the report line by line, as far as it is measured."""
    width, height = options.size
    yield f"# SDPose {options.checkpoint}, {options.width} width, {width}×{height}"
    yield ""
    yield described(options)
    yield ""
    size = (options.width, options.checkpoint, options.size)
    theirs, ours = reference_flops(*size), our_flops(*size)
    yield from _operations(theirs, ours)
    if options.runs == 0:
        return
    bench = Bench(options)
    apart = bench.disagreement()
    yield f"Largest difference of the heatmaps in fp32: {apart:.1e} of the largest value."
    if not apart <= AGREE:
        raise SystemExit("reference and ours do not compute the same: nothing is measured")
    rate = matrix_rate(options.device, options.patience)
    yield f"Measured bf16 matrix rate: {rate / 1e12:.3g} TFLOP/s."
    yield ""
    bench.measure()
    entrants = [e for e in bench.entrants.values() if e.seconds]
    yield from _speeds(entrants, _work(theirs), _work(ours), rate)
    yield from _ratios(bench)
    yield from _stages(bench)
    yield f"Load of the machine over the last minute, at the end: {_load()}."


def described(options: Options) -> str:
    """Return where and with what this is measured."""
    if options.device.type == "cuda":
        where = torch.cuda.get_device_name(options.device)
    else:
        where = f"{_processor()}, {os.cpu_count()} cores, load at the beginning {_load()}"
    return (
        f"{where}; Python {platform.python_version()}, torch {torch.__version__}, diffusers"
        f" {diffusers.__version__}; {datetime.datetime.now(tz=datetime.UTC):%Y-%m-%d}."
        f" {options.runs} runs of each, in turn; medians. Random weights and pictures."
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def _work(flops: dict[str, int]) -> int:
    """Return the operations a crop; the text encoder is overhead, not work."""
    return sum(count for part, count in flops.items() if part != "text encoder")


def _operations(theirs: dict[str, int], ours: dict[str, int]) -> Iterator[str]:
    yield "| GFLOP a crop | reference | ours | removed |"
    yield "|---|---|---|---|"
    rows = [(part, theirs[part], ours[part]) for part in theirs]
    rows.append(("all", sum(theirs.values()), sum(ours.values())))
    for part, before, after in rows:
        removed = 1 - after / before
        yield f"| {part} | {before / 1e9:.1f} | {after / 1e9:.1f} | {removed:.1%} |"
    yield ""


def _speeds(entrants: list[Entrant], theirs: int, ours: int, rate: float) -> Iterator[str]:
    """Yield the table; a share of the rate is reference operations, then those really done."""
    yield HEAD
    yield "|---|---|---|---|---|---|---|---|---|"
    for entrant in sorted(entrants, key=lambda e: (e.precision, e.whose == "ours", e.batch)):
        seconds = entrant.seconds
        low, high = 1 / max(seconds), 1 / min(seconds)
        done = ours if entrant.whose == "ours" else theirs
        shares = [f"{count * entrant.crops / rate:.1%}" for count in (theirs, done)]
        yield (
            f"| {entrant.name} | {entrant.batch} | {entrant.crops:.3g} | {low:.3g}–{high:.3g} |"
            f" {1e3 / entrant.crops:.4g} | {shares[0]} | {shares[1]} | {entrant.peak / 1e9:.2f} |"
            f" {entrant.warm_up:.1f} |"
        )
    yield ""


def _ratios(bench: Bench) -> Iterator[str]:
    """Yield how much faster ours is than the reference person by person."""
    for (precision, batch), ratio in bench.ratios.items():
        yield f"- {precision}: ours at batch {batch} is {ratio:.2f}× the reference at batch 1"
    yield ""


def _stages(bench: Bench) -> Iterator[str]:
    options = bench.options
    batch = max((b for b in options.batches if b <= STAGES_BATCH), default=min(options.batches))
    found = {precision: bench.stages(precision, batch) for precision in options.precisions}
    names = list(next(iter(found.values())))
    yield f"| ours, ms a crop at batch {batch} | " + " | ".join(names) + " |"
    yield "|---" * (len(names) + 1) + "|"
    for precision, seconds in found.items():
        cells = [f"{seconds[name] * 1e3:.3g}" for name in names]
        yield f"| {precision} | " + " | ".join(cells) + " |"
    yield ""
    say("done")


if __name__ == "__main__":
    main()
