"""Whole checkpoints in one safetensors file.

Two kinds are known: ComfyUI's, whose tensors have the names of the original latent-diffusion code,
with the pose head inside the diffusion model; and flat ones, whose tensors are those of the folder
layout behind `unet.`, `vae.` and `decoder.`. Neither has a configuration, so the widths are read
from the shapes and the rest is Stable Diffusion 2's.

The names in ComfyUI's file were inferred from its code. With them the header has the length, to the
byte, that the published file has (tests/test_single_file.py). A file that differs is refused, with
what was found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from sdpose_track.errors import CheckpointError
from sdpose_track.pose.network import Network
from sdpose_track.pose.tensor_files import Tensors
from sdpose_track.pose.weights import LEVELS, assemble

HEAD_CHANNELS = 64
"""Width of an attention head of Stable Diffusion 2's U-Net."""
_DIFFUSION, _FIRST_STAGE = "model.diffusion_model.", "first_stage_model."
_BLOCKS = [f"{_DIFFUSION}{side}_blocks.{i}" for side in ("input", "output") for i in range(12)]
_POSE_HEAD = re.compile(r"(.*\bheatmap_head\.)final_layer\.weight")
_ENCODER_NAMES = (
    (r"encoder\.down\.(\d)\.block\.(\d)\.", r"encoder.down_blocks.\1.resnets.\2."),
    (r"encoder\.down\.(\d)\.downsample\.", r"encoder.down_blocks.\1.downsamplers.0."),
    (r"encoder\.mid\.block_1\.", "encoder.mid_block.resnets.0."),
    (r"encoder\.mid\.block_2\.", "encoder.mid_block.resnets.1."),
    (r"encoder\.mid\.attn_1\.norm\.", "encoder.mid_block.attentions.0.group_norm."),
    (r"encoder\.mid\.attn_1\.proj_out\.", "encoder.mid_block.attentions.0.to_out.0."),
    (r"encoder\.mid\.attn_1\.([qkv])\.", r"encoder.mid_block.attentions.0.to_\1."),
    (r"\.nin_shortcut\.", ".conv_shortcut."),
    (r"encoder\.norm_out\.", "encoder.conv_norm_out."),
)
"""The image encoder's tensors: the latent-diffusion code's names, and diffusers'."""


def load_file(path: Path, prompt: Callable[[], Tensor]) -> Network:
    """Return the network of a single-file checkpoint in float32 on the CPU.

    `prompt` gives the (1, 2, C) embedding of the empty prompt, unless the file has its own. Raises
    CheckpointError, which says what was found instead.
    """
    every = Tensors(path)
    if any(name.startswith(_DIFFUSION) for name in every):
        parts = _original(every)
    elif any(name.startswith("unet.") for name in every):
        parts = _part(every, "unet."), _part(every, "vae."), _part(every, "decoder.")
    else:
        some = ", ".join(list(every)[:2]) or "nothing"
        raise CheckpointError(
            f"{path} is no whole SDPose checkpoint: it has neither {_DIFFUSION}* nor unet.*, but"
            f" {some}; give a whole one, as a file or a folder"
        )
    unet, vae, _ = parts
    own = every.get("conditioning.empty_prompt")
    return assemble(
        _unet_config(unet), _vae_config(vae), parts, prompt if own is None else lambda: own
    )


def _part(every: Tensors, prefix: str) -> Tensors:
    return Tensors(every.path, {n.removeprefix(prefix): n for n in every if n.startswith(prefix)})


def _original(every: Tensors) -> tuple[Tensors, Tensors, Tensors]:
    """Return U-Net, encoder and head of a file with the latent-diffusion code's names."""
    found = [match for name in every if (match := _POSE_HEAD.fullmatch(name))]
    if not found:
        raise CheckpointError(
            f"{every.path} has no pose head (…heatmap_head.final_layer.weight): it is a Stable"
            " Diffusion checkpoint, not SDPose's"
        )
    pose = found[0].group(1)
    inner = {n: n for n in every if n.startswith(_DIFFUSION) and not n.startswith(pose)}
    encoder = {
        _encoder_name(name.removeprefix(_FIRST_STAGE)): name
        for name in every
        if name.startswith((f"{_FIRST_STAGE}encoder.", f"{_FIRST_STAGE}quant_conv."))
    }
    return (
        Tensors(every.path, _unet_names(inner, every.path)),
        Tensors(every.path, encoder),
        _part(every, pose),
    )


def _unet_names(names: Mapping[str, str], path: Path) -> dict[str, str]:
    """Return diffusers' name of each of the U-Net's tensors, with the name in the file."""
    from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint

    missing = [b for b in _BLOCKS if not any(name.startswith(f"{b}.") for name in names)]
    if missing:  # the blocks behind it would be numbered wrong
        raise CheckpointError(f"{path} is not SDPose's U-Net: it lacks {missing[0]}")
    topology: dict[str, Any] = {"layers_per_block": 2}
    if f"{_DIFFUSION}label_emb.0.0.weight" in names:  # else it is missed later, in plainer words
        topology["class_embed_type"] = "projection"
    try:  # it only hands values on, so it translates names as well as tensors
        renamed: dict[str, str] = convert_ldm_unet_checkpoint(dict(names), topology)
    except KeyError as error:
        raise CheckpointError(f"{path} is not SDPose's U-Net: it lacks {error}") from error
    lost = set(names) - set(renamed.values())
    if lost:
        raise CheckpointError(f"{path} has tensors that SDPose has not, such as {min(lost)}")
    return renamed


def _encoder_name(name: str) -> str:
    for pattern, new in _ENCODER_NAMES:
        name = re.sub(pattern, new, name)
    return name


def _unet_config(tensors: Tensors) -> dict[str, Any]:
    widths = _widths(tensors, "down_blocks.{}.resnets.0.conv1.weight")
    return {
        "down_block_types": ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
        "up_block_types": ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
        "block_out_channels": widths,
        "attention_head_dim": [max(1, width // HEAD_CHANNELS) for width in widths],
        "cross_attention_dim": 1024,
        "use_linear_projection": True,
    }


def _vae_config(tensors: Tensors) -> dict[str, Any]:
    return {
        "down_block_types": ("DownEncoderBlock2D",) * LEVELS,
        "up_block_types": ("UpDecoderBlock2D",) * LEVELS,
        "block_out_channels": _widths(tensors, "encoder.down_blocks.{}.resnets.0.conv1.weight"),
        "layers_per_block": 2,
    }


def _widths(tensors: Tensors, name: str) -> list[int]:
    """Return the channels of each level. Raises CheckpointError if a level is not there."""
    names = [name.format(level) for level in range(LEVELS)]
    missing = [n for n in names if n not in tensors or len(tensors.shape(n)) != 4]
    if missing:
        raise CheckpointError(f"{tensors.path} is not SDPose's: it has no sound {missing[0]}")
    return [tensors.shape(n)[0] for n in names]
