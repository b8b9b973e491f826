"""Runs YOLO with torch: on a CUDA GPU, or on a CPU for which there is no OpenVINO.

On CUDA every batch is filled up to the same size, so that a picture's answer does not depend on how
many others came with it and a resumed run repeats an uninterrupted one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sdpose_track.checkpoints import Weights
from sdpose_track.detect.runtime import Answer, cpu_count
from sdpose_track.detect.torch_device import torch_device
from sdpose_track.errors import SettingsError
from sdpose_track.records import Float32, UInt8

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
        self.in_flight = 1
        self.described = f"{self._device} (torch, {precision})"

    def expect(self, height: int, width: int) -> None:
        """Run the network once: the first pass on a GPU chooses and loads its kernels."""
        if self._device.type == "cuda":
            self.start([np.zeros((height, width, 3), np.uint8)])()

    def start(self, pictures: Sequence[UInt8]) -> Answer:
        """Run the network on (h, w, 3) BGR pictures of one size, at most `batch`."""
        torch = self._torch
        stack = np.zeros((self.batch, *pictures[0].shape), np.uint8)
        for row, picture in zip(stack, pictures, strict=False):
            row[:] = picture
        with torch.inference_mode():
            given = torch.from_numpy(stack).to(self._device, non_blocking=True)
            given = given.flip(-1).permute(0, 3, 1, 2).float().div_(255)
            with torch.autocast(
                self._device.type, dtype=self._dtype, enabled=self._dtype != torch.float32
            ):
                out = self._network(given)[: len(pictures)].float()

        def wait() -> list[Float32]:
            return list(out.cpu().numpy())

        return wait

    def close(self) -> None:
        """Give the device's memory back."""
        self._network = None
        if self._device.type == "cuda":
            self._torch.cuda.empty_cache()
