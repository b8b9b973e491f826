"""SDPose as an estimator: people in, keypoints out.

Cuts each person out of the frame on the network's device, runs the network on batches, decodes the
heatmaps there, and brings only positions and scores back. Everything here but the crop and the
decoding, which have their own modules, is scheduling.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch
from torch import Tensor

from sdpose_track.detect.torch_device import is_out_of_memory
from sdpose_track.errors import DeviceError
from sdpose_track.pose.cropping import CROPS, Crop, touches
from sdpose_track.pose.estimator import Estimate, Subject
from sdpose_track.pose.heatmaps import decode, merge_flipped
from sdpose_track.pose.running import Runner
from sdpose_track.pose.sampling import cut
from sdpose_track.records import Float32, Float64, Frame, measured
from sdpose_track.skeletons import Skeleton


@dataclass(frozen=True, slots=True)
class Look:
    """How SDPose looks at a person."""

    crop: str = "udp"
    """A name in `cropping.CROPS`."""
    size: tuple[int, int] = (768, 1024)
    """(width, height) of the network's input in pixels."""
    flip_test: bool = False
    seed: int | None = None
    """Draws the latent from the encoder's distribution with this seed; None takes its mode."""


class SdposeEstimator:
    """Estimates keypoints with SDPose."""

    def __init__(self, runner: Runner, skeleton: Skeleton, look: Look) -> None:
        """Own `runner`, whose network gives `skeleton` and was folded to sample if `look` does."""
        self.skeleton = skeleton
        on_gpu = runner.device.type == "cuda"
        self.in_flight = 2 if on_gpu else 1
        self._runner, self._look = runner, look
        self._mirror = torch.tensor(skeleton.mirror, device=runner.device)
        self._noise = _noise(look, runner.device)
        self._frames = _Uploads(runner.device)
        self._side = torch.cuda.Stream(runner.device) if on_gpu else None

    @property
    def batch(self) -> int:
        """How many people one pass takes."""
        return self._runner.batch

    def open(self) -> None:
        """The runner is ready already, so that its faults come before a run begins."""

    def close(self) -> None:
        """Give the device's memory back."""
        self._frames.forget()
        self._runner.close()

    def submit(self, subjects: Sequence[Subject]) -> Underway:
        """Start to look at `subjects`. A box that shows nothing of its frame has no keypoints.

        Where the device's memory does not suffice the batch is halved, and halved again. Raises
        DeviceError if it does not suffice for the smallest.
        """
        crops = [self._crop(subject) for subject in subjects]
        there = [
            (s.frame, crop) for s, crop in zip(subjects, crops, strict=True) if crop is not None
        ]
        passes = self._start(there)
        while passes is None:  # here, where what the failed attempt held is free again
            if not self._runner.shrink():
                device = self._runner.device
                way_out = "" if device.type == "cpu" else " or --device cpu"
                raise DeviceError(
                    f"the memory of {device} does not hold {self.batch} of the people to look at;"
                    f" close what else uses it, or use a smaller --input{way_out}"
                )
            passes = self._start(there)
        return Underway(crops, passes, len(self.skeleton))

    def _crop(self, subject: Subject) -> Crop | None:
        """Return the part of the frame to look at; None where the box shows nothing of it."""
        height, width = subject.frame.image.shape[:2]
        if not touches(subject.box, (width, height)):
            return None
        try:
            return CROPS[self._look.crop](subject.box, (width, height), self._look.size)
        except ValueError:  # thinner than a pixel
            return None

    def _start(self, there: Sequence[tuple[Frame, Crop]]) -> list[_Answer] | None:
        """Return the answers of batch after batch; None where memory ran out."""
        size = self.batch
        parts = [there[start : start + size] for start in range(0, len(there), size)]
        try:
            return [_Answer(*self._pass(part)) for part in parts]
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            return None

    def _pass(self, there: Sequence[tuple[Frame, Crop]]) -> tuple[Tensor, Tensor]:
        """Return positions (n, K, 2) and scores (n, K), on the device."""
        pictures = self._pictures(there)
        heatmaps = self._runner(pictures, self._noise_for(len(there), 0))
        if self._look.flip_test:
            flipped = self._runner(pictures.flip(-1), self._noise_for(len(there), 1))
            heatmaps = merge_flipped(heatmaps, flipped, self._mirror)
        return decode(heatmaps, self._look.size)

    def _pictures(self, there: Sequence[tuple[Frame, Crop]]) -> Tensor:
        """Return the (n, 3, H, W) cut-outs; on a GPU beside what it computes."""
        width, height = self._look.size
        with self._beside():
            pictures = torch.empty(len(there), 3, height, width, device=self._runner.device)
            for picture, (frame, crop) in zip(pictures, there, strict=True):
                cut(self._frames.on_device(frame), crop, out=picture)
        if self._side is not None:
            pictures.record_stream(torch.cuda.current_stream(self._runner.device))
        return pictures

    @contextmanager
    def _beside(self) -> Iterator[None]:
        """Do work on the side stream, and let the main one wait for it."""
        if self._side is None:
            yield
            return
        with torch.cuda.stream(self._side):
            yield
        torch.cuda.current_stream(self._runner.device).wait_stream(self._side)

    def _noise_for(self, count: int, which: int) -> Tensor | None:
        return None if self._noise is None else self._noise[which].expand(count, -1, -1, -1)


