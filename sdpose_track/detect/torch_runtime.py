"""Runs YOLO with torch: on a CUDA GPU, or on a CPU for which there is no OpenVINO.

On CUDA every batch is filled up to the same size, so that a picture's answer does not depend on how
many others came with it and a resumed run repeats an uninterrupted one.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from sdpose_track.checkpoints import Weights
from sdpose_track.detect.runtime import Answer, cpu_count
from sdpose_track.detect.torch_device import is_out_of_memory, torch_device
from sdpose_track.errors import DeviceError, SettingsError
from sdpose_track.records import Float32, UInt8

log = logging.getLogger(__name__)

CUDA_BATCH = 8


class TorchRuntime:
    """A YOLO network in torch."""

    def __init__(
        self,
        weights: Weights,
        device: str = "cpu",
        precision: str = "auto",
        batch: int | None = None,
    ) -> None:
        """Load onto `device`, `cpu` or `cuda[:N]`.

        `precision` is `auto` (fp16 on CUDA, fp32 on a CPU), `fp32`, `bf16` or `fp16`. Raises
        DeviceError if the device is absent, CheckpointError if `weights` cannot be read.
        """
        import torch

        from sdpose_track.detect.ultralytics_door import load_network

        self._torch = torch
        self._device = torch_device(device)
        on_gpu = self._device.type == "cuda"
        if precision == "auto":
            precision = "fp16" if on_gpu else "fp32"
        if precision == "fp16" and not on_gpu:
            raise SettingsError("--precision fp16 needs a CUDA device; use fp32 on a CPU")
        kinds = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
        self._dtype = kinds[precision]
        if not on_gpu:  # torch spins on every core it may use and starves the decoder (6× slower)
            torch.set_num_threads(max(1, cpu_count() - 1))
        network, self.facts = load_network(weights)
        self._network: Any = network.to(self._device, memory_format=torch.channels_last)
        self.batch = (batch or CUDA_BATCH) if on_gpu else 1
        self._rows = self.batch
        """Pictures in a pass: all of `batch`, or fewer since memory ran out."""
        self.in_flight = 1
        self.described = f"{self._device} (torch, {precision})"

    def expect(self, height: int, width: int) -> None:
        """Run the network once: the first pass on a GPU chooses and loads its kernels."""
        if self._device.type == "cuda":
            self.start([np.zeros((height, width, 3), np.uint8)])()

    def start(self, pictures: Sequence[UInt8]) -> Answer:
        """Run the network on (h, w, 3) BGR pictures of one size, at most `batch`.

        Where the device's memory does not suffice it takes half as many at a time, and half of
        that. Raises DeviceError if it does not suffice for one.
        """
        passes = self._passes(pictures)
        while passes is None:  # here, where what the failed attempt held is free again
            self._shrink()
            passes = self._passes(pictures)

        def wait() -> list[Float32]:
            return [row for out in passes for row in out.cpu().numpy()]

        return wait

    def _passes(self, pictures: Sequence[UInt8]) -> list[Any] | None:
        """Return the raw outputs, on the device; None where memory ran out."""
        starts = range(0, len(pictures), self._rows)
        try:
            return [self._pass(pictures[start : start + self._rows]) for start in starts]
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            return None

    def _pass(self, pictures: Sequence[UInt8]) -> Any:
        torch = self._torch
        stack = np.zeros((self._rows, *pictures[0].shape), np.uint8)
        for row, picture in zip(stack, pictures, strict=False):
            row[:] = picture
        with torch.inference_mode():
            given = torch.from_numpy(stack).to(self._device, non_blocking=True)
            given = given.flip(-1).permute(0, 3, 1, 2).float().div_(255)
            with torch.autocast(
                self._device.type, dtype=self._dtype, enabled=self._dtype != torch.float32
            ):
                return self._network(given)[: len(pictures)].float()

    def _shrink(self) -> None:
        if self._rows == 1:
            raise DeviceError(
                f"the memory of {self._device} does not hold what finds people; close what else"
                " uses it, or use a smaller --detector-size"
            )
        self._torch.cuda.empty_cache()
        self._rows //= 2
        log.warning(
            "the memory of %s ran out: people are found in %d pictures at a time from here on, and"
            " boxes may differ from the others' in the last bits. --batch %d avoids it",
            self._device,
            self._rows,
            self._rows,
        )

    def close(self) -> None:
        """Give the device's memory back."""
        self._network = None
        if self._device.type == "cuda":
            self._torch.cuda.empty_cache()
