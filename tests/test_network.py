"""The network against the reference's own tensors, stage by stage, plain and folded."""

from __future__ import annotations

import copy
import shutil
from typing import Any

import numpy as np
import pytest
import torch
from golden_files import arrays, golden, recipe, tensor
from torch.nn import functional

from sdpose_track.pose.building import load
from sdpose_track.pose.folded_blocks import FoldedPrompt, attend_in_rows
from sdpose_track.pose.folding import FoldedNetwork, Head
from sdpose_track.pose.network import HeatmapHead, Network, class_label

HEADS = {"body": (320, 17), "wholebody": (640, 133)}


@pytest.fixture(scope="module", params=["body", "wholebody"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def network(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Network:
    """The tiny checkpoint in a folder of its own: the prompt's embedding is kept beside it."""
    folder = tmp_path_factory.mktemp("checkpoint") / kind
    shutil.copytree(golden(f"ckpt/tiny_{kind}"), folder, copy_function=shutil.copyfile)
    return load(folder, "tests")


@pytest.fixture(scope="module")
def stages(kind: str) -> dict[str, Any]:
    return arrays(f"stages_{kind}.npz")


@pytest.fixture(scope="module")
def wide_head(kind: str) -> HeatmapHead:
    """The head at its true width, with the recipe's weights."""
    head = HeatmapHead(*HEADS[kind])
    seed = int(arrays(f"head_{kind}_truewidth.npz")["recipe_seed"].item())
    state = {n: recipe(n, tuple(t.shape), seed) for n, t in head.state_dict().items()}
    head.load_state_dict(state)
    return head.requires_grad_(requires_grad=False)


def test_the_head_at_true_width_gives_the_references_heatmaps(
    kind: str, wide_head: HeatmapHead
) -> None:
    given = arrays(f"head_{kind}_truewidth.npz")
    feature = tensor(given["feature"])
    for head in (wide_head, Head(wide_head)):
        np.testing.assert_allclose(head(feature), tensor(given["heatmaps"]), rtol=0, atol=1e-4)


def test_the_encoder_gives_the_references_moments(network: Network, stages: dict[str, Any]) -> None:
    with torch.inference_mode():
        mean, log_variance = network.moments(tensor(stages["rgb_in"]))
    np.testing.assert_allclose(mean, stages["vae_mean"], rtol=0, atol=1e-5)
    np.testing.assert_allclose(log_variance, stages["vae_logvar"], rtol=0, atol=1e-5)


def test_the_unet_gives_the_references_feature(network: Network, stages: dict[str, Any]) -> None:
    with torch.inference_mode():
        feature = network.feature(tensor(stages["latent_in"]))
    np.testing.assert_allclose(feature, stages["selected_feature"], rtol=0, atol=1e-3)


def test_the_feature_is_not_the_one_without_a_class(
    network: Network, stages: dict[str, Any]
) -> None:
    np.testing.assert_allclose(class_label(), stages["class_labels"][:1], atol=1e-7)
    with torch.inference_mode():
        feature = network.feature(tensor(stages["latent_in"]))
    off = np.abs(feature.numpy() - stages["selected_feature_if_class_labels_zero"])
    assert off.max() > 0.1


def test_the_head_gives_the_references_heatmaps(network: Network, stages: dict[str, Any]) -> None:
    wanted = stages["head_out"]
    heatmaps = network.head(tensor(stages["selected_feature"])).numpy()
    kept = heatmaps[: wanted.shape[0], : wanted.shape[1]]
    np.testing.assert_allclose(kept, wanted, rtol=0, atol=1e-4)


def test_nothing_that_is_not_needed_is_kept(network: Network, kind: str) -> None:
    assert len(network.unet.up_blocks) == {"body": 4, "wholebody": 3}[kind]
    assert not hasattr(network.unet, "conv_out")
    assert not any("decoder" in name for name, _ in network.named_parameters())


def test_the_folded_unet_gives_the_references_feature(
    network: Network, stages: dict[str, Any]
) -> None:
    folded = FoldedNetwork(copy.deepcopy(network))
    with torch.inference_mode():
        feature = folded.unet(tensor(stages["latent_in"]))
    np.testing.assert_allclose(feature, stages["selected_feature"], rtol=0, atol=1e-3)


def test_folded_and_plain_are_the_same_function(network: Network) -> None:
    torch.manual_seed(0)
    pictures, noise = torch.rand(2, 3, 128, 192) * 2 - 1, torch.randn(2, 4, 16, 24)
    mode = FoldedNetwork(copy.deepcopy(network))
    sample = FoldedNetwork(copy.deepcopy(network), sample=True)
    with torch.inference_mode():
        torch.testing.assert_close(mode(pictures), network(pictures), rtol=0, atol=1e-5)
        wanted = network(pictures, noise)
        torch.testing.assert_close(sample(pictures, noise), wanted, rtol=0, atol=1e-5)
        assert (wanted - network(pictures)).abs().max() > 1e-2


def test_folding_is_exact_but_for_rounding(network: Network) -> None:
    torch.manual_seed(0)
    pictures = torch.rand(1, 3, 128, 128).double() * 2 - 1
    plain = copy.deepcopy(network).double()
    with torch.inference_mode():
        wanted = plain(pictures)
        folded = FoldedNetwork(copy.deepcopy(network)).double()
        off = (folded(pictures) - wanted).abs().max() / wanted.abs().max()
    assert off < 1e-6  # folded weights are stored as float32


def test_a_batch_gives_what_one_by_one_gives(network: Network) -> None:
    torch.manual_seed(0)
    pictures = torch.rand(3, 3, 128, 64) * 2 - 1
    folded = FoldedNetwork(copy.deepcopy(network))
    with torch.inference_mode():
        together = folded(pictures)
        alone = torch.cat([folded(picture[None]) for picture in pictures])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-4)


def test_the_folded_prompt_is_cross_attention_to_two_tokens(network: Network) -> None:
    block = network.unet.down_blocks[1].attentions[0].transformer_blocks[0]
    x = torch.randn(
        2, 50, block.norm2.normalized_shape[0], generator=torch.Generator().manual_seed(1)
    )
    with torch.inference_mode():
        wanted = block.attn2(x, encoder_hidden_states=network.prompt.expand(2, -1, -1))
        folded = FoldedPrompt(block.attn2, network.prompt.double())(x)
    torch.testing.assert_close(folded, wanted, rtol=0, atol=1e-5)


def test_a_prompt_of_more_tokens_is_not_folded(network: Network) -> None:
    longer = copy.deepcopy(network)
    longer.prompt = torch.randn(1, 3, network.prompt.shape[2])
    with pytest.raises(ValueError, match="3 tokens"):
        FoldedNetwork(longer)


def test_attention_in_rows_is_attention() -> None:
    query, key, value = torch.randn(3, 2, 300, 512, generator=torch.Generator().manual_seed(2))
    wanted = functional.scaled_dot_product_attention(query, key, value)
    for rows in (64, 300, 1000):
        torch.testing.assert_close(
            attend_in_rows(query, key, value, rows), wanted, atol=1e-5, rtol=0
        )


def test_attention_in_rows_loses_little_in_bf16() -> None:
    generator = torch.Generator().manual_seed(4)
    query, key, value = (2 * torch.randn(3, 1, 400, 512, generator=generator)).bfloat16()
    exact = functional.scaled_dot_product_attention(query.double(), key.double(), value.double())
    fused = functional.scaled_dot_product_attention(query, key, value)
    rows = attend_in_rows(query, key, value, 128)
    assert (rows - exact).abs().mean() < 2 * (fused - exact).abs().mean()


def test_the_compiler_takes_the_folded_network_whole(network: Network) -> None:
    """Traced without a break; "eager" runs what was traced, without a C++ compiler."""
    pictures = torch.rand(1, 3, 128, 128, generator=torch.Generator().manual_seed(3))
    folded = FoldedNetwork(copy.deepcopy(network))
    traced = torch.compile(folded, backend="eager", fullgraph=True, dynamic=False)
    with torch.inference_mode():
        torch.testing.assert_close(traced(pictures), folded(pictures), rtol=0, atol=1e-5)
