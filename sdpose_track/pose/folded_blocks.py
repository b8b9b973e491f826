"""The blocks that the folded network is made of, each from diffusers' block of the same place.

Here is where timestep, class and prompt become constants (docs/adr/0011). `folding.py` puts the
blocks together.
"""

from __future__ import annotations

from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from sdpose_track.pose.network import PROMPT_TOKENS, Network

Layer = TypeVar("Layer", nn.Linear, nn.Conv2d)
QUERIES = 2048
"""Rows of the encoder's attention that a GPU computes at a time: it has one head of 512 channels,
more than fused kernels take, and whole it would be a matrix of 12288 × 12288."""


class Constants:
    """What is the same for every picture: embedding (1, E) and prompt (1, 2, C), as float64."""

    def __init__(self, network: Network) -> None:
        if network.prompt.shape[1] != PROMPT_TOKENS:
            raise ValueError(f"a prompt of {network.prompt.shape[1]} tokens cannot be folded")
        self.embedding = functional.silu(network.embedding().double())
        self.prompt = network.prompt.double()


class Residual(nn.Module):
    """Two convolutions, each after a normalisation, and the way past them."""

    def __init__(self, block: Any, constants: Constants | None = None) -> None:
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
        x = self.conv1(norm_silu(self.norm1, x))
        x = self.conv2(norm_silu(self.norm2, x))
        return x + past


class Transformer(nn.Module):
    """Self-attention, the folded prompt and a gated layer over all positions of a level."""

    def __init__(self, plain: Any, constants: Constants) -> None:
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

    def __init__(self, block: Any, constants: Constants) -> None:
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
        self.qkv = filled(
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
        self.logits = filled(nn.Linear(channels, heads, bias=False, device="meta"), logits)
        self.steps = filled(nn.Linear(heads, len(mix), device="meta"), steps.sum(dim=2), start)

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


def norm_silu(norm: nn.Module, x: Tensor) -> Tensor:
    """Return SiLU of the group norm of `x`."""
    return functional.silu(norm(x), inplace=True)


def filled(layer: Layer, weight: Tensor, bias: Tensor | None = None) -> Layer:
    """Return `layer` with these weights as float32."""
    layer.weight = _parameter(weight)
    if bias is not None:
        layer.bias = _parameter(bias)
    return layer


def _parameter(values: Tensor) -> nn.Parameter:
    return nn.Parameter(values.detach().float(), requires_grad=False)
