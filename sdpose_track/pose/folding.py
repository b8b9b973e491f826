"""The form of SDPose that runs: the same function as `network.Network`, with the constants folded.

Exact in real arithmetic (docs/adr/0011):

- timestep and class are constants, so each residual block's share of them is a bias;
- the prompt is two constant tokens, so cross-attention is `B·sigmoid(A·x) + c` a head;
- the encoder's mean is linear in its last feature, so two convolutions and the scale become one;
- what normalisation takes away (the head's inner bias) and what nobody reads is not computed.

Only modules whose weights are made from a `Network` may enter here.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from sdpose_track.pose.folded_blocks import (
    Constants,
    PictureAttention,
    Residual,
    Transformer,
    filled,
    norm_silu,
)
from sdpose_track.pose.network import LATENT_SCALE, HeatmapHead, Network


class FoldedNetwork(nn.Module):
    """SDPose from pictures to heatmaps."""

    def __init__(self, network: Network, *, sample: bool = False) -> None:
        """Fold `network`, whose weights are shared and which must not be used any more.

        With `sample` the forward pass needs noise, without it takes the encoder's mode.
        """
        super().__init__()
        self.encoder = Encoder(network, sample=sample)
        self.unet = Unet(network)
        self.head = Head(network.head)

    def forward(self, pictures: Tensor, noise: Tensor | None = None) -> Tensor:
        """Return (B, K, H/4, W/4) heatmaps of (B, 3, H, W) RGB pictures in -1..1.

        `noise` (B, 4, H/8, W/8), standard normal, if the network was folded to sample.
        """
        return self.head(self.unet(self.encoder(pictures, noise)))


class Encoder(nn.Module):
    """Pictures to scaled latents."""

    def __init__(self, network: Network, *, sample: bool) -> None:
        super().__init__()
        plain: Any = network.encoder
        self.conv_in = plain.conv_in
        self.levels = nn.ModuleList()
        self.downs = nn.ModuleList()
        for block in plain.down_blocks:
            self.levels.append(nn.Sequential(*(Residual(r) for r in block.resnets)))
            self.downs.append(block.downsamplers[0].conv if block.downsamplers else nn.Identity())
        first, last = plain.mid_block.resnets
        attention = plain.mid_block.attentions[0]
        self.middle = nn.Sequential(Residual(first), PictureAttention(attention), Residual(last))
        self.norm = plain.conv_norm_out
        self.out = _moments(plain.conv_out, network.quant_conv, sample=sample)
        self.samples = sample

    def forward(self, pictures: Tensor, noise: Tensor | None) -> Tensor:
        """Return (B, 4, H/8, W/8) latents."""
        x = self.conv_in(pictures)
        for residuals, down in zip(self.levels, self.downs, strict=True):
            x = residuals(x)
            if isinstance(down, nn.Conv2d):
                x = down(functional.pad(x, (0, 1, 0, 1)))
        x = self.out(norm_silu(self.norm, self.middle(x)))
        if not self.samples:
            return x
        assert noise is not None
        mean, log_variance = x.float().chunk(2, dim=1)
        spread = torch.exp(0.5 * log_variance.clamp(-30, 20))
        return ((mean + spread * noise) * LATENT_SCALE).to(x.dtype)


def _moments(conv: nn.Conv2d, quant: nn.Conv2d, *, sample: bool) -> nn.Conv2d:
    """Return one convolution for two: to mean and log-variance, or to the scaled mean alone."""
    assert conv.bias is not None
    assert quant.bias is not None
    mix, scale = quant.weight.double().flatten(1), 1.0
    bias = mix @ conv.bias.double() + quant.bias.double()
    if not sample:
        mix, bias, scale = mix[: len(mix) // 2], bias[: len(bias) // 2], LATENT_SCALE
    weight = torch.einsum("oi,ikhw->okhw", mix, conv.weight.double())
    folded = nn.Conv2d(conv.in_channels, len(mix), 3, padding=1, device="meta")
    return filled(folded, weight * scale, bias * scale)


class Unet(nn.Module):
    """Latents to the decoder feature that the head reads."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        plain, constants = network.unet, Constants(network)
        self.conv_in = plain.conv_in
        self.downs = nn.ModuleList(Down(block, constants) for block in plain.down_blocks)
        self.middle = Middle(plain.mid_block, constants)
        self.ups = nn.ModuleList(Up(block, constants) for block in plain.up_blocks)

    def forward(self, latent: Tensor) -> Tensor:
        """Return a (B, C, h, w) feature of a (B, 4, h, w) latent."""
        x = self.conv_in(latent)
        skips = [x]
        for down in self.downs:
            x = down(x, skips)
        x = self.middle(x)
        for up in self.ups:
            x = up(x, skips)
        return x


