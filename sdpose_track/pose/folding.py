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
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from sdpose_track.pose.network import LATENT_SCALE, PROMPT_TOKENS, HeatmapHead, Network

Layer = TypeVar("Layer", nn.Linear, nn.Conv2d)

QUERIES = 2048
"""Rows of the encoder's attention that a GPU computes at a time: it has one head of 512 channels,
more than fused kernels take, and whole it would be a matrix of 12288 × 12288."""


class FoldedNetwork(nn.Module):
    """SDPose from pictures to heatmaps."""

    def __init__(self, network: Network, *, sample: bool = False) -> None:
        """Fold `network`, whose weights are shared and which must not be used any more.

        With `sample` the forward pass needs noise, without it takes the encoder's mode.
        """
        super().__init__()
        self.keypoints = network.keypoints
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
        x = self.out(_norm_silu(self.norm, self.middle(x)))
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
    return _filled(folded, weight * scale, bias * scale)


class Unet(nn.Module):
    """Latents to the decoder feature that the head reads."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        plain, constants = network.unet, _Constants(network)
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


class _Constants:
    """What is the same for every picture: embedding (1, E) and prompt (1, 2, C), as float64."""

    def __init__(self, network: Network) -> None:
        if network.prompt.shape[1] != PROMPT_TOKENS:
            raise ValueError(f"a prompt of {network.prompt.shape[1]} tokens cannot be folded")
        self.embedding = functional.silu(network.embedding().double())
        self.prompt = network.prompt.double()


class Down(nn.Module):
    """One level of the U-Net's encoder."""

    def __init__(self, block: Any, constants: _Constants) -> None:
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

    def __init__(self, block: Any, constants: _Constants) -> None:
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

    def __init__(self, block: Any, constants: _Constants) -> None:
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


def _layers(block: Any, constants: _Constants) -> list[nn.Sequential]:
    """Return a level's pairs of residual block and, where there is one, transformer."""
    transformers = getattr(block, "attentions", ())
    layers = []
    for residual, transformer in zip_longest(block.resnets, transformers):
        parts: list[nn.Module] = [Residual(residual, constants)]
        if transformer is not None:
            parts.append(Transformer(transformer, constants))
        layers.append(nn.Sequential(*parts))
    return layers


class Residual(nn.Module):
    """Two convolutions, each after a normalisation, and the way past them."""

    def __init__(self, block: Any, constants: _Constants | None = None) -> None:
        super().__init__()
        self.norm1, self.conv1 = block.norm1, block.conv1
        self.norm2, self.conv2 = block.norm2, block.conv2
        self.past = block.conv_shortcut
        if constants is not None:
            share = block.time_emb_proj
            added = functional.linear(
                constants.embedding, share.weight.double(), share.bias.double()
            )
            self.conv1.bias = _parameter(block.conv1.bias.double() + added[0])

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, C', h, w) of a (B, C, h, w)."""
        past = x if self.past is None else self.past(x)
        x = self.conv1(_norm_silu(self.norm1, x))
        x = self.conv2(_norm_silu(self.norm2, x))
        return x + past


class Transformer(nn.Module):
    """Self-attention, the folded prompt and a gated layer over all positions of a level."""

    def __init__(self, plain: Any, constants: _Constants) -> None:
        super().__init__()
        self.norm, self.proj_in, self.proj_out = plain.norm, plain.proj_in, plain.proj_out
        self.blocks = nn.Sequential(
            *(TransformerBlock(block, constants) for block in plain.transformer_blocks)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, C, h, w) for the same."""
        batch, channels, height, width = x.shape
        tokens = self.norm(x).permute(0, 2, 3, 1).reshape(batch, height * width, channels)
        tokens = self.proj_out(self.blocks(self.proj_in(tokens)))
        return x + tokens.reshape(batch, height, width, channels).permute(0, 3, 1, 2)


class TransformerBlock(nn.Module):
    """One block of it, on (B, N, C) tokens."""

    def __init__(self, block: Any, constants: _Constants) -> None:
        super().__init__()
        self.norm1, self.norm2, self.norm3 = block.norm1, block.norm2, block.norm3
        self.attention = SelfAttention(block.attn1)
        self.prompt = FoldedPrompt(block.attn2, constants.prompt)
        gate, _, out = block.ff.net
        self.gate, self.out = gate.proj, out

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, N, C) for the same."""
        x = x + self.attention(self.norm1(x))
        x = x + self.prompt(self.norm2(x))
        value, gate = self.gate(self.norm3(x)).chunk(2, dim=-1)
        return x + self.out(value * functional.gelu(gate))


