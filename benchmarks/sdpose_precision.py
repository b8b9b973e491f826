"""By how much half precision moves SDPose's keypoints, in pixels of its input.

    python benchmarks/sdpose_precision.py CHECKPOINT PICTURE...     a checkpoint folder or file
    python benchmarks/sdpose_precision.py recipe PICTURE...         random weights of the true size

A picture of the input's size is taken as it is; others need `--box x1,y1,x2,y2`. Only keypoints
that are well defined in float32 are compared: those that noise of 1e-4 of the map's maximum moves
by less than 0.05 px, and whose peak is higher by a thousandth than anything 4 map pixels away.
Runs on the CPU, also in fp16, which the product does not offer there.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path

import cv2
import numpy as np
import torch
from sdpose_reference import Reference
from torch import Tensor
from torch.nn.functional import max_pool2d

from sdpose_track.pose.building import load
from sdpose_track.pose.cropping import INPUT_SIZE, Crop, udp_crop
from sdpose_track.pose.folding import FoldedNetwork
from sdpose_track.pose.heatmaps import decode
from sdpose_track.pose.prompt import published_prompt
from sdpose_track.pose.running import CpuRunner
from sdpose_track.pose.sampling import cut
from sdpose_track.records import UInt8

NOISE, MOST, LEAD = 1e-4, 0.05, 1e-3
"""A keypoint is well defined if noise of NOISE moves it by less than MOST pixels, and its peak
leads by more than LEAD."""
ELSEWHERE = 8.0
"""Input pixels (two of the heatmap) beyond which another peak was taken."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a row for each precision, over all pictures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", help="a folder, a single file, or `recipe`")
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--box", help="of the person: x1,y1,x2,y2 in pixels")
    parser.add_argument("--precisions", default="bf16,fp16")
    given = parser.parse_args(arguments)
    seen = torch.stack([look(picture, given.box) for picture in given.pictures])
    reference, folded = networks(given.checkpoint)
    exact = heatmaps(folded, "fp32", seen)
    points, _ = decode(exact, INPUT_SIZE)
    defined = well_defined(exact, points)
    print(f"{int(defined.sum())} of {defined.numel()} keypoints are well defined\n")
    print(
        "| | median px | p95 px | max px | beyond 8 px | p95 px of the rest | heatmaps rms | max |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for precision in given.precisions.split(","):
        maps = heatmaps(folded, precision, seen)
        print(f"| {precision} | {row(maps, exact, points, defined)} |", flush=True)
    if reference is not None:
        maps = autocast(reference, seen)
        print(f"| reference, bf16 autocast | {row(maps, exact, points, defined)} |")


def look(path: Path, box: str | None) -> Tensor:
    """Return (3, H, W) RGB in -1..1: the picture, or the person in `box` as the product cuts it."""
    image = cv2.imread(str(path))
    if image is None:
        raise SystemExit(f"{path} is no picture")
    pixels: UInt8 = np.asarray(image, np.uint8)
    return cut(torch.from_numpy(pixels), _crop(pixels, box))


def _crop(image: UInt8, box: str | None) -> Crop:
    if box is not None:
        return udp_crop(np.array([float(x) for x in box.split(",")], np.float32), (0, 0))
    height, width = image.shape[:2]
    if (width, height) != INPUT_SIZE:
        raise SystemExit(f"a picture of {width}x{height} needs --box")
    return Crop((0, 0), INPUT_SIZE, INPUT_SIZE, antialias=True)


def networks(checkpoint: str) -> tuple[Reference | None, FoldedNetwork]:
    """Return a checkpoint's network, or one of the true size with the recipe's weights and a peer.

    Both read the published prompt.
    """
    if checkpoint == "recipe":
        reference = Reference("full", "body").filled()
        return reference, reference.folded(published_prompt())
    with torch.no_grad():
        return None, FoldedNetwork(load(Path(checkpoint), "benchmark"))


def autocast(reference: Reference, pictures: Tensor) -> Tensor:
    """Return (N, K, h, w) heatmaps as the paper's evaluation computes them, but for the latent's
    mode.
    """
    prompt, found = published_prompt(), []
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        for picture in pictures:
            latent = reference.latent(picture[None], sample=False)
            found.append(reference.head(reference.feature(latent, prompt)).float())
    return torch.cat(found)


def heatmaps(folded: FoldedNetwork, precision: str, pictures: Tensor) -> Tensor:
    """Return (N, K, h, w) float32 heatmaps, computed in `precision`; `folded` stays as it is."""
    runner = CpuRunner(deepcopy(folded), precision)
    return torch.cat([runner(picture[None]).float() for picture in pictures])


def well_defined(maps: Tensor, points: Tensor) -> Tensor:
    """Return (N, K): which of the (N, K, 2) keypoints of (N, K, h, w) maps can be compared."""
    tops = maps.amax((2, 3), keepdim=True)
    at_top = (maps == tops).float()
    near = max_pool2d(at_top, 7, stride=1, padding=3) > 0
    second = maps.masked_fill(near, -torch.inf).amax((2, 3))
    leads = (tops[..., 0, 0] - second) / tops[..., 0, 0] > LEAD
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(maps.shape, generator=generator) * NOISE * tops.abs()
    moved = (decode(maps + noise, INPUT_SIZE)[0] - points).norm(dim=-1)
    defined: Tensor = leads & (moved < MOST)
    return defined


def row(maps: Tensor, exact: Tensor, points: Tensor, defined: Tensor) -> str:
    """Return the cells of a precision: keypoints in input pixels, heatmaps as shares."""
    far = (decode(maps, INPUT_SIZE)[0] - points).norm(dim=-1)[defined].numpy()
    median, most, worst = np.nanquantile(far, (0.5, 0.95, 1))
    stayed = far[far <= ELSEWHERE]
    rest = np.quantile(stayed, 0.95) if len(stayed) else np.nan
    rms = float((maps - exact).norm() / exact.norm())
    peak = float((maps - exact).abs().max() / exact.abs().max())
    return (
        f"{median:.2f} | {most:.2f} | {worst:.1f} | {1 - len(stayed) / len(far):.0%} | {rest:.2f} |"
        f" {rms:.1e} | {peak:.1e}"
    )


if __name__ == "__main__":
    main()
