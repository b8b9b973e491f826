"""Where SDPose looks for a person, held to the reference's numbers and to what a crop must be."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from golden_files import arrays
from hypothesis import given
from hypothesis import strategies as st

from sdpose_track import settings
from sdpose_track.pose.cropping import CROPS, PADDING, stretch_crop, touches, udp_crop
from sdpose_track.records import Float32

PICTURE = (640, 480)
INPUT = (768, 1024)
BOXES = ("plain", "wide", "square", "over_left_top", "full_image")


def box(*corners: float) -> Float32:
    return np.array(corners, np.float32)


def numbers(
    stored: npt.NDArray[np.generic], kind: type[np.floating[Any]] = np.float32
) -> npt.NDArray[Any]:
    return np.asarray(stored, kind)


@st.composite
def boxes(draw: st.DrawFn) -> Float32:
    """Boxes of people: from a fraction of a pixel to far larger than a picture."""
    x, y = (draw(st.floats(-3000, 8000, width=32)) for _ in "xy")
    width, height = (draw(st.floats(0.125, 9000, width=32)) for _ in "wh")
    return box(x, y, x + width, y + height)


@pytest.mark.parametrize("name", BOXES)
def test_a_udp_crop_has_the_references_centre_and_scale(name: str) -> None:
    known = arrays("preproc.npz")
    crop = udp_crop(numbers(known[f"{name}/bbox_xyxy"]), PICTURE, INPUT)
    np.testing.assert_array_equal(crop.size, known[f"{name}/scale"])
    centre = np.add(crop.origin, np.divide(crop.size, 2))
    np.testing.assert_array_equal(centre, known[f"{name}/center"])


@pytest.mark.parametrize(
    ("name", "which"), [("body", "box0"), ("body", "box1"), ("wholebody", "box0")]
)
def test_keypoints_of_a_udp_crop_lie_where_the_reference_puts_them(name: str, which: str) -> None:
    known = arrays(f"e2e_{name}.npz")
    crop = udp_crop(numbers(known[f"{which}/bbox_xyxy"]), PICTURE, INPUT)
    points = crop.to_image(known[f"{which}/mode_noflip/keypoints_input"])
    off = np.abs(points - numbers(known[f"{which}/mode_noflip/keypoints_image"], np.float64))
    assert off.max() < 1e-6


@pytest.mark.parametrize("which", range(4))
def test_a_stretched_crop_is_the_one_of_sdposes_demo(which: int) -> None:
    known = arrays("ui/stretch_preprocess.npz")
    crop = stretch_crop(numbers(known[f"{which}/bbox"]), PICTURE, INPUT)
    np.testing.assert_array_equal(
        [*crop.origin, *crop.size], known[f"{which}/gradio_crop_info_xywh"]
    )
    points = crop.to_image(known[f"{which}/keypoints_input"])
    off = np.abs(points - numbers(known[f"{which}/gradio_keypoints_image"], np.float64))
    assert off.max() < 1e-6


def test_the_ways_to_crop_are_those_that_settings_names() -> None:
    assert tuple(CROPS) == settings.CROPS


@given(boxes(), st.sampled_from(sorted(settings.INPUTS.values())))
def test_a_udp_crop_grows_the_box_about_its_centre_to_the_inputs_proportions(
    person: Float32, input_size: tuple[int, int]
) -> None:
    crop = udp_crop(person, PICTURE, input_size)
    low, high = person[:2].astype(float), person[2:].astype(float)
    np.testing.assert_allclose(
        np.add(crop.origin, np.divide(crop.size, 2)), (low + high) / 2, rtol=1e-6, atol=1e-3
    )
    assert crop.size[0] / crop.size[1] == pytest.approx(0.75, rel=1e-6)
    grown = np.divide(crop.size, high - low)
    assert grown.min() == pytest.approx(PADDING, rel=1e-5)


@given(boxes(), st.sampled_from(sorted(CROPS)), st.floats(0, 1), st.floats(0, 1))
def test_points_go_into_the_input_and_back(person: Float32, way: str, x: float, y: float) -> None:
    low, high = np.floor(person[:2]) - 1, np.ceil(person[2:]) + 1
    grown = np.concatenate((low, high)).astype(np.float32) + np.float32(4000)
    crop = CROPS[way](grown, (30_000, 30_000), INPUT)
    source = grown[:2] + np.array([x, y]) * (grown[2:] - grown[:2])
    inside = (source - crop.origin) / crop.size * INPUT
    assert ((inside >= -1e-6) & (inside <= np.array(INPUT) + 1e-6)).all()
    np.testing.assert_allclose(crop.to_image(inside), source, rtol=1e-12)


def test_the_inputs_ends_are_the_crops_ends() -> None:
    for crop in (udp_crop(box(10, 20, 70, 180), PICTURE), stretch_crop(box(1, 2, 7, 18), PICTURE)):
        np.testing.assert_array_equal(crop.to_image((0, 0)), crop.origin)
        np.testing.assert_allclose(crop.to_image(INPUT), np.add(crop.origin, crop.size))


def test_points_keep_their_shape_and_a_missing_one_stays_missing() -> None:
    points = np.full((2, 17, 2), 5.0)
    points[1, 3] = np.nan
    back = udp_crop(box(10, 20, 70, 180), PICTURE).to_image(points)
    assert back.shape == points.shape
    assert back.dtype == np.float64
    np.testing.assert_array_equal(np.isnan(back), np.isnan(points))


def test_a_stretched_crop_of_the_whole_picture_is_the_whole_picture() -> None:
    crop = stretch_crop(box(0, 0, 768, 1024), (768, 1024))
    assert (crop.origin, crop.size) == ((0, 0), (768, 1024))


@pytest.mark.parametrize(
    ("person", "wanted"),
    [
        ((-40.9, -30.2, 120.7, 210.9), (0, 0, 120, 210)),
        ((600.9, 400.9, 700, 500), (600, 400, 40, 80)),
        ((-5, -5, 9000, 9000), (0, 0, 640, 480)),
        ((-0.9, 3.5, 1.5, 4.5), (0, 3, 1, 1)),
    ],
)
def test_a_stretched_crop_is_whole_pixels_inside_the_picture(
    person: tuple[float, ...], wanted: tuple[int, ...]
) -> None:
    crop = stretch_crop(box(*person), PICTURE)
    assert (*crop.origin, *crop.size) == wanted


@pytest.mark.parametrize(
    "person", [(-90, 10, -10, 90), (640, 0, 700, 50), (3.2, 3.2, 3.8, 9), (-0.9, 5, 0.9, 9)]
)
def test_a_box_without_a_whole_pixel_in_the_picture_cannot_be_stretched(
    person: tuple[float, ...],
) -> None:
    with pytest.raises(ValueError, match=r"keeps no whole pixel of the 640×480 picture; give"):
        stretch_crop(box(*person), PICTURE)


@pytest.mark.parametrize("way", sorted(CROPS))
@pytest.mark.parametrize(
    "person", [(5, 5, 5, 90), (5, 5, 90, 5), (90, 5, 5, 90), (5, 90, 90, 5), (0, 0, 1e-40, 9)]
)
def test_an_empty_box_is_refused_by_name(way: str, person: tuple[float, ...]) -> None:
    named = ", ".join(f"{corner:g}" for corner in box(*person).tolist())
    with pytest.raises(ValueError, match=f"^the box {named} is empty; give one with x1 < x2 and"):
        CROPS[way](box(*person), PICTURE, INPUT)


@pytest.mark.parametrize("way", sorted(CROPS))
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3e38, -3e38])
@pytest.mark.parametrize("where", range(4))
def test_a_box_that_is_not_finite_is_refused(way: str, bad: float, where: int) -> None:
    person = box(5, 5, 90, 90)
    person[where] = bad
    with pytest.raises(
        ValueError, match=r"^the box .* is not finite; give four numbers of pixels$"
    ):
        CROPS[way](person, PICTURE, INPUT)


@pytest.mark.parametrize(
    ("person", "wanted"),
    [
        ((10, 10, 20, 20), True),
        ((-10, -10, 0.5, 0.5), True),
        ((639.5, 479.5, 700, 700), True),
        ((-100, -100, 9000, 9000), True),
        ((-10, 10, 0, 20), False),
        ((640, 10, 700, 20), False),
        ((10, -20, 20, 0), False),
        ((10, 480, 20, 500), False),
        ((20, 10, 10, 20), False),
        ((10, 10, 10, 20), False),
        ((np.nan, 10, 20, 20), False),
        ((10, 10, 20, np.nan), False),
    ],
)
def test_a_box_touches_the_picture_where_it_covers_some_of_it(
    person: tuple[float, ...], wanted: bool
) -> None:
    assert touches(box(*person), PICTURE) is wanted