class SelfAttention(nn.Module):
    """Attention of all positions to all, with one product for queries, keys and values."""

    def __init__(self, plain: Any) -> None:
        super().__init__()
        self.heads = plain.heads
        weight = torch.cat([plain.to_q.weight, plain.to_k.weight, plain.to_v.weight])
        self.qkv = _filled(
            nn.Linear(weight.shape[1], len(weight), bias=False, device="meta"), weight
        )
        self.out = plain.to_out[0]

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, N, C) for the same."""
        batch, count, channels = x.shape
        qkv = self.qkv(x).view(batch, count, 3, self.heads, channels // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)  # (B, heads, N, C / heads) each
        mixed = functional.scaled_dot_product_attention(query, key, value)
        return self.out(mixed.transpose(1, 2).reshape(batch, count, channels))


class FoldedPrompt(nn.Module):
    """Cross-attention to two constant tokens: a sigmoid a head chooses between two vectors."""

    def __init__(self, plain: Any, prompt: Tensor) -> None:
        """Fold `plain` for a (1, 2, C) float64 `prompt`."""
        super().__init__()
        (keys,) = prompt @ plain.to_k.weight.double().T
        (values,) = prompt @ plain.to_v.weight.double().T
        query, out = plain.to_q.weight.double(), plain.to_out[0]
        inner, channels = query.shape
        heads, size = plain.heads, inner // plain.heads
        apart = ((keys[0] - keys[1]) * plain.scale).view(heads, size, 1)
        logits = (apart * query.view(heads, size, channels)).sum(dim=1)
        mix = out.weight.double()
        steps = mix.view(-1, heads, size) * (values[0] - values[1]).view(heads, size)
        start = mix @ values[1] + out.bias.double()
        self.logits = _filled(nn.Linear(channels, heads, bias=False, device="meta"), logits)
        self.steps = _filled(nn.Linear(heads, len(mix), device="meta"), steps.sum(dim=2), start)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, N, C) for the same."""
        return self.steps(torch.sigmoid(self.logits(x)))


class PictureAttention(nn.Module):
    """The encoder's attention: all positions to all, with one wide head."""

    def __init__(self, plain: Any) -> None:
        super().__init__()
        self.norm = plain.group_norm
        self.query, self.key, self.value = plain.to_q, plain.to_k, plain.to_v
        self.out = plain.to_out[0]

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, C, h, w) for the same."""
        batch, channels, height, width = x.shape
        tokens = self.norm(x).permute(0, 2, 3, 1).reshape(batch, height * width, channels)
        query, key, value = self.query(tokens), self.key(tokens), self.value(tokens)
        attend = attend_in_rows if x.is_cuda else functional.scaled_dot_product_attention
        mixed = self.out(attend(query, key, value))
        return x + mixed.reshape(batch, height, width, channels).permute(0, 3, 1, 2)


def attend_in_rows(query: Tensor, key: Tensor, value: Tensor, rows: int = QUERIES) -> Tensor:
    """Return the attention of (B, N, C) queries to keys and values, `rows` queries at a time."""
    # bf16 would round logits to a few hundredths; fp16 holds what bf16 factors give to thousandths
    exact = torch.float16 if query.dtype == torch.bfloat16 else query.dtype
    keys = (key.to(exact) * key.shape[-1] ** -0.5).transpose(1, 2)
    parts = [
        torch.softmax(part @ keys, dim=-1, dtype=torch.float32).to(value.dtype) @ value
        for part in query.to(exact).split(rows, dim=1)
    ]
    return torch.cat(parts, dim=1)


class Head(nn.Module):
    """The pose head; the bias that the second normalisation takes away is left out."""

    def __init__(self, plain: HeatmapHead) -> None:
        super().__init__()
        (self.up,) = plain.deconv_layers
        (mix,) = plain.conv_layers
        assert isinstance(mix, nn.Conv2d)
        bare = nn.Conv2d(mix.in_channels, mix.out_channels, 1, bias=False, device="meta")
        self.mix, self.final = _filled(bare, mix.weight), plain.final_layer

    def forward(self, feature: Tensor) -> Tensor:
        """Return (B, K, 2h, 2w) float32 heatmaps of a (B, C, h, w) feature."""
        x = _instance_norm_silu(self.up(feature))
        return self.final(_instance_norm_silu(self.mix(x))).float()


def _instance_norm_silu(x: Tensor) -> Tensor:
    """Normalise each map of each picture, with statistics in float32 whatever `x` is."""
    whole = x.float()
    variance, mean = torch.var_mean(whole, dim=(2, 3), correction=0, keepdim=True)
    return functional.silu((whole - mean) * torch.rsqrt(variance + 1e-5)).to(x.dtype)


def _norm_silu(norm: nn.Module, x: Tensor) -> Tensor:
    return functional.silu(norm(x), inplace=True)


def _filled(layer: Layer, weight: Tensor, bias: Tensor | None = None) -> Layer:
    layer.weight = _parameter(weight)
    if bias is not None:
        layer.bias = _parameter(bias)
    return layer


def _parameter(values: Tensor) -> nn.Parameter:
    return nn.Parameter(values.detach().float(), requires_grad=False)
