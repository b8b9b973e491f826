"""The options that choose models and how they look: the same words in every command."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from sdpose_track.settings import CROPS, DETECTOR_SIZES, INPUTS, LATENTS, PRECISIONS


def add_model_options(parser: argparse.ArgumentParser, boxes: str | None = None) -> None:
    """Add them to `parser`, in two groups. `boxes` is the help of --boxes; None leaves it out."""
    add = parser.add_argument_group("models").add_argument
    add("--pose", metavar="NAME|DIR", default="auto", help="pose model; default: auto")
    add("--detector", metavar="NAME|FILE", default="auto", help="person detector; default: auto")
    add("--detector-size", choices=("auto", *map(str, DETECTOR_SIZES)), default="auto",
        help="pixels at which it looks; larger finds smaller people")  # fmt: skip
    if boxes is not None:
        add("--boxes", metavar="FILE", help=boxes)
    add("--device", default="auto", metavar="auto|cpu|cuda[:N]", help="default: auto")
    add("--precision", default="auto", choices=PRECISIONS, help="default: auto")
    add("--batch", type=int, metavar="N", help="pictures or people in one pass; default: by memory")
    add = parser.add_argument_group("SDPose").add_argument
    add("--flip-test", action="store_true", help="average with the mirrored picture")
    add("--crop", choices=CROPS, default="udp", help="how a person is cut out; default: udp")
    add("--input", choices=INPUTS, default="768x1024", help="smaller is faster, less exact")
    add("--latent", choices=LATENTS, default="mode", help="default: mode, which repeats itself")
    add("--seed", type=int, metavar="N", default=0, help="of --latent sample; default: 0")


def model_wish(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options as keyword arguments of `ModelSettings`."""
    boxes = getattr(options, "boxes", None)
    return {
        "pose": options.pose,
        "detector": options.detector,
        "detector_size": options.detector_size,
        "boxes": None if boxes is None else Path(boxes),
        "device": options.device,
        "precision": options.precision,
        "batch": options.batch,
        "flip_test": options.flip_test,
        "crop": options.crop,
        "input": options.input,
        "latent": options.latent,
        "seed": options.seed,
    }
