"""Runs the folded network on an NVIDIA GPU: batches of one fixed size, compiled, as a CUDA graph.

Every batch is filled up to the same size, so a person's answer depends neither on who else is in it
nor on where a run was resumed. Where the compiler is absent or its result differs, the plain
network runs, and the user is told.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import torch
from torch import Tensor

from sdpose_track.cache import cache_folder
from sdpose_track.errors import DeviceError
from sdpose_track.pose.folding import FoldedNetwork
from sdpose_track.pose.running import DTYPES
from sdpose_track.pose.tensor_files import first_line

LARGEST_BATCH = 16
"""More people in one pass fill no present GPU any better."""
SHARE = 0.8
"""Of the free memory that a batch may take; the rest is for fragments and other programs."""
TOLERANCE = {"fp32": 1e-3, "bf16": 0.1, "fp16": 0.05}
"""By how much a compiled pass may differ from a plain one, root mean square over the same of the
heatmaps: several times what rounding does, and far below what a wrong kernel does."""
SHAPES = 64
"""Of a batch that one process may compile for; torch alone gives up at the ninth, and the batch
follows the free memory."""
Forward = Callable[[Tensor, Tensor | None], Tensor]
log = logging.getLogger(__name__)


class GpuRunner:
    """The network on a CUDA device."""

    def __init__(
        self,
        network: FoldedNetwork,
        device: torch.device,
        precision: str,
        size: tuple[int, int],
        batch: int | None = None,
    ) -> None:
        """Move `network`, which is changed, to `device`; input is `size` (width, height) pixels.

        Without `batch` as many people make one as the free memory holds. Raises DeviceError if it
        does not hold one.
        """
        self.device = device
        self.batch = 1
        self._precision, self._how = precision, "plain"
        if precision == "fp32":  # for good: a switch to and fro would reach the detector's thread
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        self._dtype, self._size = DTYPES[precision], size
        with self._enough_memory():
            moved = network.to(device=device, dtype=self._dtype)
            self._network = moved.to(memory_format=torch.channels_last)
            self._forward: Forward = self._network
            self.batch = batch or self._batch_that_fits()

    @property
    def described(self) -> str:
        """Device, precision, and what else the last bits of a result depend on."""
        name = torch.cuda.get_device_name(self.device)
        return f"{name} (torch, {self._precision}, {self._how}, --batch {self.batch})"

    def make_fast(self) -> None:
        """Compile and record the pass for this batch: a minute the first time, seconds later."""
        if not self._made_fast():  # what the failed attempt held is free only here
            self.shrink()
            with self._enough_memory():
                self._make_fast()

    def _made_fast(self) -> bool:
        try:
            self._make_fast()
        except torch.OutOfMemoryError:
            return False
        return True

    def _make_fast(self) -> None:
        with torch.inference_mode(), torch.cuda.device(self.device):
            forward = self._network if find_spec("triton") is None else self._compiled()
            self._how = "plain" if forward is self._network else "compiled"
            try:
                self._forward = _recorded(forward, *self._blank())
            except torch.OutOfMemoryError:
                raise
            except Exception as error:  # noqa: BLE001  a driver or another thread may forbid it
                log.warning("SDPose runs without a CUDA graph, and slower (%s)", first_line(error))
                self._forward = forward

    def __call__(self, pictures: Tensor, noise: Tensor | None = None) -> Tensor:
        """Return the heatmaps."""
        count = len(pictures)
        with torch.inference_mode(), torch.cuda.device(self.device):
            given = _filled_up(pictures, self.batch)
            given = given.to(self._dtype, memory_format=torch.channels_last)
            more = None if noise is None else _filled_up(noise, self.batch)
            return self._forward(given, more)[:count]

    def shrink(self) -> bool:
        """Halve the batch and go on with the plain network, whose last bits may differ."""
        if self.batch == 1:
            return False
        self._forward, self._how = self._network, "plain"
        torch.cuda.empty_cache()
        self.batch //= 2
        log.warning(
            "the GPU's memory ran out: going on, more slowly, with %d people in a pass; keypoints"
            " may differ from the others' in the last bits. --batch %d avoids it",
            self.batch,
            self.batch,
        )
        return True

    def close(self) -> None:
        """Give the device's memory back."""
        del self._forward, self._network
        torch.cuda.empty_cache()

    def _batch_that_fits(self) -> int:
        self(*self._blank())  # the first pass also allocates what libraries keep
        before = torch.cuda.memory_allocated(self.device)
        torch.cuda.reset_peak_memory_stats(self.device)
        self(*self._blank())
        one = max(1, torch.cuda.max_memory_allocated(self.device) - before)
        free, _ = torch.cuda.mem_get_info(self.device)
        return max(1, min(LARGEST_BATCH, int(SHARE * free / one)))

    def _blank(self) -> tuple[Tensor, Tensor | None]:
        """Return a batch of grey pictures, with noise if the network wants it."""
        width, height = self._size
        pictures = torch.zeros(self.batch, 3, height, width, device=self.device, dtype=self._dtype)
        noise = torch.zeros(self.batch, 4, height // 8, width // 8, device=self.device)
        given = pictures.to(memory_format=torch.channels_last)
        return given, noise if self._network.encoder.samples else None

    def _compiled(self) -> Forward:
        """Return the compiled network, or the plain one if that fails or differs."""
        from torch._dynamo import config as compiler  # imported by compiling anyway, and slowly

        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(cache_folder() / "compiled"))
        log.info("preparing SDPose for this GPU; the first time takes a minute or two")
        pictures, noise = self._blank()
        pictures.normal_(generator=torch.Generator(self.device).manual_seed(0)).clamp_(-1, 1)
        plain = self._network(pictures, noise)
        compiled: Forward = torch.compile(self._network, dynamic=False, fullgraph=True)
        try:
            with compiler.patch(recompile_limit=SHAPES):
                fast = compiled(pictures, noise)
        except torch.OutOfMemoryError:
            raise
        except Exception as error:  # noqa: BLE001  whatever the compiler stumbles over
            why = first_line(error)
            log.warning("SDPose runs uncompiled, and slower: the compiler failed (%s)", why)
            return self._network
        apart = float((fast - plain).norm() / plain.norm())
        if not apart <= TOLERANCE[self._precision]:
            log.warning("SDPose runs uncompiled, and slower: compiled it differs by %.2g", apart)
            return self._network
        return compiled

    @contextmanager
    def _enough_memory(self) -> Iterator[None]:
        try:
            yield
        except torch.OutOfMemoryError as error:
            raise DeviceError(
                f"--device {self.device}: its memory does not hold SDPose with a batch of"
                f" {self.batch}; close what uses it, or use --batch 1, --input 384x512 or"
                " --device cpu"
            ) from error


def _filled_up(values: Tensor, count: int) -> Tensor:
    if len(values) == count:
        return values
    return torch.cat([values, values.new_zeros(count - len(values), *values.shape[1:])])


def _recorded(forward: Forward, pictures: Tensor, noise: Tensor | None) -> Forward:
    """Return `forward` as a CUDA graph over these very inputs, into which batches are copied."""
    current, side = torch.cuda.current_stream(), torch.cuda.Stream()
    side.wait_stream(current)
    with torch.cuda.stream(side):  # capture wants a pass before it on a stream of its own
        forward(pictures, noise)
    current.wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    # a stream of this device, and no offence taken at what the detector's thread does meanwhile
    with torch.cuda.graph(graph, stream=side, capture_error_mode="thread_local"):
        heatmaps = forward(pictures, noise)

    def replay(given: Tensor, more: Tensor | None) -> Tensor:
        pictures.copy_(given)
        if noise is not None and more is not None:
            noise.copy_(more)
        graph.replay()
        return heatmaps.clone()

    return replay