class Down(nn.Module):
    """One level of the U-Net's encoder."""

    def __init__(self, block: Any, constants: Constants) -> None:
        super().__init__()
        self.layers = nn.ModuleList(_layers(block, constants))
        self.down = block.downsamplers[0].conv if block.downsamplers else None

    def forward(self, x: Tensor, skips: list[Tensor]) -> Tensor:
        """Return the level's output; each state is put on `skips`."""
        for layer in self.layers:
            x = layer(x)
            skips.append(x)
        if self.down is not None:
            x = self.down(x)
            skips.append(x)
        return x


class Middle(nn.Module):
    """The U-Net's turning point."""

    def __init__(self, block: Any, constants: Constants) -> None:
        super().__init__()
        first, last = block.resnets
        attention = Transformer(block.attentions[0], constants)
        self.layers = nn.Sequential(
            Residual(first, constants), attention, Residual(last, constants)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, C, h, w) for the same."""
        return self.layers(x)


class Up(nn.Module):
    """One level of the U-Net's decoder."""

    def __init__(self, block: Any, constants: Constants) -> None:
        super().__init__()
        self.layers = nn.ModuleList(_layers(block, constants))
        self.up = block.upsamplers[0].conv if block.upsamplers else None

    def forward(self, x: Tensor, skips: list[Tensor]) -> Tensor:
        """Return the level's output; the states are taken from `skips`."""
        for layer in self.layers:
            x = layer(torch.cat([x, skips.pop()], dim=1))
        if self.up is not None:
            x = self.up(functional.interpolate(x, size=skips[-1].shape[2:], mode="nearest"))
        return x


def _layers(block: Any, constants: Constants) -> list[nn.Sequential]:
    """Return a level's pairs of residual block and, where there is one, transformer."""
    transformers = getattr(block, "attentions", ())
    layers = []
    for residual, transformer in zip_longest(block.resnets, transformers):
        parts: list[nn.Module] = [Residual(residual, constants)]
        if transformer is not None:
            parts.append(Transformer(transformer, constants))
        layers.append(nn.Sequential(*parts))
    return layers


class Head(nn.Module):
    """The pose head; the bias that the second normalisation takes away is left out."""

    def __init__(self, plain: HeatmapHead) -> None:
        super().__init__()
        (self.up,) = plain.deconv_layers
        (mix,) = plain.conv_layers
        assert isinstance(mix, nn.Conv2d)
        bare = nn.Conv2d(mix.in_channels, mix.out_channels, 1, bias=False, device="meta")
        self.mix, self.final = filled(bare, mix.weight), plain.final_layer

    def forward(self, feature: Tensor) -> Tensor:
        """Return (B, K, 2h, 2w) float32 heatmaps of a (B, C, h, w) feature."""
        x = _instance_norm_silu(self.up(feature))
        return self.final(_instance_norm_silu(self.mix(x))).float()


def _instance_norm_silu(x: Tensor) -> Tensor:
    """Normalise each map of each picture, with statistics in float32 whatever `x` is."""
    whole = x.float()
    variance, mean = torch.var_mean(whole, dim=(2, 3), correction=0, keepdim=True)
    return functional.silu((whole - mean) * torch.rsqrt(variance + 1e-5)).to(x.dtype)
