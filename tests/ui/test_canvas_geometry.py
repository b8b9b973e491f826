"""Fit, zoom and pan are arithmetic: checked without widgets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.figures.geometry import LARGEST, Lens, Pane, panes_of

HD = Lens((1920, 1080), (960.0, 800.0))


def test_the_whole_picture_fits_in_the_middle_of_the_pane() -> None:
    assert HD.scale == 0.5
    assert HD.corner == (0.0, 130.0)
    assert HD.to_pane(-0.5, -0.5) == (0.0, 130.0)
    assert HD.to_pane(1919.5, 1079.5) == (960.0, 670.0)
    assert not HD.can_pan


def test_a_full_picture_has_one_pixel_for_each_of_the_device() -> None:
    for density in (1.0, 1.5, 2.0):
        full = Lens((640, 480), (800.0, 600.0), density).full()
        assert full.ratio == pytest.approx(1)
        left, top = full.corner
        assert left * density == round(left * density)  # whole device pixels: not blurred
        assert top * density == round(top * density)


@given(
    st.floats(0, 960), st.floats(0, 800), st.floats(0.05, 20), st.floats(-500, 500),
    st.sampled_from((1.0, 1.25, 2.0)),
)  # fmt: skip
def test_a_pixel_and_its_point_belong_together(
    x: float, y: float, factor: float, way: float, density: float
) -> None:
    lens = Lens((1920, 1080), (960.0, 800.0), density).zoomed(factor, x, y).panned(way, -way)
    assert lens.to_pane(*lens.to_picture(x, y)) == pytest.approx((x, y), abs=1e-6)


def test_what_is_under_the_pointer_stays_there_while_zooming() -> None:
    lens = HD.full()
    for x, y in ((100.0, 90.0), (480.0, 400.0), (900.0, 700.0)):
        before = lens.to_picture(x, y)
        lens = lens.zoomed(1.25, x, y)
        assert lens.to_picture(x, y) == pytest.approx(before, abs=1.0 / lens.scale)


def test_zooming_in_and_out_again_comes_back() -> None:
    lens = HD.zoomed(4, 300, 300).zoomed(1 / 4, 300, 300)
    assert lens.scale == pytest.approx(HD.scale)
    assert lens.corner == HD.corner


def test_zoom_ends_at_large_pixels_and_at_the_whole_picture() -> None:
    assert HD.zoomed(1e9).ratio == pytest.approx(LARGEST)
    assert HD.zoomed(1e-9).scale == HD.fitting
    small = Lens((64, 48), (960.0, 800.0))
    assert small.zoomed(1e-9).ratio == pytest.approx(1)  # smaller than the pane, but whole
    assert small.fitted().scale == 15


def test_the_picture_cannot_be_panned_out_of_the_pane() -> None:
    lens = HD.zoomed(4)
    assert lens.panned(1e6, 1e6).corner == (0.0, 0.0)
    assert lens.panned(-1e6, -1e6).corner == (960.0 - 3840.0, 800.0 - 2160.0)
    back = lens.panned(1e6, 0).panned(-10, 0)
    assert back.corner[0] == -10  # what could not be panned is not owed
    assert HD.panned(50, 50).corner == HD.corner


def test_a_pane_of_another_size_shows_the_same_part() -> None:
    wider = (1600.0, 800.0)
    assert HD.over(HD.picture, wider, 1.0).scale == pytest.approx(800 / 1080)
    zoomed = HD.zoomed(4).panned(-200, 0)
    middle = zoomed.to_picture(480, 400)
    assert zoomed.over(HD.picture, wider, 1.0).to_picture(800, 400) == pytest.approx(middle)
    assert zoomed.over(HD.picture, wider, 1.0).scale == zoomed.scale


def test_two_panes_of_one_size_stand_beside_each_other() -> None:
    left, right = panes_of(804, 500, 2, 4)
    assert left == Pane(0, 0, 400, 500)
    assert right == Pane(404, 0, 400, 500)
    assert left.holds(399, 499)
    assert not left.holds(401, 10)
    assert panes_of(0, 0, 1, 4) == (Pane(0, 0, 1, 1),)
