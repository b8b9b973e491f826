"""Times SDPose, ours and the peer of `sdpose_reference.py`, in turn on one device.

Only measuring may enter here; what is measured on which command line, and how it is printed, is the
business of `sdpose_gpu.py`.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from typing import Any

import torch
from sdpose_reference import Reference
from sdpose_timing import Peak, say, timed, undisturbed
from torch import Tensor, nn

from sdpose_track.errors import DeviceError
from sdpose_track.pose.gpu import GpuRunner
from sdpose_track.pose.heatmaps import decode
from sdpose_track.pose.running import DTYPES, CpuRunner, Runner

LEAST_SECONDS = 0.5
"""A timed run on a GPU repeats its pass for about as long, at most twenty times."""
SMALL = (192, 256)
"""(width, height) of the picture on which peer and ours are compared, if inputs are larger."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to measure."""

    device: torch.device
    width: str
    checkpoint: str
    size: tuple[int, int]
    """(width, height) of the input in pixels."""
    batches: tuple[int, ...]
    precisions: tuple[str, ...]
    """The first at every batch, the others at the first one."""
    runs: int
    patience: float
    """Seconds that a run may spend on waiting for other programs and on repetitions."""


@dataclass(slots=True)
class Entrant:
    """One way to run the network, and what was measured of it."""

    whose: str
    precision: str
    batch: int
    warm_up: float = 0.0
    """Seconds, with compiling and recording."""
    peak: int = 0
    """Bytes: its weights, and what came on top of all that was there before."""
    seconds: list[float] = field(default_factory=list)
    """A crop, run by run."""

    @property
    def name(self) -> str:
        """Of its row."""
        return f"{self.whose}, {self.precision}"

    @property
    def crops(self) -> float:
        """A second, at the median."""
        return 1 / statistics.median(self.seconds)


