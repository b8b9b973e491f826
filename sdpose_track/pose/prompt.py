"""The embedding of the empty prompt: SDPose reads no other.

It comes from the checkpoint's own text encoder, once; afterwards from a file of 8 kB beside the
checkpoint, or in the user's cache where that folder cannot be written. Checkpoints without a text
encoder get the published one from `models/`.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from sdpose_track.cache import cache_folder, known_sha256
from sdpose_track.detect.restraint import restrained
from sdpose_track.errors import CheckpointError
from sdpose_track.pose.network import PROMPT_TOKENS
from sdpose_track.pose.tensor_files import first_line
from sdpose_track.pose.weights import config
from sdpose_track.shipped import shipped

FILE = "empty-prompt.safetensors"
_KEY, _ORIGIN = "empty_prompt", "made_from"
_NEEDED = (
    "text_encoder/config.json",
    "text_encoder/model.safetensors",
    "tokenizer/vocab.json",
    "tokenizer/merges.txt",
)
"""Without them transformers would go on with what it makes up."""
HEEDED = (
    "bos_token_id", "eos_token_id", "hidden_act", "hidden_size", "intermediate_size",
    "layer_norm_eps", "max_position_embeddings", "num_attention_heads", "num_hidden_layers",
    "pad_token_id", "projection_dim", "vocab_size",
)  # fmt: skip
"""Of the text encoder's configuration. The rest of a stranger's could name code on the Hub that is
to compute attention, or another file to load."""
log = logging.getLogger(__name__)


def empty_prompt(folder: Path, identity: str) -> Tensor:
    """Return the (1, 2, C) float32 embedding for the checkpoint in `folder`.

    `identity` is the checkpoint's hash. Raises CheckpointError if the text encoder is unsound.
    """
    places = (folder / FILE, cache_folder() / "prompts" / f"{identity}.safetensors")
    origin = _origin(folder)
    for place in places:
        found = _kept(place, origin)
        if found is not None:
            return found
    if not (folder / "text_encoder").is_dir():
        return published_prompt()
    embedding = _encoded(folder)
    for place in places:
        if _keep(embedding, place, origin or ""):
            break
    return embedding


def _origin(folder: Path) -> str | None:
    """Return the hash of what the embedding is made from; None if the text encoder is not there."""
    files = [folder / name for name in _NEEDED if (folder / name).is_file()]
    if len(files) < len(_NEEDED):
        return None
    return hashlib.sha256("".join(known_sha256(file) for file in files).encode()).hexdigest()


def published_prompt() -> Tensor:
    """Return the (1, 2, 1024) embedding that the published checkpoints' text encoder gives."""
    found = _kept(shipped(FILE))
    if found is None:
        raise CheckpointError(f"{shipped(FILE)} is missing or damaged; reinstall sdpose-track")
    return found


def _encoded(folder: Path) -> Tensor:
    """Run the checkpoint's own tokenizer and text encoder on the empty prompt."""
    missing = [name for name in _NEEDED if not (folder / name).is_file()]
    if missing:
        raise CheckpointError(f"{folder / missing[0]} is missing; fetch the checkpoint again")
    told = config(folder / "text_encoder/config.json")
    log.info("reading the empty prompt with the checkpoint's text encoder, once")
    try:
        with _quiet(), restrained():
            embedding, unfit = _run(folder, told)
    except Exception as error:  # transformers raises anything at all
        raise CheckpointError(
            f"the text encoder in {folder} cannot be used ({first_line(error)});"
            " fetch the checkpoint again"
        ) from error
    if unfit:
        raise CheckpointError(
            f"the text encoder in {folder} lacks {min(unfit)}, or has it in another shape than its"
            " configuration says; fetch the checkpoint again"
        )
    if not _is_sound(embedding):
        raise CheckpointError(
            f"the text encoder in {folder} gives no sound embedding of the empty prompt;"
            " fetch the checkpoint again"
        )
    return embedding


def _run(folder: Path, told: dict[str, Any]) -> tuple[Tensor, set[str]]:
    """Return the embedding, and the names of tensors that transformers had to make up for it.

    `told` is the configuration of the text encoder.
    """
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    wanted = CLIPTextConfig(**{name: told[name] for name in HEEDED if name in told})
    with torch.device("meta"):
        size = CLIPTextModel(wanted).num_parameters()
    if size > (folder / "text_encoder/model.safetensors").stat().st_size:
        raise ValueError(f"its configuration wants {size} numbers, more than its file can hold")
    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
    tokens = tokenizer("", padding="do_not_pad", truncation=True, return_tensors="pt").input_ids
    loaded: Any = CLIPTextModel.from_pretrained(
        folder / "text_encoder",
        local_files_only=True,
        use_safetensors=True,
        config=wanted,
        dtype=torch.float32,
        ignore_mismatched_sizes=True,  # they are in the report
        output_loading_info=True,
    )
    encoder, report = loaded
    with torch.inference_mode():
        embedding: Tensor = encoder(tokens).last_hidden_state
    unfit = {*report["missing_keys"], *(name for name, *_ in report["mismatched_keys"])}
    return embedding.clone(), unfit


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers from writing bars and tables between our messages."""
    from transformers.utils import logging as chatter

    bars, verbosity = chatter.is_progress_bar_enabled(), chatter.get_verbosity()
    chatter.disable_progress_bar()
    chatter.set_verbosity(logging.CRITICAL)
    try:
        yield
    finally:
        chatter.set_verbosity(verbosity)
        if bars:
            chatter.enable_progress_bar()


def _kept(path: Path, origin: str | None = None) -> Tensor | None:
    """Return the embedding in `path` if it is sound, and made from `origin` where that is known."""
    try:
        with safe_open(path, framework="pt") as file:
            if origin not in (None, (file.metadata() or {}).get(_ORIGIN)):
                return None
            found: Tensor = file.get_tensor(_KEY)
    except (SafetensorError, OSError):
        return None
    return found.float() if _is_sound(found) else None


def _is_sound(embedding: Tensor) -> bool:
    right = embedding.ndim == 3 and embedding.shape[:2] == (1, PROMPT_TOKENS)
    return right and bool(embedding.isfinite().all())


def _keep(embedding: Tensor, path: Path, origin: str) -> bool:
    """Write the embedding; False where that cannot be done."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file({_KEY: embedding.contiguous()}, part, {_ORIGIN: origin})
        part.replace(path)
    except (OSError, SafetensorError):
        with suppress(OSError):
            part.unlink(missing_ok=True)
        return False
    return True
