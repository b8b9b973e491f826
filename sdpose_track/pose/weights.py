"""From files to a `Network`: which tensors go where, and whether these are SDPose's at all.

Read are the folder layout of the published checkpoints and single files (`single_file.py`), only as
safetensors, in the float types of `FLOATS`. Nothing is loaded before names, shapes and types have
been compared: what a file is instead, its message says. Whether a file is the published one is the
business of `sdpose_track.checkpoints`.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sdpose_track.checkpoints.layout import HEAD, UNET, VAE, some
from sdpose_track.errors import CheckpointError
from sdpose_track.pose.network import PROMPT_TOKENS, HeatmapHead, Network
from sdpose_track.pose.tensor_files import Tensors, first_line
from sdpose_track.skeletons import SKELETONS, Skeleton

FLOATS = ("F32", "F16", "BF16")
"""The types of tensors that are read, as safetensors calls them; all become float32."""
LEVELS = 4
"""Of the U-Net's resolutions."""
MOST_LAYERS = 64
"""Of a part, in all its numbers of layers and blocks. No tensor is needed to name a million."""
_UNET = {
    "in_channels": 4,
    "class_embed_type": "projection",
    "projection_class_embeddings_input_dim": 4,
}
_VAE = {"in_channels": 3, "latent_channels": 4, "use_quant_conv": True}
"""What SDPose demands whatever the configurations say: tensors of another form are refused."""
_AS_SDPOSE = {
    "act_fn": "silu",
    "norm_num_groups": 32,
    "norm_eps": 1e-5,
    "downsample_padding": 1,
    "mid_block_scale_factor": 1,
    "mid_block_add_attention": True,
    "center_input_sample": False,
    "flip_sin_to_cos": True,
    "freq_shift": 0,
    "resnet_time_scale_shift": "default",
    "resnet_skip_time_act": False,
    "resnet_out_scale_factor": 1,
    "timestep_post_act": None,
    "time_embedding_act_fn": None,
    "only_cross_attention": False,
    "dual_cross_attention": False,
}
"""What a configuration may not say otherwise; no tensor would show it."""
_SKELETONS = {len(skeleton): skeleton for skeleton in SKELETONS.values()}
_OLD_NAMES = {
    ".query.": ".to_q.",
    ".key.": ".to_k.",
    ".value.": ".to_v.",
    ".proj_attn.": ".to_out.0.",
}
"""Of the encoder's attention, in files of diffusers before 0.17, such as Stable Diffusion 2's."""


def load_folder(folder: Path, prompt: Callable[[], Tensor]) -> Network:
    """Return the network of a checkpoint folder in float32 on the CPU.

    `prompt` gives the (1, 2, C) embedding of the empty prompt; it is called only for a checkpoint
    that is sound otherwise. Raises CheckpointError, which says what was found instead.
    """
    for name in (UNET, VAE, HEAD, "unet/config.json", "vae/config.json"):
        if not (folder / name).is_file():
            raise CheckpointError(
                f"{folder / name} is missing; an SDPose checkpoint has unet, vae and decoder"
            )
    return assemble(
        config(folder / "unet/config.json"),
        config(folder / "vae/config.json"),
        (Tensors(folder / UNET), Tensors(folder / VAE), Tensors(folder / HEAD)),
        prompt,
    )


def assemble(
    unet_config: Mapping[str, Any],
    vae_config: Mapping[str, Any],
    parts: tuple[Tensors, Tensors, Tensors],
    prompt: Callable[[], Tensor],
) -> Network:
    """Return the network of U-Net, encoder and head tensors. Raises CheckpointError."""
    unet_tensors, vae_tensors, head_tensors = parts
    skeleton, head = _head(head_tensors)
    _check_class_embedding(unet_tensors)
    unet = _built("UNet2DConditionModel", {**unet_config, **_UNET}, unet_tensors.path)
    up_blocks = _tap(unet, head, skeleton, head_tensors.path)
    vae = _built("AutoencoderKL", {**vae_config, **_VAE}, vae_tensors.path)
    vae_tensors = vae_tensors.renamed(_new_name)
    _check(unet, unet_tensors, "SDPose's U-Net")
    _check(vae, vae_tensors, "Stable Diffusion's image encoder", spare=("decoder.", "post_quant"))
    _check(head, head_tensors, "SDPose's pose head")
    embedding = prompt()
    _check_prompt(embedding, unet, unet_tensors.path)
    _fill(vae.encoder, vae_tensors, "encoder.")
    _fill(vae.quant_conv, vae_tensors, "quant_conv.")
    _fill(unet, unet_tensors)
    _fill(head, head_tensors)
    network = Network(vae, unet, head, embedding.float(), up_blocks)
    return network.eval().requires_grad_(requires_grad=False)


