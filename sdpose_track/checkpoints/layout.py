"""The folder layout that SDPose is published in, and the one hash that stands for such a folder.

    unet/config.json, unet/diffusion_pytorch_model.safetensors, vae/ likewise
    decoder/decoder.safetensors
    text_encoder/config.json, text_encoder/model.safetensors, tokenizer/vocab.json and others
    scheduler/scheduler_config.json, from which nothing is computed

Only names and bytes of files enter here; what is in them is the loader's business.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from sdpose_track.errors import CheckpointError

UNET = "unet/diffusion_pytorch_model.safetensors"
VAE = "vae/diffusion_pytorch_model.safetensors"
HEAD = "decoder/decoder.safetensors"
NEEDED = ("unet/config.json", UNET, "vae/config.json", VAE, HEAD)
"""What a folder must have to be an SDPose checkpoint."""
_PARTS = ("decoder", "text_encoder", "tokenizer", "unet", "vae")
_KINDS = (".json", ".safetensors", ".txt")


def files_of(folder: Path) -> list[str]:
    """Return the files of an SDPose folder that its numbers depend on, as relative paths.

    Raises CheckpointError if the folder lacks one of `NEEDED` or cannot be read.
    """
    try:
        absent = [name for name in NEEDED if not (folder / name).is_file()]
        if absent:
            there = sorted(p.name for p in folder.iterdir()) or ["nothing"]
            raise CheckpointError(
                f"{folder} is no SDPose checkpoint: it has {some(there)} and lacks {some(absent)};"
                " give the folder that has unet, vae and decoder in it"
            )
        within = [p for part in _PARTS for p in (folder / part).glob("*") if p.is_file()]
    except OSError as error:
        raise CheckpointError(f"{folder} cannot be read: {error.strerror}") from error
    return [name for p in within if _matters(name := p.relative_to(folder).as_posix())]


def identity(digests: Mapping[str, str]) -> str:
    """Return the sha256 that stands for a folder, from the sha256 of its files by relative path.

    What counts is what the numbers depend on: every .json, .safetensors and .txt file right in
    unet/, vae/, decoder/, text_encoder/ and tokenizer/ (the last two make the embedding of the
    empty prompt). It is the sha256 of what `sha256sum FILE... | LC_ALL=C sort -k 2` prints.
    """
    lines = (f"{digests[path]}  {path}\n" for path in sorted(digests) if _matters(path))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def some(names: Sequence[str], most: int = 5) -> str:
    """Return the first few names, at most `most`, for a sentence."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _matters(path: str) -> bool:
    given = PurePosixPath(path)
    inside = len(given.parts) == 2 and given.parts[0] in _PARTS
    return inside and given.suffix in _KINDS and not given.name.startswith(".")
