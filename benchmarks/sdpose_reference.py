"""SDPose the way its authors' code runs it, built from diffusers' and transformers' own modules.

The peer of `sdpose_gpu.py`. For each person the empty prompt is encoded again, the latent is drawn
from the encoder's distribution, the whole U-Net runs and a hook takes out the feature that the head
reads. Weights are random, of the true size or of a smaller one: time does not depend on values.

Only the peer, its weights and the counting of its work may enter here.
"""

from __future__ import annotations

import zlib
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from sdpose_track.pose.folding import FoldedNetwork
from sdpose_track.pose.network import (
    LATENT_SCALE,
    PROMPT_TOKENS,
    TIMESTEP,
    HeatmapHead,
    Network,
    class_label,
)

TOKENS = (49406, 49407)
"""Start and end: what CLIP's tokenizer makes of the empty prompt."""
SEEDS = {"unet": 501, "vae": 502, "head": 503, "text": 504}
"""Of the recipe's weights; the first three are those of the golden files of the true size."""


@dataclass(frozen=True, slots=True)
class Width:
    """How wide the network is."""

    unet: tuple[int, int, int, int]
    """Channels a level."""
    heads: tuple[int, int, int, int]
    vae: tuple[int, int, int, int]
    groups: int
    """Of all group norms."""
    text: tuple[int, int, int]
    """Channels, layers and heads of the text encoder."""


WIDTHS = {
    "full": Width(
        (320, 640, 1280, 1280), (5, 10, 20, 20), (128, 256, 512, 512), 32, (1024, 23, 16)
    ),
    "quarter": Width((80, 160, 320, 320), (1, 2, 4, 4), (32, 64, 128, 128), 16, (256, 23, 4)),
    "tiny": Width((32, 64, 64, 64), (1, 2, 2, 2), (16, 16, 32, 32), 16, (32, 2, 2)),
}
CHECKPOINTS = {"body": (17, 4), "wholebody": (133, 3)}
"""Keypoints, and after how many decoder blocks of the U-Net the head reads."""


class Reference(nn.Module):
    """The whole of it: text encoder, image encoder, U-Net and head."""

    def __init__(self, width: str, checkpoint: str) -> None:
        """Make the modules without weights, on the meta device: names in WIDTHS, CHECKPOINTS."""
        super().__init__()
        keypoints, self.tap = CHECKPOINTS[checkpoint]
        sizes = WIDTHS[width]
        with torch.device("meta"):
            self.text: Any = _text(sizes)
            self.vae: Any = _vae(sizes)
            self.unet: Any = _unet(sizes)
            self.head = HeatmapHead(sizes.unet[4 - self.tap], keypoints)
        self.eval().requires_grad_(requires_grad=False)

    def filled(self) -> Reference:
        """Return self with the recipe's float32 weights on the CPU."""
        for part, seed in SEEDS.items():
            module = getattr(self, part)
            named = {n: recipe(n, tuple(p.shape), seed) for n, p in module.named_parameters()}
            module.load_state_dict(named, assign=True)
        self.text = self.text.apply(_with_buffers)
        return self.requires_grad_(requires_grad=False)

    def prompt(self) -> Tensor:
        """Return the (1, 2, C) embedding of the empty prompt."""
        device = self.head.final_layer.weight.device
        tokens = torch.tensor([TOKENS], device=device)
        tokens = tokens % self.text.config.vocab_size
        places = torch.arange(PROMPT_TOKENS, device=device)[None]
        embedding: Tensor = self.text(tokens, position_ids=places).last_hidden_state
        return embedding

    def latent(self, pictures: Tensor, *, sample: bool = True) -> Tensor:
        """Return the (B, 4, H/8, W/8) scaled latent of (B, 3, H, W) RGB pictures in -1..1."""
        posterior = self.vae.encode(pictures).latent_dist
        drawn: Tensor = posterior.sample() if sample else posterior.mode()
        return drawn * LATENT_SCALE

    def feature(self, latent: Tensor, prompt: Tensor) -> Tensor:
        """Return the (B, C, H/8, W/8) decoder feature, while the U-Net runs to its end."""
        kept: list[Tensor] = []
        hook = self.unet.up_blocks[self.tap - 1].register_forward_hook(
            lambda _block, _given, output: kept.append(output)
        )
        try:
            self.unet(
                latent,
                torch.tensor(TIMESTEP, device=latent.device),
                prompt.expand(len(latent), -1, -1),
                class_labels=class_label().to(latent.device).expand(len(latent), -1),
            )
        finally:
            hook.remove()
        return kept[0]

    def forward(self, pictures: Tensor, *, sample: bool = True) -> Tensor:
        """Return (B, K, H/4, W/4) heatmaps of (B, 3, H, W) RGB pictures in -1..1."""
        prompt = self.prompt()
        heatmaps: Tensor = self.head(self.feature(self.latent(pictures, sample=sample), prompt))
        return heatmaps

    def folded(self, prompt: Tensor | None = None) -> FoldedNetwork:
        """Return our form of a copy, which takes the mode of the encoder's distribution.

        `prompt` is the (1, 2, C) embedding, by default that of the own text encoder.
        """
        with torch.no_grad():
            given = self.prompt() if prompt is None else prompt
            parts = (deepcopy(self.vae), deepcopy(self.unet), deepcopy(self.head))
            plain = Network(*parts, given, self.tap).requires_grad_(requires_grad=False)
            return FoldedNetwork(plain.eval())