class Bench:
    """The networks on their device, and their measurements."""

    def __init__(self, options: Options) -> None:
        """Build the peer and ours with the same weights."""
        self.options = options
        self.entrants: dict[tuple[str, str, int], Entrant] = {}
        self.ratios: dict[tuple[str, int], float] = {}
        """By precision and our batch: crops a second over the peer's, person by person."""
        reference = Reference(options.width, options.checkpoint).filled()
        self.ours = {
            precision: reference.folded().to(options.device, DTYPES[precision])
            for precision in options.precisions
        }
        self.reference = reference.to(options.device)

    def pictures(self, count: int, size: tuple[int, int] | None = None) -> Tensor:
        """Return (count, 3, H, W) random pictures."""
        width, height = size or self.options.size
        generator = torch.Generator(self.options.device).manual_seed(count)
        device = self.options.device
        return torch.rand(count, 3, height, width, device=device, generator=generator) * 2 - 1

    def disagreement(self) -> float:
        """Return how far peer and ours are apart in float32, as a share of the largest value."""
        ours = self.ours.get("fp32") or self.reference.folded()
        pictures = self.pictures(1, min(SMALL, self.options.size))
        with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            theirs = self.reference(pictures, sample=False)
            apart = (theirs - ours(pictures)).abs().max() / theirs.abs().max()
        return float(apart)

    def measure(self) -> None:
        """Run the peer, person by person and in batches, and ours at each batch, in turn."""
        for batch in self.options.batches:
            with self._prepared(batch) as ready:
                for turn in range(self.options.runs):
                    for entrant, work, passes in ready:
                        took = self._seconds(work, passes)
                        entrant.seconds.append(took / entrant.batch)
                        say(f"run {turn + 1}: {entrant.name}, {entrant.batch}: {took:.3f} s")
            for precision in self._precisions(batch):
                self._compare(precision, batch)

    def _precisions(self, batch: int) -> tuple[str, ...]:
        every = self.options.precisions
        return every if batch == self.options.batches[0] else every[:1]

    def _seconds(self, work: Callable[[], object], passes: int = 1) -> float:
        return undisturbed(work, self.options.device, passes, self.options.patience)

    def _compare(self, precision: str, batch: int) -> None:
        """Take the ratio of the runs just made, which met the same machine."""
        theirs, ours = (
            self._entrant(whose, precision, count).seconds[-self.options.runs :]
            for whose, count in (("reference", 1), ("ours", batch))
        )
        if theirs and ours:
            ratio = statistics.median(theirs) / statistics.median(ours)
            self.ratios[precision, batch] = ratio

    @contextmanager
    def _prepared(self, batch: int) -> Iterator[list[tuple[Entrant, Callable[[], object], int]]]:
        """Give entrants that are warm, each with its work and how many passes a run takes."""
        ready, runners = [], []
        for precision in self._precisions(batch):
            for count in dict.fromkeys((1, batch)):
                entrant = self._entrant("reference", precision, count)
                ready.append((entrant, self._warm(entrant, self._their_work(precision, count))))
            entrant = self._entrant("ours", precision, batch)
            runner = self._runner(precision, batch)
            runners.append(runner)
            ready.append((entrant, self._warm(entrant, self._our_work(runner), runner)))
        yield [(entrant, *warm) for entrant, warm in ready if warm is not None]
        for runner in runners:
            runner.close()
        torch.compiler.reset()

    def _entrant(self, whose: str, precision: str, batch: int) -> Entrant:
        key = (whose, precision, batch)
        return self.entrants.setdefault(key, Entrant(*key))

    def _runner(self, precision: str, batch: int) -> Runner:
        network, device = self.ours[precision], self.options.device
        if device.type == "cuda":
            return GpuRunner(network, device, precision, self.options.size, batch)
        return CpuRunner(network, precision, batch)

    def _warm(
        self, entrant: Entrant, work: Callable[[], object], runner: Runner | None = None
    ) -> tuple[Callable[[], object], int] | None:
        """Run it once or twice; return it with the passes a run takes, None where it does not fit.

        One on a CPU, where the second pass is already as fast as the tenth.
        """
        device = self.options.device
        weights = self.reference if runner is None else self.ours[entrant.precision]
        began = time.perf_counter()
        try:
            with Peak(device) as peak:
                if isinstance(runner, GpuRunner):
                    runner.make_fast()
                    if runner.batch < entrant.batch:
                        raise DeviceError(f"only {runner.batch} pictures in a pass")
                timed(work, device)
        except (torch.OutOfMemoryError, DeviceError) as error:
            say(f"{entrant.name}, {entrant.batch}: does not fit ({error})")
            return None
        passes = 1
        if device.type == "cuda":
            passes = max(1, min(20, int(LEAST_SECONDS / timed(work, device))))
        entrant.warm_up = entrant.warm_up or time.perf_counter() - began
        entrant.peak = max(entrant.peak, peak.bytes + size_of(weights))
        say(f"warm: {entrant.name}, {entrant.batch}: {time.perf_counter() - began:.1f} s")
        return work, passes

    def _their_work(self, precision: str, batch: int) -> Callable[[], object]:
        pictures, kind = self.pictures(batch), self.options.device.type

        def work() -> Tensor:
            autocast = torch.autocast(kind, torch.bfloat16, enabled=precision == "bf16")
            # torch's default, which our runner in fp32 turns off for the whole process
            rounding = torch.backends.cudnn.flags(enabled=True, allow_tf32=True)
            with torch.no_grad(), autocast, rounding:
                heatmaps: Tensor = self.reference(pictures)
            return heatmaps.float().cpu()

        return work

    def _our_work(self, runner: Runner) -> Callable[[], object]:
        pictures, size = self.pictures(runner.batch), self.options.size

        def work() -> tuple[Tensor, Tensor]:
            points, scores = decode(runner(pictures), size)
            return points.cpu(), scores.cpu()

        return work

    def stages(self, precision: str, batch: int) -> dict[str, float]:
        """Return seconds a crop of each of our stages at `batch`, each by itself."""
        options, network = self.options, self.ours[precision]
        fast = options.device.type == "cuda" and find_spec("triton") is not None
        x = self.pictures(batch).to(DTYPES[precision])
        if options.device.type == "cuda" or precision != "fp32":
            x = x.to(memory_format=torch.channels_last)
        parts: dict[str, Callable[..., Any]] = {
            "encoder": network.encoder,
            "U-Net": network.unet,
            "head": network.head,
            "decoding": lambda heatmaps: decode(heatmaps, options.size),
        }
        found: dict[str, float] = {}
        with torch.inference_mode():
            for name, part in parts.items():
                compiled = fast and isinstance(part, nn.Module)
                run = torch.compile(part, dynamic=False) if compiled else part
                given = (x, None) if name == "encoder" else (x,)
                work = partial(run, *given)
                x = work()
                several = [self._seconds(work) for _ in range(options.runs)]
                found[name] = statistics.median(several) / batch
        return found


def size_of(module: nn.Module) -> int:
    """Return the bytes of its weights."""
    return sum(p.numel() * p.element_size() for p in module.parameters())
