"""A checkpoint in one file is the same network as in a folder, or it is refused."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from checkpoints_made import (
    flat_tensors,
    ldm_shape,
    ldm_tensors,
    ldm_unet_name,
    ldm_vae_name,
    made_folder,
    made_unet,
    made_vae,
    vae_config,
)
from diffusers.loaders import single_file_utils
from safetensors.torch import save_file
from torch import Tensor

from sdpose_track.checkpoints import find
from sdpose_track.checkpoints.manifest import manifest
from sdpose_track.errors import CheckpointError
from sdpose_track.pose.network import HeatmapHead, Network
from sdpose_track.pose.prompt import published_prompt
from sdpose_track.pose.single_file import load_file
from sdpose_track.pose.weights import load_folder

WIDTHS = (32, 128, 64, 32)
UNET = "model.diffusion_model."
VAE = "first_stage_model."
PROMPT = "conditioning.empty_prompt"
Change = Callable[[dict[str, Tensor]], object]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint folder of random numbers, with more than one attention head at some levels."""
    return made_folder(tmp_path_factory.mktemp("made") / "folder", WIDTHS)


@pytest.fixture(scope="module")
def picture() -> Tensor:
    return torch.rand(1, 3, 64, 128, generator=torch.Generator().manual_seed(2)) * 2 - 1


@pytest.fixture(scope="module")
def expected(folder: Path, picture: Tensor) -> Tensor:
    """The heatmaps that the folder's network gives."""
    return heatmaps(load_folder(folder, published_prompt), picture)


def heatmaps(network: Network, picture: Tensor) -> Tensor:
    with torch.inference_mode():
        found: Tensor = network(picture)
    return found


def written(tensors: dict[str, Tensor], folder: Path) -> Path:
    path = folder / "one.safetensors"
    save_file(tensors, path, metadata={"format": "pt"})
    return path


def loaded(tensors: dict[str, Tensor], folder: Path) -> Network:
    return load_file(written(tensors, folder), published_prompt)


def refusal(tensors: dict[str, Tensor], folder: Path) -> str:
    with pytest.raises(CheckpointError) as refused:
        loaded(tensors, folder)
    told = str(refused.value)
    assert told.startswith(str(folder / "one.safetensors"))
    assert "\n" not in told
    return told


def full_size() -> dict[str, tuple[int, ...]]:
    """Names and shapes of the published whole-body checkpoint in one file."""
    with torch.device("meta"):
        unet = made_unet((320, 640, 1280, 1280))
        vae = made_vae((128, 256, 512, 512))
        head = HeatmapHead(640, 133)
    shapes = {f"{UNET}{ldm_unet_name(n)}": tuple(t.shape) for n, t in unet.state_dict().items()}
    for name, tensor in vae.state_dict().items():
        shapes[f"{VAE}{ldm_vae_name(name)}"] = ldm_shape(name, tuple(tensor.shape))
    for name, tensor in head.state_dict().items():
        shapes[f"{UNET}heatmap_head.{name}"] = tuple(tensor.shape)
    return shapes


def safetensors_header(shapes: dict[str, tuple[int, ...]]) -> tuple[bytes, int]:
    """What a float16 file of these tensors begins with, and how many bytes of numbers follow."""
    entries: dict[str, object] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name in sorted(shapes):
        end = at + 2 * math.prod(shapes[name])
        entries[name] = {"dtype": "F16", "shape": shapes[name], "data_offsets": [at, end]}
        at = end
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text, at


def test_the_names_make_a_file_of_the_published_ones_size_and_are_all_known(tmp_path: Path) -> None:
    """The published file was never seen here. Its size in bytes is known, and so is its format."""
    header, numbers = safetensors_header(full_size())
    published = manifest()["sdpose-wholebody-fp16"]
    assert len(header) + numbers == published.bytes
    path = tmp_path / "one.safetensors"
    with path.open("wb") as file:
        file.write(header)
        file.truncate(len(header) + numbers)  # without taking up so much of the disk

    def no_prompt() -> Tensor:
        raise InterruptedError  # asked for when all is known to fit, before any number is read

    with pytest.raises(InterruptedError):
        load_file(path, no_prompt)


@pytest.mark.parametrize("level", ["model.diffusion_model.heatmap_head.", "pose.heatmap_head."])
def test_a_file_with_the_original_names_is_the_same_network(
    level: str, folder: Path, picture: Tensor, expected: Tensor, tmp_path: Path
) -> None:
    tensors = ldm_tensors(folder, head=level)
    assert f"{UNET}label_emb.0.2.weight" in tensors
    assert tensors[f"{VAE}encoder.mid.attn_1.q.weight"].ndim == 4
    torch.testing.assert_close(heatmaps(loaded(tensors, tmp_path), picture), expected)


def test_numbers_in_half_precision_become_float32(folder: Path, tmp_path: Path) -> None:
    tensors = ldm_tensors(folder)
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float16}
    network = loaded(tensors, tmp_path)
    assert {tensor.dtype for tensor in network.state_dict().values()} == {torch.float32}
    first = tensors[f"{UNET}input_blocks.0.0.weight"]
    torch.testing.assert_close(network.unet.conv_in.weight, first.float(), rtol=0, atol=0)


def test_what_else_a_diffusion_checkpoint_carries_is_left_alone(
    folder: Path, tmp_path: Path
) -> None:
    tensors = ldm_tensors(folder)
    tensors["cond_stage_model.model.ln_final.weight"] = torch.ones(4)
    tensors["alphas_cumprod"] = torch.ones(1000)
    assert loaded(tensors, tmp_path).keypoints == 17


