"""Reads the pixels of a crop into the form in which SDPose looks at a person.

Runs where the picture lies, on a CPU or a GPU. The grey levels of a udp crop are computed in whole
numbers and are, to the last bit, those of OpenCV 4's `warpAffine`, with which the network was
trained; those of a stretched one agree with Pillow's `resize` to two levels, nearly everywhere
exactly. torch enters here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from sdpose_track.pose.cropping import Crop

_AT_ONCE = 2**20
"""So many values are held as float32 besides the input: a picture may be huge, memory is not."""
_STEPS = 32
"""`warpAffine` interpolates at this many positions from one pixel to the next."""
_FINE = 1024
"""It adds up positions in this fraction of a pixel, and rounds them to `_STEPS` afterwards."""


def cut(image: Tensor, crop: Crop, out: Tensor | None = None) -> Tensor:
    """Return the network's input for one person: (3, h, w) float32 RGB in [-1, 1].

    `image` is (H, W, 3) uint8 BGR. What lies outside it is black. `out` receives the input if it is
    given: (3, h, w) float32 on the device of `image`, such as one place in a batch.
    """
    if out is None:
        width, height = crop.input_size
        out = torch.empty((3, height, width), dtype=torch.float32, device=image.device)
    read = _scale if crop.antialias else _warp
    read(image, crop, out)
    return out.div_(255).mul_(2).sub_(1)


def _warp(image: Tensor, crop: Crop, out: Tensor) -> None:
    """Write the grey levels that `cv2.warpAffine` (4.9 to 4.13, bilinear) gives, as RGB."""
    height, width = image.shape[:2]
    columns, rows = _positions(crop)
    across = _Line.along(columns, width, image.device)
    down = _Line.along(rows, height, image.device)
    part = image[down.needed, across.needed]
    at_once = max(1, _AT_ONCE // part[0].numel())
    for start in range(0, out.shape[1], at_once):
        block = slice(start, start + at_once)
        grey = across.blend(down.blend(part, 0, block), 1)
        grey = grey.add_(_STEPS**2 / 2).div_(_STEPS**2).floor_()
        out[:, block] = grey.flip(2).permute(2, 0, 1)


def _scale(image: Tensor, crop: Crop, out: Tensor) -> None:
    """Write the grey levels that Pillow's bilinear `resize` gives, as RGB.

    Like Pillow, rounds after the horizontal pass and again after the vertical one.
    """
    (left, top), (width, height) = map(int, crop.origin), map(int, crop.size)
    part = image[top : top + height, left : left + width].permute(2, 0, 1)[None]
    narrow = torch.empty((1, 3, height, out.shape[2]), device=image.device)
    at_once = max(1, _AT_ONCE // (3 * width))
    for start in range(0, height, at_once):
        block = slice(start, start + at_once)
        lines = part[:, :, block].float()
        narrow[:, :, block] = _resize(lines, lines.shape[2], out.shape[2])
    out.copy_(_resize(narrow, out.shape[1], out.shape[2])[0].flip(0))


def _resize(planes: Tensor, height: int, width: int) -> Tensor:
    grey = interpolate(planes, (height, width), mode="bilinear", antialias=True)
    return grey.add_(0.5).floor_()


def _positions(crop: Crop) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return where the input's columns and rows lie in the source, in `1 / _STEPS` pixels.

    As the reference has them: a matrix from source to input in float32, inverted and rounded the
    way `warpAffine` does, which rounds a column's two summands apart and a row's together.
    """
    count = np.array(crop.input_size)
    gain = (count - 1) / np.array(crop.size)
    shift = (-gain * np.array(crop.origin)).astype(np.float32).astype(np.float64)
    step = 1 / gain.astype(np.float32).astype(np.float64)
    start = -step * shift
    columns = np.rint(np.arange(count[0]) * step[0] * _FINE) + np.rint(start[0] * _FINE)
    rows = np.rint((np.arange(count[1]) * step[1] + start[1]) * _FINE)
    return _coarse(columns), _coarse(rows)


def _coarse(positions: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return positions in `1 / _FINE` pixels as the nearest in `1 / _STEPS`."""
    return np.floor(positions * (_STEPS / _FINE) + 0.5).astype(np.int64)


@dataclass(frozen=True, slots=True)
class _Line:
    """Between which pixels of the source the input's n pixels lie, along one axis."""

    needed: slice
    """The pixels of the source that take part."""
    places: Tensor
    """(2, n) the pixel below and the one above, counted within `needed`."""
    weights: Tensor
    """(2, n) float32 in `1 / _STEPS`; 0 outside the picture."""

    @classmethod
    def along(cls, positions: npt.NDArray[np.int64], length: int, device: torch.device) -> _Line:
        """Return it for `positions` in `1 / _STEPS` pixels and a source of `length` pixels."""
        below, share = np.divmod(positions, _STEPS)
        pixels = np.stack((below, below + 1))
        inside = (pixels >= 0) & (pixels < length)
        weights = np.stack((_STEPS - share, share)) * inside
        pixels = pixels.clip(0, length - 1)
        first, last = int(pixels.min()), int(pixels.max())
        return cls(
            slice(first, last + 1),
            torch.from_numpy(pixels - first).to(device),
            torch.from_numpy(weights.astype(np.float32)).to(device),
        )

    def blend(self, source: Tensor, axis: int, block: slice = slice(None)) -> Tensor:
        """Return float32 (·, ·, 3) sums of the weighted neighbours of the input pixels `block`.

        Whole numbers, and so small that float32 holds them exactly.
        """
        form = (-1, 1, 1) if axis == 0 else (-1, 1)
        weights = self.weights[:, block].view(2, *form)
        below = source.index_select(axis, self.places[0, block]) * weights[0]
        above = source.index_select(axis, self.places[1, block]) * weights[1]
        return below.add_(above)
