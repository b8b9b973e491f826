"""SDPose as it was published: diffusers' modules, one explicit forward pass, no hooks.

Source: SDPose, arXiv 2509.24980. A picture of one person goes through Stable Diffusion 2's image
encoder and, at one fixed timestep, through its U-Net as far as the decoder feature that the pose
head reads; the head gives a heatmap a keypoint. Nothing is noised and nothing is iterated.

This is the plain form, which says what the model is. `folding.py` makes from it the form that runs.
Only what defines the network may enter here: no files, devices or pictures.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

TIMESTEP = 999
CLASS_VALUES = (1.0, 0.0)
"""The task switch of Lotus, from which SDPose was trained: this one is dense prediction."""
LATENT_SCALE = 0.18215
"""Stable Diffusion's, fixed in SDPose's code whatever the encoder's own file says."""
PROMPT_TOKENS = 2
"""The empty prompt is its start and end token; it is not padded."""


class HeatmapHead(nn.Module):
    """The pose head: doubles the size, mixes channels twice, gives one map a keypoint.

    Names of parameters are those of `decoder/decoder.safetensors`.
    """

    def __init__(self, channels: int, keypoints: int) -> None:
        """Read features of `channels` channels, give `keypoints` maps."""
        super().__init__()
        up = nn.ConvTranspose2d(channels, channels, 4, stride=2, padding=1, bias=False)
        self.deconv_layers = nn.ModuleList([up])
        self.conv_layers = nn.ModuleList([nn.Conv2d(channels, channels, 1)])
        self.final_layer = nn.Conv2d(channels, keypoints, 1)

    def forward(self, feature: Tensor) -> Tensor:
        """Return (B, K, 2h, 2w) heatmaps, unbounded, of a (B, C, h, w) feature."""
        x = functional.silu(functional.instance_norm(self.deconv_layers[0](feature)))
        x = functional.silu(functional.instance_norm(self.conv_layers[0](x)))
        return self.final_layer(x)


class Network(nn.Module):
    """Encoder, U-Net as far as it is needed, and head."""

    prompt: Tensor

    def __init__(
        self,
        vae: Any,
        unet: Any,
        head: HeatmapHead,
        prompt: Tensor,
        up_blocks: int,
    ) -> None:
        """Put the parts together; what no forward pass reaches is dropped.

        `vae` is diffusers' AutoencoderKL, `unet` its UNet2DConditionModel: without annotations.
        `prompt` (1, 2, C) is the embedding of the empty prompt; `up_blocks` says after how many
        of the U-Net's four decoder blocks the head reads: 4 for the body, 3 for the whole body.
        """
        super().__init__()
        self.encoder: Any = vae.encoder
        self.quant_conv: Any = vae.quant_conv
        self.unet: Any = unet
        self.unet.up_blocks = unet.up_blocks[:up_blocks]
        del self.unet.conv_norm_out, self.unet.conv_out
        self.head = head
        self.register_buffer("prompt", prompt, persistent=False)

    @property
    def keypoints(self) -> int:
        """K."""
        return self.head.final_layer.out_channels

    def forward(self, pictures: Tensor, noise: Tensor | None = None) -> Tensor:
        """Return (B, K, H/4, W/4) heatmaps of (B, 3, H, W) RGB pictures in -1..1.

        `noise` (B, 4, H/8, W/8), standard normal, samples the encoder's distribution; without it
        its mode is taken.
        """
        return self.head(self.feature(self.latent(pictures, noise)))

    def latent(self, pictures: Tensor, noise: Tensor | None = None) -> Tensor:
        """Return the (B, 4, H/8, W/8) scaled latent of (B, 3, H, W) pictures."""
        mean, log_variance = self.moments(pictures)
        if noise is not None:
            mean = mean + torch.exp(0.5 * log_variance) * noise
        return mean * LATENT_SCALE

    def moments(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance of the encoder's distribution, (B, 4, H/8, W/8) each."""
        mean, log_variance = self.quant_conv(self.encoder(pictures)).chunk(2, dim=1)
        return mean, log_variance.clamp(-30, 20)

    def embedding(self) -> Tensor:
        """Return the (1, E) embedding of timestep and class, the same for every picture."""
        unet = self.unet
        like = self.prompt
        time = unet.time_proj(torch.tensor([TIMESTEP], device=like.device)).to(like.dtype)
        return unet.time_embedding(time) + unet.class_embedding(class_label().to(like))

    def feature(self, latent: Tensor) -> Tensor:
        """Return the (B, C, H/8, W/8) decoder feature of a (B, 4, H/8, W/8) scaled latent."""
        unet, prompt = self.unet, self.prompt.expand(len(latent), -1, -1)
        embedding = self.embedding().expand(len(latent), -1)
        x = unet.conv_in(latent)
        skips = [x]
        for block in unet.down_blocks:
            x, states = block(x, embedding, encoder_hidden_states=prompt)
            skips.extend(states)
        x = unet.mid_block(x, embedding, encoder_hidden_states=prompt)
        for block in unet.up_blocks:
            count = len(block.resnets)
            states, skips = tuple(skips[-count:]), skips[:-count]
            size = skips[-1].shape[2:] if skips else None
            x = block(x, states, embedding, encoder_hidden_states=prompt, upsample_size=size)
        return x


def class_label() -> Tensor:
    """Return the (1, 4) label that goes into the class embedding."""
    values = torch.tensor([CLASS_VALUES])
    return torch.cat([values.sin(), values.cos()], dim=1)
