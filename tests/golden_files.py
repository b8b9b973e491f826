"""Tensors made by SDPose's reference code: small ones in tests/golden, others in ../shared."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

PLACES = (Path(__file__).parent / "golden", Path(__file__).resolve().parents[2] / "shared/golden")


def golden(name: str) -> Path:
    """Return the path of a golden file or folder; the test is skipped where it is absent."""
    for place in PLACES:
        if (place / name).exists():
            return place / name
    pytest.skip(f"the golden file {name} (../shared/golden) is not beside this checkout")


def arrays(name: str) -> dict[str, npt.NDArray[np.generic]]:
    """Return the arrays of a golden npz file by name."""
    with np.load(golden(name)) as file:
        return {key: file[key] for key in file.files}


def tensor(values: Any) -> Tensor:
    return torch.from_numpy(np.asarray(values, np.float32))


def recipe(name: str, shape: tuple[int, ...], seed: int) -> Tensor:
    """The weights that golden/README.md makes from a name."""
    source = np.random.Generator(np.random.PCG64(zlib.crc32(f"{seed}:{name}".encode())))
    x = source.standard_normal(shape, dtype=np.float32)
    fan_in = int(np.prod(shape[1:]))
    if name.endswith("bias"):
        x *= 0.02
        if name == "quant_conv.bias":
            x[len(x) // 2 :] -= 4
    elif len(shape) == 1:
        x = 1 + np.float32(0.1) * x
    elif name == "deconv_layers.0.weight":
        p = np.array([0.25, 0.75, 0.75, 0.25], np.float32)
        x = (x[:, :, 1:2, 1:2] * np.outer(p, p) + np.float32(0.1) * x) / np.sqrt(shape[0])
    else:
        x = x * np.float32(0.35 if name == "final_layer.weight" else 1) / np.sqrt(fan_in)
    return tensor(x)
