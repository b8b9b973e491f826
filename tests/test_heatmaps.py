"""Keypoints from heatmaps: the reference's numbers, and the decoder written out by the book."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch
from golden_files import arrays
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from sdpose_track.pose.heatmaps import decode, merge_flipped
from sdpose_track.records import Float32, Float64
from sdpose_track.skeletons import COCO17, WHOLEBODY133, Skeleton

INPUT = (768, 1024)
CASES = ("gauss17", "noisy6", "twopeak5", "border17", "uniform2", "faint8", "whole133_small")


def by_the_book(heatmap: Float32, input_size: tuple[int, int]) -> tuple[Float64, float]:
    """The reference's decoder for one map with a positive peak, whole map by whole map."""
    height, width = heatmap.shape
    y, x = divmod(int(heatmap.argmax()), width)
    blurred = cv2.GaussianBlur(np.pad(heatmap, 5), (11, 11), 0)[5:-5, 5:-5].astype(np.float64)
    blurred *= heatmap.max() / blurred.max()
    level = np.pad(np.log(np.clip(blurred, 0.001, 50)), 1, mode="edge")

    def at(right: int, down: int) -> float:
        return float(level[y + 1 + down, x + 1 + right])

    slope = [(at(1, 0) - at(-1, 0)) / 2, (at(0, 1) - at(0, -1)) / 2]
    dxx = at(1, 0) - 2 * at(0, 0) + at(-1, 0)
    dyy = at(0, 1) - 2 * at(0, 0) + at(0, -1)
    dxy = at(1, 1) - at(1, 0) - at(0, 1) + 2 * at(0, 0) - at(-1, 0) - at(0, -1) + at(-1, -1)
    hessian = np.array([[dxx, dxy / 2], [dxy / 2, dyy]]) + np.finfo(np.float32).eps * np.eye(2)
    peak = np.array([x, y]) - np.linalg.inv(hessian) @ slope
    return peak / (width - 1, height - 1) * input_size, float(heatmap.max())


def hill(x: float, y: float, height: int = 64, width: int = 48, top: float = 1) -> Float32:
    """A (height, width) map with a Gaussian of 2 pixels about `x, y` in heatmap pixels."""
    far = (np.arange(width) - x) ** 2 + (np.arange(height)[:, None] - y) ** 2
    return (top * np.exp(-far / 8)).astype(np.float32)


def found(heatmap: Float32, input_size: tuple[int, int] = INPUT) -> tuple[Float64, float]:
    keypoints, scores = decode(torch.from_numpy(heatmap)[None, None], input_size)
    return keypoints[0, 0].numpy(), float(scores[0, 0])


def case(file: str, name: str) -> dict[str, Float64]:
    """Return the arrays of one case of a golden file."""
    start = f"{name}/"
    stored = arrays(file).items()
    return {k.removeprefix(start): np.asarray(v, float) for k, v in stored if k.startswith(start)}


def maps(stored: Float64) -> Tensor:
    return torch.from_numpy(stored.astype(np.float32))[None]


def stable(known: dict[str, Float64]) -> npt.NDArray[np.bool_]:
    """Return which keypoints the reference itself would find again after a little noise."""
    known_stable = (known["sensitivity_px"] < 0.05) & (known["argmax_gap"] > 1e-3)
    assert known_stable.any()
    return known_stable


@pytest.mark.parametrize("name", CASES)
def test_keypoints_and_scores_are_the_references(name: str) -> None:
    known = case("decode.npz", name)
    width, height = known.get("input_size", np.array(INPUT))
    keypoints, scores = decode(maps(known["heatmaps"]), (int(width), int(height)))
    np.testing.assert_allclose(scores.numpy(), known["scores"], rtol=1e-6)
    off = np.abs(keypoints.numpy() - known["keypoints"])
    assert off[0, stable(known)].max() < 1e-3


def test_the_codecs_own_targets_decode_to_the_keypoints_they_were_made_of() -> None:
    known = case("decode.npz", "gauss17")
    keypoints, _ = decode(maps(known["heatmaps"]), INPUT)
    # The targets count to the last pixel's centre, the decoder to its edge.
    made_of = known["true_keypoints"] * np.divide(INPUT, np.subtract(INPUT, 1))
    assert np.abs(keypoints.numpy() - made_of).max() < 0.2


def test_maps_below_zero_have_no_keypoints() -> None:
    keypoints, scores = decode(maps(case("decode.npz", "negative5")["heatmaps"]), INPUT)
    assert keypoints.isnan().all()
    assert (scores == 0).all()


@pytest.mark.parametrize(("name", "skeleton"), [("body", COCO17), ("wholebody", WHOLEBODY133)])
def test_the_flip_test_is_the_references(name: str, skeleton: Skeleton) -> None:
    known = case("flip.npz", name)
    plain, of_flipped = maps(known["heatmaps"]), maps(known["heatmaps_of_flipped_image"])
    merged = merge_flipped(plain, of_flipped, skeleton.mirror)
    assert np.abs(merged[0, :5].numpy() - known["average_first5"]).max() < 1e-7
    keypoints, scores = decode(merged, (192, 256))
    np.testing.assert_allclose(scores.numpy(), known["scores"], rtol=1e-6)
    off = np.abs(keypoints.numpy() - known["keypoints"])
    assert off[0, stable(known)].max() < 0.01


def test_a_mirrored_picture_of_the_same_person_adds_nothing_new() -> None:
    heatmaps = torch.rand(2, 17, 8, 6, generator=torch.Generator().manual_seed(0))
    of_flipped = heatmaps[:, list(COCO17.mirror)].flip(-1)
    merged = merge_flipped(heatmaps, of_flipped, torch.tensor(COCO17.mirror))
    assert torch.equal(merged, heatmaps)