def test_a_file_without_the_image_decoder_is_enough(folder: Path, tmp_path: Path) -> None:
    parts = (f"{VAE}decoder.", f"{VAE}post_quant")
    tensors = {n: t for n, t in ldm_tensors(folder).items() if not n.startswith(parts)}
    assert loaded(tensors, tmp_path).keypoints == 17


def test_a_flat_file_brings_its_own_empty_prompt(
    folder: Path, picture: Tensor, expected: Tensor, tmp_path: Path
) -> None:
    tensors = flat_tensors(folder)
    tensors[PROMPT] = published_prompt().half() + 1
    network = loaded(tensors, tmp_path)
    assert network.prompt.dtype == torch.float32
    torch.testing.assert_close(network.prompt, published_prompt() + 1, rtol=0, atol=5e-3)
    network.prompt = published_prompt()
    torch.testing.assert_close(heatmaps(network, picture), expected)


def test_a_flat_file_without_a_prompt_has_the_published_one(folder: Path, tmp_path: Path) -> None:
    network = loaded(flat_tensors(folder), tmp_path)
    torch.testing.assert_close(network.prompt, published_prompt())


def test_diffusers_translates_the_names_back_as_they_were() -> None:
    diffusers: Any = single_file_utils
    unet = made_unet(WIDTHS).state_dict()
    back = diffusers.convert_ldm_unet_checkpoint(
        {f"{UNET}{ldm_unet_name(name)}": name for name in unet},
        {"layers_per_block": 2, "class_embed_type": "projection"},
    )
    assert back == {name: name for name in unet}
    vae = {name: torch.tensor(i) for i, name in enumerate(made_vae((32,) * 4).state_dict())}
    back = diffusers.convert_ldm_vae_checkpoint(
        {f"{VAE}{ldm_vae_name(name)}": number for name, number in vae.items()},
        vae_config((32,) * 4),
    )
    assert back == vae


def without(*prefixes: str) -> Change:
    return lambda tensors: [tensors.pop(n) for n in list(tensors) if n.startswith(prefixes)]


def adding(name: str, tensor: Tensor) -> Change:
    return lambda tensors: tensors.update({name: tensor})


SOME = torch.ones(4)


@pytest.mark.parametrize(
    ("how", "found"),
    [
        (without(f"{UNET}heatmap_head."), "has no pose head"),
        (without(f"{UNET}heatmap_head.conv_layers"), "is not SDPose's pose head: it lacks conv_"),
        (without(f"{UNET}label_emb."), "has no class embedding: it is an ordinary Stable Diff"),
        (without(f"{UNET}label_emb.0.2."), "label_emb.0.2.weight"),
        (without(f"{UNET}input_blocks.0."), "lacks model.diffusion_model.input_blocks.0"),
        (without(f"{UNET}output_blocks.11."), "lacks model.diffusion_model.output_blocks.11"),
        (without(f"{UNET}input_blocks.4.1."), "lacks down_blocks.1.attentions.0"),
        (without(f"{UNET}input_blocks.4.0."), "no sound down_blocks.1.resnets.0.conv1.weight"),
        (without(VAE), "no sound encoder.down_blocks.0.resnets.0.conv1.weight"),
        (without(f"{VAE}encoder.mid."), "image encoder: it lacks encoder.mid_block"),
        (adding(f"{UNET}adapter", SOME), "such as model.diffusion_model.adapter"),
        (adding(f"{UNET}input_blocks.x", SOME), "such as model.diffusion_model.input_blocks.x"),
        (adding(f"{VAE}encoder.mid.attn_2", SOME), "it has encoder.mid.attn_2 besides"),
        (adding(f"{UNET}heatmap_head.norm", SOME), "it has norm besides"),
        (adding(f"{UNET}input_blocks.1.0.in_layers.2.weight", SOME), "no sound down_blocks.0"),
    ],
)
def test_a_file_that_differs_is_refused_with_what_was_found(
    how: Change, found: str, folder: Path, tmp_path: Path
) -> None:
    tensors = ldm_tensors(folder)
    how(tensors)
    assert found in refusal(tensors, tmp_path)


@pytest.mark.parametrize(
    ("how", "found"),
    [
        (without("vae."), "no sound encoder.down_blocks.0"),
        (without("decoder."), "is not SDPose's pose head: it has nothing"),
        (without("unet.conv_in."), "is not SDPose's U-Net: it lacks conv_in."),
        (adding("unet.adapter", SOME), "is not SDPose's U-Net: it has adapter besides"),
        (adding(PROMPT, torch.ones(1, 77, 1024)), "its embedding is 1 × 77 × 1024"),
        (adding(PROMPT, torch.ones(1, 2, 768)), "its embedding is 1 × 2 × 768"),
        (adding(PROMPT, torch.full((1, 2, 1024), torch.nan)), "with infinities or NaN"),
    ],
)
def test_a_flat_file_that_differs_is_refused_with_what_was_found(
    how: Change, found: str, folder: Path, tmp_path: Path
) -> None:
    tensors = flat_tensors(folder)
    how(tensors)
    assert found in refusal(tensors, tmp_path)


def test_one_part_of_a_folder_is_no_whole_checkpoint(folder: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no whole SDPose .* but class_emb.* give a whole"):
        load_file(folder / "unet" / "diffusion_pytorch_model.safetensors", published_prompt)


def test_a_file_of_no_tensors_is_refused(tmp_path: Path) -> None:
    assert "but nothing" in refusal({}, tmp_path)


def test_a_detector_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    shutil.copyfile(find("yolo11n-pose", "detector").path, path)
    with pytest.raises(CheckpointError, match=r"mine\.safetensors is a pickle of PyTorch"):
        load_file(path, published_prompt)
