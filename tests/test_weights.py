"""A checkpoint folder is loaded as SDPose's network, or one sentence says what it is instead."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import torch
from checkpoints_made import change, change_config, golden_copy, made_folder
from command import refused, sdpose, told
from golden_files import arrays
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor

from sdpose_track.checkpoints import find
from sdpose_track.checkpoints.layout import HEAD, UNET, VAE
from sdpose_track.errors import CheckpointError
from sdpose_track.pose.building import load
from sdpose_track.pose.network import Network
from sdpose_track.pose.prompt import published_prompt
from sdpose_track.pose.weights import load_folder, skeleton_of

DETECTOR = find("yolo11n-pose", "detector").path
MIDDLE = "encoder.mid_block.attentions.0."
OLD_NAMES = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
Change = Callable[[Path], object]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint folder of random numbers that nobody changes."""
    return made_folder(tmp_path_factory.mktemp("sound") / "folder")


@pytest.fixture(scope="module")
def network(sound: Path) -> Network:
    return loaded(sound)


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    """A checkpoint folder of random numbers, to be changed."""
    return Path(shutil.copytree(sound, tmp_path / "mine"))


def loaded(folder: Path) -> Network:
    return load_folder(folder, published_prompt)


def same(one: Network, other: Network) -> bool:
    mine, its = one.state_dict(), other.state_dict()
    return mine.keys() == its.keys() and all(torch.equal(mine[name], its[name]) for name in mine)


def refusal(folder: Path) -> str:
    with pytest.raises(CheckpointError) as refused:
        loaded(folder)
    told = str(refused.value)
    assert "\n" not in told
    return told


# What is loaded


@pytest.mark.parametrize(("name", "skeleton"), [("body", "coco17"), ("wholebody", "wholebody133")])
def test_a_loaded_checkpoint_gives_the_references_numbers(
    name: str, skeleton: str, tmp_path: Path
) -> None:
    folder = golden_copy(name, tmp_path)
    network = load(folder, "identity")
    assert skeleton_of(network).name == skeleton
    known = {
        key: torch.from_numpy(array).float() for key, array in arrays(f"stages_{name}.npz").items()
    }
    with torch.inference_mode():
        mean, log_variance = network.moments(known["rgb_in"])
        feature = network.feature(known["latent_in"])
        heatmaps = network.head(known["selected_feature"])
    close(mean, known["vae_mean"], 1e-5)
    close(log_variance, known["vae_logvar"], 1e-5)
    close(feature, known["selected_feature"], 1e-3)
    head = known["head_out"]
    close(heatmaps[: head.shape[0], : head.shape[1]], head, 1e-4)


def close(found: Tensor, known: Tensor, tolerance: float) -> None:
    torch.testing.assert_close(found, known, rtol=0, atol=tolerance)


def test_half_precision_on_disk_is_float32_in_memory(sound: Path, network: Network) -> None:
    stored = load_file(sound / UNET)
    assert {tensor.dtype for tensor in stored.values()} == {torch.float16}
    assert {tensor.dtype for tensor in network.state_dict().values()} == {torch.float32}
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert not network.training
    for name, tensor in network.unet.state_dict().items():
        assert torch.equal(tensor, stored[name].float())


def test_float32_on_disk_gives_the_same_network(network: Network, folder: Path) -> None:
    for part in (UNET, VAE, HEAD):
        change(folder / part, lambda ts: ts.update({n: t.float() for n, t in ts.items()}))
    assert same(loaded(folder), network)


def test_bfloat16_on_disk_is_read_too(folder: Path) -> None:
    change(folder / HEAD, lambda ts: ts.update({n: t.bfloat16() for n, t in ts.items()}))
    stored = load_file(folder / HEAD)["final_layer.weight"]
    assert stored.dtype == torch.bfloat16
    assert torch.equal(loaded(folder).head.final_layer.weight, stored.float())


@pytest.mark.parametrize("shape", [(32, 32), (32, 32, 1, 1)])
def test_the_image_encoder_of_stable_diffusion_2_is_read_under_its_old_names(
    shape: tuple[int, ...], network: Network, folder: Path
) -> None:
    def renamed(tensors: dict[str, Tensor]) -> None:
        for new, old in OLD_NAMES.items():
            for side in ("encoder", "decoder"):
                at = f"{side}.mid_block.attentions.0."
                tensors[f"{at}{old}.weight"] = tensors.pop(f"{at}{new}.weight").reshape(shape)
                tensors[f"{at}{old}.bias"] = tensors.pop(f"{at}{new}.bias")

    change(folder / VAE, renamed)
    assert f"{MIDDLE}query.weight" in load_file(folder / VAE)
    assert same(loaded(folder), network)