@settings(deadline=None)
@given(
    st.integers(16, 70), st.integers(16, 70),
    st.floats(0, 1), st.floats(0, 1), st.floats(0.02, 3), st.integers(0, 999),
)  # fmt: skip
def test_the_decoder_does_what_the_book_says_at_any_size(
    height: int, width: int, x: float, y: float, top: float, seed: int
) -> None:
    heatmap = hill(x * (width - 1), y * (height - 1), height, width, top)
    rough = np.random.default_rng(seed).normal(0, 0.02 * top, heatmap.shape).astype(np.float32)
    keypoint, score = found(heatmap + rough, (4 * width, 4 * height))
    wanted, top_wanted = by_the_book(heatmap + rough, (4 * width, 4 * height))
    assert score == top_wanted
    np.testing.assert_allclose(keypoint, wanted, rtol=1e-4, atol=1e-3)


@settings(deadline=None)
@given(st.floats(8, 39), st.floats(8, 55), st.floats(0.05, 40))
def test_a_smooth_peak_is_found_between_the_pixels(x: float, y: float, top: float) -> None:
    keypoint, _ = found(hill(x, y, top=top))
    np.testing.assert_allclose(keypoint / INPUT * (47, 63), (x, y), atol=0.02)


@pytest.mark.parametrize("x", [0, 24, 47])
@pytest.mark.parametrize("y", [0, 32, 63])
def test_a_peak_on_the_border_or_in_a_corner_is_found_there(x: int, y: int) -> None:
    keypoint, score = found(hill(x, y))
    wanted, _ = by_the_book(hill(x, y), INPUT)
    assert score == 1
    np.testing.assert_allclose(keypoint, wanted, atol=1e-3)
    # Beyond the border the blur sees zeros, which pushes the peak inwards by a pixel at most.
    assert np.abs(keypoint / INPUT * (47, 63) - (x, y)).max() < 1.5


def test_the_first_of_equal_peaks_counts_row_by_row() -> None:
    early, late = hill(40, 10), hill(8, 50)
    keypoint, _ = found(np.maximum(early, late))
    np.testing.assert_allclose(keypoint / INPUT * (47, 63), (40, 10), atol=0.05)
    left, right = hill(8, 10), hill(40, 10)
    keypoint, _ = found(np.maximum(left, right))
    np.testing.assert_allclose(keypoint / INPUT * (47, 63), (8, 10), atol=0.05)


def test_a_score_is_the_peak_as_it_is_even_above_one() -> None:
    assert found(hill(20, 30, top=7.5))[1] == 7.5


@pytest.mark.parametrize("level", [0.0, -0.0, -1.0, np.nan, np.inf, -np.inf])
def test_a_map_of_one_level_without_a_peak_has_no_keypoint(level: float) -> None:
    keypoint, score = found(np.full((64, 48), level, np.float32))
    assert np.isnan(keypoint).all()
    assert score == 0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_map_that_is_not_finite_somewhere_has_no_keypoint(bad: float) -> None:
    heatmap = hill(20, 30)
    heatmap[60, 40] = bad
    keypoint, score = found(heatmap)
    assert np.isnan(keypoint).all()
    assert score == 0


def test_one_bad_map_leaves_the_others_alone() -> None:
    heatmaps = torch.from_numpy(np.stack([hill(20, 30)] * 3))[None]
    heatmaps[0, 1] = torch.nan
    keypoints, scores = decode(heatmaps, INPUT)
    assert torch.equal(keypoints[0, 0], keypoints[0, 2])
    assert scores[0].tolist() == [1, 0, 1]
    assert keypoints[0, 1].isnan().all()


def test_a_peak_that_the_blur_swallows_is_taken_to_the_pixel() -> None:
    heatmap = np.full((64, 48), -9, np.float32)
    heatmap[30, 20] = 1e-30
    keypoint, score = found(heatmap)
    np.testing.assert_allclose(keypoint, (20 / 47 * 768, 30 / 63 * 1024))
    assert score == np.float32(1e-30)


def test_the_answer_for_one_person_does_not_depend_on_the_others() -> None:
    crowd = torch.rand(7, 17, 61, 47, generator=torch.Generator().manual_seed(1)) - 0.5
    keypoints, scores = decode(crowd, INPUT)
    for i in range(len(crowd)):
        alone, alone_scores = decode(crowd[i : i + 1].clone(), INPUT)
        assert torch.equal(alone[0], keypoints[i])
        assert torch.equal(alone_scores[0], scores[i])
    again, _ = decode(crowd, INPUT)
    assert torch.equal(again, keypoints)


def test_the_heatmaps_are_left_as_they_were_and_their_layout_does_not_matter() -> None:
    heatmaps = torch.rand(2, 17, 64, 48, generator=torch.Generator().manual_seed(2))
    before = heatmaps.clone()
    keypoints, _ = decode(heatmaps, INPUT)
    assert torch.equal(heatmaps, before)
    last, _ = decode(heatmaps.to(memory_format=torch.channels_last), INPUT)
    assert torch.equal(last, keypoints)
    assert keypoints.dtype == torch.float64


def test_nobody_has_no_keypoints() -> None:
    keypoints, scores = decode(torch.empty(0, 17, 64, 48), INPUT)
    assert (keypoints.shape, scores.shape) == ((0, 17, 2), (0, 17))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU here")
def test_a_gpu_decodes_as_a_cpu_does() -> None:
    heatmaps = maps(case("decode.npz", "noisy6")["heatmaps"])
    keypoints, scores = decode(heatmaps, INPUT)
    on_gpu, gpu_scores = decode(heatmaps.cuda(), INPUT)
    assert (on_gpu.cpu() - keypoints).abs().max() < 1e-3
    assert torch.equal(gpu_scores.cpu(), scores)
