"""The options that choose models and how they look: the same words in every command."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from sdpose_track.cli.grammar import whole
from sdpose_track.settings import CROPS, DETECTOR_CHOICES, INPUTS, LATENTS, PRECISIONS


def add_model_options(
    parser: argparse.ArgumentParser, boxes: str | None = None, *, live: bool = False
) -> None:
    """Add them to `parser`, in two groups.

    `boxes` is the help of --boxes; None leaves it out. `live` leaves out what no live run wants.
    """
    add = parser.add_argument_group("models").add_argument
    add("--pose", metavar="NAME|DIR", default="auto", help="pose model; default: auto")
    add("--detector", metavar="NAME|FILE", default="auto", help="person detector; default: auto")
    add("--detector-size", metavar="PX", choices=DETECTOR_CHOICES, default="auto",
        help=f"how large it looks: {', '.join(DETECTOR_CHOICES)}")  # fmt: skip
    add("--trust-checkpoint", action="store_true",
        help="load an unknown .pt file, which can run code")  # fmt: skip
    if boxes is not None:
        add("--boxes", metavar="FILE", help=boxes)
    add("--device", default="auto", metavar="NAME", help="auto, cpu, cuda or cuda:N")
    add("--precision", metavar="NAME", default="auto", choices=PRECISIONS,
        help=", ".join(PRECISIONS))  # fmt: skip
    if live:
        parser.set_defaults(batch=None, crop="udp", latent="mode", seed=0)
    else:
        add("--batch", type=whole, metavar="N", help="pictures or people in one pass")
    add = parser.add_argument_group("SDPose").add_argument
    add("--flip-test", action="store_true", help="average with the mirrored picture")
    add("--input", metavar="WxH", choices=INPUTS, default="768x1024",
        help=f"{', '.join(INPUTS)}; smaller is faster")  # fmt: skip
    if not live:
        add("--crop", choices=CROPS, default="udp", help="how a person is cut out; default: udp")
        add("--latent", choices=LATENTS, default="mode", help="mode repeats itself, sample draws")
        add("--seed", type=whole, metavar="N", default=0, help="of --latent sample; default: 0")


def model_wish(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options as keyword arguments of `ModelSettings`."""
    boxes = getattr(options, "boxes", None)
    return {
        "pose": options.pose,
        "detector": options.detector,
        "detector_size": options.detector_size,
        "trust_checkpoint": options.trust_checkpoint,
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