class _Answer:
    """Positions and scores on their way from the device."""

    def __init__(self, points: Tensor, scores: Tensor) -> None:
        """Begin the copy now: asked for later, it would wait behind the next batch."""
        self._arrived = torch.cuda.Event() if points.is_cuda else None
        self._points, self._scores = _copied(points), _copied(scores)
        if self._arrived is not None:
            self._arrived.record(torch.cuda.current_stream(points.device))

    def people(self) -> Iterator[tuple[Float64, Float32]]:
        """Wait, then yield the (K, 2) positions and (K,) scores of each person."""
        if self._arrived is not None:
            self._arrived.synchronize()
        yield from zip(self._points.numpy(), self._scores.numpy(), strict=True)


def _copied(values: Tensor) -> Tensor:
    if not values.is_cuda:
        return values
    copy = torch.empty(values.shape, dtype=values.dtype, pin_memory=True)
    return copy.copy_(values, non_blocking=True)


class Underway:
    """Estimates that the device may still be working on."""

    def __init__(
        self, crops: Sequence[Crop | None], passes: Sequence[_Answer], keypoints: int
    ) -> None:
        """Keep a crop for each subject, and the passes' answers for those that are not None."""
        self._crops, self._passes, self._count = crops, passes, keypoints

    def result(self) -> list[Estimate]:
        """Wait for and return one estimate a subject, in order."""
        found = chain.from_iterable(answer.people() for answer in self._passes)
        return [self._estimate(crop, found) for crop in self._crops]

    def _estimate(self, crop: Crop | None, found: Iterator[tuple[Float64, Float32]]) -> Estimate:
        points = np.full((self._count, 2), np.nan, np.float32)
        scores = np.zeros(self._count, np.float32)
        if crop is not None:
            inside, heights = next(found)
            points = crop.to_image(inside).astype(np.float32)
            scores = np.where(np.isfinite(points).all(axis=1), heights, 0).astype(np.float32)
        return Estimate(points, scores, measured(self._count))


class _Uploads:
    """The frames of the newest batch on the device: people of one frame share it."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._kept: dict[int, tuple[Frame, Tensor]] = {}

    def on_device(self, frame: Frame) -> Tensor:
        """Return the (H, W, 3) uint8 BGR picture of `frame`."""
        kept = self._kept.get(id(frame))
        if kept is None:
            if len(self._kept) >= 2:
                self._kept.pop(next(iter(self._kept)))
            staged = torch.empty(
                frame.image.shape, dtype=torch.uint8, pin_memory=self._device.type == "cuda"
            )
            staged.numpy()[...] = frame.image
            kept = self._kept[id(frame)] = (frame, staged.to(self._device, non_blocking=True))
        return kept[1]

    def forget(self) -> None:
        """Let them go."""
        self._kept.clear()


def _noise(look: Look, device: torch.device) -> Tensor | None:
    """Return (2, 4, H/8, W/8) standard normal noise, for the picture and for its mirror image.

    Drawn on the CPU, so that every device gets the same, and the same for everybody: a person's
    answer depends neither on who else is there nor on their place in a batch.
    """
    if look.seed is None:
        return None
    width, height = look.size
    generator = torch.Generator().manual_seed(look.seed)
    drawn = [torch.randn(1, 4, height // 8, width // 8, generator=generator) for _ in range(2)]
    return torch.cat(drawn).to(device)
