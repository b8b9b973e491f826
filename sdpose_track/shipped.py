"""Where the small data files of models/ lie: in the checkout, or inside the installed package."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent
_FOLDERS = (_HERE.parent / "models", _HERE / "_models")


def shipped(name: str) -> Path:
    """Return the path of a file of models/; of where it should be if it is nowhere."""
    return next((f / name for f in _FOLDERS if (f / name).is_file()), _FOLDERS[0] / name)
