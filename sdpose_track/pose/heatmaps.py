"""Reads keypoints from heatmaps, where the heatmaps lie: on a CPU or a GPU.

The decoder is the one that SDPose is scored with: UDP with the distribution-aware correction (Zhang
et al., "Distribution-Aware Coordinate Representation", CVPR 2020; `UDPHeatmap` in mmpose). The
logarithm of a blurred peak is taken for a parabola, and one Newton step leads to its top. Only the
blur and the maxima look at whole maps; the rest is done on the 3×3 values around each peak. torch
enters here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad

_REACH, _SIGMA = 5, 2.0
"""Of the Gaussian in heatmap pixels: what OpenCV makes of the reference's 11 taps."""
_LOWEST, _HIGHEST = 0.001, 50.0
"""Between which the reference takes logarithms."""
_AT_ONCE_CPU, _AT_ONCE_GPU = 2**18, 2**24
"""Values blurred at a time: what fits a core's cache, what keeps a GPU busy."""


def decode(heatmaps: Tensor, input_size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Return where the heatmaps peak, and how high.

    `heatmaps` is (N, K, h, w) float32, `input_size` the input's (width, height) in pixels. The
    keypoints are (N, K, 2) float64 `x, y` in input pixels as `Crop.to_image` takes them; the first
    of equal maxima counts, and a keypoint may lie outside the input. The scores are (N, K) float32,
    the maxima as they are, which may exceed 1. A keypoint is not found, NaN with score 0, where the
    maximum is not above 0, the map is not finite everywhere, or the Newton step is not finite.
    """
    people, count, height, width = heatmaps.shape
    maps = heatmaps.flatten(0, 1)
    values = _AT_ONCE_CPU if maps.device.type == "cpu" else _AT_ONCE_GPU
    at_once = max(1, values // (height * width))
    found = [_peaks(block.float()) for block in torch.split(maps, at_once)]
    points = torch.cat([peaks for peaks, _ in found])
    scores = torch.cat([tops for _, tops in found])
    # by Python's own numbers: a tensor of them would be copied to a GPU, which waits for all work
    x, y = points.unbind(1)
    wide, high = input_size
    points = torch.stack((x / (width - 1) * wide, y / (height - 1) * high), 1)
    unknown = ~((scores > 0) & points.isfinite().all(-1))
    points = points.masked_fill(unknown[:, None], math.nan)
    scores = scores.masked_fill(unknown, 0)
    return points.view(people, count, 2), scores.view(people, count)


def merge_flipped(heatmaps: Tensor, of_flipped: Tensor, mirror: Sequence[int] | Tensor) -> Tensor:
    """Return the mean of a picture's heatmaps and those of the same picture mirrored.

    Both are (N, K, h, w). `mirror` are K numbers: which keypoint each one becomes in the mirrored
    picture (`Skeleton.mirror`).
    """
    order = torch.as_tensor(mirror, device=heatmaps.device)
    return (heatmaps + of_flipped.flip(-1).index_select(1, order)) * 0.5


def _peaks(maps: Tensor) -> tuple[Tensor, Tensor]:
    """Return (M, 2) `x, y` in heatmap pixels and (M,) maxima of (M, h, w) maps; NaN if unknown."""
    height, width = maps.shape[1:]
    tops, at = maps.flatten(1).max(1)
    finite = tops.isfinite() & maps.flatten(1).amin(1).isfinite()
    x, y = at % width, at // width
    blurred = _blur(_blur(maps, 2), 1)
    around = torch.arange(-1, 2, device=maps.device)
    rows = (y[:, None] + around).clamp(0, height - 1)
    columns = (x[:, None] + around).clamp(0, width - 1)
    which = torch.arange(len(maps), device=maps.device)
    nine = blurred[which[:, None, None], rows[:, :, None], columns[:, None, :]]
    nine = nine * (tops / blurred.amax((1, 2)))[:, None, None]
    step = _newton(nine.clamp(_LOWEST, _HIGHEST).double().log())
    points = torch.stack((x, y), 1) - step
    return points, tops.masked_fill(~finite, math.nan)


def _newton(level: Tensor) -> Tensor:
    """Return (M, 2) `x, y`: how far the (M, 3, 3) values' middle lies beyond their extremum.

    The mixed derivative is the reference's, which leaves out two of the corners, and so is what is
    added to the second derivatives.
    """
    eps = torch.finfo(torch.float32).eps
    (a, b, _), (c, m, d), (_, e, f) = (row.unbind(1) for row in level.unbind(1))
    dx, dy = (d - c) / 2, (e - b) / 2
    dxx, dyy = d - 2 * m + c + eps, e - 2 * m + b + eps
    dxy = (f - d - e + 2 * m - c - b + a) / 2
    determinant = dxx * dyy - dxy * dxy
    step = torch.stack((dyy * dx - dxy * dy, dxx * dy - dxy * dx), 1)
    return step / determinant[:, None]


def _blur(maps: Tensor, axis: int) -> Tensor:
    """Return (M, h, w) maps blurred along one axis; beyond their edges they are 0.

    Sums of shifted maps: no convolution, which on a GPU may round to TF32, and no fused operation,
    so that a map's blur does not depend on those beside it.
    """
    length = maps.shape[axis]
    edges = (_REACH, _REACH) if axis == 2 else (0, 0, _REACH, _REACH)
    padded = pad(maps, edges)
    taps = [math.exp(-((far / _SIGMA) ** 2) / 2) for far in range(_REACH + 1)]
    total = taps[0] + 2 * sum(taps[1:])
    blurred = maps * (taps[0] / total)
    for far, tap in enumerate(taps[1:], 1):
        below = padded.narrow(axis, _REACH - far, length)
        above = padded.narrow(axis, _REACH + far, length)
        blurred += (below + above).mul_(tap / total)
    return blurred
