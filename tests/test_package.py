"""What an installed package holds: every room of the code, and the manifest of the models."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_every_package_of_the_code_is_installed() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    there = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for top in ("sdpose_track", "ui")
        for path in (ROOT / top).rglob("__init__.py")
    }
    assert set(settings["tool"]["setuptools"]["packages"]) == there | {"sdpose_track._models"}


def test_versions_are_written_once_each() -> None:
    import sdpose_track

    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["project"]["version"] == sdpose_track.__version__


def test_constraints_name_versions_and_nothing_else() -> None:
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        name, _, version = line.partition("==")
        assert name
        assert version
        assert "/" not in line
        assert "@" not in line


def test_every_data_file_beside_the_code_is_installed() -> None:
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "setuptools"
    ]
    kept = {"models": tool["package-data"]["sdpose_track._models"],
            **{top: tool["package-data"][top] for top in ("sdpose_track", "ui")}}  # fmt: skip
    for top, patterns in kept.items():
        installed = {path for pattern in patterns for path in (ROOT / top).glob(pattern)}
        there = {path for path in (ROOT / top).rglob("*") if path.is_file() and _is_data(path)}
        assert there == installed


def _is_data(path: Path) -> bool:
    """Return whether a file is neither code nor weights that somebody put there."""
    if path.suffix == ".safetensors":
        return path.name == "empty-prompt.safetensors"
    return path.suffix not in (".py", ".pyc", ".pt", ".onnx")
