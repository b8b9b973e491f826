"""From a checkpoint and the user's wishes to an SDPose estimator that is ready to run."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from sdpose_track.checkpoints import Weights
from sdpose_track.detect.torch_device import torch_device
from sdpose_track.pose.estimator import Posing
from sdpose_track.pose.folding import FoldedNetwork
from sdpose_track.pose.gpu import GpuRunner
from sdpose_track.pose.network import Network
from sdpose_track.pose.prompt import empty_prompt, published_prompt
from sdpose_track.pose.running import CpuRunner, Runner, precision_for
from sdpose_track.pose.sdpose import Look, SdposeEstimator
from sdpose_track.pose.single_file import load_file
from sdpose_track.pose.weights import load_folder, skeleton_of
from sdpose_track.settings import ModelSettings

MANY = 8
"""Pictures from which it pays to compile the network for a GPU."""
log = logging.getLogger(__name__)


def build(
    weights: Weights, settings: ModelSettings, device: str, *, pictures: int | None
) -> Posing:
    """Load `weights` onto `device`, `cpu` or `cuda[:N]`.

    `pictures` says how many will be looked at, None many: for few, little is prepared. Raises
    CheckpointError, DeviceError or SettingsError.
    """
    where = torch_device(device)
    precision_for(where, settings.precision, 0)  # refuses before anything is loaded
    log.info("loading %s", weights.name)
    network = load(weights.path, weights.sha256)
    skeleton = skeleton_of(network)
    sample = settings.latent == "sample"
    parameters = sum(parameter.numel() for parameter in network.parameters())
    precision = precision_for(where, settings.precision, parameters)
    with torch.no_grad():  # weights made in inference mode could not be packed for bf16
        folded = FoldedNetwork(network, sample=sample)
    del network
    size = settings.input_size
    look = Look(settings.crop, size, settings.flip_test, settings.seed if sample else None)
    seconds = None
    runner: Runner
    if where.type == "cuda":
        runner = gpu = GpuRunner(folded, where, precision, size, settings.batch)
        if pictures is None or pictures >= MANY:
            gpu.make_fast()
    else:
        runner = cpu = CpuRunner(folded, precision, settings.batch)
        if pictures is None or pictures > 1:
            seconds = cpu.seconds_a_person(*size) * (2 if look.flip_test else 1)
    return Posing(SdposeEstimator(runner, skeleton, look), runner.described, seconds)


def load(path: Path, identity: str) -> Network:
    """Return the network in the folder or single file `path`, whose hash is `identity`."""
    if path.is_dir():
        return load_folder(path, _prompt_of(path, identity))
    return load_file(path, published_prompt)


def _prompt_of(folder: Path, identity: str) -> Callable[[], Tensor]:
    return lambda: empty_prompt(folder, identity)
