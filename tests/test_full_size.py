"""SDPose at its true size, with made-up weights, against the reference: minutes, and 7 GB."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from golden_files import arrays, recipe, tensor
from torch import nn

from sdpose_track.pose.estimator import Subject
from sdpose_track.pose.folding import FoldedNetwork
from sdpose_track.pose.heatmaps import decode
from sdpose_track.pose.network import HeatmapHead, Network
from sdpose_track.pose.running import CpuRunner
from sdpose_track.pose.sdpose import Look, SdposeEstimator
from sdpose_track.records import Frame
from sdpose_track.skeletons import COCO17

pytestmark = pytest.mark.full_size
WIDTHS = (320, 640, 1280, 1280)


@pytest.fixture(scope="module")
def given() -> dict[str, Any]:
    return arrays("fullsize_body.npz")


@pytest.fixture(scope="module")
def network(given: dict[str, Any]) -> Network:
    unet: Any
    vae: Any
    with torch.device("meta"):
        unet = UNet2DConditionModel(
            down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
            up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
            block_out_channels=WIDTHS,
            attention_head_dim=[width // 64 for width in WIDTHS],
            cross_attention_dim=1024,
            use_linear_projection=True,
            class_embed_type="projection",
            projection_class_embeddings_input_dim=4,
        )
        vae = AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            block_out_channels=(128, 256, 512, 512),
            layers_per_block=2,
        )
        head = HeatmapHead(320, 17)
    vae.decoder = nn.Identity()
    seeds = given["recipe_seed_unet_vae_head"].tolist()
    parts: tuple[nn.Module, ...] = unet, vae, head
    for part, seed in zip(parts, seeds, strict=True):
        wanted = part.state_dict()
        state = {name: recipe(name, tuple(t.shape), seed) for name, t in wanted.items()}
        part.load_state_dict(state, assign=True)
    made = Network(vae, unet, head, tensor(given["text_embed"]), 4)
    return made.eval().requires_grad_(requires_grad=False)


def stable(given: dict[str, Any], which: str) -> Any:
    return (given[f"{which}/sensitivity_px"] < 0.05) & (given[f"{which}/argmax_gap"] > 1e-3)


def test_a_small_picture_gives_the_references_numbers_at_every_stage(
    network: Network, given: dict[str, Any]
) -> None:
    bgr = tensor(given["small/image_bgr"])
    pictures = bgr.flip(-1).permute(2, 0, 1)[None] / 255 * 2 - 1
    with torch.inference_mode():
        latent = network.latent(pictures)
        feature = network.feature(latent)
        heatmaps = network.head(feature)
    np.testing.assert_allclose(latent[0], given["small/latent"], rtol=0, atol=1e-4)
    np.testing.assert_allclose(feature[0, :, 1::4, 1::4], given["small/feature"], rtol=0, atol=5e-3)
    np.testing.assert_allclose(
        heatmaps[0, :, 1::4, 1::4], given["small/heatmaps"], rtol=0, atol=1e-3
    )
    points, scores = decode(heatmaps, (192, 256))
    off = np.abs(points[0].numpy() - given["small/keypoints_input"][0])[stable(given, "small")]
    assert off.max() < 0.02
    np.testing.assert_allclose(scores, given["small/scores"], rtol=1e-4)


def test_a_person_in_a_picture_gets_the_references_keypoints_folded(
    network: Network, given: dict[str, Any]
) -> None:
    image = given["hires/source_bgr"]
    image.flags.writeable = False
    with torch.no_grad():
        runner = CpuRunner(FoldedNetwork(network), "fp32")
    estimator = SdposeEstimator(runner, COCO17, Look())
    box = np.asarray(given["hires/bbox_xyxy"], np.float32)
    (found,) = estimator.submit([Subject(Frame(0, 0, Fraction(0), image), box)]).result()
    np.testing.assert_allclose(found.scores, given["hires/scores"][0], rtol=1e-3)
    low, high = box[:2].astype(float), box[2:].astype(float)
    side = (high - low) * 1.25
    side = np.maximum(side, (side[1] * 0.75, side[0] / 0.75))
    inside = (found.keypoints - (low + high) / 2 + side / 2) / side * (768, 1024)
    off = np.abs(inside - given["hires/keypoints_input"][0])[stable(given, "hires")]
    assert off.max() < 0.02
