"""What the network gets to see: the pixels of the reference's crops, and of Pillow's."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from golden_files import arrays, golden
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sdpose_track.pose import sampling
from sdpose_track.pose.cropping import CROPS, Crop, stretch_crop, udp_crop
from sdpose_track.pose.sampling import cut
from sdpose_track.records import Float32, UInt8

SMALL = (48, 64)
BOXES = ("plain", "wide", "square", "over_left_top", "full_image")


def box(*corners: float) -> Float32:
    return np.array(corners, np.float32)


def read(image: UInt8, crop: Crop) -> UInt8:
    """Return (h, w, 3) uint8 BGR: what the network sees, as grey levels; they must be whole."""
    levels = (cut(torch.from_numpy(image), crop).numpy() + 1) * 127.5
    np.testing.assert_allclose(levels, levels.round(), atol=1e-4)
    return levels.round().astype(np.uint8)[::-1].transpose(1, 2, 0)


def picture(name: str) -> UInt8:
    image = cv2.imread(str(golden(name)))
    return np.asarray(image, np.uint8)


def noise(height: int, width: int, seed: int = 0) -> UInt8:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize("name", BOXES)
def test_a_udp_crop_is_the_references_to_the_last_bit(name: str) -> None:
    known = arrays("preproc.npz")
    seen = read(
        picture("image.png"), udp_crop(known[f"{name}/bbox_xyxy"].astype(np.float32), (640, 480))
    )
    np.testing.assert_array_equal(seen[1::4, 2::4], known[f"{name}/crop_stride4_bgr"])


@pytest.mark.parametrize("name", ["plain", "over_left_top"])
def test_every_pixel_of_a_udp_crop_is_the_references(name: str) -> None:
    crop = udp_crop(arrays("preproc.npz")[f"{name}/bbox_xyxy"].astype(np.float32), (640, 480))
    seen = read(picture("image.png"), crop)
    np.testing.assert_array_equal(seen, picture(f"preproc/crop_{name}.png"))


@pytest.mark.parametrize("which", range(4))
def test_a_stretched_crop_is_that_of_sdposes_demo(which: int) -> None:
    known = arrays("ui/stretch_preprocess.npz")
    crop = stretch_crop(known[f"{which}/bbox"].astype(np.float32), (640, 480))
    seen = read(picture("image.png"), crop)[3::8, 5::8, ::-1].astype(int)
    assert np.abs(seen - known[f"{which}/gradio_rgb_stride8"].astype(int)).max() <= 1


def test_a_picture_of_the_inputs_size_is_seen_as_it_is() -> None:
    image = noise(1024, 768)
    np.testing.assert_array_equal(
        read(image, stretch_crop(box(0, 0, 768, 1024), (768, 1024))), image
    )


def test_the_network_sees_red_first_from_minus_one_to_one() -> None:
    image = np.zeros((64, 48, 3), np.uint8)
    image[..., 2], image[..., 1] = 255, 51
    seen = cut(torch.from_numpy(image), stretch_crop(box(0, 0, 48, 64), SMALL, SMALL))
    assert (seen.shape, seen.dtype) == ((3, 64, 48), torch.float32)
    np.testing.assert_allclose(seen.mean((1, 2)).numpy(), [1, -0.6, -1], atol=1e-6)


@settings(deadline=None)
@given(
    st.integers(1, 90), st.integers(1, 90),
    st.floats(-60, 100), st.floats(-60, 100), st.floats(0.25, 200), st.floats(0.25, 200),
)  # fmt: skip
def test_a_udp_crop_is_bilinear_with_black_around_the_picture(
    height: int, width: int, x: float, y: float, w: float, h: float
) -> None:
    image = noise(height, width)
    crop = udp_crop(box(x, y, x + w, y + h), (width, height), SMALL)
    # By the definition of bilinear; positions are rounded by 1/64 of a pixel at most, each way.
    black = np.pad(image.astype(float), ((1, 1), (1, 1), (0, 0)))
    weights = []
    for axis, length in enumerate((width, height)):
        at = crop.origin[axis] + np.arange(SMALL[axis]) * crop.size[axis] / (SMALL[axis] - 1)
        far = np.abs(at[:, None] - np.arange(-1, length + 1))
        weights.append(np.clip(1 - far, 0, None))
    wanted = np.einsum("yj,xi,jic->yxc", weights[1], weights[0], black, optimize=True)
    np.testing.assert_allclose(read(image, crop).astype(float), wanted, atol=255 / 32 + 1)


@settings(deadline=None)
@given(st.floats(5, 150), st.floats(5, 150), st.floats(8, 80), st.floats(8, 80))
def test_a_picture_of_coordinates_tells_where_each_pixel_was_read(
    x: float, y: float, w: float, h: float
) -> None:
    image = np.zeros((256, 256, 3), np.uint8)
    image[..., 0], image[..., 1] = np.arange(256), np.arange(256)[:, None]
    crop = udp_crop(box(x, y, x + w, y + h), (256, 256), SMALL)
    columns = crop.origin[0] + np.arange(48) * crop.size[0] / 47
    rows = crop.origin[1] + np.arange(64) * crop.size[1] / 63
    seen = read(image, crop).astype(float)
    inside = np.ix_((rows >= 0) & (rows <= 255), (columns >= 0) & (columns <= 255))
    where = np.stack(np.meshgrid(columns, rows), -1)
    np.testing.assert_allclose(seen[inside][..., :2], where[inside], atol=0.5 + 1 / 64 + 1e-3)


@settings(deadline=None)
@given(st.integers(1, 200), st.integers(1, 200), st.integers(0, 99))
def test_a_stretched_crop_is_pillows_to_two_grey_levels(width: int, height: int, seed: int) -> None:
    image = noise(height, width, seed)
    crop = stretch_crop(box(0, 0, width, height), (width, height), SMALL)
    wanted = np.asarray(Image.fromarray(image).resize(SMALL, Image.Resampling.BILINEAR)).astype(int)
    far = np.abs(read(image, crop) - wanted)
    assert far.max() <= 2
    assert np.mean(far > 1) < 0.001  # only where both passes round a tie the other way


@pytest.mark.parametrize(("width", "height"), [(384, 512), (150, 300), (1100, 900), (333, 777)])
def test_a_stretched_crop_is_nearly_everywhere_pillows(width: int, height: int) -> None:
    image = noise(height, width)
    seen = read(image, stretch_crop(box(0, 0, width, height), (width, height)))
    wanted = Image.fromarray(image).resize((768, 1024), Image.Resampling.BILINEAR)
    assert np.mean(seen != np.asarray(wanted)) < 0.002


def test_what_lies_outside_the_picture_is_black() -> None:
    image = np.full((60, 60, 3), 255, np.uint8)
    crop = udp_crop(box(-30, -40, 30, 40), (60, 60))  # from (-37.5, -50), 75×100 pixels
    seen = read(image, crop)
    per_pixel = 767 / 75
    left, top = round(37.5 * per_pixel), round(50 * per_pixel)
    assert (seen[: top - 11] == 0).all()
    assert (seen[:, : left - 11] == 0).all()
    assert (seen[top + 1 :, left + 1 :] == 255).all()


def test_a_pixel_half_beyond_the_border_is_half_black() -> None:
    image = np.full((9, 9, 3), 200, np.uint8)
    crop = Crop((-1.5, 0.0), (23.5, 8.0), SMALL, antialias=False)
    seen = read(image, crop)[0, :5, 0]
    np.testing.assert_array_equal(seen, [0, 0, 100, 200, 200])


@pytest.mark.parametrize(
    "corners", [(900, 900, 950, 990), (-99, -99, -50, -50), (10, 900, 20, 950)]
)
def test_a_box_beside_the_picture_is_all_black(corners: tuple[float, ...]) -> None:
    seen = cut(torch.full((50, 40, 3), 255, dtype=torch.uint8), udp_crop(box(*corners), (40, 50)))
    assert (seen == -1).all()


@pytest.mark.parametrize("way", sorted(CROPS))
@pytest.mark.parametrize(
    "corners",
    [(10, 10, 11, 60), (10, 10, 60, 11), (0, 0, 1, 1), (-20, 30, 30, 70), (30, -20, 60, 30),
     (60, 30, 120, 70), (30, 60, 60, 120), (-500, -500, 700, 900), (-1e6, -1e6, 1e6, 1e6)],
)  # fmt: skip
def test_any_box_that_touches_the_picture_can_be_cut(way: str, corners: tuple[float, ...]) -> None:
    crop = CROPS[way](box(*corners), (80, 90), SMALL)
    seen = cut(torch.from_numpy(noise(90, 80) | 128), crop)
    assert seen.isfinite().all()
    assert seen.min() >= -1
    assert seen.max() <= 1


@pytest.mark.parametrize("way", sorted(CROPS))
def test_a_place_in_a_batch_receives_the_same_pixels(way: str) -> None:
    image = torch.from_numpy(noise(200, 300))
    crops = [CROPS[way](box(x, 20, x + 60, 190), (300, 200), SMALL) for x in (-20, 50, 270)]
    batch = torch.full((3, 3, 64, 48), torch.nan)
    for place, crop in zip(batch, crops, strict=True):
        assert cut(image, crop, out=place).data_ptr() == place.data_ptr()
    assert torch.equal(batch, torch.stack([cut(image, crop) for crop in crops]))


@pytest.mark.parametrize("way", sorted(CROPS))
def test_a_large_picture_in_parts_gives_the_same_pixels(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = torch.from_numpy(noise(200, 300))
    crop = CROPS[way](box(-20, 5, 310, 190), (300, 200), SMALL)
    at_once = cut(image, crop)
    for values in (1, 5000):
        monkeypatch.setattr(sampling, "_AT_ONCE", values)
        assert torch.equal(cut(image, crop), at_once)


@pytest.mark.parametrize("way", sorted(CROPS))
def test_a_part_of_a_larger_picture_is_cut_like_a_picture(way: str) -> None:
    large = noise(300, 400)
    crop = CROPS[way](box(-20, 5, 130, 190), (120, 150), SMALL)
    np.testing.assert_array_equal(
        read(large[40:190, 50:170], crop), read(large[40:190, 50:170].copy(), crop)
    )


@pytest.mark.parametrize("way", sorted(CROPS))
def test_the_picture_is_left_as_it_was(way: str) -> None:
    image = noise(200, 300)
    before = image.copy()
    cut(torch.from_numpy(image), CROPS[way](box(10, 5, 130, 190), (300, 200), SMALL))
    np.testing.assert_array_equal(image, before)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU here")
@pytest.mark.parametrize(("way", "levels"), [("udp", 0), ("stretch", 1)])
def test_a_gpu_sees_what_a_cpu_sees(way: str, levels: int) -> None:
    image = torch.from_numpy(noise(700, 900))
    crop = CROPS[way](box(-20, 5, 730, 690), (900, 700), (768, 1024))
    seen = cut(image.cuda(), crop).cpu()
    assert (seen - cut(image, crop)).abs().max() <= levels / 127.5 + 1e-6
