"""The embedding of the empty prompt: SDPose reads no other.

It comes from the checkpoint's own text encoder, once; afterwards from a file of 8 kB beside the
checkpoint, or in the user's cache where that folder cannot be written. Checkpoints without a text
encoder get the published one from `models/`.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from sdpose_track.cache import cache_folder
from sdpose_track.errors import CheckpointError
from sdpose_track.pose.network import PROMPT_TOKENS
from sdpose_track.shipped import shipped

FILE = "empty-prompt.safetensors"
_KEY = "empty_prompt"
log = logging.getLogger(__name__)


def empty_prompt(folder: Path, identity: str) -> Tensor:
    """Return the (1, 2, C) float32 embedding for the checkpoint in `folder`.

    `identity` is the checkpoint's hash. Raises CheckpointError if the text encoder is unsound.
    """
    places = (folder / FILE, cache_folder() / "prompts" / f"{identity}.safetensors")
    for place in places:
        found = _kept(place)
        if found is not None:
            return found
    if not (folder / "text_encoder").is_dir():
        return published_prompt()
    embedding = _encoded(folder)
    for place in places:
        if _keep(embedding, place):
            break
    return embedding


def published_prompt() -> Tensor:
    """Return the (1, 2, 1024) embedding that the published checkpoints' text encoder gives."""
    found = _kept(shipped(FILE))
    if found is None:
        raise CheckpointError(f"{shipped(FILE)} is missing or damaged; reinstall sdpose-track")
    return found


def _encoded(folder: Path) -> Tensor:
    """Run the checkpoint's own tokenizer and text encoder on the empty prompt."""
    from transformers import CLIPTextModel, CLIPTokenizer
    from transformers.utils import logging as chatter

    log.info("reading the empty prompt with the checkpoint's text encoder, once")
    bars = chatter.is_progress_bar_enabled()
    chatter.disable_progress_bar()
    try:
        tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
        tokens = tokenizer("", padding="do_not_pad", truncation=True, return_tensors="pt").input_ids
        encoder = CLIPTextModel.from_pretrained(
            folder / "text_encoder",
            local_files_only=True,
            use_safetensors=True,
            dtype=torch.float32,
        )
        with torch.inference_mode():
            embedding: Tensor = encoder(tokens).last_hidden_state
    except Exception as error:  # transformers raises anything at all
        raise CheckpointError(
            f"the text encoder in {folder} cannot be used ({error}); fetch the checkpoint again"
        ) from error
    finally:
        if bars:
            chatter.enable_progress_bar()
    if embedding.shape[1] != PROMPT_TOKENS:
        raise CheckpointError(
            f"the tokenizer in {folder} gives {embedding.shape[1]} tokens for the empty prompt;"
            f" SDPose's gives {PROMPT_TOKENS}"
        )
    return embedding.clone()


def _kept(path: Path) -> Tensor | None:
    try:
        with safe_open(path, framework="pt") as file:
            found: Tensor = file.get_tensor(_KEY)
    except (SafetensorError, OSError):
        return None
    sound = found.ndim == 3 and found.shape[:2] == (1, PROMPT_TOKENS) and found.isfinite().all()
    return found.float() if sound else None


def _keep(embedding: Tensor, path: Path) -> bool:
    """Write the embedding; False where that cannot be done."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file({_KEY: embedding.contiguous()}, part)
        part.replace(path)
    except (OSError, SafetensorError):
        with suppress(OSError):
            part.unlink(missing_ok=True)
        return False
    return True