def config(path: Path) -> dict[str, Any]:
    """Return a part's configuration. Raises CheckpointError if it is none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(
            f"{path} cannot be read as JSON ({first_line(error)}); fetch the checkpoint again"
        ) from error
    if not isinstance(found, dict):
        raise CheckpointError(f"{path} is no model configuration; fetch the checkpoint again")
    too_many = _too_many(found)
    if too_many is not None:
        raise CheckpointError(
            f"{path} says there are more than {MOST_LAYERS} {too_many:.40}, which no SDPose has;"
            " fetch the checkpoint again"
        )
    return found


def _too_many(configuration: dict[str, Any]) -> str | None:
    """Return the name of what a configuration has too many of: layers, or members of a list."""
    waiting: list[tuple[str, Any]] = list(configuration.items())
    while waiting:  # however deep it is
        name, value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.items()
        elif isinstance(value, list):
            if len(value) > MOST_LAYERS:
                return name
            waiting += [(name, inner) for inner in value]
        elif "layers" in name and isinstance(value, int | float) and value > MOST_LAYERS:
            return name
    return None


def skeleton_of(network: Network) -> Skeleton:
    """Return the skeleton whose keypoints `network` gives."""
    return _SKELETONS[network.keypoints]


def _head(tensors: Tensors) -> tuple[Skeleton, HeatmapHead]:
    shapes = {name: tensors.shape(name) for name in tensors}
    wanted = ("deconv_layers.0.weight", "final_layer.weight")
    if any(len(shapes.get(name, ())) != 4 for name in wanted):
        raise CheckpointError(f"{tensors.path} is not SDPose's pose head: it has {_few(shapes)}")
    count, width = shapes["final_layer.weight"][:2]
    skeleton = _SKELETONS.get(count)
    if skeleton is None:
        known = " or ".join(f"{len(s)} ({s.name})" for s in _SKELETONS.values())
        raise CheckpointError(
            f"{tensors.path} gives {count} keypoints; SDPose's checkpoints give {known}"
        )
    with torch.device("meta"):
        return skeleton, HeatmapHead(width, count)


def _check_class_embedding(tensors: Tensors) -> None:
    if not any(name.startswith("class_embedding.") for name in tensors):
        what = "an ordinary Stable Diffusion U-Net" if "conv_in.weight" in tensors else "no U-Net"
        raise CheckpointError(f"{tensors.path} has no class embedding: it is {what}, not SDPose's")


def _built(kind: str, given: Mapping[str, Any], path: Path) -> Any:
    """Return diffusers' module `kind` without weights. Raises CheckpointError if it cannot be.

    What other versions of diffusers write into a configuration, and this one does not know, is left
    out.
    """
    try:
        import diffusers
    except Exception as error:  # it reads the HF_ variables as it is imported
        raise CheckpointError(
            f"diffusers, which SDPose is made of, cannot be used ({first_line(error)}); mend the"
            " HF_ variables of your environment, or reinstall it"
        ) from error
    made = getattr(diffusers, kind)
    for name, wanted in _AS_SDPOSE.items():
        if given.get(name, wanted) != wanted:
            raise CheckpointError(
                f"the configuration of {path} says {name} is {given[name]}; SDPose's is {wanted}"
            )
    known = inspect.signature(made.__init__).parameters
    try:
        with torch.device("meta"):
            return made(**{name: value for name, value in given.items() if name in known})
    except Exception as error:  # whatever a nonsensical number leads to
        raise CheckpointError(
            f"the configuration of {path} makes no {kind} ({first_line(error)})"
        ) from error


def _tap(unet: Any, head: HeatmapHead, skeleton: Skeleton, path: Path) -> int:
    """Return after how many decoder blocks the head reads: the last, or the one before it."""
    width = head.final_layer.in_channels
    widths = unet.config.block_out_channels
    if len(widths) != LEVELS:
        raise CheckpointError(f"{path} is of no SDPose: its U-Net has {len(widths)} levels")
    last, before = widths[:2]
    fits = [count for count, channels in ((4, last), (3, before)) if channels == width]
    if not fits:
        raise CheckpointError(
            f"{path} reads {width} channels; this U-Net's last decoder blocks give {before} and"
            f" {last}"
        )
    body = len(skeleton) == min(_SKELETONS)
    return fits[0] if len(fits) == 1 else (4 if body else 3)


def _new_name(name: str) -> str:
    for old, new in _OLD_NAMES.items():
        name = name.replace(old, new)
    return name


def _check(
    module: nn.Module, tensors: Tensors, what: str, spare: tuple[str, ...] = ("\0",)
) -> None:
    """Raise CheckpointError unless `tensors` are those of `module`; `spare` ones may be absent."""
    wanted = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    missing = [n for n in wanted if n not in tensors and not n.startswith(spare)]
    strange = [name for name in tensors if name not in wanted]
    if missing or strange:
        facts = [f"it lacks {_few(missing)}"] if missing else []
        facts += [f"it has {_few(strange)} besides"] if strange else []
        raise CheckpointError(f"{tensors.path} is not {what}: {', '.join(facts)}")
    for name in tensors:
        if tensors.type(name) not in FLOATS:
            raise CheckpointError(
                f"{tensors.path} is not {what}: {name} is of type {tensors.type(name)}, and only"
                f" {', '.join(FLOATS)} are read"
            )
        found = tensors.shape(name)
        if found != wanted[name] and found != (*wanted[name], 1, 1):
            raise CheckpointError(
                f"{tensors.path} is not {what}: {name} is {_times(found)}, not"
                f" {_times(wanted[name])}"
            )


def _check_prompt(embedding: Tensor, unet: Any, path: Path) -> None:
    wanted = (1, PROMPT_TOKENS, unet.config.cross_attention_dim)
    flaw = "" if embedding.isfinite().all() else " with infinities or NaN"
    if embedding.shape != wanted or flaw:
        raise CheckpointError(
            f"{path} reads an empty prompt of {_times(wanted)}; its embedding is"
            f" {_times(tuple(embedding.shape))}{flaw}"
        )


def _fill(module: nn.Module, tensors: Tensors, prefix: str = "") -> None:
    """Put the tensors into `module` as float32. Raises CheckpointError if they are no numbers."""
    state = {}
    for name, wanted in module.state_dict().items():
        found = tensors[prefix + name].reshape(wanted.shape).float()
        if not found.sum().isfinite():  # one pass; asking each number would be several
            raise CheckpointError(
                f"{tensors.path} is damaged: {prefix + name} has infinities or NaN in it;"
                " fetch the checkpoint again"
            )
        state[name] = found
    module.load_state_dict(state, assign=True)


def _few(names: Iterable[str]) -> str:
    return some(list(names), most=2) or "nothing"


def _times(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) or "one number"
