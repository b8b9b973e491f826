"""Makes SDPose checkpoints that are small: copies of the golden ones, and random ones from nothing.

The golden ones are never used where they lie: what is computed from a checkpoint is kept beside it.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from golden_files import golden
from safetensors.torch import load_file, save_file
from torch import Tensor

from sdpose_track.checkpoints.layout import HEAD, UNET, VAE
from sdpose_track.pose.network import HeatmapHead

PROMPT_WIDTH = 1024
VAE_WIDTHS = (32, 32, 32, 32)
_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
_OUTER = {
    "conv_in": "input_blocks.0.0",
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "class_embedding.linear_1": "label_emb.0.0",
    "class_embedding.linear_2": "label_emb.0.2",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
_INNER = re.compile(r"(down|mid|up)_blocks?\.(?:(\d)\.)?(\w+)\.(\d)\.(.*)\.(weight|bias)")
_VAE = (
    (r"coder\.down_blocks\.(\d)\.resnets\.", r"coder.down.\1.block."),
    (r"coder\.down_blocks\.(\d)\.downsamplers\.0\.", r"coder.down.\1.downsample."),
    (r"mid_block\.resnets\.0\.", "mid.block_1."),
    (r"mid_block\.resnets\.1\.", "mid.block_2."),
    (r"mid_block\.attentions\.0\.group_norm\.", "mid.attn_1.norm."),
    (r"mid_block\.attentions\.0\.to_out\.0\.", "mid.attn_1.proj_out."),
    (r"mid_block\.attentions\.0\.to_([qkv])\.", r"mid.attn_1.\1."),
    (r"conv_shortcut\.", "nin_shortcut."),
    (r"conv_norm_out\.", "norm_out."),
)


def golden_copy(name: str, folder: Path) -> Path:
    """Copy the golden checkpoint `tiny_NAME` into `folder`; the test is skipped without it."""
    made = folder / name
    for path in golden(f"ckpt/tiny_{name}").glob("*/*"):
        there = made / path.parent.name / path.name
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, there)  # not its mode: the golden files are read-only
    return made


def unet_config(widths: tuple[int, ...]) -> dict[str, Any]:
    """The configuration of a U-Net of Stable Diffusion 2's form, 64 channels an attention head."""
    return {
        "block_out_channels": widths,
        "attention_head_dim": [max(1, width // 64) for width in widths],
        "cross_attention_dim": PROMPT_WIDTH,
        "use_linear_projection": True,
        "class_embed_type": "projection",
        "projection_class_embeddings_input_dim": 4,
    }


def vae_config(widths: tuple[int, ...]) -> dict[str, Any]:
    """The configuration of an image encoder and decoder of Stable Diffusion's form."""
    return {
        "down_block_types": ["DownEncoderBlock2D"] * 4,
        "up_block_types": ["UpDecoderBlock2D"] * 4,
        "block_out_channels": widths,
        "layers_per_block": 2,
    }


def made_unet(widths: tuple[int, ...]) -> Any:
    """diffusers' U-Net of that configuration."""
    makes: Any = UNet2DConditionModel
    return makes(**unet_config(widths))


def made_vae(widths: tuple[int, ...]) -> Any:
    """diffusers' image encoder and decoder of that configuration."""
    makes: Any = AutoencoderKL
    return makes(**vae_config(widths))


def made_folder(
    folder: Path,
    widths: tuple[int, ...] = (32, 64, 32, 32),
    keypoints: int = 17,
    dtype: torch.dtype = torch.float16,
) -> Path:
    """Write a checkpoint of random numbers, without text encoder; the head reads the last block."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        parts = {
            UNET: made_unet(widths),
            VAE: made_vae(VAE_WIDTHS),
            HEAD: HeatmapHead(widths[0], keypoints),
        }
    for name, part in parts.items():
        (folder / name).parent.mkdir(parents=True)
        save_file({n: t.to(dtype) for n, t in part.state_dict().items()}, folder / name)
    for name, config in ((UNET, unet_config(widths)), (VAE, vae_config(VAE_WIDTHS))):
        (folder / name).with_name("config.json").write_text(json.dumps(config))
    return folder


def change(path: Path, how: Callable[[dict[str, Tensor]], object]) -> None:
    """Let `how` change the tensors of a safetensors file."""
    tensors = load_file(path)
    how(tensors)
    path.unlink()  # the tensors are still read from it
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)


def change_config(path: Path, **values: Any) -> None:
    """Give entries of a configuration other values; None takes one out."""
    config = {**json.loads(path.read_text()), **values}
    path.write_text(json.dumps({n: v for n, v in config.items() if v is not None}))


def ldm_unet_name(name: str) -> str:
    """The name that the latent-diffusion code gives a tensor of diffusers' U-Net.

    That code counts through all levels: its input blocks are the first convolution, then of each
    level two ResNets (each with its attention) and a downsampler; its output blocks are of each
    level three ResNets, the last with the upsampler behind it.
    """
    for new, old in _OUTER.items():
        if name.startswith(f"{new}."):
            return f"{old}{name.removeprefix(new)}"
    match = _INNER.fullmatch(name)
    assert match is not None, name
    side, level, kind, number, inner, end = match.groups()
    first, inner = 3 * int(level or 0) + int(number), _RESNET.get(inner, inner)
    if kind == "downsamplers":
        return f"input_blocks.{first + 3}.0.op.{end}"
    if kind == "upsamplers":  # the lowest level has no attention before it
        return f"output_blocks.{first + 2}.{1 if level == '0' else 2}.conv.{end}"
    if side == "mid":
        block = f"middle_block.{1 if kind == 'attentions' else 2 * int(number)}"
    else:
        block = f"input_blocks.{first + 1}" if side == "down" else f"output_blocks.{first}"
        block += ".1" if kind == "attentions" else ".0"
    return f"{block}.{inner}.{end}"


def ldm_vae_name(name: str) -> str:
    """The name that the latent-diffusion code gives a tensor of diffusers' image encoder."""
    for new, old in _VAE:
        name = re.sub(new, old, name)
    name = re.sub(r"up_blocks\.(\d)\.resnets\.", lambda m: f"up.{3 - int(m[1])}.block.", name)
    return re.sub(
        r"up_blocks\.(\d)\.upsamplers\.0\.", lambda m: f"up.{3 - int(m[1])}.upsample.", name
    )


def ldm_shape(name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape in that code: the image encoder's attention is made of 1 × 1 convolutions."""
    return (*shape, 1, 1) if ".attentions." in name and len(shape) == 2 else shape


def ldm_tensors(
    folder: Path, head: str = "model.diffusion_model.heatmap_head."
) -> dict[str, Tensor]:
    """The tensors of a checkpoint folder as ComfyUI's single file has them."""
    made = {
        f"model.diffusion_model.{ldm_unet_name(n)}": t for n, t in load_file(folder / UNET).items()
    }
    for name, tensor in load_file(folder / VAE).items():
        shape = ldm_shape(name, tuple(tensor.shape))
        made[f"first_stage_model.{ldm_vae_name(name)}"] = tensor.reshape(shape)
    return made | {f"{head}{name}": t for name, t in load_file(folder / HEAD).items()}


def flat_tensors(folder: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint folder, each part's behind a prefix."""
    parts = {"unet.": UNET, "vae.": VAE, "decoder.": HEAD}
    return {f"{p}{n}": t for p, file in parts.items() for n, t in load_file(folder / file).items()}
