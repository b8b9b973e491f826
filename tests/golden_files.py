"""Tensors made by SDPose's reference code: small ones in tests/golden, others in ../shared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

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