def _with_buffers(module: nn.Module) -> None:
    """Give the buffers that are in no state a place; they number the tokens, which is not read."""
    for name, buffer in module.named_buffers(recurse=False):
        module.register_buffer(name, torch.zeros_like(buffer, device="cpu"), persistent=False)


def recipe(name: str, shape: tuple[int, ...], seed: int) -> Tensor:
    """Return the weights called `name`: the recipe of the golden files of the true size."""
    generator = np.random.Generator(np.random.PCG64(zlib.crc32(f"{seed}:{name}".encode())))
    x = generator.standard_normal(shape, dtype=np.float32)
    fan_in = np.sqrt(np.prod(shape[1:], dtype=np.float32))
    if name.endswith("bias"):
        x *= 0.02
        if name == "quant_conv.bias":
            x[len(x) // 2 :] -= 4
    elif len(shape) == 1:
        x = 1 + 0.1 * x
    elif name == "deconv_layers.0.weight":
        smooth = np.outer((0.25, 0.75, 0.75, 0.25), (0.25, 0.75, 0.75, 0.25))
        x = (x[:, :, 1:2, 1:2] * smooth + 0.1 * x) / np.sqrt(shape[0])
    else:
        x *= (0.35 if name == "final_layer.weight" else 1) / fan_in
    return torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32))


def reference_flops(width: str, checkpoint: str, size: tuple[int, int]) -> dict[str, int]:
    """Return the peer's floating point operations for a (width, height) picture, part by part."""
    model, (columns, rows) = Reference(width, checkpoint), size
    pictures = torch.empty(1, 3, rows, columns, device="meta")
    latent = torch.empty(1, 4, rows // 8, columns // 8, device="meta")
    prompt = torch.empty(1, PROMPT_TOKENS, WIDTHS[width].text[0], device="meta")
    feature = latent.new_empty(1, model.head.final_layer.in_channels, *latent.shape[2:])
    return {
        "encoder": _counted(model.latent, pictures),
        "U-Net": _counted(model.feature, latent, prompt),
        "head": _counted(model.head, feature),
        "text encoder": _counted(model.prompt),
    }


def our_flops(width: str, checkpoint: str, size: tuple[int, int]) -> dict[str, int]:
    """Return ours, part by part."""
    model, (columns, rows) = Reference(width, checkpoint).folded(), size
    pictures = torch.empty(1, 3, rows, columns, device="meta")
    latent = torch.empty(1, 4, rows // 8, columns // 8, device="meta")
    with torch.no_grad():
        feature = model.unet(latent)
    return {
        "encoder": _counted(model.encoder, pictures, None),
        "U-Net": _counted(model.unet, latent),
        "head": _counted(model.head, feature),
        "text encoder": 0,
    }


def _counted(work: Any, *given: Any) -> int:
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        work(*given)
    return int(counter.get_total_flops())


def _unet(sizes: Width) -> Any:
    import diffusers

    make: Any = diffusers.UNet2DConditionModel
    return make(
        block_out_channels=sizes.unet,
        attention_head_dim=sizes.heads,  # their number, despite the name
        norm_num_groups=sizes.groups,
        cross_attention_dim=sizes.text[0],
        use_linear_projection=True,
        class_embed_type="projection",
        projection_class_embeddings_input_dim=4,
    )


def _vae(sizes: Width) -> Any:
    import diffusers

    make: Any = diffusers.AutoencoderKL
    return make(
        block_out_channels=sizes.vae,
        layers_per_block=2,
        latent_channels=4,
        norm_num_groups=sizes.groups,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
    )


def _text(sizes: Width) -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel

    channels, layers, heads = sizes.text
    return CLIPTextModel(
        CLIPTextConfig(
            hidden_size=channels,
            intermediate_size=4 * channels,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            hidden_act="gelu",
        )
    )
