"""Runs the folded network on a CPU, and says what a runner is. `gpu.py` has the other one.

On a CPU people are looked at one after another: that is as fast as a batch, takes less memory, and
nobody's answer depends on who else is there.
"""

from __future__ import annotations

import time
from typing import Protocol

import torch
from torch import Tensor

from sdpose_track.errors import SettingsError
from sdpose_track.pose.folding import FoldedNetwork

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
MANY = 50_000_000
"""Parameters from which a CPU is faster in bf16; SDPose has 904 million."""
OVER_HALF = {768: 5.5, 576: 4.1, 384: 2.7}
"""By input width: the time of a pass over that of one with half the width and height. Convolutions
alone would be 4, attention 16, small passes never fill the cores (benchmarks/sdpose_sizes.py)."""


class Runner(Protocol):
    """The network on its device, ready to run. One thread at a time calls."""

    device: torch.device
    batch: int
    """How many pictures one call takes at most."""

    @property
    def described(self) -> str:
        """Device and precision, for the user and for the session."""

    def __call__(self, pictures: Tensor, noise: Tensor | None = None) -> Tensor:
        """Return (n, K, H/4, W/4) float32 heatmaps of n <= `batch` pictures.

        `pictures` (n, 3, H, W) float32 RGB in -1..1 and `noise` (n, 4, H/8, W/8) are on the device.
        """

    def shrink(self) -> bool:
        """Halve the batch, as memory ran out; False if it is one already."""

    def close(self) -> None:
        """Give the device's memory back."""


class CpuRunner:
    """The network on the CPU."""

    def __init__(self, network: FoldedNetwork, precision: str, batch: int | None = None) -> None:
        """Use `network`, which is changed, in `precision` `fp32` or `bf16`."""
        self.device = torch.device("cpu")
        self.described = f"CPU (torch, {precision})"
        self.batch = batch or 1
        self._dtype = DTYPES[precision]
        # torch's group norm on a CPU loses three digits of float32 over big channels-last maps
        self._format = torch.contiguous_format if precision == "fp32" else torch.channels_last
        self._network = network.to(self._dtype).to(memory_format=self._format)

    def __call__(self, pictures: Tensor, noise: Tensor | None = None) -> Tensor:
        """Return the heatmaps."""
        with torch.inference_mode():
            given = pictures.to(self._dtype, memory_format=self._format)
            each = [slice(row, row + 1) for row in range(len(given))]
            return torch.cat(
                [self._network(given[one], None if noise is None else noise[one]) for one in each]
            )

    def shrink(self) -> bool:
        """Nothing to gain: a CPU's memory is the machine's."""
        return False

    def seconds_a_person(self, width: int, height: int) -> float:
        """Return about how long a picture of `width` × `height` takes, from two smaller ones."""
        small = torch.zeros(1, 3, height // 2, width // 2)
        noise = torch.zeros(1, 4, height // 16, width // 16)
        self(small, noise)  # the first pass also brings the weights into their final layout
        began = time.perf_counter()
        self(small, noise)
        return (time.perf_counter() - began) * OVER_HALF[width]

    def close(self) -> None:
        """Let the network go."""
        del self._network


def precision_for(device: torch.device, wish: str, parameters: int) -> str:
    """Return `fp32`, `bf16` or `fp16` for a wish that may be `auto`.

    `auto` is bf16 where the device multiplies matrices in it, fp16 on GPUs of the generation
    before, else fp32; and fp32 on a CPU for a network of few `parameters`, which is as fast in it.
    Raises SettingsError for fp16 on a CPU.
    """
    on_gpu = device.type == "cuda"
    if wish == "fp16" and not on_gpu:
        raise SettingsError("--precision fp16 needs a CUDA device; use bf16 or fp32 on a CPU")
    if wish != "auto":
        return wish
    if on_gpu:
        major, _ = torch.cuda.get_device_capability(device)
        return "bf16" if major >= 8 else "fp16" if major == 7 else "fp32"
    return "bf16" if _cpu_multiplies_bf16() and parameters >= MANY else "fp32"


def _cpu_multiplies_bf16() -> bool:
    able: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    older = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")  # before there was the former
    return bool(
        able.get("amx_bf16")
        or able.get("avx512_bf16")
        or any(getattr(torch.cpu, name, bool)() for name in older)
    )