def test_the_image_decoder_may_be_left_out(network: Network, folder: Path) -> None:
    change(folder / VAE, without("decoder.", "post_quant_conv."))
    assert same(loaded(folder), network)


def test_a_configuration_need_not_speak_of_the_class_embedding(
    network: Network, folder: Path
) -> None:
    change_config(
        folder / "unet/config.json",
        class_embed_type=None,
        projection_class_embeddings_input_dim=None,
    )
    assert same(loaded(folder), network)


def test_what_another_version_of_diffusers_wrote_into_a_configuration_is_no_hindrance(
    network: Network, folder: Path
) -> None:
    for part in ("unet", "vae"):
        change_config(
            folder / part / "config.json",
            _class_name="Something",
            _diffusers_version="0.99.0",
            _name_or_path="/somewhere",
            _use_default_values=["dropout"],
            quantum_attention=True,
        )
    assert same(loaded(folder), network)


def test_a_wide_head_reads_the_block_before_the_last(folder: Path, network: Network) -> None:
    assert (network.keypoints, len(network.unet.up_blocks)) == (17, 4)
    save_file(head_of(64, 133), folder / HEAD)
    wide = loaded(folder)
    assert (wide.keypoints, len(wide.unet.up_blocks)) == (133, 3)


def test_a_head_that_fits_both_blocks_reads_what_its_skeleton_was_trained_on(
    tmp_path: Path,
) -> None:
    folder = made_folder(tmp_path / "made", (32, 32, 32, 32))
    assert len(loaded(folder).unet.up_blocks) == 4
    save_file(head_of(32, 133), folder / HEAD)
    assert len(loaded(folder).unet.up_blocks) == 3


# What is refused


def head_of(channels: int, keypoints: int) -> dict[str, Tensor]:
    return {
        "deconv_layers.0.weight": torch.ones(channels, channels, 4, 4),
        "conv_layers.0.weight": torch.ones(channels, channels, 1, 1),
        "conv_layers.0.bias": torch.ones(channels),
        "final_layer.weight": torch.ones(keypoints, channels, 1, 1),
        "final_layer.bias": torch.ones(keypoints),
    }


def without(*prefixes: str) -> Callable[[dict[str, Tensor]], object]:
    return lambda tensors: [tensors.pop(n) for n in list(tensors) if n.startswith(prefixes)]


def holding(name: str, tensor: Tensor) -> Callable[[dict[str, Tensor]], object]:
    return lambda tensors: tensors.update({name: tensor})


def spoilt(name: str, value: float) -> Callable[[dict[str, Tensor]], object]:
    def spoil(tensors: dict[str, Tensor]) -> None:
        tensors[name].view(-1)[-1] = value

    return spoil


def halved(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def as_pickle(path: Path) -> None:
    tensors = load_file(path)
    path.unlink()
    torch.save(tensors, path)


FILES: dict[str, tuple[Change, str]] = {
    "a detector": (lambda p: shutil.copyfile(DETECTOR, p), "is a pickle of PyTorch, as detectors"),
    "a pickle": (as_pickle, "is a pickle of PyTorch"),
    "a pointer": (lambda p: p.write_text("version https://git"), "is text, not weights: it begins"),
    "two letters": (lambda p: p.write_text("hi"), "is text, not weights: it begins with 'hi'"),
    "nothing": (lambda p: p.write_bytes(b""), "is empty"),
    "zeros": (lambda p: p.write_bytes(bytes(99)), "is no safetensors file: it begins with the byt"),
    "half of it": (halved, "is cut off or damaged: its "),
    "half its header": (
        lambda p: p.write_bytes(p.read_bytes()[:99]),
        "is cut off or damaged: its 99",
    ),
    "more than it": (lambda p: p.write_bytes(p.read_bytes() + b"more"), "is cut off or damaged"),
    "a folder": (as_folder, "is missing"),
    "no file": (lambda p: p.unlink(), "is missing"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_without_tensors_is_named_with_what_it_is(name: str, folder: Path) -> None:
    how, found = FILES[name]
    how(folder / HEAD)
    assert refusal(folder).startswith(f"{folder / HEAD} {found}")


@pytest.mark.parametrize("part", [UNET, VAE, HEAD])
def test_whichever_file_is_no_weights_is_named(part: str, folder: Path) -> None:
    (folder / part).write_text("not weights")
    assert refusal(folder).startswith(f"{folder / part} is text, not weights")


@pytest.mark.parametrize(
    ("part", "how", "found"),
    [
        (UNET, without("class_embedding."), "no class embedding: it is an ordinary Stable Diff"),
        (UNET, without(""), "has no class embedding: it is no U-Net"),
        (UNET, without("class_embedding.linear_2."), "lacks class_embedding.linear_2."),
        (UNET, without("mid_block."), "is not SDPose's U-Net: it lacks mid_block.attentions.0."),
        (UNET, holding("adapter.weight", torch.ones(4)), "it has adapter.weight besides"),
        (UNET, holding("conv_in.weight", torch.ones(32, 9, 3, 3)), "32 × 9 × 3 × 3, not 32 × 4"),
        (UNET, holding("conv_in.bias", torch.ones(32).int()), "conv_in.bias is of type I32"),
        (UNET, holding("conv_in.bias", torch.tensor(1.0)), "conv_in.bias is one number, not 32"),
        (UNET, spoilt("conv_in.bias", torch.nan), "conv_in.bias has infinities or NaN in it"),
        (UNET, spoilt("up_blocks.3.resnets.2.conv2.weight", torch.inf), "damaged: up_blocks.3.re"),
        (VAE, without("encoder."), "is not Stable Diffusion's image encoder: it lacks encoder."),
        (VAE, without("quant_conv."), "image encoder: it lacks quant_conv.weight"),
        (VAE, holding("encoder.extra", torch.ones(4)), "it has encoder.extra besides"),
        (VAE, holding(f"{MIDDLE}to_q.weight", torch.ones(32, 32, 2, 1)), "is 32 × 32 × 2 × 1, not"),
        (VAE, spoilt("quant_conv.weight", -torch.inf), "damaged: quant_conv.weight has infinities"),
        (HEAD, without(""), "is not SDPose's pose head: it has nothing"),
        (HEAD, without("final_layer."), "is not SDPose's pose head: it has conv_layers.0.bias"),
        (HEAD, without("conv_layers.0.bias"), "SDPose's pose head: it lacks conv_layers.0.bias"),
        (HEAD, holding("aggregation.weight", torch.ones(4)), "it has aggregation.weight besides"),
        (HEAD, spoilt("final_layer.bias", torch.nan), "final_layer.bias has infinities or NaN"),
        (HEAD, holding("final_layer.weight", torch.ones(17, 32)), "is not SDPose's pose head"),
        (HEAD, lambda head: head.update(head_of(32, 20)), "gives 20 keypoints; SDPose's checkpo"),
        (HEAD, lambda head: head.update(head_of(48, 17)), "reads 48 channels; this U-Net's last"),
    ],
)
def test_tensors_that_are_not_sdposes_are_named(
    part: str, how: Callable[[dict[str, Tensor]], object], found: str, folder: Path
) -> None:
    change(folder / part, how)
    said = refusal(folder)
    assert said.startswith(str(folder / part))
    assert found in said


@pytest.mark.parametrize("part", ["unet", "vae"])
@pytest.mark.parametrize(
    "content",
    [b"", b'{"half": ', b"[]", b"7", b"\xff\xfe{}", b"[" * 100_000],
    ids=["nothing", "half", "a list", "a number", "no UTF-8", "bottomless"],
)
def test_a_configuration_that_is_none_is_named(part: str, content: bytes, folder: Path) -> None:
    path = folder / part / "config.json"
    path.write_bytes(content)
    said = refusal(folder)
    assert said.startswith(str(path))
    assert "is no model configuration" in said or "cannot be read as JSON (" in said


@pytest.mark.parametrize(
    ("part", "values"),
    [
        ("unet", {"block_out_channels": [32, 64, 32]}),
        ("unet", {"block_out_channels": "wide"}),
        ("unet", {"block_out_channels": [30, 60, 30, 30]}),
        ("unet", {"attention_head_dim": 0}),
        ("unet", {"down_block_types": ["NoSuchBlock2D"] * 4}),
        ("unet", {"self": 1}),
        ("vae", {"block_out_channels": [30, 30, 30, 30]}),
        ("vae", {"norm_num_groups": 0}),
    ],
)
def test_a_configuration_of_no_network_is_refused(
    part: str, values: dict[str, Any], folder: Path
) -> None:
    change_config(folder / part / "config.json", **values)
    assert refusal(folder).startswith(f"the configuration of {folder / part}/")


@pytest.mark.parametrize(
    ("part", "values", "found"),
    [
        ("unet", {"in_channels": 9}, None),  # SDPose's are four, whatever is said of them
        ("unet", {"cross_attention_dim": 768}, "is 32 × 1024, not 32 × 768"),
        ("unet", {"layers_per_block": 1}, "besides"),
        ("vae", {"latent_channels": 16}, None),
        ("vae", {"use_quant_conv": False}, None),
        ("vae", {"block_out_channels": [32, 32, 64, 32]}, "is not Stable Diffusion's image enc"),
    ],
)
def test_the_tensors_decide_where_a_configuration_says_otherwise(
    part: str, values: dict[str, Any], found: str | None, folder: Path
) -> None:
    change_config(folder / part / "config.json", **values)
    if found is None:
        assert loaded(folder).keypoints == 17
    else:
        assert found in refusal(folder)


def test_a_unet_of_another_depth_is_refused(folder: Path) -> None:
    change_config(
        folder / "unet/config.json",
        block_out_channels=[32, 64],
        attention_head_dim=[1, 1],
        down_block_types=["CrossAttnDownBlock2D"] * 2,
        up_block_types=["CrossAttnUpBlock2D"] * 2,
    )
    assert "its U-Net has 2 levels" in refusal(folder)


def test_a_prompt_that_the_unet_cannot_read_is_refused(folder: Path) -> None:
    with pytest.raises(
        CheckpointError, match="prompt of 1 × 2 × 1024; its embedding is 1 × 2 × 64"
    ):
        load_folder(folder, lambda: torch.ones(1, 2, 64))


def test_a_path_that_is_no_text_is_told(folder: Path) -> None:
    there = folder.rename(folder.with_name("mine\udcff"))
    said = refusal(there)
    assert "cannot be read ('utf-8' codec can't encode" in said


# Through the command line


WRONG: dict[str, tuple[str, Change, str]] = {
    "detector": (UNET, lambda p: shutil.copyfile(DETECTOR, p), "is a pickle of PyTorch, as detect"),
    "text": ("", lambda p: p.write_text("not weights"), "is text, not weights"),
    "truncated": (VAE, halved, "is cut off or damaged"),
    "ordinary": (UNET, lambda p: change(p, without("class_embedding.")), "has no class embedding"),
    "20 channels": (HEAD, lambda p: save_file(head_of(32, 20), p), "gives 20 keypoints"),
}


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder with a picture, and a file that says that nobody is in it."""
    room = tmp_path_factory.mktemp("room")
    Image.new("RGB", (64, 48)).save(room / "picture.png")
    (room / "boxes.json").write_text(json.dumps({"picture.png": []}))
    return room


def posed(room: Path, checkpoint: Path, *more: str) -> CompletedProcess[str]:
    options = ("--boxes", "boxes.json", "--device", "cpu", *more)
    return sdpose("pose", "picture.png", "--pose", checkpoint, *options, cwd=room)


@pytest.fixture(scope="module")
def answers(
    sound: Path, room: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, CompletedProcess[str]]:
    """What the command line says of each wrong checkpoint; two are asked at a time."""
    given = {}
    for name, (part, how, _) in WRONG.items():
        if part:
            given[name] = tmp_path_factory.mktemp("wrong") / "folder"
            shutil.copytree(sound, given[name])
            how(given[name] / part)
        else:
            given[name] = tmp_path_factory.mktemp("wrong") / "mine.safetensors"
            how(given[name])
    with ThreadPoolExecutor(2) as pool:
        said = pool.map(lambda path: posed(room, path), given.values())
        return dict(zip(given, said, strict=True))


@pytest.mark.parametrize("name", WRONG)
def test_the_command_line_says_in_a_sentence_what_is_wrong_with_a_checkpoint(
    name: str, answers: dict[str, CompletedProcess[str]]
) -> None:
    part, _, found = WRONG[name]
    said = refused(answers[name], 4)
    assert found in said
    assert (part or "mine.safetensors") in said
    assert [s for s in answers[name].stderr.splitlines() if not s.startswith("loading ")] == [said]
    assert answers[name].stdout == ""


def test_a_checkpoint_is_loaded_without_a_word_and_without_the_network(
    room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python looks for `sitecustomize` first of all: from there on, no socket connects."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os, socket\n"
        "def refuse(*_):\n"
        "    print('something asked for the network', flush=True)\n"
        "    os._exit(7)\n"
        "socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_PROGRESS_BARS"):
        monkeypatch.delenv(name, raising=False)
    done = posed(room, golden_copy("body", tmp_path), "--input", "384x512", "--precision", "fp32")
    assert told(done)["images"][0]["people"] == []
    assert len(done.stdout.splitlines()) == 1
    loading, reading, summary = done.stderr.splitlines()
    assert loading == "loading body"
    assert reading == "reading the empty prompt with the checkpoint's text encoder, once"
    assert summary.startswith("1 picture, 0 people, ")
